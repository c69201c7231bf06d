"""Runs the sigmahat program for the whole-program tests.

SIGMAHAT names the binary, SIGMAHAT_SOURCE the source tree; meson sets both.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import jsonschema

PROGRAM = os.environ["SIGMAHAT"]
SOURCE = pathlib.Path(os.environ["SIGMAHAT_SOURCE"])
SCHEMAS = SOURCE / "docs" / "schemas"
# Before its version 4 (Ubuntu 22.04) jsonschema knows draft 7, which reads these schemas the same way.
VALIDATOR = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
# A call of each command that finishes at once.
SMALL_CALLS = {
    "activations": ["activations"],
    "coefficients": ["coefficients", "relu", "--max-degree", "6"],
    "gadget": ["gadget", "t^2", "--dim", "3", "--samples", "20000"],
    "kernel": ["kernel", "relu", "--rho", "-1,0,1/3,1"],
    "loss": ["loss", "--dim", "3", "--degree-terms", "4"],
    "probe basin": ["probe", "basin", "--dim", "3", "--fixed-a", "--grid", "5"],
    "probe isotropy": ["probe", "isotropy", "d", "--dim", "6,9", "--starts", "50"],
    "probe line": ["probe", "line", "--dim", "3", "--points", "5"],
    "probe minima": ["probe", "minima", "--dim", "3", "--starts", "8"],
    "probe path": ["probe", "path", "--dim", "3", "--objective", "f_gamma:2,4", "--fixed-a", "--keep-ends",
                   "--images", "7", "--iterations", "20"],
    "probe saddles": ["probe", "saddles", "--dim", "3", "--fixed-a", "--runs", "10"],
    "probe slice": ["probe", "slice", "--dim", "3", "--grid", "9"],
    "probe spectrum": ["probe", "spectrum", "--dim", "3"],
    "train": ["train", "--dim", "3"],
    "verify": ["verify", "--dim", "3", "--samples", "20000"],
}
COMMANDS = list(SMALL_CALLS)


def command_of(arguments):
    """The command that a call names: one word, or two."""
    words = [str(argument) for argument in arguments[:2]]
    return " ".join(words) if " ".join(words) in COMMANDS else words[0]


def run(*arguments, timeout=120, **options):
    """The finished process; text in UTF-8, standard input empty unless said otherwise."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=timeout,
        **options,
    )


def schema_validator(name):
    """The command's schema; what it shares with the others is put where its references look."""
    text = (SCHEMAS / f"{name.replace(' ', '-')}.json").read_text(encoding="utf-8")
    schema = json.loads(text.replace("common.json#/$defs/", "#/$defs/"))
    common = (SCHEMAS / "common.json").read_text(encoding="utf-8")
    schema["$defs"] = {**schema.get("$defs", {}), **json.loads(common)["$defs"]}
    VALIDATOR.check_schema(schema)
    return VALIDATOR(schema)


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def parse_json(text):
    """Strict JSON: Python would let NaN and Infinity pass."""
    return json.loads(text, parse_constant=refuse_constant)


class ProgramTest(unittest.TestCase):
    """Runs in an empty folder of its own."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def succeed(self, *arguments, code=0, **options):
        result = run(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def json(self, *arguments, code=0, **options):
        """The parsed document of a call with --format json, checked against its schema."""
        result = self.succeed(*arguments, "--format", "json", code=code, **options)
        document = parse_json(result.stdout)
        schema_validator(command_of(arguments)).validate(document)
        return document

    def results(self, *arguments, **options):
        return self.json(*arguments, **options)["results"]

    def refuse(self, *arguments, code=2, saying=(), **options):
        """Refused with the exit code in one line on stderr, and nothing written anywhere."""
        before = sorted(self.folder.rglob("*"))
        result = run(*arguments, cwd=self.folder, **options)
        told = f"{arguments}\n{result.stdout}\n{result.stderr}"
        self.assertEqual(result.returncode, code, told)
        self.assertEqual(result.stdout, "", told)
        self.assertTrue(result.stderr.startswith("sigmahat"), told)
        self.assertEqual(result.stderr.count("\n"), 1, told)
        self.assertTrue(result.stderr.endswith("\n"), told)
        for words in [saying] if isinstance(saying, str) else saying:
            self.assertIn(words, result.stderr, told)
        self.assertEqual(sorted(self.folder.rglob("*")), before, told)
        return result

    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path
