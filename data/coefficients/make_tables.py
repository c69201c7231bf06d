#!/usr/bin/env python3
"""The Hermite coefficients of every built-in activation, k <= 100, to 100 certified digits.

    SIGMAHAT=build/tools/sigmahat python3 data/coefficients/make_tables.py [FOLDER]

runs `sigmahat coefficients ACT` with the options below for each line of `sigmahat activations`, and
writes what it prints to FOLDER (this one) under a name without brackets: leaky_relu_1_10.json.
"""

import json
import os
import pathlib
import subprocess
import sys

PROGRAM = os.environ.get("SIGMAHAT", "sigmahat")
OPTIONS = "--max-degree 100 --digits 100 --threads 1 --format json".split()


def output_of(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.PIPE).stdout


def activations():
    listed = json.loads(output_of("activations", "--format", "json"))
    return [line["example"] for line in listed["results"]["activations"]]


def file_name(activation):
    return activation.replace("(", "_").replace("/", "_").replace(")", "") + ".json"


def table(activation):
    return output_of("coefficients", activation, *OPTIONS)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name in activations():
        (folder / file_name(name)).write_bytes(table(name))
