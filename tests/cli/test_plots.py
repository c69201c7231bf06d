"""Pictures: made, whole, of the kind asked for."""

import os
import struct
import unittest
import xml.etree.ElementTree as ElementTree

from program import SMALL_CALLS, ProgramTest, parse_json

PLOTTING = {command: call for command, call in SMALL_CALLS.items() if command != "activations"}


class Plots(ProgramTest):
    def picture(self, call, name):
        result = self.succeed(*call, "--plot", name)
        self.assertTrue(result.stdout)
        self.assertEqual(result.stderr, "")
        return (self.folder / name).read_bytes()

    def test_svg_is_well_formed_and_labelled(self):
        words = {
            "coefficients": ["degree", "relu"],
            "gadget": ["degree", "relu"],
            "kernel": ["correlation"],
            "loss": ["degree"],
            "probe basin": ["leads", "student"],
            "probe isotropy": ["dimension", "loss"],
            "probe line": ["value"],
            "probe minima": ["value", "global"],
            "probe path": ["share of the path", "images"],
            "probe saddles": ["Morse index"],
            "probe slice": ["along random:0", "student"],
            "probe spectrum": ["eigenvalue"],
            "train": ["iteration", "surrogate"],
            "verify": ["samples", "standard error"],
        }
        for command, call in PLOTTING.items():
            root = ElementTree.fromstring(self.picture(call, f"{command}.svg"))
            self.assertTrue(root.tag.endswith("svg"))
            text = " ".join(t for e in root.iter() for t in [e.text or ""])
            for word in words[command]:
                self.assertIn(word, " ".join(text.split()), command)

    def test_png_is_whole_and_large_enough_to_print(self):
        for command, call in PLOTTING.items():
            data = self.picture(call, f"{command}.png")
            self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual(data[-8:-4], b"IEND")
            self.assertGreaterEqual(struct.unpack(">II", data[16:24])[0], 1200)

    def test_pdf_is_whole(self):
        data = self.picture(PLOTTING["verify"], "verify.pdf")
        self.assertTrue(data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF"))

    def test_nothing_but_the_picture_is_left(self):
        self.picture(PLOTTING["kernel"], "a.svg")
        self.assertEqual(os.listdir(self.folder), ["a.svg"])

    def test_the_extension_may_be_in_capitals(self):
        self.assertTrue(self.picture(PLOTTING["kernel"], "A.PNG").startswith(b"\x89PNG"))

    def test_a_file_name_cannot_speak_to_gnuplot(self):
        self.picture(PLOTTING["kernel"], "a'; system 'touch owned' #.svg")
        self.assertEqual(len(os.listdir(self.folder)), 1)

    def test_the_terminal_drawing_stands_below_the_text(self):
        for command, call in PLOTTING.items():
            plain = self.succeed(*call).stdout
            drawn = self.succeed(*call, "--plot", "-").stdout
            self.assertTrue(drawn.startswith(plain), command)
            self.assertGreater(drawn.count("\n"), plain.count("\n") + 10)
            self.assertTrue(all(len(line) <= 80 for line in drawn[len(plain):].splitlines()))

    def test_the_terminal_drawing_keeps_out_of_json(self):
        result = self.succeed(*PLOTTING["kernel"], "--format", "json", "--plot", "-")
        parse_json(result.stdout)
        self.assertIn("correlation", result.stderr)

    def test_a_refuted_claim_is_drawn_too(self):
        self.succeed(*PLOTTING["verify"], "--override-coefficient", "4=1", "--plot", "a.svg", code=1)
        self.assertTrue((self.folder / "a.svg").stat().st_size)

    def test_a_plot_of_nothing_is_refused(self):
        # Student and teacher are one: every degree contributes zero.
        self.write("p.json", {"teacher": {"activation": "relu", "a": 1, "B": [[1]]},
                              "student": {"activation": "relu", "a": 1, "B": [[1]]}})
        self.refuse("loss", "--problem", "p.json", "--plot", "a.svg", saying="nothing to draw")


if __name__ == "__main__":
    unittest.main()
