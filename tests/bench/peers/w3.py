#!/usr/bin/env python3
"""W3 by others: the closed-form ReLU loss and its gradient, double precision, d = m = m*.

    f = a*ᵀκ(B*B*ᵀ)a* - 2 a*ᵀκ(B*Bᵀ)a + aᵀκ(BBᵀ)a,  κ(ρ) = (√(1-ρ²) + ρ(π - arccos ρ))/(2π),

the teacher's term computed once. PyTorch by automatic differentiation, NumPy with the gradient
written out; a peer that cannot be imported says so. Prints the median milliseconds of an
evaluation, the loss and the gradient's norm.

usage: w3.py [--threads N] [--sizes 50,500,2000]
"""

import argparse
import math
import os
import statistics
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--sizes", default="50,500,2000")
options = arguments.parse_args()
# Before the libraries are loaded: they read it then.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(options.threads)

# Seconds spent on a size, and evaluations at least.
BUDGET, LEAST = 4.0, 5


def median_ms(evaluate):
    evaluate()
    times = []
    while len(times) < LEAST or sum(times) < BUDGET:
        start = time.perf_counter()
        evaluate()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def report(peer, size, milliseconds, value, norm):
    print(f"{peer:<8} d = {size:<5} {milliseconds:12.4g} ms   f = {value:.15g}   |grad| = {norm:.10g}",
          flush=True)


def with_torch(size):
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    teacher = torch.eye(size, dtype=torch.float64)
    ones = torch.ones(size, dtype=torch.float64)
    B = torch.randn(size, size, dtype=torch.float64)
    B = (B / B.norm(dim=1, keepdim=True)).requires_grad_()
    a = torch.linspace(0.5, 1.5, size, dtype=torch.float64).requires_grad_()
    # Where ρ rounds to 1 the derivative of arccos is infinite.
    edge = 1 - 1e-15

    def kernel(rho):
        rho = rho.clamp(-edge, edge)
        return (torch.sqrt(1 - rho * rho) + rho * (math.pi - torch.arccos(rho))) / (2 * math.pi)

    constant = ones @ kernel(teacher @ teacher.T) @ ones

    def evaluate():
        value = constant - 2 * ones @ kernel(teacher @ B.T) @ a + a @ kernel(B @ B.T) @ a
        return value, torch.autograd.grad(value, (a, B))

    milliseconds = median_ms(evaluate)
    value, (of_a, of_B) = evaluate()
    report("PyTorch", size, milliseconds, value.item(), math.hypot(of_a.norm(), of_B.norm()))


def with_numpy(size):
    import numpy

    random = numpy.random.default_rng(1)
    teacher, ones = numpy.eye(size), numpy.ones(size)
    B = random.standard_normal((size, size))
    B /= numpy.linalg.norm(B, axis=1, keepdims=True)
    a = numpy.linspace(0.5, 1.5, size)

    def kernel(rho):
        """κ and κ'."""
        rho = numpy.clip(rho, -1, 1)
        slope = (math.pi - numpy.arccos(rho)) / (2 * math.pi)
        return numpy.sqrt(1 - rho * rho) / (2 * math.pi) + rho * slope, slope

    constant = ones @ kernel(teacher @ teacher.T)[0] @ ones

    def evaluate():
        mixed, mixed_slope = kernel(B @ teacher.T)
        own, own_slope = kernel(B @ B.T)
        mixed_sums, own_sums = mixed @ ones, own @ a
        value = constant - 2 * a @ mixed_sums + a @ own_sums
        of_B = 2 * a[:, None] * (own_slope @ (a[:, None] * B) - mixed_slope @ teacher)
        return value, 2 * (own_sums - mixed_sums), of_B

    milliseconds = median_ms(evaluate)
    value, of_a, of_B = evaluate()
    report("NumPy", size, milliseconds, value,
           math.hypot(numpy.linalg.norm(of_a), numpy.linalg.norm(of_B)))


for peer, run in (("PyTorch", with_torch), ("NumPy", with_numpy)):
    for size in map(int, options.sizes.split(",")):
        try:
            run(size)
        except ImportError as missing:
            print(f"{peer:<8} not installed ({missing.name})")
            break
