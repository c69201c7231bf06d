"""sigmahat coefficients against closed forms, identities and a plain quadrature."""

import math
import unittest
from decimal import Decimal

from closed_forms import PI, assert_within, factorial_root, root
from program import ProgramTest

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


if __name__ == "__main__":
    unittest.main()
