#!/usr/bin/env python3
"""Population losses E|y - ŷ|² of seeded problems by two-dimensional quadrature, pair by pair.

    f = Σ a*_i a*_j E[σ(b*_i·x)σ(b*_j·x)] - 2 Σ a*_i a_j E[σ(b*_i·x)γ(b_j·x)]
        + Σ a_i a_j E[γ(b_i·x)γ(b_j·x)] + s²

Rows are random rational points of the sphere (stereographic projection), so that they are unit
vectors exactly and every correlation is an exact rational.
"""

import json
import pathlib
import random
import sys
from fractions import Fraction

from mpmath import mp, mpf

from activations import ACTIVATIONS
from quadrature import kernel

PRINTED_DIGITS = 55
SEED = 20180215
SHAPES = {2: (2, 3), 3: (3, 2), 5: (2, 4), 10: (3, 1)}  # dimension: teacher's and student's width
SAME = ("relu", "abs", "erf", "gelu", "tanh", "sigmoid")
MIXED = (("relu", "abs"), ("tanh", "sigmoid"))

source = random.Random(SEED)
known = {}


def unit_row(dimension):
    """Stereographic projection of a random rational point, coordinates shuffled."""
    scale = source.randint(1, 5)
    t = [Fraction(source.randint(-4, 4), scale) for _ in range(dimension - 1)]
    square = sum(x * x for x in t)
    row = [2 * x / (square + 1) for x in t] + [(square - 1) / (square + 1)]
    source.shuffle(row)
    assert sum(x * x for x in row) == 1
    return row


def network(activation, dimension, width):
    a = [Fraction(source.randint(1, 9) * source.choice((-1, 1)), source.randint(1, 6))
         for _ in range(width)]
    return {"activation": activation, "a": a, "B": [unit_row(dimension) for _ in range(width)]}


def expectation(sigma, gamma, rho):
    """(E[σ(u)γ(v)], difference of two resolutions) at correlation ρ."""
    key = (*sorted((sigma, gamma)), rho)
    if key not in known:
        values, difference = kernel(ACTIVATIONS[sigma], ACTIVATIONS[gamma], rho)
        known[key] = values[0], difference
    return known[key]


def bilinear(left, right):
    total, difference = mpf(0), mpf(0)
    for a, b in zip(left["a"], left["B"]):
        for c, e in zip(right["a"], right["B"]):
            rho = sum(x * y for x, y in zip(b, e))
            value, error = expectation(left["activation"], right["activation"], rho)
            weight = a * c
            total += value * weight.numerator / weight.denominator
            difference += error * abs(weight.numerator) / weight.denominator
    return total, difference


def as_text(net):
    return {
        "activation": net["activation"],
        "a": [str(x) for x in net["a"]],
        "B": [[str(x) for x in row] for row in net["B"]],
    }


def entry(sigma, gamma, dimension):
    teacher_width, student_width = SHAPES[dimension]
    teacher = network(sigma, dimension, teacher_width)
    student = network(gamma, dimension, student_width)
    noise = Fraction(source.randint(1, 9), source.randint(10, 40))
    with mp.workdps(90):
        parts = bilinear(teacher, teacher), bilinear(teacher, student), bilinear(student, student)
        loss = parts[0][0] - 2 * parts[1][0] + parts[2][0] + mpf(noise.numerator) / noise.denominator
        difference = parts[0][1] + 2 * parts[1][1] + parts[2][1]
        differences.append(difference / loss)
        print(sigma, gamma, dimension, mp.nstr(loss, 20), mp.nstr(difference, 3), file=sys.stderr,
              flush=True)
        text = mp.nstr(loss, PRINTED_DIGITS, strip_zeros=False)
    return {
        "problem": {
            "teacher": {**as_text(teacher), "noise_variance": str(noise)},
            "student": as_text(student),
        },
        "population_loss": text,
    }


differences = []
problems = [entry(name, name, d) for name in SAME for d in SHAPES]
problems += [entry(sigma, gamma, 3) for sigma, gamma in MIXED]
result = {
    "made_by": "cd data/reference && python3 make_losses.py",
    "what": "population loss E|y - prediction|^2 of each problem (a problem file)",
    "method": "two-dimensional quadrature (quadrature.py), mpmath %s" % sys.modules["mpmath"].__version__,
    "seed": SEED,
    "digits": PRINTED_DIGITS,
    "agreement_of_two_resolutions": mp.nstr(max(differences), 2),
    "problems": problems,
}
target = pathlib.Path(__file__).with_name("losses.json")
target.write_text(json.dumps(result, indent=1) + "\n")
