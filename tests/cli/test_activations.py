"""sigmahat activations: what it lists is so."""

import unittest
from decimal import Decimal

from program import ProgramTest


class Activations(ProgramTest):
    def entries(self):
        return {e["name"]: e for e in self.results("activations")["activations"]}

    def test_every_activation_of_the_first_release_is_listed(self):
        required = {"relu", "leaky_relu", "abs", "step", "sign", "linear", "quadratic", "cubic", "hermite", "erf",
                    "exp", "sin", "cos", "gaussian", "gelu", "tanh", "sigmoid", "softplus", "silu", "relu_power",
                    "hard_tanh"}
        self.assertLessEqual(required, self.entries().keys())

    def test_listed_properties_are_those_of_the_functions(self):
        e = self.entries()
        self.assertEqual([e[n]["parity"] for n in ["relu", "abs", "tanh", "cos", "sigmoid", "hard_tanh"]],
                         ["none", "even", "odd", "even", "none", "odd"])
        self.assertEqual([e[n]["homogeneous"] for n in ["relu", "step", "cubic", "tanh"]], [1, 0, 3, None])
        self.assertEqual(e["hard_tanh"]["kinks"], ["-1", "1"])
        self.assertEqual(e["tanh"]["closed_forms"], [])
        self.assertEqual(e["relu"]["closed_forms"], ["coefficients", "kernel"])

    def test_parity_shows_in_the_coefficients_of_every_example(self):
        for name, entry in self.entries().items():
            c = self.results("coefficients", entry["example"], "--max-degree", "12")["coefficients"]
            with self.subTest(name):
                vanishing = {"even": c[1::2], "odd": c[0::2], "none": []}[entry["parity"]]
                self.assertEqual({x["value"] for x in vanishing} | {"0"}, {"0"})
                exact = all(x["status"] == "exact" for x in c)
                self.assertEqual("coefficients" in entry["closed_forms"], exact)

    def test_every_example_has_a_kernel_that_ends_in_its_second_moment(self):
        for name, entry in self.entries().items():
            point = self.results("kernel", entry["example"], "--rho", "1")["points"][0]
            moment = self.results("coefficients", entry["example"], "--max-degree", "1")
            with self.subTest(name):
                difference = abs(Decimal(point["value"]) - Decimal(moment["second_moment"]))
                allowed = Decimal(point["error_bound"]) + Decimal(moment["second_moment_error_bound"])
                self.assertLessEqual(difference, allowed)
                self.assertEqual("kernel" in entry["closed_forms"], not point["method"].startswith("series"))


if __name__ == "__main__":
    unittest.main()
