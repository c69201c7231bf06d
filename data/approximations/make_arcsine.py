#!/usr/bin/env python3
"""The coefficients of lib/sigmahat/numeric/arcsine.hpp, as hexadecimal doubles.

    asin(x) = x + x z P(z),  z = x², |x| <= 1/2

P interpolates g(z) = (asin(√z)/√z - 1)/z at the Chebyshev points of [0, 1/4]; each coefficient is
rounded to the nearest double. Prints them, lowest first, and the largest z |P(z) - g(z)| seen on a
grid; tests/numeric/arcsine_test.cpp proves a bound. Python 3 with mpmath.
"""

from mpmath import asin, chebyfit, mp, mpf, polyval, sqrt

DEGREE = 12
GRID = 4000

mp.dps = 60


def g(z):
    # From the series where the quotient would cancel; what it leaves out is far below the digits.
    if z < mpf(10) ** -30:
        return mpf(1) / 6 + 3 * z / 40
    return (asin(sqrt(z)) / sqrt(z) - 1) / z


coefficients = [float(c) for c in chebyfit(g, [0, mpf(1) / 4], DEGREE + 1)]
for c in reversed(coefficients):
    print(c.hex())
exact = [mpf(c) for c in coefficients]
grid = [mpf(i) / (4 * GRID) for i in range(1, GRID + 1)]
worst = max(abs(z * (polyval(exact, z) - g(z))) for z in grid)
print('largest error / 2^-53:', mp.nstr(worst * 2**53, 4))
