#!/usr/bin/env python3
"""W7 by mpmath: the closed-form loss and its gradient, d = m = m* = 10, of relu and of tanh.

Written as its best user would: the teacher's own part once and for all, each pair's kernel once, the
gradient by hand, sums by fdot; a series ends where its terms no longer count. The same networks as
loss_bench.cpp: relu with rows of any length, tanh with rows on the sphere. Near ρ = ±1 the arccos of
the rounded ρ loses half the digits, which ours does not; the rows here are far from it.

tanh has no closed form: the script reads its Hermite coefficients σ̂_0, σ̂_1, ... and E[σ²], a line
each, from the file of --table and takes no time for them.

mpmath works with GMP's integers where it finds gmpy2, and with Python's own otherwise or where
MPMATH_NOGMPY is set.

Prints the backend, activation, digits, the median milliseconds (processor time) of value and gradient and of the value alone, then
the value, ∂f/∂a_0 and ∂f/∂b_00.

usage: w7.py [--digits 100,1000] [--runs N] [--table FILE]
"""

import argparse
import statistics
import sys
import time

try:
    from mpmath import acos, fdot, fsum, libmp, mp, mpf, pi, sqrt
except ImportError:
    print("mpmath   not installed")
    sys.exit()

arguments = argparse.ArgumentParser()
arguments.add_argument("--digits", default="100,1000")
arguments.add_argument("--runs", type=int, default=21)
arguments.add_argument("--table")
options = arguments.parse_args()
SIZE = 10


def network(ii, ij, jj, j1):
    """Weights (i+1)/4, rows (ii i² + ij ij + jj j² + j1 j mod 23) - 11, scaled to unit length."""
    rows = [[mpf((ii * i * i + ij * i * j + jj * j * j + j1 * j) % 23 - 11) for j in range(SIZE)]
            for i in range(SIZE)]
    lengths = [sqrt(fdot(row, row)) for row in rows]
    return ([mpf(i + 1) / 4 for i in range(SIZE)],
            [[x / length for x in row] for row, length in zip(rows, lengths)])


class Relu:
    """κ = (sin θ + (π-θ) cos θ)/2π."""
    name = "relu"

    def __init__(self):
        self.turn = 1 / (2 * pi)
        # κ(1), and what a row's own part contributes along v and along u.
        self.diagonal = (mpf(1) / 2, mpf(1) / 2, mpf(0))

    def __call__(self, u, v):
        """κ, and the factors of v and of u in the gradient by u: κ' and κ - ρκ'."""
        rho = fdot(u, v)
        slope = (pi - acos(rho)) * self.turn
        rest = sqrt(1 - rho * rho) * self.turn
        return rest + rho * slope, slope, rest


class Tanh:
    """κ = Σ σ̂_k² ρ^k, k odd."""
    name = "tanh"

    def __init__(self, numbers):
        *coefficients, moment = map(mpf, numbers)
        self.squares = [c * c for c in coefficients[1::2]]
        self.slopes = [(2 * j + 1) * c for j, c in enumerate(self.squares)]
        self.diagonal = (moment, mpf(0), mpf(0))

    def __call__(self, u, v):
        """On the sphere: κ' and -ρκ'."""
        rho = fdot(u, v)
        x = rho * rho
        powers, power = [], mpf(1)
        for c in self.squares:
            powers.append(power)
            if c * power < mp.eps * self.squares[0]:
                break
            power *= x
        slope = fdot(zip(self.slopes, powers))
        return rho * fdot(zip(self.squares, powers)), slope, -rho * slope


class Loss:
    """Σ a*_i a*_j κ - 2 Σ a_i a*_j κ + Σ a_i a_j κ + s²."""

    def __init__(self, kernel, teacher, noise):
        self.kernel = kernel
        self.a, self.B = teacher
        own = [self.a[i] * self.a[j] * kernel(self.B[i], self.B[j])[0]
               for i in range(SIZE) for j in range(i)]
        self.constant = 2 * fsum(own) + fdot(self.a, self.a) * kernel.diagonal[0] + noise

    def value(self, a, B):
        pulls = []
        for i, u in enumerate(B):
            inner = [(self.kernel(u, B[j])[0], a[j]) for j in range(i)]
            pulls.append(fdot(inner) + a[i] * self.kernel.diagonal[0] / 2 -
                         fdot((self.kernel(u, v)[0], w) for v, w in zip(self.B, self.a)))
        return self.constant + 2 * fdot(a, pulls)

    def value_and_gradient(self, a, B):
        own = [[self.kernel.diagonal] * SIZE for _ in B]
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
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


for digits in map(int, options.digits.split(",")):
    mp.dps = digits + 8
    kernels = [Relu()]
    if options.table:
        with open(options.table) as lines:
            kernels.append(Tanh(lines))
    for kernel in kernels:
        a, B = network(5, 7, 2, 0)
        loss = Loss(kernel, network(7, 5, 3, 1), mpf(1) / 4)
        whole, alone = [], []
        for _ in range(options.runs):
            seconds, (value, gradient_a, gradient_B) = timed(lambda: loss.value_and_gradient(a, B))
            whole.append(seconds)
            seconds, same = timed(lambda: loss.value(a, B))
            alone.append(seconds)
        assert abs(value - same) < mpf(10) ** -digits * value
        integers = "gmpy2" if libmp.BACKEND == "gmpy" else libmp.BACKEND
        print(f"mpmath+{integers} {kernel.name} {digits} {1e3 * statistics.median(whole):.4g} "
              f"{1e3 * statistics.median(alone):.4g}",
              *(mp.nstr(x, digits) for x in (value, gradient_a[0], gradient_B[0][0])))
