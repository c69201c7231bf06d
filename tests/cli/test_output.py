"""Where results go: files all or nothing, pipes that close, interruptions, the progress bar."""

import os
import pty
import signal
import stat
import subprocess
import time
import unittest

from program import PROGRAM, SMALL_CALLS, ProgramTest, run

ENDLESS = ["verify", "--dim", "3", "--samples", "1e15"]


class OutputFiles(ProgramTest):
    def test_a_file_holds_what_would_have_been_printed(self):
        for command, call in SMALL_CALLS.items():
            for form in ["text", "csv", "latex", "markdown"]:
                printed = self.succeed(*call, "--format", form).stdout
                result = self.succeed(*call, "--format", form, "--output", "out.txt")
                self.assertEqual(result.stdout, "")
                self.assertEqual((self.folder / "out.txt").read_bytes().decode(), printed, (command, form))
        self.assertEqual(os.listdir(self.folder), ["out.txt"])

    def test_a_new_file_has_the_permissions_of_any_new_file(self):
        self.succeed("activations", "--output", "out.txt", preexec_fn=lambda: os.umask(0o027))
        self.assertEqual(stat.S_IMODE((self.folder / "out.txt").stat().st_mode), 0o640)

    def test_an_old_file_keeps_its_permissions(self):
        path = self.write("out.txt", "old")
        path.chmod(0o604)
        self.succeed("activations", "--output", "out.txt")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o604)
        self.assertNotEqual(path.read_text(encoding="utf-8"), "old")

    def test_a_link_keeps_pointing_to_the_file(self):
        self.write("real.txt", "old")
        (self.folder / "link.txt").symlink_to("real.txt")
        self.succeed("activations", "--output", "link.txt")
        self.assertTrue((self.folder / "link.txt").is_symlink())
        self.assertIn("relu", (self.folder / "real.txt").read_text(encoding="utf-8"))

    def test_a_device_is_written_to_and_stays_a_device(self):
        self.succeed("activations", "--output", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertIn("relu", self.succeed("activations", "--output", "/dev/stdout").stdout)

    def test_a_refused_call_leaves_the_old_file_alone(self):
        path = self.write("out.txt", "old")
        self.refuse("coefficients", "rleu", "--output", "out.txt")
        self.refuse("verify", "--samples", "0", "--output", "out.txt")
        self.assertEqual(path.read_text(encoding="utf-8"), "old")

    def test_a_refuted_claim_is_written_too(self):
        self.succeed("verify", "--dim", "3", "--samples", "1000", "--override-coefficient", "4=1",
                     "--output", "out.txt", code=1)
        self.assertIn("FALSE", (self.folder / "out.txt").read_text(encoding="utf-8"))

    def test_file_names_are_taken_literally(self):
        for name in ["with space.txt", "ünïcode.txt", "quote'\"$x.txt", "-"]:
            self.succeed("activations", f"--output={name}")
            self.assertTrue((self.folder / name).is_file(), name)


class Pipes(ProgramTest):
    def test_a_reader_that_leaves_early_is_no_error(self):
        call = [PROGRAM, "coefficients", "relu", "--max-degree", "10000", "--format", "json"]
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(10)
            process.stdout.close()
            complaints = process.stderr.read()
            code = process.wait(timeout=60)
        self.assertEqual((code, complaints), (0, b""))

    def test_a_closed_standard_output_does_not_crash(self):
        result = subprocess.run(["sh", "-c", f"'{PROGRAM}' activations >&-"], stderr=subprocess.PIPE,
                                encoding="utf-8", timeout=60, check=False)
        self.assertEqual(result.returncode, 4)
        self.assertEqual(result.stderr.count("\n"), 1)


class Interruptions(ProgramTest):
    def interrupted(self, number, *options):
        with subprocess.Popen([PROGRAM, *ENDLESS, *options], cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8") as process:
            time.sleep(1)
            process.send_signal(number)
            out, complaints = process.communicate(timeout=30)
        return process.returncode, out, complaints

    def test_an_interrupted_run_says_so_and_leaves_no_file(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            returned, out, complaints = self.interrupted(number, "--output", "out.txt", "--plot", "p.svg")
            self.assertEqual((returned, out), (code, ""))
            self.assertIn("interrupted", complaints)
            self.assertEqual(os.listdir(self.folder), [])

    def test_an_interrupted_run_leaves_the_old_file_alone(self):
        path = self.write("out.txt", "old")
        self.interrupted(signal.SIGINT, "--output", "out.txt")
        self.assertEqual(path.read_text(encoding="utf-8"), "old")


class Progress(ProgramTest):
    def complaints_after_two_seconds(self, *options, call=ENDLESS, stderr=subprocess.PIPE):
        with subprocess.Popen([PROGRAM, *call, *options], stdout=subprocess.DEVNULL, stderr=stderr) as process:
            time.sleep(2.5)
            process.kill()
            return process.stderr.read().decode() if process.stderr else ""

    def test_a_bar_appears_when_asked_for(self):
        bar = self.complaints_after_two_seconds("--progress", "always")
        self.assertRegex(bar, r"\[#* *\] +0%  \d\.\d\de\+\d+ samples/s  \d+ h \d\d min left")

    def test_exact_values_show_the_time_they_take(self):
        call = ["loss", "--dim", "1000", "--digits", "50"]
        self.assertRegex(self.complaints_after_two_seconds("--progress", "always", call=call), r"loss: 2 s$")
        self.assertEqual(self.complaints_after_two_seconds(call=call), "")

    def test_no_bar_appears_off_a_terminal_or_when_not_wanted(self):
        self.assertEqual(self.complaints_after_two_seconds(), "")
        self.assertEqual(self.complaints_after_two_seconds("--progress", "never"), "")
        self.assertEqual(self.complaints_after_two_seconds("--progress", "always", "--quiet"), "")

    def test_a_bar_appears_on_a_terminal(self):
        primary, secondary = pty.openpty()
        try:
            self.complaints_after_two_seconds(stderr=secondary)
            self.assertIn(b"samples/s", os.read(primary, 100000))
        finally:
            os.close(primary)
            os.close(secondary)

    def test_a_short_run_shows_none(self):
        self.assertEqual(run(*SMALL_CALLS["coefficients"], "--progress", "always").stderr, "")


if __name__ == "__main__":
    unittest.main()
