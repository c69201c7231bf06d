#!/usr/bin/env python3
"""W4 by PyTorch: SGD on fresh samples, d = m = m* = 50, ReLU, teacher Σ_j max(x_j, 0).

An iteration draws a batch, labels it, and takes a step of plain SGD on the mean of (y - ŷ)²: by
automatic differentiation ("autograd"), with the loss compiled where `torch.compile` works
("compiled", asked for by name only), or with the gradient written by hand ("by_hand"), which is the
least that PyTorch can be asked to do. Prints the median, over ten iterations at a time, of iterations
a second, by the clock or in processor time, and the last loss.

usage: w4.py [--threads N] [--batch N] [--dtype float32|float64] [--seconds S] [--rounds N]
             [--clock wall|processor] [autograd] [by_hand] [compiled]
"""

import argparse
import os
import statistics
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--batch", type=int, default=1024)
arguments.add_argument("--dtype", default="float32", choices=["float32", "float64"])
arguments.add_argument("--seconds", type=float, default=0.5)
arguments.add_argument("--rounds", type=int, default=3)
arguments.add_argument("--clock", default="wall", choices=["wall", "processor"])
arguments.add_argument("ways", nargs="*", default=["autograd", "by_hand"])
options = arguments.parse_args()
# Before the library is loaded: it reads it then.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(options.threads)

WIDTH, STEP = 50, 1e-4


def autograd(torch, B):
    B.requires_grad_()
    optimizer = torch.optim.SGD([B], lr=STEP)

    def iterate():
        with torch.no_grad():
            x = torch.randn(options.batch, WIDTH, dtype=B.dtype)
            y = torch.relu(x).sum(1)
        loss = (y - torch.relu(x @ B.T).sum(1)).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    return iterate


def by_hand(torch, B):
    """The same without a graph, in place where it can be."""

    def iterate():
        with torch.no_grad():
            x = torch.randn(options.batch, WIDTH, dtype=B.dtype)
            values = (x @ B.T).relu_()
            error = x.relu().sum(1).sub_(values.sum(1))
            loss = error.square().mean()
            slopes = values.sign_().mul_(error.mul_(2 * STEP / options.batch)[:, None])
            B.addmm_(slopes.T, x)
        return loss

    return iterate


def compiled(torch, B):
    B.requires_grad_()
    optimizer = torch.optim.SGD([B], lr=STEP)

    @torch.compile
    def loss_of(x, B):
        return (torch.relu(x).sum(1) - torch.relu(x @ B.T).sum(1)).square().mean()

    def iterate():
        x = torch.randn(options.batch, WIDTH, dtype=B.dtype)
        loss = loss_of(x, B)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    return iterate


WAYS = {"autograd": autograd, "by_hand": by_hand, "compiled": compiled}


def run(name):
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    B = torch.randn(WIDTH, WIDTH, dtype=getattr(torch, options.dtype))
    B = B / B.norm(dim=1, keepdim=True)
    iterate = WAYS[name](torch, B)
    for _ in range(20):  # to warm up
        iterate()
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    rates = []
    for _ in range(options.rounds):
        start = clock()
        while clock() - start < options.seconds:
            before = clock()
            for _ in range(10):
                loss = iterate()
            rates.append(10 / (clock() - before))
    print(f"PyTorch/{name} {statistics.median(rates):.5g} iterations/s   loss = {loss.item():.6g}",
          flush=True)


for name in options.ways:
    try:
        run(name)
    except ImportError:
        print(f"PyTorch/{name} not installed")
