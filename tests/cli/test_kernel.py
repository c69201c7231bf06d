"""sigmahat kernel against closed forms, symmetries and the coefficients."""

import unittest
import xml.etree.ElementTree as ElementTree
from decimal import Decimal

from closed_forms import PI, assert_within, root
from program import ProgramTest


class Kernel(ProgramTest):
    def points(self, *arguments):
        return self.results("kernel", *arguments)["points"]

    def test_relu_has_its_closed_form(self):
        points = self.points("relu", "--rho=-1,0,1/2,1", "--digits", "40")
        half = Decimal("0.5")
        true = [
            (Decimal(0), Decimal(0), None),
            (1 / (2 * PI), Decimal("0.25"), 1 / (2 * PI)),
            (root(3) / (4 * PI) + Decimal(1) / 6, Decimal(1) / 3, 1 / (PI * root(3))),
            (half, half, None),
        ]
        for point, (value, first, second) in zip(points, true):
            assert_within(self, point, value)
            assert_within(self, point, first, "first", "first_error_bound")
            if second is None:
                self.assertIsNone(point["second"])
                self.assertIsNone(point["second_error_bound"])
            else:
                assert_within(self, point, second, "second", "second_error_bound")

    def test_step_sign_and_abs_have_their_closed_forms(self):
        third = Decimal(1) / 3
        # arcsin(1/2) = pi/6
        true = {"step": third, "sign": third, "abs": (2 / PI) * (root(3) / 2 + PI / 12)}
        for name, value in true.items():
            assert_within(self, self.points(name, "--rho", "1/2", "--digits", "30")[0], value)

    def test_exponentials_have_their_closed_form(self):
        for point in self.points("exp", "--rho=-1,-1/3,0,1/7,1", "--digits", "30"):
            numerator, _, denominator = point["rho"].partition("/")
            rho = Decimal(numerator) / Decimal(denominator or 1)
            for key, bound in [("value", "error_bound"), ("first", "first_error_bound"), ("second", "second_error_bound")]:
                self.assertLessEqual(abs(Decimal(point[key]) - (1 + rho).exp()), Decimal(point[bound]))

    def test_correlations_are_exact_and_in_the_order_given(self):
        points = self.points("relu", "--rho", "1/3, 0.1 ,-2.5e-1")
        self.assertEqual([p["rho"] for p in points], ["1/3", "1/10", "-1/4"])

    def test_a_grid_runs_evenly_from_minus_one_to_one(self):
        self.assertEqual([p["rho"] for p in self.points("tanh", "--grid", "5")], ["-1", "-1/2", "0", "1/2", "1"])
        self.assertEqual(len(self.points("relu")), 11)

    def test_two_activations_commute(self):
        for pair in [("relu", "abs"), ("tanh", "sigmoid"), ("erf", "gelu"), ("step", "relu_power(2)")]:
            there = self.points(*pair, "--rho=-1/2,1/5,4/5")
            back = self.points(*reversed(pair), "--rho=-1/2,1/5,4/5")
            for p, q in zip(there, back):
                self.assertLessEqual(abs(Decimal(p["value"]) - Decimal(q["value"])),
                                     Decimal(p["error_bound"]) + Decimal(q["error_bound"]), pair)

    def test_mixed_derivatives_are_difference_quotients_within_their_bounds(self):
        # Around 1/5 with step h: the quotients miss by h²/6 and h²/12 times the third and fourth
        # derivatives, which are below 10 there; 40 - 24 digits survive the second difference.
        h = Decimal("1e-12")
        for pair in [("tanh", "relu"), ("step", "gelu"), ("relu_power(2)", "sign"), ("erf", "sigmoid")]:
            low, at, high = self.points(*pair, "--rho", f"{Decimal('0.2') - h},1/5,{Decimal('0.2') + h}",
                                        "--digits", "40")
            value = [Decimal(p["value"]) for p in (low, at, high)]
            first = (value[2] - value[0]) / (2 * h)
            second = (value[2] - 2 * value[1] + value[0]) / h**2
            with self.subTest(pair):
                self.assertLess(abs(Decimal(at["first"]) - first), Decimal("1e-22"))
                self.assertLess(abs(Decimal(at["second"]) - second), Decimal("1e-14"))
                for bound in ["error_bound", "first_error_bound", "second_error_bound"]:
                    self.assertLess(Decimal(at[bound]), Decimal("1e-35"))

    def test_the_picture_has_as_many_derivatives_as_are_asked_for(self):
        for derivatives, titles in [("0", ["κ"]), ("1", ["κ", "κ′"]), ("2", ["κ", "κ′", "κ″"])]:
            self.succeed("kernel", "relu", "abs", "--grid", "21", "--plot", "k.svg", "--derivatives", derivatives)
            svg = ElementTree.fromstring((self.folder / "k.svg").read_bytes())
            texts = ["".join(e.itertext()).strip() for e in svg.iter() if e.tag.endswith("text")]
            self.assertEqual([t for t in ["κ", "κ′", "κ″"] if t in texts], titles)
        self.refuse("kernel", "relu", "--derivatives", "3", saying="--derivatives")

    def test_at_correlation_one_stands_the_second_moment(self):
        for name in ["relu", "tanh", "gelu", "sigmoid", "erf", "leaky_relu(1/4)"]:
            point = self.points(name, "--rho", "1")[0]
            moment = self.results("coefficients", name, "--max-degree", "0")
            difference = abs(Decimal(point["value"]) - Decimal(moment["second_moment"]))
            allowed = Decimal(point["error_bound"]) + Decimal(moment["second_moment_error_bound"])
            self.assertLessEqual(difference, allowed, name)

    def test_a_series_holds_what_the_coefficients_say(self):
        rho = Decimal("0.3")
        c = self.results("coefficients", "tanh", "--max-degree", "60", "--digits", "30")["coefficients"]
        partial = sum(Decimal(x["value"]) ** 2 * rho**k for k, x in enumerate(c))
        point = self.points("tanh", "--rho", "3/10", "--digits", "25")[0]
        # 0.3^61 bounds the tail, 1e-28 the rounding of the coefficients.
        self.assertLessEqual(abs(Decimal(point["value"]) - partial),
                             Decimal(point["error_bound"]) + rho**61 + Decimal("1e-28"))

    def test_infinite_derivatives_are_said_in_words_and_never_in_numbers(self):
        text = self.succeed("kernel", "step", "--rho", "1").stdout
        self.assertIn("infinite", text)
        self.assertIsNone(self.points("step", "--rho", "1")[0]["first"])
        csv = self.succeed("kernel", "step", "--rho", "1", "--format", "csv").stdout
        self.assertNotIn("inf", csv.lower())


if __name__ == "__main__":
    unittest.main()
