"""sigmahat probe: landscapes of objectives."""

import math
import unittest

from program import ProgramTest

# One ReLU neuron each in the plane, at a right angle.
PLANE = {"teacher": {"activation": "relu", "a": 1, "B": [[1, 0]]},
         "student": {"activation": "relu", "a": 1, "B": [[0, 1]]}}


class Line(ProgramTest):
    def line(self, *options):
        return self.results("probe", "line", *options)

    def test_the_line_to_the_teacher_ends_in_zero(self):
        results = self.line("--dim", 4, "--match", "--points", 11)
        self.assertEqual(results["lowest"]["t"], 1)
        self.assertLess(abs(results["points"][-1]["value"]), 1e-13)
        self.assertGreater(results["points"][-1]["curvature"], 0)

    def test_one_degree_of_one_neuron_is_known_in_closed_form(self):
        self.write("p.json", PLANE)
        results = self.line("--problem", "p.json", "--objective", "degree:2", "--fixed-a", "--points", 9)
        self.assertAlmostEqual(results["speed"], math.pi / 2, 13)
        for point in results["points"]:
            angle = math.pi / 2 * (1 - point["t"])
            # ‖u⊗u - v⊗v‖² = 2 - 2 cos², along t with speed π/2
            self.assertAlmostEqual(point["value"], 2 - 2 * math.cos(angle) ** 2, 13)
            self.assertAlmostEqual(point["slope"], -math.pi / 2 * 2 * math.sin(2 * angle), 12)
            self.assertAlmostEqual(point["curvature"], math.pi ** 2 * math.cos(2 * angle), 12)

    def test_every_direction_starts_at_the_student(self):
        value = self.results("loss", "--dim", 3)["value"]
        self.write("rows.npy", "")
        for direction in ["random", "random:3", "gradient", "teacher"]:
            results = self.line("--dim", 3, "--direction", direction, "--range", "0,1", "--points", 3)
            self.assertAlmostEqual(results["points"][0]["value"], float(value), 12)
            self.assertAlmostEqual(results["speed"], 1, 12)

    def test_the_gradient_is_the_steepest(self):
        slopes = {d: self.line("--dim", 3, "--direction", d, "--range", "0,1", "--points", 2)["points"][0]["slope"]
                  for d in ["gradient", "random", "random:1", "teacher"]}
        self.assertEqual(max(slopes, key=lambda d: abs(slopes[d])), "gradient")

    def test_the_number_of_threads_changes_nothing(self):
        one = self.succeed("probe", "line", "--dim", 6, "--threads", 1).stdout
        self.assertEqual(one, self.succeed("probe", "line", "--dim", 6, "--threads", 3).stdout)

    def test_nonsense_is_refused(self):
        self.write("p.json", PLANE)
        for options, words in [
            (["--to", "teacher", "--direction", "random"], "--to"),
            (["--direction", "random", "--match"], "--match"),
            (["--direction", "sideways"], "sideways"),
            (["--direction", "random:-1"], "random:-1"),
            (["--to", "nowhere.json"], "nowhere.json"),
            (["--range", "1"], "--range"),
            (["--range", "2,1"], "--range"),
            (["--points", "1"], "--points"),
            (["--to", "p.json"], "p.json: 1 neurons in R^2; expected 3 in R^3"),
        ]:
            with self.subTest(options):
                code = 4 if "nowhere.json" in options else 2
                self.refuse("probe", "line", "--dim", 3, *options, saying=words, code=code)

    def test_opposite_rows_are_refused(self):
        self.write("p.json", {**PLANE, "student": {"activation": "relu", "a": 1, "B": [[-1, 0]]}})
        self.refuse("probe", "line", "--problem", "p.json", saying="opposite")


if __name__ == "__main__":
    unittest.main()
