"""sigmahat probe: landscapes of objectives."""

import math
import signal
import struct
import subprocess
import time
import unittest

from program import PROGRAM, ProgramTest

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


class Slice(ProgramTest):
    def slice(self, *options):
        return self.results("probe", "slice", *options)

    def test_a_slice_of_one_neuron_is_the_whole_circle(self):
        # The plane through three points of the circle is the plane: f_2 = 2 - 2 cos² everywhere.
        self.write("p.json", PLANE)
        self.write("q.json", {**PLANE, "student": {"activation": "relu", "a": 1, "B": [[0, -1]]}})
        results = self.slice("--problem", "p.json", "--objective", "degree:2", "--fixed-a", "--through",
                             "teacher,q.json", "--grid", 21)
        for mark in results["marks"]:
            self.assertLess(mark["distance"], 1e-7)
        self.assertEqual([mark["name"] for mark in results["marks"]], ["student", "teacher", "q.json"])
        # s runs from (0,1) towards (1,0), t at a right angle to it towards (0,-1).
        root = math.sqrt(0.5)
        for point in results["points"]:
            x = root * (point["s"] - point["t"])
            y = 1 - root * (point["s"] + point["t"])
            if x * x + y * y < 1e-12:  # no point of the circle
                self.assertIsNone(point["value"])
            else:
                self.assertAlmostEqual(point["value"], 2 - 2 * x * x / (x * x + y * y), 12)

    def test_critical_points_are_those_of_the_whole_problem(self):
        self.succeed("train", "--dim", 3, "--fixed-a", "--tolerance", "1e-12", "--output-problem", "end.json")
        results = self.slice("--problem", "end.json", "--fixed-a", "--grid", 21)
        found = results["critical_points"]
        at_student = [p for p in found if p["distance"] < 1e-6]
        self.assertEqual(len(at_student), 1)
        self.assertEqual(at_student[0]["morse_index"], 0)
        self.assertLess(abs(at_student[0]["s"]) + abs(at_student[0]["t"]), 1e-6)
        self.assertLess(at_student[0]["gradient_norm"], 1e-12)

    def test_the_array_holds_the_values(self):
        call = ["probe", "slice", "--dim", 3, "--grid", 5, "--range-2", "0,2"]
        self.succeed(*call, "--format", "npy", "--output", "a.npy")
        data = (self.folder / "a.npy").read_bytes()
        points = self.results(*call)["points"]
        self.assertIn(b"(5, 5)", data[:128])
        self.assertEqual(list(struct.unpack("<25d", data[-200:])), [point["value"] for point in points])

    def test_the_number_of_threads_changes_nothing(self):
        one = self.succeed("probe", "slice", "--dim", 4, "--grid", 9, "--threads", 1).stdout
        self.assertEqual(one, self.succeed("probe", "slice", "--dim", 4, "--grid", 9, "--threads", 3).stdout)

    def test_nonsense_is_refused(self):
        for options, words in [
            (["--directions", "random"], "--directions"),
            (["--directions", "random,random"], "span no plane"),
            (["--directions", "gradient,sideways"], "sideways"),
            (["--directions", "random,eigenvector:99"], "eigenvector:99"),
            (["--directions", "random,gradient", "--through", "teacher,teacher"], "--through"),
            (["--through", "teacher,teacher"], "one line"),
            (["--match"], "--match"),
            (["--grid", "1"], "--grid"),
            (["--mark", "a,,b"], "--mark"),
        ]:
            with self.subTest(options):
                self.refuse("probe", "slice", "--dim", 3, *options, saying=words)


class Spectrum(ProgramTest):
    def test_the_eigenvalues_are_those_of_loss(self):
        call = ["--dim", 3, "--constraint", "free", "--digits", 25]
        ours = self.results("probe", "spectrum", *call)
        loss = self.results("loss", *call, "--gradient", "--hessian")
        self.assertEqual(ours["hessian_eigenvalues"], [e["value"] for e in loss["hessian_eigenvalues"]])
        self.assertEqual(ours["morse_index"], loss["morse_index"])
        self.assertEqual(ours["gradient_norm"], loss["gradient_norm"])
        self.assertEqual(sum(g["multiplicity"] for g in ours["groups"]), ours["dimension"])

    def test_multiplicities_at_the_teacher_are_those_of_its_symmetry(self):
        # f_2 of d orthonormal neurons at the teacher, rows moving by antisymmetric and symmetric pairs:
        # Σ ‖v_i ⊗ e_i + e_i ⊗ v_i‖² pairs up v_ij and v_ji, 2 (v_ij + v_ji)²: d(d-1)/2 eigenvalues
        # 2·4 and as many zeros.
        rows = [[int(i == j) for j in range(4)] for i in range(4)]
        network = {"activation": "relu", "a": 1, "B": rows}
        self.write("p.json", {"teacher": network, "student": network})
        results = self.results("probe", "spectrum", "--problem", "p.json", "--objective", "degree:2", "--fixed-a")
        self.assertEqual([(float(g["value"]), g["multiplicity"]) for g in results["groups"]], [(0, 6), (8, 6)])
        self.assertEqual(results["morse_index"], 0)

    def test_refining_goes_to_a_critical_point(self):
        self.succeed("train", "--dim", 3, "--fixed-a", "--tolerance", "1e-3", "--output-problem", "near.json")
        before = self.results("probe", "spectrum", "--problem", "near.json", "--fixed-a")
        after = self.results("probe", "spectrum", "--problem", "near.json", "--fixed-a", "--refine",
                             "--output-problem", "at.json")
        self.assertGreater(float(before["gradient_norm"]), 1e-6)
        self.assertLess(float(after["gradient_norm"]), 1e-13)
        again = self.results("probe", "spectrum", "--problem", "at.json", "--fixed-a")
        self.assertEqual(again["hessian_eigenvalues"][0][:12], after["hessian_eigenvalues"][0][:12])

    def test_a_start_far_from_all_critical_points_is_no_place_to_refine(self):
        self.refuse("probe", "spectrum", "--dim", 8, "--refine", "--constraint", "free", "--seed", 3, code=3,
                    saying="--refine")


class Path(ProgramTest):
    SWAPPED = {"teacher": {"activation": "relu", "a": 1, "B": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]},
               "student": {"activation": "relu", "a": 1, "B": [[0, 1, 0], [1, 0, 0], [0, 0, 1]]}}

    def test_the_saddle_is_critical_and_above_both_ends(self):
        self.write("p.json", self.SWAPPED)
        call = ["probe", "path", "--problem", "p.json", "--fixed-a", "--images", 41]
        results = self.results(*call, "--output-problem", "saddle.json")
        saddle = results["saddle"]
        self.assertLess(saddle["gradient_norm"], 1e-12)
        self.assertAlmostEqual(saddle["barrier_from_start"], saddle["value"], 12)
        self.assertGreater(saddle["value"], 0)
        # The highest image is a pass but for its place between two images.
        self.assertLess(abs(results["highest"]["value"] - saddle["value"]), 0.1 * saddle["value"])
        spectrum = self.results("probe", "spectrum", "--problem", "saddle.json", "--fixed-a")
        self.assertEqual(spectrum["morse_index"], 1)
        self.assertEqual(spectrum["undecided_eigenvalues"], 0)
        self.assertLess(float(spectrum["gradient_norm"]), 1e-12)
        self.assertAlmostEqual(float(spectrum["value"]), saddle["value"], 12)

    def test_the_number_of_threads_changes_nothing(self):
        self.write("p.json", self.SWAPPED)
        call = ["probe", "path", "--problem", "p.json", "--fixed-a", "--images", 9, "--iterations", 50]
        one = self.succeed(*call, "--threads", 1).stdout
        self.assertEqual(one, self.succeed(*call, "--threads", 3).stdout)

    def test_a_path_from_a_minimum_to_itself_is_refused(self):
        self.write("p.json", {**self.SWAPPED, "student": self.SWAPPED["teacher"]})
        self.refuse("probe", "path", "--problem", "p.json", saying="one point")
        self.write("q.json", self.SWAPPED)
        self.refuse("probe", "path", "--problem", "q.json", "--match", saying="one point")

    def test_nonsense_is_refused(self):
        for options, words in [(["--images", "2"], "--images"), (["--to", "nothing"], "nothing"),
                               (["--tolerance", "-1"], "--tolerance")]:
            self.refuse("probe", "path", "--dim", 3, *options, saying=words)


class Basin(ProgramTest):
    def test_one_neuron_goes_to_the_nearer_of_two_minima(self):
        self.write("p.json", PLANE)
        self.write("q.json", {**PLANE, "student": {"activation": "relu", "a": 1, "B": [[0, -1]]}})
        call = ["probe", "basin", "--problem", "p.json", "--objective", "degree:2", "--fixed-a", "--through",
                "teacher,q.json", "--grid", 8, "--range", "0.1,1", "--range-2", "-0.5,0.3"]
        results = self.results(*call, "--distinct")
        self.assertEqual([minimum["count"] for minimum in results["minima"]],
                         [sum(point["minimum"] == name for point in results["points"])
                          for name in ("a", "b")][:len(results["minima"])])
        ends = {m["name"]: float(m["problem"]["student"]["B"]["float64"][0][0]) for m in results["minima"]}
        for point in results["points"]:
            x = math.sqrt(0.5) * (point["s"] - point["t"])
            self.assertAlmostEqual(ends[point["minimum"]], math.copysign(1, x), 9)
        self.assertEqual(len(self.results(*call)["minima"]), 1)

    def test_the_number_of_threads_and_the_kind_of_search_change_no_minimum(self):
        call = ["probe", "basin", "--dim", 3, "--fixed-a", "--grid", 5]
        one = self.succeed(*call, "--threads", 1).stdout
        self.assertEqual(one, self.succeed(*call, "--threads", 3).stdout)
        values = {self.results(*call, "--search", s)["minima"][0]["value"] for s in ["flow", "lbfgs"]}
        self.assertLess(max(values) - min(values), 1e-12)


class Saddles(ProgramTest):
    def test_every_point_found_is_critical_when_evaluated_afresh(self):
        results = self.results("probe", "saddles", "--dim", 3, "--fixed-a", "--runs", 12)
        self.assertGreater(len(results["critical_points"]), 2)
        for number, found in enumerate(results["critical_points"]):
            self.write(f"{number}.json", found["problem"])
            spectrum = self.results("probe", "spectrum", "--problem", f"{number}.json", "--fixed-a", "--digits", 34)
            self.assertLess(float(spectrum["gradient_norm"]), 1e-12)
            self.assertEqual(spectrum["morse_index"], found["morse_index"])
            self.assertAlmostEqual(float(spectrum["value"]), found["value"], 12)

    def test_points_are_refined_to_the_digits_asked_for(self):
        """The saddle on top of the path is the one with these rows among the saddles found."""
        points = self.results("probe", "saddles", "--dim", 3, "--fixed-a", "--runs", 50, "--digits", 40)["critical_points"]
        self.write("p.json", Path.SWAPPED)
        top = self.results("probe", "path", "--problem", "p.json", "--fixed-a", "--images", 13,
                           "--digits", 40)["saddle"]
        for point in [*points, top]:
            self.assertLess(float(point["precise"]["gradient_norm"]), 1e-38)
            self.assertAlmostEqual(float(point["precise"]["value"]), point["value"], 13)
        same = [p for p in points if abs(p["value"] - top["value"]) < 1e-9]
        self.assertEqual([p["precise"]["value"][:40] for p in same], [top["precise"]["value"][:40]])

    def test_climbing_finds_the_index_asked_for(self):
        results = self.results("probe", "saddles", "--dim", 3, "--fixed-a", "--method", "climb", "--index", 2,
                               "--runs", 15)
        self.assertTrue(results["critical_points"])
        self.assertEqual({p["morse_index"] for p in results["critical_points"]}, {2})
        self.assertEqual(sum(p["count"] for p in results["critical_points"]) + results["other_index"]
                         + results["unresolved"], 15)

    def test_eigenvectors_lead_from_the_teacher_to_saddles(self):
        self.write("p.json", {**Path.SWAPPED, "student": Path.SWAPPED["teacher"]})
        results = self.results("probe", "saddles", "--problem", "p.json", "--fixed-a", "--method", "follow",
                               "--modes", 3, "--index", 1)
        self.assertEqual(results["runs"], 6)
        self.assertTrue(results["critical_points"])

    def test_the_number_of_threads_changes_nothing(self):
        call = ["probe", "saddles", "--dim", 3, "--fixed-a", "--runs", 10]
        one = self.succeed(*call, "--threads", 1).stdout
        self.assertEqual(one, self.succeed(*call, "--threads", 3).stdout)

    def test_nonsense_is_refused(self):
        for options, words in [(["--method", "magic"], "--method"), (["--index", "-1"], "--index"),
                               (["--start", "everywhere"], "--start"), (["--runs", "0"], "--runs"),
                               (["--method", "follow", "--start", "unit"], "--start")]:
            self.refuse("probe", "saddles", "--dim", 3, *options, saying=words)


class Interruptions(ProgramTest):
    CALLS = (["path", "--dim", "5", "--iterations", "600", "--tolerance", "0"],
             ["basin", "--dim", "6", "--fixed-a", "--grid", "30"],
             ["saddles", "--dim", "4", "--fixed-a", "--runs", "300"],
             ["slice", "--dim", "8", "--grid", "300", "--no-refine"])

    def test_what_was_broken_off_goes_on_to_the_same_end(self):
        for name, *options in self.CALLS:
            call = ["probe", name, *options]
            begun = time.monotonic()
            whole = self.results(*call)
            taken = time.monotonic() - begun
            for how, share in ((signal.SIGTERM, 0.3), (signal.SIGKILL, 0.2), (signal.SIGKILL, 0.6)):
                with self.subTest(probe=name, how=how, share=share):
                    checkpoint = self.folder / f"{name}-{how}-{share}"
                    process = subprocess.Popen(
                        [PROGRAM, *call, "--checkpoint", checkpoint, "--checkpoint-seconds", "0.001"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
                    while not checkpoint.exists() and process.poll() is None:
                        time.sleep(0.002)
                    time.sleep(share * taken)
                    process.send_signal(how)
                    _, words = process.communicate(timeout=60)
                    if how == signal.SIGTERM and process.returncode != 0:
                        self.assertEqual(process.returncode, 128 + how)
                        self.assertIn(f"--resume {checkpoint}", words)
                    self.assertEqual(self.results(*call, "--resume", checkpoint, "--threads", 1), whole)
            self.refuse(*call, "--resume", checkpoint, "--seed", 2, saying=["--resume", "seed"])


if __name__ == "__main__":
    unittest.main()
