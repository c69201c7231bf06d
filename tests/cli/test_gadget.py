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
                self.assertAlmostEqual(
                    result["standard_error"], math.sqrt(result["variance"] / 400000),
                    delta=0.01 * result["standard_error"])
                self.assertAlmostEqual(result["samples_for"], result["variance"] * 1e4, delta=2)

    def test_centred_labels_leave_the_mean_and_lessen_the_variance(self):
        plain = self.gadget("t^4", "--samples", "200000")
        centred = self.gadget("t^4", "--samples", "200000", "--center")
        self.assertEqual(plain["expectation"], centred["expectation"])
        self.assertLess(abs(centred["z"]), 4)
        self.assertLess(centred["variance"], plain["variance"])

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


if __name__ == "__main__":
    unittest.main()
