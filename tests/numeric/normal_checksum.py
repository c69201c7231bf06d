#!/usr/bin/env python3
"""The checksum of normal_test.cpp, from the contract in numeric/normal.hpp and box_muller.hpp.

Philox4x32-10 in integers and Box-Muller in Python's floats: IEEE 754 doubles, one rounding an
operation, a correctly rounded square root, no contraction.
"""
import math
import struct

MASK32, MASK52, MASK64 = 2**32 - 1, 2**52 - 1, 2**64 - 1


def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & MASK32, (p0 >> 32) ^ c[3] ^ k1, p0 & MASK32]
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c


def horner(coefficients, x):
    value = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * x + c
    return value


ARTANH = [1 / n for n in range(3, 20, 2)]
SINE = [(-1) ** (n // 2) / math.factorial(n) for n in range(3, 18, 2)]
COSINE = [(-1) ** (n // 2) / math.factorial(n) for n in range(4, 17, 2)]


def radius(n):
    m, k = (2 * n + 1) / 2**53, 0
    while m < 1 / math.sqrt(2):
        m, k = 2 * m, k - 1
    s = (m - 1) / (m + 1)
    s2 = s * s
    return math.sqrt(k * (-2 * math.log(2)) + (-4 * s - 4 * s * (s2 * horner(ARTANH, s2))))


def direction(n):
    x = ((2 * (n % 2**50) + 1) / 2**51 - 0.5) * (math.pi / 2)
    x2 = x * x
    sine = x + x * (x2 * horner(SINE, x2))
    cosine = 1 - (0.5 * x2 - x2 * (x2 * horner(COSINE, x2)))
    cosine = -cosine if n >> 51 else cosine
    return (sine, cosine) if (n >> 50) & 1 else (cosine, sine)


def normal(seed, stream, index, coordinate):
    w = philox((index & MASK32, index >> 32, coordinate // 2, stream), (seed & MASK32, seed >> 32))
    return radius((w[1] << 32 | w[0]) >> 12) * direction((w[3] << 32 | w[2]) >> 12)[coordinate % 2]


checksum = 0xCBF29CE484222325
for coordinate in range(100):
    for index in range(1000):
        (bits,) = struct.unpack("<Q", struct.pack("<d", normal(1, 0, index, coordinate)))
        checksum = (checksum ^ bits) * 0x100000001B3 & MASK64
print(f"0x{checksum:016x}")
