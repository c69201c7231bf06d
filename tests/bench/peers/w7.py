#!/usr/bin/env python3
"""W7 by mpmath: the closed-form ReLU loss and its gradient, d = m = m* = 10.

Written as its best user would: the teacher's own part once and for all, each pair's angle once, the
gradient by hand, sums by fdot. The same networks as loss_bench.cpp. Near ρ = ±1 the arccos of the
rounded ρ loses half the digits, which ours does not; the rows here are far from it.

Prints digits, the median milliseconds of value and gradient and of the value alone, then the value,
∂f/∂a_0 and ∂f/∂b_00.

usage: w7.py [--digits 100,1000] [--runs N]
"""

import argparse
import statistics
import sys
import time

try:
    from mpmath import acos, fdot, fsum, mp, mpf, pi, sqrt
except ImportError:
    print("mpmath   not installed")
    sys.exit()

arguments = argparse.ArgumentParser()
arguments.add_argument("--digits", default="100,1000")
arguments.add_argument("--runs", type=int, default=41)
options = arguments.parse_args()
SIZE = 10


def network(ii, ij, jj, j1):
    """Weights (i+1)/4, rows (ii i² + ij ij + jj j² + j1 j mod 23) - 11, scaled to unit length."""
    rows = [[mpf((ii * i * i + ij * i * j + jj * j * j + j1 * j) % 23 - 11) for j in range(SIZE)]
            for i in range(SIZE)]
    lengths = [sqrt(fdot(row, row)) for row in rows]
    return ([mpf(i + 1) / 4 for i in range(SIZE)],
            [[x / length for x in row] for row, length in zip(rows, lengths)])


class Loss:
    """Σ a*_i a*_j κ - 2 Σ a_i a*_j κ + Σ a_i a_j κ + s²; κ = (sin θ + (π-θ) cos θ)/2π, κ(1) = 1/2."""

    def __init__(self, teacher, noise):
        self.a, self.B = teacher
        self.turn = 1 / (2 * pi)
        own = [self.a[i] * self.a[j] * self.kernel(self.B[i], self.B[j])[0]
               for i in range(SIZE) for j in range(i)]
        self.constant = 2 * fsum(own) + fdot(self.a, self.a) / 2 + noise

    def kernel(self, u, v):
        """κ, κ' and κ - ρκ'."""
        rho = fdot(u, v)
        slope = (pi - acos(rho)) * self.turn
        rest = sqrt(1 - rho * rho) * self.turn
        return rest + rho * slope, slope, rest

    def value(self, a, B):
        pulls = []
        for i, u in enumerate(B):
            inner = [(self.kernel(u, B[j])[0], a[j]) for j in range(i)]
            pulls.append(fdot(inner) + a[i] / 4 -
                         fdot((self.kernel(u, v)[0], w) for v, w in zip(self.B, self.a)))
        return self.constant + 2 * fdot(a, pulls)

    def value_and_gradient(self, a, B):
        """At unit rows, which are free to change their length."""
        half = mpf(1) / 2
        own = [[(half, half, mpf(0))] * SIZE for _ in B]
        for i, u in enumerate(B):
            for j in range(i):
                own[i][j] = own[j][i] = self.kernel(u, B[j])
        weights = a + [-w for w in self.a]
        columns = list(zip(*(B + self.B)))
        value, gradient_a, gradient_B = self.constant, [], []
        for i, u in enumerate(B):
            jets = own[i] + [self.kernel(u, v) for v in self.B]
            k, slopes, rests = zip(*jets)
            student, mixed = fdot(a, k[:SIZE]), fdot(weights[SIZE:], k[SIZE:])
            value += a[i] * (student + 2 * mixed)
            gradient_a.append(2 * (student + mixed))
            pull = [w * s for w, s in zip(weights, slopes)]
            pull[i] += fdot(weights, rests)
            scale = 2 * a[i]
            gradient_B.append([scale * fdot(pull, column) for column in columns])
        return value, gradient_a, gradient_B


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


for digits in map(int, options.digits.split(",")):
    mp.dps = digits + 8
    a, B = network(5, 7, 2, 0)
    loss = Loss(network(7, 5, 3, 1), mpf(1) / 4)
    whole, alone = [], []
    for _ in range(options.runs):
        seconds, (value, gradient_a, gradient_B) = timed(lambda: loss.value_and_gradient(a, B))
        whole.append(seconds)
        seconds, same = timed(lambda: loss.value(a, B))
        alone.append(seconds)
    assert abs(value - same) < mpf(10) ** -digits * value
    print(f"mpmath {digits} {1e3 * statistics.median(whole):.4g} {1e3 * statistics.median(alone):.4g}",
          *(mp.nstr(x, digits) for x in (value, gradient_a[0], gradient_B[0][0])))
