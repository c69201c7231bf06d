#!/usr/bin/env python3
"""W7 by mpmath: the closed-form ReLU loss, d = m = m* = 10, at 100 and 1000 digits.

The formula of w3.py, near ρ = ±1 too by arccos of the rounded ρ. Prints the median milliseconds of
one value and the value.

usage: w7.py [--digits 100,1000]
"""

import argparse
import random
import statistics
import sys
import time

try:
    from mpmath import acos, mp, mpf, pi, sqrt
except ImportError:
    sys.exit("mpmath   not installed")

arguments = argparse.ArgumentParser()
arguments.add_argument("--digits", default="100,1000")
SIZE, RUNS = 10, 21


def kernel(rho):
    return (sqrt(1 - rho * rho) + rho * (pi - acos(rho))) / (2 * pi)


def form(a, B, c, C):
    """Σ a_i c_j κ(⟨b_i, c_j⟩); a network with itself by halves, κ(1) = 1/2."""
    total = mpf(0)
    for i, (weight, row) in enumerate(zip(a, B)):
        first = 0
        if B is C:
            total += weight * weight / 2
            first = i + 1
        for j in range(first, len(C)):
            term = weight * c[j] * kernel(sum(x * y for x, y in zip(row, C[j])))
            total += 2 * term if B is C else term
    return total


for digits in map(int, arguments.parse_args().digits.split(",")):
    mp.dps = digits + 8
    source = random.Random(1)
    ones = [mpf(1)] * SIZE
    teacher = [[mpf(i == j) for j in range(SIZE)] for i in range(SIZE)]
    student = [[mpf(source.gauss(0, 1)) for _ in range(SIZE)] for _ in range(SIZE)]
    student = [[x / sqrt(sum(y * y for y in row)) for x in row] for row in student]
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        value = (mpf(1) / 4 + form(ones, teacher, ones, teacher) -
                 2 * form(ones, teacher, ones, student) + form(ones, student, ones, student))
        times.append(time.perf_counter() - start)
    print(f"mpmath   {digits:5} digits {1e3 * statistics.median(times):12.4g} ms   "
          f"f = {mp.nstr(value, 15)}")
