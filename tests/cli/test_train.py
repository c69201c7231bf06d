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


class Train(ProgramTest):
    def test_designed_losses_find_the_teacher_and_the_plain_one_does_not(self):
        for preset in ["talk/f_gamma", "talk/abs", "talk/guarantee"]:
            results = self.results("train", "--preset", preset, "--exact", "--dim", "10")
            with self.subTest(preset):
                self.assertEqual(results["outcome"], "converged")
                self.assertLess(results["final"]["gradient_norm"], 1e-9)
                self.assertLess(results["final"]["spectral_distance"], 1e-7)
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

    def test_an_interrupted_run_leaves_a_checkpoint_and_says_how_to_go_on(self):
        endless = [*LONG[:-4], "--iterations", "1000000", "--record", "1000"]
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            process = subprocess.Popen([PROGRAM, *endless], cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, encoding="utf-8",
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            time.sleep(0.5)
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, code, err)
            self.assertEqual(out, "")
            self.assertIn("--resume sigmahat-train.checkpoint", err)
            self.assertGreater(parse_json((self.folder / "sigmahat-train.checkpoint").read_text())["iteration"], 0)
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

    def test_options_that_do_not_go_together_are_refused(self):
        for options, saying in [(["--optimizer", "newton"], "trust-region"), (["--step", "1"], "--step"),
                                (["--momentum", "0.5"], "--momentum"), (["--batch", "10"], "--batch"),
                                (["--center"], "--center"), (["--optimizer", "sgd", "--step", "0"], "above 0"),
                                (["--optimizer", "sgd", "--center", "0"], "degree 0"),
                                (["--preset", "talk"], "talk/abs"), (["--trajectory", "t.txt"], ".npy"),
                                (["--seeds", "1..3", "--checkpoint", "c"], "--checkpoint"),
                                (["--seeds", "3..1"], "--seeds"), (["--objective", "g"], "--objective"),
                                (["--trajectory", "t.csv", "--output-problem", "t.csv"], "other than"),
                                (["--optimizer", "gd", "--step", "cosine:1,2"], "gd")]:
            self.refuse("train", "--dim", "3", *options, saying=saying)


if __name__ == "__main__":
    unittest.main()
