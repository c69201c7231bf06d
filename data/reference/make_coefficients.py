#!/usr/bin/env python3
"""Hermite coefficients of every built-in activation by composite Gauss-Legendre quadrature.

    σ̂_k = ∫ σ(x) h_k(x) φ(x) dx,   E[σ²] = ∫ σ(x)² φ(x) dx

in panels of length one half, so that the kinks, whole numbers, are ends of panels. No closed form,
ladder or trapezoidal rule is used. Every integral is computed with two numbers of nodes a panel, and
the largest difference is recorded; the errors fall geometrically, so the finer one is far better.

Writes two files: some degrees to many digits, relative to the coefficient however small it is, and
all degrees up to 200 to 45 decimal places.
"""

import json
import pathlib
import sys
from dataclasses import dataclass

from mpmath import mp, mpf
from mpmath.calculus.quadrature import GaussLegendre

from activations import ACTIVATIONS, normal_density


@dataclass(frozen=True)
class Task:
    file: str
    degrees: tuple
    working_digits: int
    reach: int  # what lies beyond |x| = reach is below zero_below for every degree here
    levels: tuple  # of mpmath's Gauss-Legendre rules: 3·2^(level-1) nodes a panel
    zero_below: str
    printed_digits: int
    decimal_places: bool  # printed_digits after the point, rather than significant ones


TASKS = (
    Task("coefficients.json", (*range(21), 50, 51, 100, 200), 340, 50, (7, 8), "1.0e-280", 60, False),
    Task("coefficients_to_200.json", tuple(range(201)), 80, 26, (6, 7), "1.0e-60", 45, True),
)


def hermite_values(x, degrees, roots):
    """h_k(x) for the wanted degrees k."""
    wanted, values = set(degrees), []
    previous, current = mpf(0), mpf(1)
    for k in range(max(degrees) + 1):
        if k in wanted:
            values.append(current)
        following = (x * current - roots[k] * previous) / roots[k + 1]
        previous, current = current, following
    return values


def integrals(task, level, roots):
    """{name: [E[σ²], σ̂_k for k in task.degrees]} with the rule of `level`."""
    sums = {name: [mpf(0)] * (len(task.degrees) + 1) for name in ACTIVATIONS}
    rule = GaussLegendre(mp)
    for start in range(2 * task.reach):
        for x, weight in rule.get_nodes(mpf(start) / 2, mpf(start + 1) / 2, level, mp.prec):
            mass = weight * normal_density(x)
            hermite = [mass * h for h in hermite_values(x, task.degrees, roots)]
            for name, activation in ACTIVATIONS.items():
                right, left = activation.value(x), activation.value(-x)
                even, odd = right + left, right - left  # h_k(-x) = (-1)^k h_k(x)
                total = sums[name]
                total[0] += mass * (right * right + left * left)
                for i, (k, h) in enumerate(zip(task.degrees, hermite), 1):
                    total[i] += h * (odd if k % 2 else even)
    return sums


def text(value, task):
    if abs(value) < mpf(task.zero_below):
        return "0"
    digits = task.printed_digits
    if task.decimal_places:
        digits += int(mp.floor(mp.log10(abs(value)))) + 1
    # mpmath prints "5.0" for one digit, which claims two.
    return mp.nstr(value, digits, strip_zeros=False) if digits > 1 else "0"


def make(task):
    mp.dps = task.working_digits
    roots = [mp.sqrt(k) for k in range(max(task.degrees) + 2)]
    coarse, fine = (integrals(task, level, roots) for level in task.levels)
    agreement = max(
        abs(x - y) / mp.sqrt(fine[name][0])
        for name in fine
        for x, y in zip(coarse[name], fine[name])
    )
    assert agreement < mpf(task.zero_below) / 10, mp.nstr(agreement, 3)
    result = {
        "made_by": "cd data/reference && python3 make_coefficients.py",
        "what": "E[sigma(x) h_k(x)] and E[sigma(x)^2], x ~ N(0,1), h_k orthonormal",
        "method": "composite Gauss-Legendre quadrature, mpmath %s"
        % sys.modules["mpmath"].__version__,
        "digits": task.printed_digits,
        "zero_below": "1.0e-%d" % (task.printed_digits - 1) if task.decimal_places else task.zero_below,
        "agreement_of_two_resolutions": mp.nstr(agreement, 2),
        "activations": [
            {
                "name": name,
                "second_moment": text(values[0], task),
                "coefficients": {
                    str(k): text(v, task) for k, v in zip(task.degrees, values[1:])
                },
            }
            for name, values in fine.items()
        ],
    }
    target = pathlib.Path(__file__).with_name(task.file)
    target.write_text(json.dumps(result, indent=1) + "\n")


for selected in TASKS:
    if len(sys.argv) == 1 or selected.file in sys.argv[1:]:
        make(selected)
