"""The outputs shown in the documents are what the program prints.

A line `<!-- output: sigmahat ... -->` stands before each; `test_documents.py --update` writes the
blocks anew.
"""

import os
import pathlib
import re
import shlex
import sys
import tempfile
import unittest

from program import SOURCE, run

DOCUMENTS = ["README.md", "docs/commands.md", "docs/landscape-symmetry.md"]
BLOCK = re.compile(
    r"^<!-- output: sigmahat (?P<arguments>[^\n]*) -->\n(?:```text\n.*?^```\n)?", re.M | re.S)


def printed(match):
    arguments = match.group("arguments")
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(SOURCE / "data", pathlib.Path(folder) / "data")
        result = run(*shlex.split(arguments), cwd=folder)
    if result.returncode not in (0, 1):
        raise RuntimeError(f"{arguments}: {result.stderr}")
    return f"<!-- output: sigmahat {arguments} -->\n```text\n$ sigmahat {arguments}\n{result.stdout}```\n"


def refreshed(document):
    return BLOCK.sub(printed, document)


class Documents(unittest.TestCase):
    maxDiff = None

    def test_outputs_in_the_documents_are_the_programs(self):
        for name in DOCUMENTS:
            document = (SOURCE / name).read_text(encoding="utf-8")
            with self.subTest(name):
                self.assertGreater(len(BLOCK.findall(document)), 0)
                self.assertEqual(document, refreshed(document))


if __name__ == "__main__":
    if "--update" in sys.argv:
        for file_name in DOCUMENTS:
            path = SOURCE / file_name
            path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        unittest.main()
