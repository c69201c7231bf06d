#!/usr/bin/env python3
"""W6 by SciPy and Pymanopt: from random starts to minima of the ReLU loss, d = m = m* = 6, B* = I.

    f(B) = E|Σ relu(b_i·x) - Σ relu(b*_i·x)|²

in closed form, vectorised in NumPy, value and gradient together: "scipy" is L-BFGS-B, rows on the
sphere by scaling them inside the objective; "pymanopt" Riemannian conjugate gradients on Oblique or
Euclidean matrices. Both are asked for a gradient norm of
1e-12. Prints the mean seconds of a start and the median gradient norm at the end.

usage: w6.py [--rows free|unit] [--starts N] [scipy] [pymanopt]
"""

import argparse
import os
import statistics
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", choices=["free", "unit"], default="free")
arguments.add_argument("--starts", type=int, default=40)
arguments.add_argument("peers", nargs="*", default=["scipy", "pymanopt"])
options = arguments.parse_args()
# Before the libraries are loaded: they read it then.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

WIDTH, TOLERANCE = 6, 1e-12


def loss(numpy):
    """B -> (f, ∂f/∂B)."""
    np = numpy
    # The teacher with itself, ρ = 1 and ρ = 0: m/2 and m (m-1)/(2π).
    constant = WIDTH / 2 + WIDTH * (WIDTH - 1) / (2 * np.pi)

    def value_and_gradient(B):
        lengths = np.sqrt(np.einsum("ij,ij->i", B, B))
        units = B / lengths[:, None]
        own = np.clip(units @ units.T, -1, 1)
        np.fill_diagonal(own, 1)
        mixed = np.clip(units, -1, 1)
        own_turn, mixed_turn = np.pi - np.arccos(own), np.pi - np.arccos(mixed)
        own_sine, mixed_sine = np.sqrt(1 - own * own), np.sqrt(1 - mixed * mixed)
        value = (constant + lengths @ (own_sine + own * own_turn) @ lengths / (2 * np.pi)
                 - 2 * lengths @ (mixed_sine + mixed * mixed_turn).sum(1) / (2 * np.pi))
        along = own_sine @ lengths - mixed_sine.sum(1)
        gradient = (along[:, None] * units + own_turn @ B - mixed_turn) / np.pi
        return value, gradient

    return value_and_gradient


def starts(numpy):
    random = numpy.random.default_rng(1)
    for _ in range(options.starts):
        B = random.standard_normal((WIDTH, WIDTH)) / WIDTH ** 0.5
        yield B if options.rows == "free" else B / numpy.linalg.norm(B, axis=1, keepdims=True)


def tangential(numpy, B, gradient):
    return gradient - numpy.einsum("ij,ij->i", B, gradient)[:, None] * B


def by_scipy():
    import numpy
    from scipy.optimize import minimize
    f = loss(numpy)

    def free(x):
        value, gradient = f(x.reshape(WIDTH, WIDTH))
        return value, gradient.ravel()

    def unit(x):
        B = x.reshape(WIDTH, WIDTH)
        lengths = numpy.linalg.norm(B, axis=1, keepdims=True)
        value, gradient = f(B / lengths)
        return value, (tangential(numpy, B / lengths, gradient) / lengths).ravel()

    objective = free if options.rows == "free" else unit
    ends, begin = [], time.perf_counter()
    for B in starts(numpy):
        end = minimize(objective, B.ravel(), jac=True, method="L-BFGS-B",
                       options={"gtol": TOLERANCE, "ftol": 0, "maxiter": 100000, "maxfun": 100000})
        ends.append(numpy.linalg.norm(end.jac))
    return time.perf_counter() - begin, ends


def by_pymanopt():
    import numpy
    import pymanopt
    from pymanopt.manifolds import Euclidean, Oblique
    from pymanopt.optimizers import ConjugateGradient
    f = loss(numpy)
    # Oblique has unit columns.
    manifold = Euclidean(WIDTH, WIDTH) if options.rows == "free" else Oblique(WIDTH, WIDTH)

    @pymanopt.function.numpy(manifold)
    def cost(B):
        return f(B.T)[0]

    @pymanopt.function.numpy(manifold)
    def gradient(B):
        return f(B.T)[1].T

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    solver = ConjugateGradient(verbosity=0, min_gradient_norm=TOLERANCE, max_iterations=5000)
    ends, begin = [], time.perf_counter()
    for B in starts(numpy):
        end = solver.run(problem, initial_point=B.T).point
        slope = gradient(end).T
        ends.append(numpy.linalg.norm(slope if options.rows == "free"
                                      else tangential(numpy, end.T, slope)))
    return time.perf_counter() - begin, ends


for peer in options.peers:
    try:
        spent, ends = {"scipy": by_scipy, "pymanopt": by_pymanopt}[peer]()
    except ImportError:
        print(peer, "not installed")
        continue
    print(peer, f"{spent / options.starts:.6g}", f"{statistics.median(ends):.1e}", flush=True)
