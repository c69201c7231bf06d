#!/usr/bin/env python3
"""Ours and the peers' on the same work, in turn: medians and ratios. On one thread, but for w4.

usage: compare.py [--build DIR] [--rounds N] [w1] [w2] [w4] [w5] [w6] [w7] [w8]

Run it with the interpreter that has the peers (requirements.txt); what is missing is said in its
line. The digits of the peers are those in which they agree with our certified values.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal, getcontext
from pathlib import Path

HERE = Path(__file__).resolve().parent
arguments = argparse.ArgumentParser()
arguments.add_argument("--build", type=Path, default=HERE.parents[2] / "build")
arguments.add_argument("--rounds", type=int, default=3)
arguments.add_argument("workloads", nargs="*", default=["w1", "w2", "w4", "w5", "w6", "w7", "w8"])
options = arguments.parse_args()
SIGMAHAT = options.build / "tools" / "sigmahat"
LANDSCAPE_BENCH = options.build / "tests" / "bench" / "bench_landscape"
LOSS_BENCH = options.build / "tests" / "bench" / "bench_loss"
SAMPLING_BENCH = options.build / "tests" / "bench" / "bench_sampling"
LIST_BENCH = options.build / "tests" / "bench" / "bench_activation_list"
ONE_THREAD = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
getcontext().prec = 1100


def run(command, text="", environment=ONE_THREAD):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True,
                          input=text, env=environment).stdout


def seconds(command, text=""):
    start = time.perf_counter()
    run(command, text)
    return time.perf_counter() - start


def table(activation, max_degree, digits):
    """σ̂_0..σ̂_K and √E[σ²], as they are certified."""
    command = [SIGMAHAT, "coefficients", activation, "--max-degree", max_degree, "--digits", digits,
               "--format", "json"]
    results = json.loads(run(command))["results"]
    return ([Decimal(c["value"]) for c in results["coefficients"]],
            Decimal(results["second_moment"]).sqrt())


def digits_of(differences, scale):
    worst = max(map(abs, differences)) / scale
    return f"{float(-worst.log10()):.1f}" if worst else "all"


def peer_lines(script, *more, environment=ONE_THREAD):
    """(peer, words) of a script's lines; no words where it is not installed."""
    for line in run([sys.executable, HERE / script, *more], environment=environment).splitlines():
        peer, *words = line.replace(" e-", "e-").split()
        yield peer, [] if words == ["not", "installed"] else words


def line(who, milliseconds="", ratio="", digits=""):
    print(f"  {who:<34} {milliseconds:>12} {ratio:>12} {digits:>8}", flush=True)


def compare(ours, ours_seconds, peers, digits, own_digits="proven"):
    """Peers: name -> seconds, empty where it is not installed."""
    line("", "ms", "ratio", "digits")
    own = statistics.median(ours_seconds)
    line(ours, f"{1e3 * own:.3g}", "1", own_digits)
    for peer, times in peers.items():
        if not times:
            line(peer, "not installed")
            continue
        theirs = statistics.median(times)
        line(peer, f"{1e3 * theirs:.4g}", f"{theirs / own:.3g}", digits.get(peer, ""))


def w1():
    degrees, max_degree, digits = [1, 101, 199], 200, 100
    print(f"W1  tanh, k <= {max_degree}, {digits} digits; the whole process against "
          f"{max_degree + 1} times the mean of the integrals of k = {degrees}")
    values, scale = table("tanh", max_degree, digits + 10)
    command = [SIGMAHAT, "coefficients", "tanh", "--max-degree", max_degree, "--digits", digits]
    ours, peers, differences = [], {}, {}
    for _ in range(options.rounds):
        ours.append(seconds(command))
        totals = {}
        for peer, words in peer_lines("w1.py", "--digits", digits,
                                      "--degrees", ",".join(map(str, degrees))):
            peers.setdefault(peer, [])
            if words:
                totals.setdefault(peer, []).append(float(words[1]))
                differences.setdefault(peer, []).append(Decimal(words[2]) - values[int(words[0])])
        for peer, times in totals.items():
            peers[peer].append((max_degree + 1) * statistics.mean(times))
    compare("sigmahat coefficients", ours, peers,
            {peer: digits_of(d, scale) for peer, d in differences.items()})


def list_milliseconds(names):
    choice = "|".join(names)
    report = json.loads(run([LIST_BENCH, f"--benchmark_filter=^W2/({choice})$",
                             "--benchmark_format=json", "--benchmark_min_time=0.02"]))
    return sum(b["real_time"] for b in report["benchmarks"])


def w2():
    print("W2  k <= 100, double precision, the activations of w2.py")
    ours, peers, differences, names = [], {}, {}, []
    for _ in range(options.rounds):
        totals = {}
        for peer, words in peer_lines("w2.py"):
            peers.setdefault(peer, [])
            if not words:
                continue
            name = words[0]
            if name not in names:
                names.append(name)
            values, scale = table(name, 100, 17)
            totals[peer] = totals.get(peer, 0) + float(words[1])
            differences.setdefault(peer, []).extend(
                (Decimal(x) - y) / scale for x, y in zip(words[2:], values))
        for peer, total in totals.items():
            peers[peer].append(total)
        ours.append(list_milliseconds(names or ["relu"]) / 1e3)
    compare(f"sigmahat, {len(names)} activations", ours, peers,
            {peer: digits_of(d, Decimal(1)) for peer, d in differences.items()})


def w4():
    """The peer at its best: each way on each number of threads up to ours, the fastest median
    counts. One thread in processor time, two by the clock: there the machine has to be idle."""
    print("W4  SGD on fresh samples, d = m = 50; a line is an iteration")
    for dtype in "float32", "float64":
        for batch in 1024, 8192:
            for threads in 1, 2:
                ours, peers = [], {}
                for _ in range(options.rounds):
                    report = json.loads(run([
                        SAMPLING_BENCH, "--benchmark_format=json",
                        f"--benchmark_filter=W4/sgd_{dtype}/threads:{threads}/batch:{batch}/"]))
                    ours.append(1 / report["benchmarks"][0]["iterations/s"])
                    for peer_threads in range(1, threads + 1):
                        for peer, words in peer_lines("w4.py", "--threads", peer_threads, "--batch",
                                                      batch, "--dtype", dtype, "--rounds", 1,
                                                      "--seconds", 0.3, "--clock",
                                                      "processor" if threads == 1 else "wall"):
                            times = peers.setdefault(f"{peer}, {peer_threads} threads", [])
                            if words:
                                times.append(1 / float(words[0]))
                measured = {peer: times for peer, times in peers.items() if times}
                print(f" {dtype}, batch {batch}, {threads} threads")
                if measured:
                    best = min(measured, key=lambda peer: statistics.median(measured[peer]))
                    peers = {best: measured[best]}
                compare("StochasticObjective", ours, peers, {}, own_digits="")


def w5():
    print("W5  sampled G and its gradient, d = m = 50, 10^5 samples that are there")
    ours, peers = [], {}
    for _ in range(options.rounds):
        report = json.loads(run([SAMPLING_BENCH, "--benchmark_format=json",
                                 "--benchmark_filter=W5.*threads:1/errors:0"]))
        ours.append(report["benchmarks"][0]["ns_per_sample"] * 256 * 391 / 1e9)
        for peer, words in peer_lines("w5.py", "--rounds", 1):
            peers.setdefault(peer, [])
            if words:
                peers[peer].append(float(words[0]) / 1e3)
    compare("SampledObjective", ours, peers, {}, own_digits="")


def w6():
    print("W6  a start to a minimum, ReLU, d = m = 6, gradient of 1e-12; the mean of a thousand "
          "starts of ours,\n    of fewer of the peers'")
    for rows in "free", "unit":
        ours, peers, ends = {"flow": [], "lbfgs": []}, {}, {}
        for _ in range(options.rounds):
            for method, times in ours.items():
                report = json.loads(run([LANDSCAPE_BENCH, "--benchmark_format=json",
                                         f"--benchmark_filter=W6/{rows}_rows/{method}/threads:1/"]))
                times.append(1 / report["benchmarks"][0]["starts/s"])
            for peer, words in peer_lines("w6.py", "--rows", rows):
                times = peers.setdefault(peer, [])
                if words:
                    times.append(float(words[0]))
                    ends[peer] = words[1]
        print(f" {rows} rows; in place of digits the peers' median gradient at the end")
        compare("MinimaSearch, gradient flow", ours["flow"], peers, ends, own_digits="1e-12")
        compare("MinimaSearch, L-BFGS", ours["lbfgs"], peers, ends, own_digits="1e-12")


def w7():
    """The peer's digits: how far its value, df/da_0 and df/db_00 are ours, which are printed as
    doubles."""
    print("W7  value and gradient, d = m = 10")
    for digits, rounds in (100, options.rounds), (1000, 1):
        ours, intervals, peers, digits_of_peers = {}, {}, {}, {}
        values, moment = table("tanh", 2048, digits + 10)
        with tempfile.NamedTemporaryFile("w") as file:
            getcontext().prec = digits + 20
            print(*values, moment * moment, sep="\n", file=file, flush=True)
            getcontext().prec = 1100
            for _ in range(rounds):
                report = json.loads(run([LOSS_BENCH, f"--benchmark_filter=^W7.*digits:{digits}/",
                                         "--benchmark_format=json"]))
                results = {}
                for b in report["benchmarks"]:
                    name = b["name"].split("/")[1].split("_")[0]
                    ours.setdefault(name, []).append(b["real_time"] / 1e3)
                    intervals.setdefault(name, []).append(b["interval_ms"] / 1e3)
                    results[name] = [b["loss"], b["df_da0"], b["df_db00"]]
                # mpmath on GMP's integers, and as it comes without gmpy2.
                for environment in ONE_THREAD, dict(ONE_THREAD, MPMATH_NOGMPY="1"):
                    for peer, words in peer_lines("w7.py", "--digits", digits, "--table", file.name,
                                                  "--runs", 7 if digits > 100 else 21,
                                                  environment=environment):
                        if not words:
                            continue
                        name = words[0]
                        peers.setdefault(name, {}).setdefault(peer, []).append(
                            float(words[2]) / 1e3)
                        worst = max(abs(float(x) / y - 1)
                                    for x, y in zip(words[4:], results[name]))
                        digits_of_peers.setdefault(name, {})[peer] = (
                            f"{-math.log10(max(worst, 1e-16)):.1f}")
        for name, times in ours.items():
            print(f" {name}, {digits} digits")
            compare("sigmahat, Real", times, peers.get(name, {"mpmath": []}) |
                    {"sigmahat, Interval": intervals[name]}, digits_of_peers.get(name, {}))


# The integrals of max(x, 0) h_k(x) φ(x), k <= 20, without bounds.
GP_RELU = """
nodes = intnuminit(0, 15);
h(k) = polhermite(k, 'x / sqrt(2)) / sqrt(2^k * k!);
for(k = 0, 20, p = h(k); print(intnum(x = 0, 15, x * subst(p, 'x, x) * exp(-x^2/2), nodes) / sqrt(2*Pi)));
"""


def w8():
    print("W8  a whole process, start to end")
    rounds = max(options.rounds, 11)
    own = [SIGMAHAT, "coefficients", "relu", "--max-degree", "20"]
    others = {
        "python3 -c 'import scipy'": ([sys.executable, "-c", "import scipy"], ""),
        "gp, the same coefficients": (["gp", "-q", "-f"], GP_RELU),
        "gp, started and left": (["gp", "-q", "-f"], ""),
        "sigmahat, tanh, 200, 100 digits": (
            [SIGMAHAT, "coefficients", "tanh", "--max-degree", "200", "--digits", "100"], ""),
    }
    ours, peers = [], {name: [] for name in others}
    for _ in range(rounds):
        ours.append(seconds(own))
        for name, (command, text) in others.items():
            try:
                peers[name].append(seconds(command, text))
            except (FileNotFoundError, subprocess.CalledProcessError):
                pass  # not installed
    compare("sigmahat coefficients relu", ours, peers, {})


for workload in options.workloads:
    {"w1": w1, "w2": w2, "w4": w4, "w5": w5, "w6": w6, "w7": w7, "w8": w8}[workload]()
