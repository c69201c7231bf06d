"""sigmahat train: ends that are known, files that feed other commands, runs that are never lost."""

import csv
import io
import json
import os
import signal
import struct
import subprocess
import time
import unittest
from decimal import Decimal

from program import PROGRAM, ProgramTest, parse_json

LONG = ["train", "--dim", "12", "--optimizer", "sgd", "--batch", "512", "--iterations", "3000", "--record", "7"]

# Two designs, two batches, two seeds.
SWEEP = ["train", "--dim", "10", "--optimizer", "sgd", "--iterations", "4000", "--record", "11", "--step", "0.02",
         "--sweep", "objective=f|f_gamma:2,4,batch=128|512,seed=1|2"]


class Train(ProgramTest):
    def interrupted(self, call, number, code, after):
        """What a run says that a signal ends after so many seconds, with this exit code."""
        process = subprocess.Popen([PROGRAM, *call], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, encoding="utf-8",
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        time.sleep(after)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, err)
        self.assertEqual(out, "")
        return err

    def test_designed_losses_find_the_teacher_and_the_plain_one_does_not(self):
        for preset in ["talk/f_gamma", "talk/abs", "talk/guarantee"]:
            results = self.results("train", "--preset", preset, "--exact", "--dim", "10")
            with self.subTest(preset):
                self.assertEqual(results["outcome"], "converged")
                self.assertLess(results["final"]["gradient_norm"], 1e-9)
                self.assertLess(results["final"]["spectral_distance"], 1e-7)
                self.assertIsNone(results["final"]["noise_floor"])
                if preset != "talk/guarantee":
                    self.assertLess(abs(results["final"]["above_constant"]), 1e-12)
        results = self.results("train", "--preset", "talk/straightforward", "--exact", "--dim", "20", "--seeds", "1..3")
        for run in results["runs"]:
            self.assertEqual(run["outcome"], "converged")
            self.assertGreater(run["loss"], 0.01)
            self.assertGreater(run["spectral_distance"], 0.5)

    def test_fresh_samples_find_the_teacher_to_their_noise(self):
        for preset, close in [("talk/f_gamma", 0.05), ("talk/abs", 1e-8)]:
            results = self.results("train", "--preset", preset, "--dim", "10", "--iterations", "4000")
            with self.subTest(preset):
                self.assertEqual(results["samples"], 1024 * results["iterations"])
                self.assertLess(results["final"]["surrogate_distance"], close)
                above, floor = results["final"]["above_constant"], results["final"]["noise_floor"]
                if preset == "talk/f_gamma":
                    # 90 directions: the loss is known to √(2/90) = 15% of its mean, and the step still falls.
                    self.assertLess(above, 3 * floor)
                    self.assertGreater(above, floor / 3)
                else:
                    self.assertLess(floor, 1e-12)  # labels that the student can be have no noise

    def test_the_objective_with_guarantees_finds_the_teacher_from_samples_too(self):
        for more in [[], ["--float32"]]:
            results = self.results("train", "--preset", "talk/guarantee", "--dim", "10", "--iterations", "2000", *more)
            with self.subTest(more):
                self.assertEqual(results["samples"], 8192 * 2000)
                self.assertLess(results["final"]["surrogate_distance"], 0.05)
                self.assertLess(results["final"]["spectral_distance"], 0.1)

    def test_degree_terms_find_the_teacher_from_samples_and_from_a_data_set(self):
        call = ["train", "--dim", "6", "--fixed-a", "--optimizer", "sgd", "--center", "0,1", "--iterations", "3000",
                "--step", "geometric:0.05,0.001"]
        for objective in ["degree:4", "weights:2=1,4=1/2"]:
            for more in [[], ["--float32"], ["--data-set", "50000"]]:
                results = self.results(*call, "--objective", objective, *more)
                with self.subTest(objective, more=more):
                    self.assertEqual(results["outcome"], "spent")
                    self.assertLess(results["final"]["surrogate_distance"], 0.1)
                    if not more:  # 30 directions, and the step still falls
                        self.assertLess(results["final"]["loss"], 3 * results["final"]["noise_floor"])

    def test_degree_terms_killed_and_resumed_end_as_they_would_have(self):
        call = ["train", "--dim", "10", "--objective", "weights:2=1,4=1/2", "--optimizer", "adam", "--data-set", "3000",
                "--float32", "--batch", "512", "--iterations", "3000"]
        self.succeed(*call, "--trajectory", "whole.csv")
        self.killed_after(0.1, self.folder / "c", [*call, "--checkpoint", "c", "--checkpoint-seconds", "0.01"])
        self.succeed(*call, "--resume", "c", "--threads", "3", "--trajectory", "again.csv")
        self.assertEqual((self.folder / "again.csv").read_bytes(), (self.folder / "whole.csv").read_bytes())

    def test_a_checkpoint_of_runs_that_have_ended_is_their_ends(self):
        call = [*SWEEP, "--iterations", "20", "--checkpoint", "c"]
        self.succeed(*call, "--format", "csv", "--output", "first")
        self.assertEqual([run["outcome"] for run in parse_json((self.folder / "c").read_text())["runs"]], ["spent"] * 8)
        self.succeed(*call, "--resume", "c", "--format", "csv", "--output", "again", "--plot", "a.svg")
        self.assertEqual((self.folder / "first").read_bytes(), (self.folder / "again").read_bytes())

    def test_the_end_is_a_problem_that_the_loss_command_agrees_on(self):
        for more in [["--objective", "f_gamma:2,4"], ["--constraint", "free", "--student-width", "2"],
                     ["--c", "1/10", "--teacher-activation", "erf"]]:
            results = self.results("train", "--dim", "4", "--output-problem", "end.json", *more)
            objective = more if more[0] != "--c" and more[0] != "--constraint" else more[:2]
            check = [x for x in objective if x not in ("--c", "1/10")]
            loss = self.results("loss", "--problem", "end.json", "--gradient", *check)
            with self.subTest(more):
                self.assertEqual(results["outcome"], "converged")
                self.assertLess(abs(Decimal(loss["value"]) - Decimal(results["final"]["loss"])), Decimal("1e-12"))
                self.assertLess(Decimal(loss["gradient_norm"]), Decimal("1.1e-9"))
                self.assertEqual(json.loads((self.folder / "end.json").read_text()), results["final"]["problem"])

    def test_trajectory_files_say_what_the_results_say(self):
        results = self.results("train", "--dim", "4", "--optimizer", "sgd", "--batch", "32", "--iterations", "50",
                               "--record", "3", "--trajectory", "t.csv")
        self.assertEqual(results["trajectory_file"], "t.csv")
        rows = list(csv.DictReader(io.StringIO((self.folder / "t.csv").read_text()), strict=True))
        self.assertEqual([int(r["iteration"]) for r in rows], list(range(0, 50, 3)) + [50])
        self.assertEqual(rows[0]["sampled_loss"], "")
        for row in rows:
            self.assertEqual(int(row["samples"]), 32 * int(row["iteration"]))
        by_iteration = {int(r["iteration"]): r for r in rows}
        for point in results["trajectory"]:
            row = by_iteration[point["iteration"]]
            for key in ["loss", "gradient_norm", "surrogate_distance", "distance_modulo_permutation",
                        "spectral_distance"]:
                self.assertEqual(float(row[key]), point[key])
        self.succeed("train", "--dim", "4", "--optimizer", "sgd", "--batch", "32", "--iterations", "50",
                     "--record", "3", "--trajectory", "t.npy")
        data = (self.folder / "t.npy").read_bytes()
        begin = 10 + struct.unpack("<H", data[8:10])[0]
        numbers = struct.unpack(f"<{len(rows) * 8}d", data[begin:])
        for row, start in zip(rows, range(0, len(numbers), 8)):
            self.assertEqual(list(map(float, list(row.values())[:8])), list(numbers[start:start + 8]))

    def test_seeds_are_runs_of_their_own_in_one_table(self):
        results = self.results("train", "--dim", "5", "--seeds", "3..5", "--trajectory", "t.csv")
        self.assertEqual([r["seed"] for r in results["runs"]], [3, 4, 5])
        for run in results["runs"]:
            alone = self.results("train", "--dim", "5", "--seed", str(run["seed"]))
            self.assertEqual(alone["final"]["loss"], run["loss"])
            self.assertEqual(alone["iterations"], run["iterations"])
        rows = list(csv.DictReader(io.StringIO((self.folder / "t.csv").read_text())))
        self.assertEqual(sorted({r["seed"] for r in rows}), ["3", "4", "5"])

    def test_killed_at_any_moment_a_run_goes_on_to_the_same_end(self):
        self.succeed(*LONG, "--trajectory", "whole.csv", "--output-problem", "whole.json")
        for number, delay in enumerate([0.1, 0.2, 0.3, 0.45]):
            checkpoint = self.folder / f"{number}.checkpoint"
            call = [PROGRAM, *LONG, "--checkpoint", checkpoint, "--checkpoint-seconds", "0.01"]
            process = subprocess.Popen(call, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not checkpoint.exists() and process.poll() is None:
                time.sleep(0.005)
            time.sleep(delay)
            process.kill()
            process.wait()
            parse_json(checkpoint.read_text())
            self.succeed(*LONG, "--resume", checkpoint, "--threads", str(1 + number % 3),
                         "--trajectory", "again.csv", "--output-problem", "again.json")
            for name in ["csv", "json"]:
                self.assertEqual((self.folder / f"again.{name}").read_bytes(),
                                 (self.folder / f"whole.{name}").read_bytes())

    def killed_after(self, delay, checkpoint, call):
        """The call, killed some time after it has left a first checkpoint."""
        process = subprocess.Popen([PROGRAM, *map(str, call)], cwd=self.folder, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay)
        process.kill()
        process.wait()
        return parse_json(checkpoint.read_text())["runs"]

    def test_killed_at_any_moment_a_sweep_goes_on_to_the_same_end(self):
        self.succeed(*SWEEP, "--trajectory", "whole.csv", "--format", "csv", "--output", "whole.table")
        begun = set()
        for number, delay in enumerate([0.02, 0.2, 0.4, 0.7]):
            checkpoint = self.folder / f"{number}.checkpoint"
            once = self.killed_after(delay, checkpoint,
                                     [*SWEEP, "--checkpoint", checkpoint, "--checkpoint-seconds", "0.01", "--threads", "2"])
            begun.add(sum(run is not None for run in once))
            # Killed once more, and resumed from what that has left in the same file.
            again = self.killed_after(delay / 2, checkpoint,
                                      [*SWEEP, "--resume", checkpoint, "--checkpoint", checkpoint,
                                       "--checkpoint-seconds", "0.01", "--threads", "3"])
            for before, after in zip(once, again):
                self.assertGreaterEqual(after["iteration"] if after else 0, before["iteration"] if before else 0)
            self.succeed(*SWEEP, "--resume", checkpoint, "--threads", str(1 + number % 3),
                         "--trajectory", "again.csv", "--format", "csv", "--output", "again.table")
            for name in ["csv", "table"]:
                self.assertEqual((self.folder / f"again.{name}").read_bytes(),
                                 (self.folder / f"whole.{name}").read_bytes())
        self.assertGreater(len(begun), 1)  # not every kill met the same state

    def test_an_interrupted_sweep_leaves_a_checkpoint_and_says_how_to_go_on(self):
        endless = [*SWEEP, "--iterations", "1000000", "--record", "1000"]
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            err = self.interrupted([*endless, "--progress", "always"], number, code, after=1.3)
            self.assertRegex(err, r"\[#* *\] +\d+%  \d\.\d\de\+\d+ iterations/s  .* left  \d+/8 runs, loss \d")
            self.assertRegex(err, r"of 8 runs, \d of them ended; .*--resume sigmahat-train.checkpoint")
            runs = parse_json((self.folder / "sigmahat-train.checkpoint").read_text())["runs"]
            self.assertEqual(len(runs), 8)
            self.assertGreater(sum(run["iteration"] for run in runs if run), 0)
            os.unlink(self.folder / "sigmahat-train.checkpoint")

    def test_a_sweep_is_every_combination_in_one_table(self):
        call = ["train", "--dim", "4", "--preset", "talk/f_gamma", "--batch", "32", "--iterations", "40"]
        results = self.results(*call, "--sweep", "step=0.1|cosine:0.5,0.01,center=0,1|none,batch=16|64,seed=1..3",
                               "--trajectory", "t.csv", "--plot", "t.svg")
        runs = results["runs"]
        self.assertEqual([(r["step"], r["center"], r["batch"], r["seed"]) for r in runs],
                         [(step, center, batch, seed) for step in ["0.1", "cosine:0.5,0.01"]
                          for center in ["0,1", "none"] for batch in ["16", "64"] for seed in [1, 2, 3]])
        for run in runs[::5]:
            alone = self.results(*call, "--step", run["step"], "--center", run["center"], "--batch", run["batch"],
                                 "--seed", str(run["seed"]))
            self.assertEqual(alone["final"]["loss"], run["loss"])
            self.assertEqual(alone["final"]["spectral_distance"], run["spectral_distance"])
            self.assertEqual(alone["samples"], run["samples"])
        self.assertEqual(len(results["medians"]), 8)
        for number, group in enumerate(results["medians"]):
            own = runs[3 * number:3 * number + 3]
            self.assertEqual(group["runs"], 3)
            for key in ["above_constant", "surrogate_distance"]:
                least, median, largest = sorted(run[key] for run in own)
                self.assertEqual((group[key + "_least"], group[key], group[key + "_largest"]), (least, median, largest))
        rows = list(csv.DictReader(io.StringIO((self.folder / "t.csv").read_text()), strict=True))
        ends = [row for row in rows if row["iteration"] == "40"]
        self.assertEqual([(r["step"], r["center"], r["batch"], int(r["seed"]), float(r["loss"])) for r in ends],
                         [(r["step"], r["center"], r["batch"], r["seed"], r["loss"]) for r in runs])

    def test_a_sweep_can_vary_any_option_and_be_drawn_against_it(self):
        results = self.results("train", "--sweep", "dim=3|4,student-width=2|3,float32=true|false,seed=1|2",
                               "--optimizer", "sgd", "--iterations", "20", "--plot", "a.svg", "--plot-against", "dim")
        self.assertEqual(len(results["runs"]), 16)
        picture = " ".join((self.folder / "a.svg").read_text().split())
        for words in ["dim", "student-width 2", "labels whole", "unit rows"]:
            self.assertIn(words, picture)
        # A run with fewer neurons than the teacher cannot be it.
        for run in results["runs"]:
            self.assertGreater(run["above_constant"], 0)

    def test_more_samples_bring_designed_losses_closer_to_the_teacher(self):
        medians = self.results("train", "--dim", "6", "--sweep",
                               "preset=talk/f_gamma|talk/abs,data-set=300|3000|30000,seed=1..3",
                               "--batch", "1000", "--iterations", "2000")["medians"]
        for preset in ["talk/f_gamma", "talk/abs"]:
            errors = [group["above_constant"] for group in medians if group["preset"] == preset]
            self.assertEqual(len(errors), 3)
            # Once the teacher is found there is no less.
            self.assertGreater(max(errors[0], 1e-12), errors[1])
            self.assertGreater(max(errors[1], 1e-12), errors[2])
            self.assertLess(errors[2], 1e-3)

    def test_estimated_label_degrees_serve_as_the_known_ones(self):
        call = ["train", "--preset", "talk/f_gamma", "--dim", "6", "--iterations", "1500", "--seeds", "1..4"]
        known, estimated, none = (
            self.results(*call, *more)["medians"][0]["surrogate_distance"]
            for more in [[], ["--center-samples", "1e5"], ["--center", "none"]])
        self.assertLess(known, 0.7 * none)
        self.assertLess(estimated, 0.7 * none)

    def test_an_interrupted_run_leaves_a_checkpoint_and_says_how_to_go_on(self):
        endless = [*LONG[:-4], "--iterations", "1000000", "--record", "1000"]
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            err = self.interrupted(endless, number, code, after=0.5)
            self.assertIn("--resume sigmahat-train.checkpoint", err)
            self.assertGreater(parse_json((self.folder / "sigmahat-train.checkpoint").read_text())["runs"][0]["iteration"], 0)
            os.unlink(self.folder / "sigmahat-train.checkpoint")

    def test_a_checkpoint_of_another_run_is_refused(self):
        self.succeed(*LONG[:-4], "--iterations", "200", "--checkpoint", "c", "--checkpoint-seconds", "0")
        self.refuse(*LONG[:-4], "--iterations", "200", "--resume", "c", "--seed", "2", saying=["c:", "seed"])
        self.refuse(*LONG[:-4], "--iterations", "300", "--resume", "c", saying="iterations: 200, not 300")
        self.refuse(*LONG[:-4], "--iterations", "200", "--resume", "c", "--noise-variance", "1", saying="problem")
        self.write("d", "{}")
        self.refuse("train", "--dim", "3", "--resume", "d", saying="no checkpoint")
        self.refuse("train", "--dim", "3", "--resume", "missing", code=4, saying="missing")

    def test_divergence_is_reported_and_no_number_is_lost(self):
        call = ["train", "--dim", "4", "--constraint", "free", "--optimizer", "gd", "--step", "100"]
        result = self.succeed(*call, "--format", "json", "--trajectory", "t.csv", code=3)
        self.assertIn("diverged", result.stderr)
        self.assertEqual(parse_json(result.stdout)["results"]["outcome"], "diverged")
        for text in [result.stdout, (self.folder / "t.csv").read_text()]:
            self.assertNotRegex(text, r"(?i)\b(nan|inf)\b")

    def test_sampled_runs_that_diverge_say_so_too(self):
        for objective in ["f", "f_gamma:2,4", "degree:4", "weights:2=1,4=1/2", "penalty:mu=0.05,lambda=1"]:
            for more in [[], ["--float32"]]:
                result = self.succeed("train", "--dim", "4", "--constraint", "free", "--optimizer", "sgd", "--step",
                                      "100", "--objective", objective, *more, "--format", "json", code=3)
                with self.subTest(objective, more=more):
                    self.assertEqual(parse_json(result.stdout)["results"]["outcome"], "diverged")
                    self.assertNotRegex(result.stdout, r"(?i)\b(nan|inf)\b")

    def test_options_that_do_not_go_together_are_refused(self):
        for options, saying in [(["--optimizer", "newton"], "trust-region"), (["--step", "1"], "--step"),
                                (["--momentum", "0.5"], "--momentum"), (["--batch", "10"], "--batch"),
                                (["--center"], "--center"), (["--optimizer", "sgd", "--step", "0"], "above 0"),
                                (["--optimizer", "sgd", "--center", "0"], "degree 0"),
                                (["--optimizer", "sgd", "--objective", "degree:3"], "erf would serve"),
                                (["--optimizer", "sgd", "--objective", "weights:0=1,4=1", "--center"], "degree 0"),
                                (["--preset", "talk"], "talk/abs"), (["--trajectory", "t.txt"], ".npy"),
                                (["--seeds", "1..3", "--output-problem", "e.json"], "--output-problem"),
                                (["--seeds", "3..1"], "--seeds"), (["--sweep", "stp=1|2"], "expected OPTION"),
                                (["--sweep", "seed=1..3", "--seeds", "1..3"], "twice"),
                                (["--sweep", "batch=64|x", "--optimizer", "sgd"], "--sweep: --batch"),
                                (["--sweep", "seed=1..200,dim=1..200"], "10000 runs"),
                                (["--sweep", "optimizer=sgd|lbfgs", "--batch", "64"], "--batch"),
                                (["--optimizer", "sgd", "--sweep", "center=none|0"], "degree 0"),
                                (["--sweep", "seed=1..3", "--plot-against", "batch"], "--plot-against"),
                                (["--sweep", "optimizer=gd|lbfgs", "--plot-against", "optimizer"], "no number"),
                                (["--sweep", "tolerance=1|2", "--trajectory", "t.npy"], ".csv"),
                                (["--optimizer", "sgd", "--center-samples", "100"], "--center"), (["--objective", "g"], "--objective"),
                                (["--trajectory", "t.csv", "--output-problem", "t.csv"], "other than"),
                                (["--optimizer", "gd", "--step", "cosine:1,2"], "gd")]:
            self.refuse("train", "--dim", "3", *options, saying=saying)


if __name__ == "__main__":
    unittest.main()
