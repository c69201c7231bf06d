"""sigmahat probe minima: many starts, classes of minima, checkpoints."""

import json
import signal
import subprocess
import sys
import time
import unittest

from program import PROGRAM, SOURCE, ProgramTest

STUDY = ["probe", "minima", "--dim", "7", "--constraint", "free", "--fixed-a"]


class ProbeMinima(ProgramTest):
    def test_classes_count_every_start_and_feed_the_next_command(self):
        results = self.results(*STUDY, "--starts", 150, "--output-problems", "points", "--output-grams", "points")
        self.assertEqual(sum(m["count"] for m in results["minima"]), results["runs"])
        self.assertEqual([m["kind"] for m in results["minima"]], ["global", "spurious"])
        self.assertLess(results["largest_gradient_norm"], 1e-12)
        for number, minimum in enumerate(results["minima"], 1):
            interval = minimum["confidence_interval"]
            self.assertLessEqual(interval["lower"], minimum["fraction"])
            self.assertLessEqual(minimum["fraction"], interval["upper"])
            # The point is a problem whose loss another command proves, gradient and spectrum included.
            loss = self.results("loss", "--problem", f"points/minimum-{number}.json", "--constraint", "free",
                                "--fixed-a", "--gradient", "--hessian")
            self.assertLess(abs(float(loss["value"]) - minimum["value"]), 1e-13)
            self.assertLess(float(loss["gradient_norm"]), 1e-12)
            self.assertEqual(loss["morse_index"], 0)
            picture = (self.folder / f"points/minimum-{number}.png").read_bytes()
            self.assertTrue(picture.startswith(b"\x89PNG"))

    def test_what_others_found_and_counted_is_found(self):
        """Against the results that Safran, Yehudai and Shamir published, who have half the objective."""
        published = json.loads((SOURCE / "data/minima/published.json").read_text(encoding="utf-8"))
        study = self.results("probe", "minima", "--dims", "8..10", "--constraint", "free", "--fixed-a", "--starts", 300)
        for row in published["safran_yehudai_shamir_2021"]:
            if row["dimension"] not in range(8, 11) or row["count"] < 5:
                continue
            minimum, = [m for m in study["minima"] if m["dimension"] == row["dimension"]
                        and m["isotropy"] == row["isotropy"] and abs(m["value"] / 2 - row["value"]) < 1e-6]
            self.assertLess(abs(minimum["value"] / 2 - row["value"]), 1e-12)
            self.assertLess(abs(minimum["min_eigenvalue"] / 2 - row["min_eigenvalue"]), 1e-8)

    def test_the_shipped_counts_agree_with_the_published_ones(self):
        compared = subprocess.run([sys.executable, SOURCE / "data/minima/compare_published.py"], capture_output=True,
                                  encoding="utf-8", timeout=60)
        self.assertEqual(compared.returncode, 0, compared.stdout + compared.stderr)

    def test_a_folder_that_cannot_be_is_refused_before_the_search(self):
        (self.folder / "file").write_text("", encoding="utf-8")
        for option in ("--output-problems", "--output-grams"):
            self.refuse(*STUDY, "--starts", 10**7, option, "file/points", saying="file/points", code=4)

    def test_threads_do_not_change_a_bit(self):
        def minima(threads):
            return self.results(*STUDY, "--starts", 100, "--threads", threads)
        self.assertEqual(minima(1), minima(3))

    def test_an_interrupted_search_goes_on_to_the_same_end(self):
        call = [PROGRAM, *STUDY, "--starts", "3000", "--format", "json", "--progress", "never"]
        whole = json.loads(subprocess.run(call, capture_output=True, check=True, timeout=300).stdout)["results"]
        for how in (signal.SIGTERM, signal.SIGKILL):
            checkpoint = self.folder / f"{how}.checkpoint"
            begun = subprocess.Popen([*call, "--checkpoint", checkpoint, "--checkpoint-seconds", "0.01"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
            while not checkpoint.exists() and begun.poll() is None:
                time.sleep(0.01)
            begun.send_signal(how)
            _, words = begun.communicate(timeout=60)
            if how == signal.SIGTERM and begun.returncode != 0:
                self.assertEqual(begun.returncode, 128 + how)
                self.assertIn(f"--resume {checkpoint}", words)
            resumed = subprocess.run([*call, "--resume", checkpoint], capture_output=True, timeout=300)
            self.assertEqual(resumed.returncode, 0, resumed.stderr)
            self.assertEqual(json.loads(resumed.stdout)["results"], whole)

    def test_a_checkpoint_takes_more_starts_and_refuses_other_settings(self):
        # A finished search leaves its last checkpoint, and more starts go on from there.
        self.succeed(*STUDY, "--starts", 128, "--checkpoint", "c", "--checkpoint-seconds", "1e-9")
        more = self.results(*STUDY, "--starts", 192, "--resume", "c")
        self.assertEqual(more, self.results(*STUDY, "--starts", 192))
        self.refuse(*STUDY, "--starts", 192, "--seed", 2, "--resume", "c", saying=["--resume c", "seed"])
        self.refuse(*STUDY, "--starts", 2, "--resume", "c", saying=["--resume c", "--starts"])
        (self.folder / "broken").write_text("{}", encoding="utf-8")
        self.refuse(*STUDY, "--resume", "broken", saying="broken")
        self.refuse(*STUDY, "--resume", "absent", saying="absent", code=4)

    def test_sizes_are_each_the_search_of_their_own(self):
        call = ["--constraint", "free", "--fixed-a", "--starts", 40]
        study = self.results("probe", "minima", "--dims", "3,4", "--excess", 1, *call)
        self.assertEqual([(s["dimension"], s["student_width"]) for s in study["sizes"]], [(3, 4), (4, 5)])
        alone = self.results("probe", "minima", "--dim", 3, "--student-width", 4, *call)
        self.assertEqual([m for m in study["minima"] if m["dimension"] == 3], alone["minima"])

    def test_minima_are_refined_to_the_digits_asked_for(self):
        results = self.results("probe", "minima", "--dim", 3, "--objective", "G:mu=1/3", "--fixed-a", "--starts", 5,
                               "--digits", 40)
        self.assertEqual(len(results["minima"]), 1)
        self.assertTrue(results["minima"][0]["global"])
        self.assertEqual(results["minima"][0]["precise"]["value"].rstrip("0").rstrip("."), "-1")

    def test_refusals(self):
        for options, words in ((["--starts", 0], "--starts"), (["--start", "normal"], "--start"),
                               (["--search", "adam"], "--search"),
                               (["--search", "sgd", "--objective", "degree:3"], "--search sgd"),
                               (["--search", "sgd", "--isotropy", "d-1,1"], "--isotropy"),
                               (["--batch", 5], "--batch"), (["--step", 0.1], "--step"),
                               (["--search", "gd", "--step", "inverse:1,2"], "--step"),
                               (["--search", "sgd", "--momentum", 1], "--momentum"),
                               (["--tolerance", 0], "--tolerance"),
                               (["--dims", "6..3"], "--dims"), (["--excess", 1], "--dims"),
                               (["--dims", "3", "--dim", "3"], "--dim")):
            with self.subTest(options=options):
                self.refuse("probe", "minima", *options, saying=words)


if __name__ == "__main__":
    unittest.main()
