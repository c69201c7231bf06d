"""The formats of every command say the same."""

import csv
import functools
import io
import operator
import re
import shlex
import unicodedata
import unittest

from program import COMMANDS, SMALL_CALLS, SOURCE, ProgramTest, run

# Where each command's table stands in its JSON.
TABLES = {
    "activations": "activations",
    "gadget": "degrees",
    "coefficients": "coefficients",
    "kernel": "points",
    "loss": "degree_terms",
    "probe basin": "points",
    "probe isotropy": "points",
    "probe line": "points",
    "probe minima": "minima",
    "probe path": "images",
    "probe saddles": "critical_points",
    "probe slice": "points",
    "probe spectrum": "groups",
    "train": "trajectory",
    "verify": "sampled",
}


def display_width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


class Formats(ProgramTest):
    def test_json_is_one_object_that_its_schema_describes(self):
        for command, call in SMALL_CALLS.items():
            with self.subTest(command):
                document = self.json(*call)
                self.assertEqual(list(document), ["command", "version", "inputs", "results"])
                self.assertEqual(document["command"], command)

    def test_json_names_every_option_in_force(self):
        for command, call in SMALL_CALLS.items():
            inputs = self.json(*call, "--seed", "7", "--digits", "20", "--threads", "1", "--quiet",
                               "--progress", "never")["inputs"]
            with self.subTest(command):
                for key, value in {"seed": 7, "digits": 20, "threads": 1, "quiet": True, "progress": "never",
                                   "format": "json", "output": None, "plot": None}.items():
                    self.assertEqual(inputs[key], value, key)
                self.assertEqual(self.json(*call)["inputs"]["seed"], 1)

    def test_csv_holds_the_rows_of_the_json(self):
        for command, call in SMALL_CALLS.items():
            text = self.succeed(*call, "--format", "csv").stdout
            rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
            entries = self.results(*call)[TABLES[command]]
            with self.subTest(command):
                for row, entry in zip(rows, entries):
                    self.assertTrue(None not in row and None not in row.values(), row)
                    for key, value in row.items():
                        expected = functools.reduce(operator.getitem, key.split("."), entry)
                        if isinstance(expected, float):
                            self.assertEqual(float(value), expected)
                        elif isinstance(expected, list):
                            self.assertEqual(value, ";".join(expected))
                        elif isinstance(expected, bool):
                            self.assertEqual(value, "true" if expected else "false", key)
                        else:
                            self.assertEqual(value, "" if expected is None else str(expected), key)
                # Only the sums below the degree terms stand in the CSV alone.
                self.assertEqual(len(rows), len(entries) + (3 if command == "loss" else 0))

    def test_csv_of_the_loss_ends_in_the_loss(self):
        rows = list(csv.DictReader(io.StringIO(self.succeed(*SMALL_CALLS["loss"], "--format", "csv").stdout)))
        results = self.results(*SMALL_CALLS["loss"])
        self.assertEqual([r["k"] for r in rows[-3:]], ["noise", "> 4", "total"])
        self.assertEqual(rows[-1]["contribution"], results["value"])
        self.assertEqual(rows[-2]["contribution"], results["remainder"])

    def test_latex_tables_have_as_many_cells_as_columns(self):
        for command, call in SMALL_CALLS.items():
            text = self.succeed(*call, "--format", "latex").stdout
            with self.subTest(command):
                tables = re.findall(r"\\begin\{tabular\}\{([lr]+)\}\n(.*?)\\end\{tabular\}", text, re.S)
                self.assertTrue(tables)
                self.assertEqual(text.count("\\begin{tabular}"), len(tables))
                for columns, body in tables:
                    self.assertTrue(body.startswith("\\toprule\n") and body.endswith("\\bottomrule\n"))
                    rows = [l for l in body.splitlines() if not re.fullmatch(r"\\(top|mid|bottom)rule", l)]
                    for row in rows:
                        self.assertTrue(row.endswith(r" \\"), row)
                        self.assertEqual(len(re.findall(r"(?<!\\)&", row)) + 1, len(columns), row)
                outside_comments = "\n".join(l for l in text.splitlines() if not l.startswith("%"))
                unescaped = re.sub(r"\\.", "", outside_comments)
                self.assertEqual(unescaped.count("{"), unescaped.count("}"))
                self.assertEqual(unescaped.count("$") % 2, 0)
                self.assertNotRegex(re.sub(r"\$[^$]*\$", "", unescaped), r"[_^#%~]")

    def test_latex_gives_exact_values_in_symbols_and_powers_of_ten(self):
        text = self.succeed("coefficients", "relu", "--max-degree", "4", "--format", "latex").stdout
        self.assertIn(r"$-\frac{1}{\sqrt{48 \pi}}$", text)
        self.assertRegex(text, r"\$\d\.\d \\times 10\^\{-\d+\}\$")

    def test_latex_is_typeset_by_the_characters_it_may_hold(self):
        # pdfLaTeX of before 2018 reads ASCII only; the comments may hold more.
        for command, call in SMALL_CALLS.items():
            for line in self.succeed(*call, "--format", "latex").stdout.splitlines():
                if not line.startswith("%"):
                    self.assertTrue(line.isascii(), (command, line))

    def test_markdown_tables_are_rectangular(self):
        for command, call in SMALL_CALLS.items():
            text = self.succeed(*call, "--format", "markdown").stdout
            tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
            with self.subTest(command):
                self.assertTrue(tables)
                for table in tables:
                    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
                    self.assertEqual(len(widths), 1, table)
                    self.assertRegex(table.splitlines()[1], r"^\|( (:--|--:) \|)+$")

    def test_text_fits_eighty_columns_at_any_precision(self):
        calls = list(SMALL_CALLS.values()) + [["coefficients", "erf", "--max-degree", "30"],
                                              ["coefficients", "hard_tanh", "--max-degree", "80"],
                                              ["coefficients", "relu", "--max-degree", "300"],
                                              ["coefficients", "gelu", "--grid", "1/3,7/2", "--max-degree", "40"],
                                              ["coefficients", "tanh", "--evaluate", "1/2,-3", "--scale", "22/7"],
                                              ["kernel", "tanh", "--grid", "5"],
                                              ["loss", "--student-activation", "abs", "--a", "1/2"]]
        for call in calls:
            for digits in ["3", "17", "60", "200"]:
                for line in self.succeed(*call, "--digits", digits).stdout.splitlines():
                    self.assertLessEqual(display_width(line), 80, (call, digits, line))
                    self.assertEqual(line, line.rstrip())

    def test_text_gives_long_numbers_in_full(self):
        for digits in [60, 200]:
            call = ["coefficients", "relu", "--max-degree", "4", "--digits", digits]
            value = self.results(*call)["coefficients"][4]["value"]
            shown = self.succeed(*call).stdout
            self.assertIn(value, re.sub(r"\s+", "", shown))

    def test_no_format_holds_what_is_not_a_number(self):
        for command, call in SMALL_CALLS.items():
            for name in ["text", "json", "csv", "latex", "markdown"]:
                text = self.succeed(*call, "--format", name).stdout
                self.assertNotRegex(text, r"(?i)\b(nan|inf)\b", (command, name))

    def test_an_exact_zero_and_an_unresolved_one_look_different(self):
        text = self.succeed("loss", "--dim", "3", "--degree-terms", "0").stdout
        self.assertRegex(text, r"0 ± \d\.\de-\d+")

    def test_every_command_explains_itself_with_examples_that_run(self):
        (self.folder / "data").symlink_to(SOURCE / "data")
        for command in COMMANDS:
            result = self.succeed(*command.split(), "--help")
            self.assertEqual(result.stderr, "")
            examples = result.stdout.split("Examples:\n")[1]
            calls = [shlex.split(line)[1:] for line in examples.splitlines() if line.startswith("  sigmahat ")]
            self.assertTrue(calls)
            for line in result.stdout.splitlines():
                self.assertLessEqual(display_width(line), 80, line)
            for call in calls:
                with self.subTest(call):
                    refuted = "--override-coefficient" in call
                    self.succeed(*call, code=1 if refuted else 0)

    def test_the_version_names_the_libraries(self):
        text = self.succeed("--version").stdout
        version = text.splitlines()[0].split()[1]
        self.assertEqual(self.json("activations")["version"], version)
        for library in ["Boost", "Eigen", "GMP", "MPFR", "MPFI", "FLINT", "oneTBB", "fmt", "nlohmann-json", "CLI11"]:
            self.assertRegex(text, rf"(?m)^  {re.escape(library)} +\d+\.\d+")

    def test_the_locale_changes_nothing(self):
        plain = run("coefficients", "tanh", "--max-degree", "3").stdout
        for locale in ["C", "POSIX", "de_DE.UTF-8", "nonsense"]:
            result = run("coefficients", "tanh", "--max-degree", "3", env={"LC_ALL": locale, "LANG": locale})
            self.assertEqual((result.returncode, result.stdout), (0, plain), locale)


if __name__ == "__main__":
    unittest.main()
