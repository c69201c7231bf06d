#!/usr/bin/env python3
"""W5 by PyTorch: the sampled G and its gradient, d = m = m* = 50, 10^5 samples that are there.

    G = (1/N) Σ_n y_n (Σ_{j≠k} W_22(b_j,b_k,x_n) - μ Σ_j W_4(b_j,x_n)) / (√24 σ̂_4),  ReLU labels,

in double precision, by automatic differentiation, chunk by chunk: "pairs" writes W_22 down for all
pairs at once, N×m×m, its quadratic terms a batched product; "factored" sums over rows first, as one
does who has read how. Prints the median milliseconds of an evaluation, G and the gradient's norm.

The chunks are those that are fastest for either.

usage: w5.py [--threads N] [--samples N] [--chunk N] [--rounds N] [pairs] [factored]
"""

import argparse
import math
import os
import statistics
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--samples", type=int, default=256 * 391)
arguments.add_argument("--chunk", type=int)
arguments.add_argument("--rounds", type=int, default=3)
arguments.add_argument("ways", nargs="*", default=["pairs", "factored"])
options = arguments.parse_args()
# Before the library is loaded: it reads it then.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(options.threads)

WIDTH, MU = 50, 0.05
SCALE = 1 / (math.sqrt(24) * (-1 / math.sqrt(48 * math.pi)))


def pairs(torch, B, x, y):
    u = x @ B.T
    gram = B @ B.T
    v = gram.diagonal()
    square = u * u
    products = torch.bmm(u[:, :, None], u[:, None, :])
    w22 = (products * products - v[:, None] * square[:, None, :] - v[None, :] * square[:, :, None]
           - 4 * gram * products + v[:, None] * v[None, :] + 2 * gram * gram)
    off_diagonal = w22.sum((1, 2)) - w22.diagonal(dim1=1, dim2=2).sum(1)
    return SCALE * (y @ (off_diagonal - MU * fourth(square, v)))


def factored(torch, B, x, y):
    u = x @ B.T
    gram = B @ B.T
    v = gram.diagonal()
    square = u * u
    all_pairs = ((square - v).sum(1) ** 2 - 4 * ((u @ gram) * u).sum(1) + 2 * (gram * gram).sum())
    return SCALE * (y @ (all_pairs - (1 + MU) * fourth(square, v)))


def fourth(square, v):
    """Σ_j W_4(b_j, x)."""
    return ((square - 6 * v) * square + 3 * v * v).sum(1)


WAYS = {"pairs": (pairs, 64), "factored": (factored, 1024)}


def run(name):
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    x = torch.randn(options.samples, WIDTH, dtype=torch.float64)
    y = x.clamp(min=0).sum(1)
    B = torch.randn(WIDTH, WIDTH, dtype=torch.float64)
    B = (B / B.norm(dim=1, keepdim=True)).requires_grad_()

    way, chunk = WAYS[name]
    chunk = options.chunk or chunk

    def evaluate():
        B.grad = None
        total = 0.0
        for inputs, labels in zip(x.split(chunk), y.split(chunk)):
            value = way(torch, B, inputs, labels) / options.samples
            value.backward()
            total += value.item()
        return total

    way(torch, B, x[:chunk], y[:chunk]).backward()  # once to warm up
    times = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        value = evaluate()
        times.append(time.perf_counter() - start)
    print(f"PyTorch/{name} {1e3 * statistics.median(times):.4g} ms   G = {value:.12g}   "
          f"|grad| = {B.grad.norm().item():.10g}", flush=True)


for name in options.ways:
    try:
        run(name)
    except ImportError:
        print(f"PyTorch/{name} not installed")
