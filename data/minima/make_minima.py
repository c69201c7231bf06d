#!/usr/bin/env python3
"""Makes the tables of this folder: what `sigmahat probe minima` finds, without the points themselves.

usage: make_minima.py SIGMAHAT NAME...      NAME: a key of TABLES

Each file names the command that its numbers are the output of. A search is a function of its seed, so
the same program makes the same numbers. With --format text the commands show them to people.
"""

import json
import pathlib
import subprocess
import sys

FREE = "--constraint free --fixed-a"
# With the accuracy of the flow and the seed that are the defaults.
TABLES = {
    "relu": f"--dims 6..20 --starts 10000 {FREE}",
    "relu_one_more": f"--dims 6..19 --excess 1 --starts 2000 {FREE}",
    "relu_to_50": f"--dims 6..50 --starts 500 {FREE}",
    **{f"guarantee_mu_{name}": f"--dims 4..10 --starts 10000 --objective G:mu={mu} --fixed-a"
       for name, mu in [("0", "0"), ("0.01", "0.01"), ("0.05", "0.05"), ("0.2", "0.2"), ("0.9", "0.9"),
                        ("1.1", "1.1"), ("2", "2")]},
    "sphere_f": "--dims 4..10 --starts 1000 --objective f --fixed-a",
    "sphere_degree_2": "--dims 4..10 --starts 200 --objective degree:2 --fixed-a",
    "sphere_degree_4": "--dims 4..10 --starts 200 --objective degree:4 --fixed-a",
    "sphere_degrees_2_4": "--dims 4..10 --starts 1000 --objective weights:2=1,4=1 --fixed-a",
    "sphere_f_gamma": "--dims 4..10 --starts 1000 --objective f_gamma:2,4 --fixed-a",
}


def without_points(minimum):
    return {key: value for key, value in minimum.items() if key not in ("problem", "precise")}


def make(program, name):
    folder = pathlib.Path(__file__).parent
    checkpoint = folder / f"{name}.checkpoint"
    options = [*TABLES[name].split(), "--format", "json"]
    call = [program, "probe", "minima", *options, "--checkpoint", checkpoint]
    if checkpoint.exists():
        call += ["--resume", checkpoint]
    results = json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout)["results"]
    with open(folder / f"{name}.json", "w", encoding="utf-8") as file:
        file.write(json.dumps({"made_by": f"sigmahat probe minima {TABLES[name]}"})[:-1])
        for key in ("sizes", "minima"):
            rows = [json.dumps(without_points(row)) for row in results[key]]
            file.write(f',\n"{key}": [\n' + ",\n".join(rows) + "\n]")
        file.write("}\n")
    checkpoint.unlink()


for table in sys.argv[2:]:
    make(sys.argv[1], table)
