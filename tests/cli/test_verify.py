"""sigmahat verify: true claims pass, false ones do not, and the samples do not depend on threads."""

import unittest
from decimal import Decimal

from program import SOURCE, ProgramTest

SMALL = ["verify", "--dim", "3", "--samples", "30000"]


def enclosures_overlap(a, b):
    distance = abs(Decimal(a["value"]) - Decimal(b["value"]))
    return distance <= Decimal(a["error_bound"]) + Decimal(b["error_bound"])


class Verify(ProgramTest):
    def check_consistent(self, r):
        """What the verdict says follows from the numbers beside it."""
        self.assertEqual(r["forms_agree"], enclosures_overlap(r["closed_form"], r["series"]))
        exact = float(r["closed_form"]["value"])
        for s in r["sampled"]:
            self.assertAlmostEqual(s["z"], (s["mean"] - exact) / s["standard_error"], delta=1e-6)
        for lemma in r["key_lemma"]["degrees"]:
            last = lemma["sampled"][-1]
            self.assertEqual((lemma["mean"], lemma["standard_error"], lemma["z"]),
                             (last["mean"], last["standard_error"], last["z"]))
        self.assertEqual(r["key_lemma"]["verdict"], all(abs(d["z"]) <= 4 for d in r["key_lemma"]["degrees"]))
        self.assertEqual(r["verdict"], r["forms_agree"] and r["key_lemma"]["verdict"]
                         and all(abs(s["z"]) <= 4 for s in r["sampled"]))

    def test_theorem_one_holds_for_six_activations(self):
        for activation in ["relu", "abs", "erf", "gelu", "tanh", "sigmoid"]:
            for dimension, teacher, student in [(2, 2, 3), (5, 4, 2)]:
                with self.subTest(activation=activation, dimension=dimension):
                    r = self.results("verify", "--samples", "30000", "--teacher-activation", activation,
                                     "--dim", dimension, "--teacher-width", teacher, "--student-width", student,
                                     "--noise-variance", "1/4")
                    self.check_consistent(r)
                    self.assertTrue(r["verdict"])

    def test_theorem_one_holds_in_the_talks_setting(self):
        document = self.json("verify", "--problem", SOURCE / "data/problems/talk_d50.json", "--samples", "1e6")
        r = document["results"]
        self.check_consistent(r)
        self.assertTrue(r["verdict"])
        self.assertEqual(r["sampled"][-1]["samples"], 1000000)
        self.assertEqual(document["inputs"]["samples"], 1000000)
        # The last standard error is that of a million samples.
        first, last = r["sampled"][0], r["sampled"][-1]
        ratio = first["standard_error"] / last["standard_error"]
        self.assertAlmostEqual(ratio / (last["samples"] / first["samples"]) ** 0.5, 1, delta=0.2)

    def test_mixed_activations_are_verified(self):
        self.check_consistent(self.results(*SMALL, "--student-activation", "abs", "--a", "1/2"))

    def test_fifty_digits_of_closed_form_and_series_agree(self):
        r = self.results(*SMALL, "--digits", "50", "--max-degree", "300", "--teacher-activation", "gelu",
                         "--student-width", "2")
        self.assertTrue(r["forms_agree"])
        self.assertLess(Decimal(r["closed_form"]["error_bound"]), Decimal("1e-48"))

    def test_a_wrong_coefficient_refutes_the_claim(self):
        for override in ["4=0.1", "2=1/4", "0=0", "3=1e-3"]:
            with self.subTest(override):
                r = self.results(*SMALL, "--student-width", "2", "--override-coefficient", override, code=1)
                self.check_consistent(r)
                self.assertFalse(r["forms_agree"])

    def test_the_sign_of_a_coefficient_is_seen_by_the_key_lemma_alone(self):
        # Theorem 1 holds the square of a coefficient, the key lemma the coefficient itself.
        r = self.results(*SMALL, "--override-coefficient", "0=-0.39894228040143267794", code=1)
        self.assertFalse(r["key_lemma"]["verdict"])

    def test_overriding_a_coefficient_with_its_own_value_changes_nothing(self):
        plain = self.results(*SMALL)
        same = self.results(*SMALL, "--override-coefficient", "3=0")
        self.assertEqual(plain, same)

    def test_a_wrong_coefficient_beyond_the_chosen_degree_refutes_the_claim_too(self):
        r = self.json("verify", "--dim", "50", "--student-width", "2", "--teacher-width", "1", "--samples", "1000",
                      "--override-coefficient", "200=1", code=1)["results"]
        self.assertFalse(r["forms_agree"])

    def test_the_refuted_claim_is_said_in_words(self):
        text = self.succeed(*SMALL, "--override-coefficient", "4=0.1", code=1).stdout
        self.assertIn("Verdict FALSE", text)
        self.assertIn("Verdict TRUE", self.succeed(*SMALL).stdout)

    def test_results_are_the_same_for_every_number_of_threads(self):
        results = [self.results(*SMALL, "--threads", threads) for threads in [1, 2, 3]]
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_results_are_the_same_in_every_run(self):
        self.assertEqual(self.json(*SMALL), self.json(*SMALL))

    def test_the_seed_decides_the_samples(self):
        problem = ["verify", "--problem", SOURCE / "data/problems/small_relu.json", "--samples", "2000"]
        one, two = self.json(*problem, "--seed", "1"), self.json(*problem, "--seed", "2")
        self.assertEqual(one["inputs"]["seed"], 1)
        self.assertEqual(one["results"]["closed_form"], two["results"]["closed_form"])
        self.assertNotEqual(one["results"]["sampled"], two["results"]["sampled"])
        largest = self.json(*problem, "--seed", "18446744073709551615")
        self.assertEqual(largest["inputs"]["seed"], "18446744073709551615")

    def test_more_samples_continue_fewer(self):
        few = self.results("verify", "--dim", "3", "--samples", "5000")["sampled"]
        many = self.results("verify", "--dim", "3", "--samples", "5e4")["sampled"]
        self.assertEqual([s["samples"] for s in few], [1000, 2000, 5000])
        self.assertEqual([s["samples"] for s in many], [1000, 2000, 5000, 10000, 20000, 50000])
        self.assertEqual(few, many[:3])

    def test_any_number_of_samples_ends_the_ladder(self):
        for samples, counts in [(100, [100]), (1000, [1000]), (1001, [1000, 1001]), (7000, [1000, 2000, 5000, 7000])]:
            r = self.results("verify", "--dim", "2", "--samples", samples)
            self.assertEqual([s["samples"] for s in r["sampled"]], counts)

    def test_the_key_lemma_row_and_degree_can_be_chosen(self):
        r = self.results(*SMALL, "--key-lemma-row", "2", "--key-lemma-degree", "7")
        self.assertEqual(r["key_lemma"]["row"], 2)
        self.assertEqual([d["k"] for d in r["key_lemma"]["degrees"]], list(range(8)))


if __name__ == "__main__":
    unittest.main()
