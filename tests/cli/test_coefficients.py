"""sigmahat coefficients against closed forms, identities and a plain quadrature."""

import ast
import csv
import io
import math
import os
import pty
import re
import shutil
import struct
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from fractions import Fraction

from closed_forms import PI, assert_within, factorial_root, root
from program import PROGRAM, ProgramTest

HALF = Decimal("0.5")


def trapezoidal_coefficients(function, max_degree):
    """E[f(x) h_k(x)] in double precision: the trapezoidal rule, converged for these functions."""
    step, sums = 1 / 64, [0.0] * (max_degree + 1)
    for i in range(-14 * 64, 14 * 64 + 1):
        x = i * step
        weight = function(x) * math.exp(-x * x / 2) * step / math.sqrt(2 * math.pi)
        h = [1.0, x]
        for k in range(1, max_degree):
            h.append((x * h[k] - math.sqrt(k) * h[k - 1]) / math.sqrt(k + 1))
        for k in range(max_degree + 1):
            sums[k] += weight * h[k]
    return sums


class Coefficients(ProgramTest):
    def coefficients(self, *arguments):
        return self.results("coefficients", *arguments)["coefficients"]

    def test_relu_has_its_closed_form_at_fifty_digits(self):
        c = self.coefficients("relu", "--max-degree", "8", "--digits", "50")
        true = [1 / root(2 * PI), HALF, 1 / (2 * root(PI)), 0, -1 / root(48 * PI)]
        for k, value in enumerate(true):
            self.assertEqual(c[k]["k"], k)
            self.assertEqual(c[k]["status"], "exact")
            assert_within(self, c[k], Decimal(value))
            self.assertLess(Decimal(c[k]["error_bound"]), Decimal("1e-49"))

    def test_relu_has_no_odd_coefficients_above_degree_one(self):
        for entry in self.coefficients("relu", "--max-degree", "1001")[3::2]:
            self.assertEqual((entry["value"], entry["error_bound"], entry["exact"]), ("0", "0", "0"), entry)

    def test_the_fourth_relu_coefficient_prints_in_symbols(self):
        c = self.coefficients("relu", "--max-degree", "4")[4]
        self.assertEqual(c["exact"], "-1/sqrt(48*pi)")
        self.assertEqual(c["latex"], r"-\frac{1}{\sqrt{48 \pi}}")

    def test_digits_asked_for_are_digits_printed(self):
        for digits in [5, 17, 40, 300]:
            value = self.coefficients("relu", "--max-degree", "4", "--digits", digits)[4]["value"]
            self.assertEqual(len(value.lstrip("-0.")), digits, value)

    def test_exponential_sine_and_cosine_have_their_closed_forms(self):
        e = Decimal(1).exp()
        for k, c in enumerate(self.coefficients("exp", "--max-degree", "30", "--digits", "40")):
            assert_within(self, c, root(e) / factorial_root(k))
        for name, parity in [("cos", 0), ("sin", 1)]:
            for k, c in enumerate(self.coefficients(name, "--max-degree", "20", "--digits", "40")):
                sign = (-1) ** ((k - parity) // 2)
                true = sign / root(e) / factorial_root(k) if k % 2 == parity else Decimal(0)
                assert_within(self, c, true)

    def test_analytic_activations_agree_with_a_plain_trapezoidal_rule(self):
        functions = {
            "tanh": math.tanh,
            "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
            "softplus": lambda x: math.log1p(math.exp(x)),
            "silu": lambda x: x / (1 + math.exp(-x)),
            "erf": math.erf,
            "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
            "gaussian": lambda x: math.exp(-x * x / 2),
        }
        for name, function in functions.items():
            true = trapezoidal_coefficients(function, 12)
            for k, c in enumerate(self.coefficients(name, "--max-degree", "12")):
                with self.subTest(name=name, k=k):
                    self.assertAlmostEqual(float(c["value"]), true[k], delta=1e-14)

    def test_second_moment_less_the_squares_is_the_parseval_defect(self):
        for name in ["relu", "tanh", "gelu", "hard_tanh", "leaky_relu(1/10)"]:
            with self.subTest(name):
                r = self.results("coefficients", name, "--max-degree", "25", "--digits", "40")
                squares = sum(Decimal(c["value"]) ** 2 for c in r["coefficients"])
                rounding = sum(2 * abs(Decimal(c["value"])) * Decimal(c["error_bound"]) for c in r["coefficients"])
                allowed = rounding * 2 + Decimal(r["parseval_defect_error_bound"]) + Decimal(r["second_moment_error_bound"])
                self.assertLessEqual(
                    abs(Decimal(r["second_moment"]) - squares - Decimal(r["parseval_defect"])), allowed)

    def test_hermite_polynomials_are_orthonormal(self):
        for k, c in enumerate(self.coefficients("hermite(5)", "--max-degree", "9")):
            self.assertEqual(c["value"], "1" if k == 5 else "0")

    def test_precise_tables_agree_with_more_precise_ones(self):
        for name in ["tanh", "softplus", "gelu"]:
            coarse = self.coefficients(name, "--max-degree", "40")
            fine = self.coefficients(name, "--max-degree", "40", "--digits", "60")
            for a, b in zip(coarse, fine):
                difference = abs(Decimal(a["value"]) - Decimal(b["value"]))
                self.assertLessEqual(difference, Decimal(a["error_bound"]) + Decimal(b["error_bound"]), (name, a, b))

    def test_a_table_of_degree_ten_thousand_is_made(self):
        c = self.coefficients("relu", "--max-degree", "1e4")
        self.assertEqual(len(c), 10001)
        # sigma_k^2 for even k: ((k-3)!!)^2 / (2 pi k!), from the logarithm of factorials.
        k = 10000
        log_double_factorial = math.lgamma(k - 2) - math.lgamma(k / 2 - 1) - (k / 2 - 2) * math.log(2)
        true = math.exp(log_double_factorial - math.lgamma(k + 1) / 2) / math.sqrt(2 * math.pi)
        self.assertAlmostEqual(abs(float(c[k]["value"])) / true, 1, delta=1e-10)


class Scales(ProgramTest):
    def test_the_exponential_of_any_scale_has_its_closed_form(self):
        for scale in ["1/3", "2", "-3/2"]:
            t = Decimal(Fraction(scale).numerator) / Decimal(Fraction(scale).denominator)
            call = ["coefficients", "exp", f"--scale={scale}", "--max-degree", "12", "--digits", "40"]
            for k, c in enumerate(self.results(*call)["coefficients"]):
                assert_within(self, c, (t * t / 2).exp() * t**k / factorial_root(k))

    def test_waves_and_gaussians_of_any_scale_have_their_closed_forms(self):
        w = Decimal("2.5")
        for k, c in enumerate(self.results("coefficients", "sin", "--scale", "5/2", "--digits", "40")["coefficients"]):
            sign = (-1) ** ((k - 1) // 2)
            assert_within(self, c, sign * w**k * (-w * w / 2).exp() / factorial_root(k) if k % 2 else Decimal(0))
        s = Decimal(9)  # exp(-x^2/2) scaled by 3
        call = ["coefficients", "gaussian", "--scale", "3", "--digits", "40"]
        for k, c in enumerate(self.results(*call)["coefficients"]):
            n = k // 2
            true = factorial_root(k) / root(1 + s) * (-s / (2 * (1 + s))) ** n / Decimal(math.factorial(n))
            assert_within(self, c, Decimal(0) if k % 2 else true)

    def test_homogeneous_activations_are_multiplied(self):
        plain = self.results("coefficients", "relu")["coefficients"]
        for scale in [2, 8]:
            scaled = self.results("coefficients", "relu", "--scale", scale)["coefficients"]
            for a, b in zip(plain, scaled):
                difference = abs(scale * Decimal(a["value"]) - Decimal(b["value"]))
                self.assertLessEqual(difference, scale * Decimal(a["error_bound"]) + Decimal(b["error_bound"]))

    def test_a_scale_agrees_with_a_plain_quadrature(self):
        true = trapezoidal_coefficients(lambda x: math.tanh(0.75 * x), 9)
        for k, c in enumerate(self.results("coefficients", "tanh", "--scale", "0.75", "--max-degree", "9")["coefficients"]):
            self.assertAlmostEqual(float(c["value"]), true[k], delta=1e-14)

    def test_a_grid_holds_the_tables_of_its_scales(self):
        document = self.json("coefficients", "gelu", "--grid", "1/2,1,-3", "--max-degree", "5")
        self.assertEqual(document["inputs"]["grid"], ["1/2", "1", "-3"])
        entries = document["results"]["coefficients"]
        self.assertEqual([e["scale"] for e in entries], 6 * ["1/2"] + 6 * ["1"] + 6 * ["-3"])
        for i, scale in enumerate(["1/2", "1", "-3"]):
            alone = self.results("coefficients", "gelu", f"--scale={scale}", "--max-degree", "5")
            block = [{key: e[key] for key in e if key != "scale"} for e in entries[6 * i : 6 * i + 6]]
            self.assertEqual(block, alone.pop("coefficients"))
            self.assertEqual(document["results"]["scales"][i], {"scale": scale, **alone})

    def test_a_range_of_scales_is_equidistant(self):
        grid = self.json("coefficients", "relu", "--grid", "1/2:2:4", "--max-degree", "1")["inputs"]["grid"]
        self.assertEqual(grid, ["1/2", "1", "3/2", "2"])

    def test_csv_of_a_grid_has_a_column_of_scales(self):
        text = self.succeed("coefficients", "relu", "--grid", "1,2", "--max-degree", "1", "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([(r["scale"], r["k"]) for r in rows], [("1", "0"), ("1", "1"), ("2", "0"), ("2", "1")])
        self.assertEqual(rows[3]["value"], "1")

    def test_bad_scales_are_refused(self):
        for option, bad in [("--scale", ["0", "x", "", "1,2", "1/0"]),
                            ("--grid", ["0", "1,0", "1:2", "1:2:1", "-1:1:3", "1:2:3:4", "a:b:3", "", "1:2:1e9"])]:
            for value in bad:
                with self.subTest(option=option, value=value):
                    self.refuse("coefficients", "relu", f"{option}={value}", saying=option)
        for other in [["--scale", "2"], ["--evaluate", "1"], ["--plot-truncations", "a.svg"]]:
            self.refuse("coefficients", "relu", "--grid", "1,2", *other, saying=["--grid", other[0]])

    def test_a_scale_that_leaves_no_second_moment_is_refused(self):
        self.succeed("coefficients", "exp(x^2/8)", "--max-degree", "2")
        self.refuse("coefficients", "exp(x^2/8)", "--scale", "2", "--output", "a.txt", saying="exp(x^2/2)")


class Evaluation(ProgramTest):
    def evaluations(self, *arguments):
        return self.results("coefficients", *arguments)["evaluations"]

    def test_the_series_of_a_polynomial_is_the_polynomial(self):
        for x, e in zip([0, Fraction(1, 2), -7], self.evaluations("2*x^5 - x^2/3 + 4", "--evaluate", "0,1/2,-7")):
            true = 2 * x**5 - Fraction(x) ** 2 / 3 + 4
            self.assertEqual(Fraction(e["x"]), x)
            for key in ["sigma", "series"]:
                self.assertLessEqual(abs(Fraction(e[key]) - true), Fraction(e[key + "_error_bound"]), e)

    def test_the_truncated_series_is_the_sum_of_its_terms(self):
        # relu up to h_4, at x: 1/sqrt(2 pi) + x/2 + (x^2 - 1)/(2 sqrt(2 pi)) - (x^4 - 6 x^2 + 3)/(24 sqrt(2 pi)).
        for e in self.evaluations("relu", "--max-degree", "4", "--evaluate", "-3,0,1/4,5", "--digits", "30"):
            x = Decimal(Fraction(e["x"]).numerator) / Fraction(e["x"]).denominator
            true = x / 2 + (1 + (x * x - 1) / 2 - (x**4 - 6 * x * x + 3) / 24) / root(2 * PI)
            assert_within(self, e, true, "series", "series_error_bound")
            self.assertEqual(Decimal(e["sigma"]), max(x, 0))

    def test_the_error_of_the_truncation_is_the_root_of_the_defect(self):
        r = self.results("coefficients", "tanh", "--max-degree", "9", "--digits", "30")
        self.assertAlmostEqual(Decimal(r["l2_error"]) ** 2, Decimal(r["parseval_defect"]), delta=Decimal("1e-30"))

    def test_where_the_activation_is_not_defined_its_series_still_is(self):
        call = ["sin(x)/x", "--evaluate", "0,1", "--max-degree", "30"]
        at_zero, at_one = self.evaluations(*call)
        self.assertIsNone(at_zero["sigma"])
        self.assertIsNone(at_zero["sigma_error_bound"])
        self.assertAlmostEqual(float(at_zero["series"]), 1, delta=1e-8)
        self.assertAlmostEqual(float(at_one["sigma"]), math.sin(1), delta=1e-15)
        self.assertIn("not defined", self.succeed("coefficients", *call, "--plot-truncations", "a.svg").stdout)

    def test_bad_arguments_are_refused(self):
        for value in ["x", "", "1,,2", "1001", "-1e9"]:
            self.refuse("coefficients", "relu", f"--evaluate={value}", saying="--evaluate")


class Summary(ProgramTest):
    def summary(self, *arguments):
        text = self.succeed("coefficients", *arguments).stdout
        return text, self.results("coefficients", *arguments)

    def test_vanishing_degrees_are_told_in_words_and_as_a_list(self):
        for call, words, degrees in [
            (["relu", "--max-degree", "9"], "odd degrees from 3", [3, 5, 7, 9]),
            (["tanh", "--max-degree", "5"], "even degrees", [0, 2, 4]),
            (["cos", "--max-degree", "5"], "odd degrees", [1, 3, 5]),
            (["exp", "--max-degree", "5"], "none", []),
            (["hermite(2)", "--max-degree", "5"], "0, 1, all degrees from 3", [0, 1, 3, 4, 5]),
            (["x^3", "--max-degree", "9"], "even degrees, odd degrees from 5", [0, 2, 4, 5, 6, 7, 8, 9]),
        ]:
            text, results = self.summary(*call)
            self.assertRegex(text, rf"(?m)^  exactly zero +{words}$")
            self.assertEqual(results["vanishing_degrees"], degrees)

    def test_the_information_exponent_is_told(self):
        for name, exponent in [("relu", 1), ("abs", 2), ("hermite(4)", 4), ("relu - x/2", 2)]:
            self.assertEqual(self.results("coefficients", name)["information_exponent"], exponent)
        text, results = self.summary("hermite(7)", "--max-degree", "6")
        self.assertIsNone(results["information_exponent"])
        self.assertIsNone(results["information_exponent_undecided"])
        self.assertRegex(text, r"information exponent +above 6")

    def test_the_decay_is_fitted_and_called_an_estimate(self):
        text, results = self.summary("relu", "--max-degree", "400")
        self.assertAlmostEqual(results["decay"]["p"], 1.25, delta=0.01)
        self.assertRegex(text, r"decay +\|σ_k\| ≈ 0\.\d+ k\^-1\.25\d\n +estimate: fitted to k = 200 to 400")
        tanh = self.results("coefficients", "tanh", "--max-degree", "200", "--digits", "40")["decay"]
        self.assertEqual((tanh["law"], tanh["q"]), ("exponential", 0.5))
        self.assertAlmostEqual(tanh["c"], math.pi / 2, delta=0.01)
        self.assertEqual(self.results("coefficients", "exp")["decay"]["law"], "factorial")
        self.assertTrue(all(v is None for v in self.results("coefficients", "cubic")["decay"].values()))


class Arrays(ProgramTest):
    TABLES = [["relu", "--max-degree", "30"], ["tanh", "--max-degree", "60"], ["exp", "--max-degree", "300"],
              ["max(x-1/2,0)*exp(x/3)"], ["sigmoid", "--grid", "1/2,1,3"], ["-x"]]

    def read_npy(self, data):
        """Shape and numbers of an .npy file of version 1.0, by its specification."""
        self.assertEqual(data[:8], b"\x93NUMPY\x01\x00")
        (length,) = struct.unpack("<H", data[8:10])
        self.assertEqual((10 + length) % 64, 0)
        header = ast.literal_eval(data[10 : 10 + length].decode("ascii"))
        self.assertEqual(set(header), {"descr", "fortran_order", "shape"})
        self.assertEqual((header["descr"], header["fortran_order"]), ("<f8", False))
        count = math.prod(header["shape"])
        return header["shape"], list(struct.unpack(f"<{count}d", data[10 + length :]))

    def nearest(self, *call):
        """The doubles nearest to the coefficients, from many more digits than they have."""
        precise = self.results("coefficients", *call, "--digits", "400")["coefficients"]
        return [float(Decimal(c["value"])) for c in precise]

    def test_npy_holds_the_nearest_doubles(self):
        for call in self.TABLES:
            result = self.succeed("coefficients", *call, "--format", "npy", "--output", "a.npy")
            self.assertEqual(result.stdout, "")
            shape, values = self.read_npy((self.folder / "a.npy").read_bytes())
            expected = self.nearest(*call)
            self.assertEqual(values, expected, call)
            self.assertEqual(shape, (3, len(expected) // 3) if "--grid" in call else (len(expected),))

    def test_npy_goes_into_a_pipe_but_not_to_a_terminal(self):
        call = [PROGRAM, "coefficients", "relu", "--format", "npy"]
        data = subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.read_npy(data)[0], (21,))
        ours, theirs = pty.openpty()
        result = subprocess.run(call, stdout=theirs, stderr=subprocess.PIPE, encoding="utf-8", check=False)
        os.close(theirs)
        os.close(ours)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--output", result.stderr)

    def compile_and_run(self, compiler, source):
        self.write(source, """
            #include <stdio.h>
            #include "a.h"
            #include "a.h" /* a second time */
            int main(void) {
              const double *value = (const double *)ARRAY;
              size_t i;
              for (i = 0; i < sizeof ARRAY / sizeof(double); ++i) printf("%.17g\\n", value[i]);
              return 0;
            }
        """.replace("ARRAY", self.array_name()))
        subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-pedantic", source, "-o", "a.out"],
                       cwd=self.folder, check=True, timeout=120)
        lines = subprocess.run([self.folder / "a.out"], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
        return [float(line) for line in lines.split()]

    def array_name(self):
        text = (self.folder / "a.h").read_text(encoding="ascii")
        return re.findall(r"static const double (\w+)\[.*\] = \{", text)[-1]

    def test_the_c_header_compiles_as_c_and_as_cpp_and_holds_the_nearest_doubles(self):
        for compiler, source in [(["gcc", "-std=c99"], "a.c"), (["g++", "-std=c++11"], "a.cpp")]:
            if not shutil.which(compiler[0]):
                self.skipTest(f"no {compiler[0]}")
            for call in self.TABLES:
                self.succeed("coefficients", *call, "--format", "c", "--output", "a.h")
                self.assertEqual(self.compile_and_run(compiler, source), self.nearest(*call), call)

    def test_the_c_header_says_how_it_was_made(self):
        text = self.succeed("coefficients", "x*Phi(x)", "--max-degree", "4", "--format", "c").stdout
        self.assertIn("sigmahat coefficients 'x*Phi(x)' --max-degree 4 --digits 17", text)
        self.assertIn("sigma = x*Phi(x)", text)
        self.assertIn("static const double sigmahat_x_Phi_x[5] = {", text)
        self.assertNotIn("_digits", text)

    def test_the_comment_of_the_c_header_cannot_be_ended_from_within(self):
        text = self.succeed("coefficients", "(x)*/*1*/1", "--format", "c", code=2)
        self.assertTrue(text.stderr)
        for name in ["x/2*(1/(1+x^2))", "2/(1+x^2)*sin(x)"]:
            text = self.succeed("coefficients", name, "--max-degree", "2", "--format", "c").stdout
            self.assertEqual((text.count("/*"), text.count("*/")), (2, 2))

    def test_more_digits_than_a_double_has_are_given_as_text(self):
        text = self.succeed("coefficients", "relu", "--max-degree", "4", "--digits", "50", "--format", "c").stdout
        digits = re.findall(r'"([-0-9.e]+)"', text)
        table = self.results("coefficients", "relu", "--max-degree", "4", "--digits", "50")["coefficients"]
        self.assertEqual(digits, [c["value"] for c in table])

    def test_a_coefficient_beyond_double_is_a_numerical_failure(self):
        self.refuse("coefficients", "exp", "--scale", "40", "--format", "npy", "--output", "a.npy", code=3)

    def test_commands_without_one_array_refuse_the_formats_of_arrays(self):
        for call in [["kernel", "relu"], ["loss"], ["verify"], ["activations"]]:
            for name in ["c", "npy"]:
                self.refuse(*call, "--format", name, saying=["--format", f'"{name}"'])


class Signs(ProgramTest):
    def test_an_activation_may_begin_with_a_minus_sign(self):
        plain = self.results("coefficients", "softplus", "--max-degree", "4")["coefficients"]
        # -softplus(-x): the odd coefficients stay, the even ones change sign.
        for call in [["-softplus(-x)", "--max-degree", "4"], ["--max-degree", "4", "-softplus(-x)"],
                     ["--quiet", "-softplus(-x)", "--max-degree", "4"]]:
            for k, (a, b) in enumerate(zip(plain, self.results("coefficients", *call)["coefficients"])):
                sign = 1 if k % 2 else -1
                difference = abs(sign * Decimal(a["value"]) - Decimal(b["value"]))
                self.assertLessEqual(difference, Decimal(a["error_bound"]) + Decimal(b["error_bound"]))
        for name in ["-relu", "-x"]:
            self.assertEqual(self.json("coefficients", name)["inputs"]["activation"], {"-relu": "-max(x, 0)"}.get(name, name))
        self.succeed("kernel", "-relu", "-x")
        self.assertEqual(self.succeed("coefficients", "--max-degree", "4", "--", "-relu").stdout,
                         self.succeed("coefficients", "-relu", "--max-degree", "4").stdout)

    def test_what_is_no_activation_is_still_refused(self):
        self.refuse("coefficients", "-rleu", saying="rleu")
        self.refuse("coefficients", "relu", "-tanh", saying='"-tanh"')


class Pictures(ProgramTest):
    def words(self, name):
        root_element = ElementTree.parse(self.folder / name).getroot()
        return " ".join(" ".join(e.text or "" for e in root_element.iter()).split())

    def test_both_pictures_are_drawn_in_one_call(self):
        self.succeed("coefficients", "relu", "--plot", "a.svg", "--plot-truncations", "b.svg")
        self.assertIn("degree k", self.words("a.svg"))
        self.assertIn("fit", self.words("a.svg"))
        for word in ["relu and its truncated series", "k ≤ 2", "k ≤ 16"]:
            self.assertIn(word, self.words("b.svg"))

    def test_truncations_are_those_that_differ(self):
        self.succeed("coefficients", "tanh", "--max-degree", "9", "--plot-truncations", "b.svg")
        self.assertEqual(set(re.findall(r"k ≤ (\d+)", self.words("b.svg"))), {"1", "3", "7"})
        for degree in ["0", "1", "2"]:
            self.succeed("coefficients", "relu", "--max-degree", degree, "--plot-truncations", "b.svg")

    def test_a_grid_is_drawn_against_the_scale(self):
        self.succeed("coefficients", "tanh", "--grid", "1/4:4:7", "--plot", "a.svg")
        for word in ["scale r", "k = 1", "k = 9"]:
            self.assertIn(word, self.words("a.svg"))

    def test_pictures_in_one_file_are_refused(self):
        for other in ["--plot", "--output"]:
            self.refuse("coefficients", "relu", other, "a.svg", "--plot-truncations", "./a.svg",
                        saying=[other, "--plot-truncations"])
        self.refuse("coefficients", "relu", "--plot-truncations", "a.gif", saying="--plot-truncations")

    def test_the_terminal_shows_both_below_the_text(self):
        plain = self.succeed("coefficients", "relu").stdout
        drawn = self.succeed("coefficients", "relu", "--plot", "-", "--plot-truncations", "-").stdout
        self.assertTrue(drawn.startswith(plain))
        self.assertIn("degree k", drawn)
        self.assertIn("truncated series", drawn)

    def test_an_estimate_is_called_one_with_the_reason_and_a_certified_table_has_none(self):
        r = self.results("coefficients", "log(abs(x - pi))", "--max-degree", "2")
        self.assertEqual({c["status"] for c in r["coefficients"]}, {"estimated"})
        self.assertEqual(r["estimated_because"], "no bound is known near x = 3.14159")
        text = self.succeed("coefficients", "log(abs(x - pi))", "--max-degree", "2").stdout
        self.assertIn("estimated  no bound is known near x = 3.14159", text)
        self.assertIsNone(self.results("coefficients", "log(abs(x))")["estimated_because"])


if __name__ == "__main__":
    unittest.main()
