"""sigmahat gadget against inner products taken here, and its printed sources against each other."""

import math
import shutil
import subprocess
import unittest
from decimal import Decimal

from program import ProgramTest

# Two teacher rows, two student rows; all unit and rational.
PROBLEM = {
    "teacher": {"activation": "relu", "a": ["1", "1/2"], "B": [["3/5", "4/5"], ["0", "1"]], "noise_variance": "1/4"},
    "student": {"activation": "relu", "a": 1, "B": [["1", "0"], ["4/5", "-3/5"]]},
}
TEACHER_ROWS, WEIGHTS = [(0.6, 0.8), (0.0, 1.0)], [1.0, 0.5]
B = [(1.0, 0.0), (0.8, -0.6)]


def dot(v, w):
    return sum(p * q for p, q in zip(v, w))


class Gadget(ProgramTest):
    def gadget(self, polynomial, *arguments):
        problem = self.write("problem.json", PROBLEM)
        return self.results("gadget", polynomial, "--problem", problem, *arguments)

    def test_the_expectation_is_the_polynomial_of_the_inner_products(self):
        for text, value in [
            ("t^4", lambda s: s[0] ** 4),
            ("s^2*t^2 - t^4/20", lambda s: s[0] ** 2 * s[1] ** 2 - s[1] ** 4 / 20),
            ("(s - 2*t)^2 + 3", lambda s: (s[0] - 2 * s[1]) ** 2 + 3),
            ("t1*t2", lambda s: s[0] * s[1]),
        ]:
            with self.subTest(text):
                result = self.gadget(text, "--samples", "400000")
                true = sum(a * value([dot(row, b) for b in B]) for a, row in zip(WEIGHTS, TEACHER_ROWS))
                self.assertAlmostEqual(float(result["expectation"]), true, delta=1e-14)
                self.assertLess(abs(result["z"]), 4)
                self.assertLess(Decimal(result["expectation_error_bound"]), Decimal("1e-15"))
                self.assertEqual(result["variance_method"], "exact")
                variance = float(result["variance"])
                self.assertLess(Decimal(result["variance_error_bound"]), Decimal("1e-12"))
                # At degree 4 the sampled variance does not know its own error: a tenth is enough.
                self.assertAlmostEqual(result["sampled_variance"], variance, delta=0.1 * variance)
                self.assertAlmostEqual(
                    result["standard_error"], math.sqrt(result["sampled_variance"] / 400000),
                    delta=0.01 * result["standard_error"])
                self.assertEqual(result["samples_for"], math.ceil(variance * 1e4))

    def test_centred_labels_leave_the_mean_and_lessen_the_variance(self):
        plain = self.gadget("t^4", "--samples", "200000")
        centred = self.gadget("t^4", "--samples", "200000", "--center")
        self.assertEqual(plain["expectation"], centred["expectation"])
        self.assertLess(abs(centred["z"]), 4)
        self.assertLess(float(centred["variance"]), float(plain["variance"]))
        self.assertEqual(self.gadget("t^4", "--samples", "1000", "--center", "0")["variance"], centred["variance"])
        estimated = self.gadget("t^4", "--samples", "200000", "--center", "0,1,2", "--center-samples", "20000")
        self.assertLess(abs(estimated["z"]), 4)
        self.assertEqual(estimated["variance_method"], "sampled")
        self.assertIn("random", estimated["variance_obstacle"])
        self.assertLess(estimated["variance"], float(centred["variance"]))

    def test_gains_compare_as_many_labels(self):
        result = self.gadget("t^4", "--samples", "1000", "--gains")
        rows = {(row["antithetic"], *row["centered"]): row for row in result["gains"]}
        self.assertEqual(len(rows), 8)
        plain = float(rows[(False,)]["variance"])
        self.assertEqual(rows[(False,)]["variance"], result["variance"])
        self.assertEqual(rows[(False,)]["gain"], 1)
        for (antithetic, *_), row in rows.items():
            labels = 2 if antithetic else 1
            self.assertAlmostEqual(row["gain"] * labels * float(row["variance"]) / plain, 1, delta=1e-12)
        # A pair has no part of odd degree, and the even one once: removing degree 1 does nothing.
        self.assertAlmostEqual(float(rows[(True, 0)]["variance"]), float(rows[(True, 0, 1)]["variance"]), delta=1e-10)
        self.assertGreater(rows[(False, 0, 1, 2)]["gain"], rows[(False, 0, 1)]["gain"])
        # The degrees of the polynomial stay.
        of_square = self.gadget("s*t", "--samples", "1000", "--gains")["gains"]
        self.assertEqual([row["centered"] for row in of_square if not row["antithetic"]], [[], [0], [0, 1]])
        # The variance of the estimator chosen is that of its row; a pair takes two labels.
        pair = self.gadget("t^4", "--samples", "400000", "--center", "0,1", "--antithetic")
        self.assertEqual(pair["variance"], rows[(True, 0, 1)]["variance"])
        self.assertEqual(pair["samples_for"], 2 * math.ceil(float(pair["variance"]) * 1e4))
        self.assertLess(abs(pair["z"]), 4)

    def test_gradients_are_those_of_the_polynomial(self):
        # Orthogonal rows: the gradient of s^2 t^2 vanishes.
        for row in self.gadget("s^2*t^2", "--samples", "1000", "--gradient")["gradient"]:
            self.assertEqual(float(row["norm"]), 0)
            self.assertLess(abs(row["z"]), 4)
            self.assertLess(row["largest_z"], 4)
        result = self.gadget("s*t + s^2", "--samples", "400000", "--center", "0,1", "--gradient")
        for j, row in enumerate(result["gradient"]):
            inner = [[dot(teacher, b) for b in B] for teacher in TEACHER_ROWS]
            slopes = [2 * t[0] + t[1] if j == 0 else t[0] for t in inner]
            true = [sum(a * slope * teacher[i] for a, slope, teacher in zip(WEIGHTS, slopes, TEACHER_ROWS))
                    for i in range(2)]
            for found, expected in zip(row["entries"], true):
                self.assertAlmostEqual(float(found), expected, delta=1e-14)
            self.assertAlmostEqual(float(row["norm"]), math.hypot(*true), delta=1e-14)
            self.assertLess(abs(row["z"]), 4)
            self.assertLess(row["largest_z"], 4)

    def test_vectors_are_as_long_as_they_are_given(self):
        problem = self.write("long.json", {**PROBLEM, "student": {"activation": "relu", "a": 1, "B": [[2, 0], ["1/2", -3]]}})
        result = self.results("gadget", "s^2*t^2", "--problem", problem, "--samples", "400000")
        true = sum(a * (2 * row[0]) ** 2 * (row[0] / 2 - 3 * row[1]) ** 2 for a, row in zip(WEIGHTS, TEACHER_ROWS))
        self.assertAlmostEqual(float(result["expectation"]), true, delta=1e-13)
        self.assertLess(abs(result["z"]), 4)
        normalized = self.write("unit.json", {
            "teacher": PROBLEM["teacher"], "student": {"activation": "relu", "a": 1, "B": [[2, 0], ["3", -4]]}, "normalize": True})
        result = self.results("gadget", "t", "--problem", normalized, "--samples", "1000")
        self.assertAlmostEqual(float(result["expectation"]), 0.6, delta=1e-15)

    def test_a_variance_that_is_not_known_is_sampled_with_the_reason(self):
        close = [["1", "0"], [f"{99999999}/{100000001}", f"{20000}/{100000001}"]]
        problem = self.write("close.json", {
            "teacher": {"activation": "tanh", "a": 1, "B": close}, "student": {"activation": "tanh", "a": 1, "B": [[1, 0]]}})
        result = self.results("gadget", "t^3", "--problem", problem, "--samples", "20000")
        self.assertEqual(result["variance_method"], "sampled")
        self.assertEqual(result["variance_obstacle"], "rows 0 and 1 of the teacher are nearly parallel")
        self.assertEqual(result["variance"], result["sampled_variance"])
        for row in self.results("gadget", "t^3", "--problem", problem, "--samples", "20000", "--gains")["gains"]:
            self.assertEqual(row["method"], "sampled")
            self.assertNotIn("variance_error_bound", row)

    def test_the_printed_c_and_python_compute_the_same_numbers_as_the_formula(self):
        x = [0.7, -1.3]
        for text, teacher in [("s^2*t^2 - t^4/20", "relu"), ("t1*t2*t3 - t3", "exp"), ("t^3 + t/7", "tanh")]:
            with self.subTest(text):
                b = [[0.3, 1.1], [-0.4, 2.0], [1.5, 0.25]]
                common = ["gadget", text, "--dim", "3", "--teacher-activation", teacher]
                python = self.succeed(*common, "--source", "python").stdout
                scope = {}
                exec(python, scope)  # pylint: disable=exec-used
                from_python = scope["sigmahat_gadget"](b, x)

                formula = self.results(*common, "--samples", "100")["formula"]
                names = {"sqrt": math.sqrt, "pi": math.pi, "exp": math.exp}
                for j in range(3):
                    names[f"u{j + 1}"] = dot(b[j], x)
                    for k in range(j, 3):
                        names[f"g{j + 1}{k + 1}"] = dot(b[j], b[k])
                from_formula = eval(formula.replace("^", "**"), names)  # pylint: disable=eval-used
                self.assertAlmostEqual(from_python / from_formula, 1, delta=1e-13)

                compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++")
                source = self.folder / "gadget.c"
                code = self.succeed(*common, "--source", "c").stdout
                flat = ", ".join(repr(entry) for row in b for entry in row)
                source.write_text(
                    code + "#include <stdio.h>\nint main(void) { const double b[] = {" + flat + "};"
                    f" const double x[] = {{{x[0]!r}, {x[1]!r}}};"
                    ' printf("%.17g", sigmahat_gadget(b, x, 2)); return 0; }\n', encoding="utf-8")
                subprocess.run(
                    [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", self.folder / "gadget", source],
                    check=True)
                from_c = float(subprocess.run([self.folder / "gadget"], check=True, stdout=subprocess.PIPE).stdout)
                self.assertAlmostEqual(from_c / from_python, 1, delta=1e-14)

    def test_what_cannot_be_estimated_is_refused_with_the_reason(self):
        self.refuse("gadget", "t^3", "--dim", "3", saying=["degree 3", "relu", "erf would serve"])
        self.refuse("gadget", "t^33", "--dim", "3", saying="its degree is above 32")
        self.refuse("gadget", "t1*t9", "--dim", "3", saying="of 9 vectors, the student has 3 rows")
        self.refuse("gadget", "s^2*u", "--dim", "3", saying=["column 5", '"u"'])
        self.refuse("gadget", "t^2", "--source", "rust", saying="expected c or python")
        self.refuse("gadget", saying="polynomial is required")
        self.refuse("gadget", "t^3 + t^2", "--dim", "3", "--teacher-activation", "abs",
                    saying=["degree 3", "abs", "max(x - 1/2, 0) would serve"])
        self.refuse("gadget", "t^2", "--dim", "3", "--teacher-activation", "erf",
                    saying=["degree 2", "erf", "relu would serve"])
        product = "*".join(f"t{j}" for j in range(1, 17))
        self.refuse("gadget", product, "--dim", "16", "--teacher-activation", "exp", saying="more than 20000 terms")
        self.refuse("gadget", "(s + t)^1000", "--dim", "3", saying="its degree is above 32")
        rows = self.write("rows.json", {
            "teacher": {"activation": "tanh", "a": 1, "B": [[1, 0], [1, 1]]}, "student": {"activation": "relu", "a": 1, "B": [[1, 0]]}})
        self.refuse("gadget", "t", "--problem", rows,
                    saying=["teacher.B[1]", "norm is 1.41421", "tanh is not positively homogeneous"])
        for degrees, problem in [("0,2", "degree 2 would move the mean"), ("3", "degrees from 0 to 2, not 3"),
                                 ("1/2", "degrees from 0 to 2, not 1/2"), ("0,", "not a number")]:
            self.refuse("gadget", "t^2", "--dim", "3", "--center", degrees, saying=problem)
        self.refuse("gadget", "t^2 + 1", "--dim", "3", "--center", saying="degree 0 would move the mean")
        self.refuse("gadget", "t^2", "--dim", "3", "--center-samples", "9", saying="expected --center")


if __name__ == "__main__":
    unittest.main()
