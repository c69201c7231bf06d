"""sigmahat probe isotropy: critical points with symmetry, against other commands and closed forms."""

import json
import math
import unittest

from program import SOURCE, ProgramTest


class Isotropy(ProgramTest):
    def isotropy(self, *options):
        return self.results("probe", "isotropy", *options)

    def test_at_the_teacher_the_spectrum_is_known_in_closed_form(self):
        results = self.isotropy("d", "--dim", 7, "--starts", 50, "--point", 1)
        self.assertEqual(results["points"][0]["kind"], "global")
        self.assertEqual(results["points"][0]["value"], "0")
        # The least: moving the entries (i,j) and (j,i) against each other, 1/2 - 1/π.
        self.assertAlmostEqual(float(results["points"][0]["min_eigenvalue"]), 1 / 2 - 1 / math.pi, 14)
        self.assertEqual(sum(e["multiplicity"] for e in results["chosen"]["eigenvalues"]), 49)

    def test_symmetry_alone_finds_every_minimum_that_was_published(self):
        """Ends of gradient descent by Safran, Yehudai and Shamir, who have half the objective."""
        published = json.loads((SOURCE / "data/minima/published.json").read_text(encoding="utf-8"))
        minima = [m for m in published["safran_yehudai_shamir_2021"] if m["dimension"] == 15]
        points = self.isotropy(*{m["isotropy"] for m in minima}, "--dim", 15, "--starts", 200)["points"]
        self.assertGreater(len(minima), 8)
        for minimum in minima:
            near = [p for p in points if abs(float(p["value"]) / 2 - minimum["value"]) < 1e-12]
            self.assertEqual(len(near), 1, minimum)
            self.assertEqual(near[0]["isotropy"], minimum["isotropy"])
            self.assertLess(abs(float(near[0]["min_eigenvalue"]) / 2 - minimum["min_eigenvalue"]), 1e-8)

    def test_the_point_written_is_what_loss_finds_there(self):
        results = self.isotropy("d-1,1", "--dim", 6, "--starts", 300, "--point", 2, "--output-problem", "p.json")
        point = results["points"][1]
        self.assertEqual(point["isotropy"], "d-1,1")
        loss = self.results("loss", "--problem", "p.json", "--constraint", "free", "--fixed-a", "--gradient", "--hessian")
        self.assertAlmostEqual(float(loss["value"]), float(point["value"]), 13)
        self.assertLess(float(loss["gradient_norm"]), 1e-13)
        self.assertEqual(loss["morse_index"], point["morse_index"])
        dense = sorted(float(e["value"]) for e in loss["hessian_eigenvalues"])
        isotypic = sorted(float(e["value"]) for e in results["chosen"]["eigenvalues"] for _ in range(e["multiplicity"]))
        self.assertEqual(len(dense), 36)
        for x, y in zip(dense, isotypic):
            self.assertAlmostEqual(x, y, 12)

    def test_rows_that_vanish_on_the_way_end_no_search(self):
        results = self.isotropy("d-1,1", "--dim", 6, "--starts", 50, "--objective", "weights:2=1,4=1")
        self.assertEqual(results["points"][0]["kind"], "global")
        self.assertIn("1 not polished", self.succeed("probe", "isotropy", "d-1,1", "--dim", 6, "--starts", 50,
                                                     "--objective", "weights:2=1,4=1").stdout)

    def test_the_same_for_every_number_of_threads(self):
        call = ["probe", "isotropy", "d-1,1", "--dim", "8,20", "--starts", 100]
        one = self.succeed(*call, "--threads", 1).stdout
        self.assertEqual(self.succeed(*call, "--threads", 3).stdout, one)

    def test_a_family_is_followed_and_its_decay_measured(self):
        results = self.isotropy("d-1,1", "--dim", "8..2000", "--points", 5, "--starts", 200)
        exponents = {f["family"]: f["exponent"] for f in results["families"]}
        vanishing = [f for f, e in exponents.items() if e is not None and abs(e + 1) < 0.05]
        bounded = [f for f, e in exponents.items() if e is not None and abs(e) < 0.1]
        self.assertEqual((len(vanishing), len(bounded)), (1, 2))
        for point in results["points"]:
            self.assertEqual(point["morse_index"], 0)
            self.assertLess(point["gradient_norm"], 1e-15)

    def test_more_digits_give_the_same_point(self):
        few = self.isotropy("d", "--dim", 9, "--starts", 50)["points"][1]
        many = self.isotropy("d", "--dim", 9, "--starts", 50, "--digits", 50)["points"][1]
        self.assertEqual(many["value"][:16], few["value"][:16])
        self.assertLess(many["gradient_norm"], 1e-50)

    def test_other_students_than_the_teacher(self):
        results = self.isotropy("d", "--dim", 6, "--student-activation", "abs", "--a", "1/2", "--starts", 100)
        kinds = {point["kind"] for point in results["points"]}
        self.assertIn("minimum", kinds)
        self.assertNotIn("global", kinds)

    def test_bad_input_is_refused(self):
        for options, saying in [(["d-1"], "7 columns"), (["x"], "block sizes"), (["d", "--dim", "9..3"], "range"),
                                (["d/2,d/2", "--dim", 7], "whole size"), (["d", "--point", 99], "--point"),
                                (["d", "--output-problem", "p.json"], "--point"), (["d", "--follow", "none"], "--follow"),
                                (["d-7,7", "--dim", 7], "size 0")]:
            self.refuse("probe", "isotropy", *options, "--starts", 20, saying=saying)


if __name__ == "__main__":
    unittest.main()
