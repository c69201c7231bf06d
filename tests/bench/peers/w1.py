#!/usr/bin/env python3
"""W1 by others: Hermite coefficients by numerical integration, one integral for each.

    E[σ(x) h_k(x)], x standard normal, for a few odd degrees k of tanh.

mpmath's quad, and PARI's intnum where gp is on the path; tanh·h_k is even for odd k, so both
integrate over [0, X], where the rest is below the digits asked for, with He_k as a polynomial in x²;
PARI's nodes are made once, before the clock starts. Prints peer, degree,
seconds and value, one coefficient a line, or what is missing.

usage: w1.py [--digits 100] [--degrees 1,101,199]
"""

import argparse
import math
import shutil
import subprocess
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--digits", type=int, default=100)
arguments.add_argument("--degrees", default="1,101,199")
options = arguments.parse_args()
DIGITS, DEGREES = options.digits, [int(k) for k in options.degrees.split(",")]
GUARD = 10
# |tanh h_k φ| <= e^{-x²/4}/2
REACH = math.ceil(2 * math.sqrt((DIGITS + 2) * math.log(10)))


def hermite(k):
    """Coefficients of He_k(x)/x in x², the highest first; k odd. Where |x| < 2√k the polynomial
    cancels, and takes up to k/2 more digits."""
    return [(-1) ** j * math.factorial(k) // (2**j * math.factorial(j) * math.factorial(k - 2 * j))
            for j in range(k // 2 + 1)]


def with_mpmath():
    from mpmath import exp, factorial, mp, nstr, pi, polyval, quad, sqrt, tanh

    for k in DEGREES:
        mp.dps = DIGITS + GUARD + k // 2
        start = time.perf_counter()
        scale = sqrt(2 / (pi * factorial(k)))  # 2φ(0)/√k!
        polynomial = [scale * c for c in hermite(k)]
        value = quad(lambda x: tanh(x) * x * polyval(polynomial, x * x) * exp(-x * x / 2),
                     [REACH * j / 4 for j in range(5)])
        print("mpmath", k, time.perf_counter() - start, nstr(value, DIGITS), flush=True)


def with_pari():
    if not shutil.which("gp"):
        print("PARI not installed")
        return
    program = f"""
default(realprecision, {DIGITS + GUARD + max(DEGREES) // 2});
nodes = intnuminit(0, {REACH}, 1);
coefficient(p) = intnum(x = 0, {REACH}, tanh(x) * x * subst(p, 'y, x^2) * exp(-x^2 / 2), nodes);
show(k, p) = my(start = getwalltime(), value = coefficient(p) * sqrt(2 / Pi / k!)); \
  printf("PARI %d %.6f %.{DIGITS}g\\n", k, (getwalltime() - start) / 1000., value);
"""
    for k in DEGREES:
        program += f"show({k}, Pol({hermite(k)}, 'y));\n"
    print(subprocess.run(["gp", "-q", "-f"], input=program, capture_output=True, text=True,
                         check=True).stdout, end="", flush=True)


with_pari()
try:
    with_mpmath()
except ImportError:
    print("mpmath not installed")
