#!/usr/bin/env python3
"""W2 by others: Hermite coefficients to degree 100 in double precision.

SciPy's quad, one integral for each coefficient, told of the kink at 0; and NumPy's Gauss-Hermite
rule with 200 nodes, shared by all degrees: fast, and far from double precision where σ has a kink.
h_k by its recurrence in both. Prints peer, activation, seconds and the values of its table, one
activation a line, or what is missing.

usage: w2.py [--activations relu,tanh,...]
"""

import argparse
import math
import sys
import time

MAX_DEGREE, NODES = 100, 200

try:
    import numpy as np
except ImportError:
    print("NumPy not installed\nSciPy not installed")
    sys.exit()


def softplus(x):
    return np.logaddexp(0, x)


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "abs": np.abs,
    "sign": np.sign,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(-softplus(-x)),
    "softplus": softplus,
    "silu": lambda x: x * np.exp(-softplus(-x)),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "arctan": np.arctan,
    "arcsinh": np.arcsinh,
    "exp": np.exp,
    "sin": np.sin,
    "gaussian": lambda x: np.exp(-x * x / 2),
}
arguments = argparse.ArgumentParser()
arguments.add_argument("--activations", default=",".join(ACTIVATIONS))
names = arguments.parse_args().activations.split(",")
ROOTS = [math.sqrt(k) for k in range(MAX_DEGREE + 2)]


def report(peer, name, start, values):
    print(peer, name, time.perf_counter() - start, *map(float, values), flush=True)


for name in names:
    f = ACTIVATIONS[name]
    start = time.perf_counter()
    x, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights * f(x) / math.sqrt(2 * math.pi)
    before, now, values = np.zeros_like(x), np.ones_like(x), []
    for k in range(MAX_DEGREE + 1):
        values.append(weights @ now)
        before, now = now, (x * now - ROOTS[k] * before) / ROOTS[k + 1]
    report("NumPy", name, start, values)

try:
    from scipy.integrate import quad
except ImportError:
    print("SciPy not installed")
    sys.exit()


def hermite(k, x):
    before, now = 0.0, 1.0
    for j in range(k):
        before, now = now, (x * now - ROOTS[j] * before) / ROOTS[j + 1]
    return now


for name in names:
    f = ACTIVATIONS[name]
    start = time.perf_counter()
    values = [quad(lambda x: f(x) * hermite(k, x) * math.exp(-x * x / 2), -20, 20, points=[0],
                   epsabs=1e-15, epsrel=1e-15, limit=200, full_output=1)[0] / math.sqrt(2 * math.pi)
              for k in range(MAX_DEGREE + 1)]
    report("SciPy", name, start, values)
