#!/usr/bin/env python3
"""The checksums of normal_test.cpp, from the contract in numeric/normal.hpp and box_muller.hpp.

Philox4x32-10 in integers and Box-Muller in Python's floats: IEEE 754 doubles, one rounding an
operation, a correctly rounded square root, no contraction. In float each operation is done in double
and rounded again, which is the operation in float: 53 bits are more than twice 24 and two.
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


def rounded(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


class Float:
    """A number of 24 bits."""

    def __init__(self, value):
        self.value = rounded(value)

    def __add__(self, other):
        return Float(self.value + Float.of(other))

    def __sub__(self, other):
        return Float(self.value - Float.of(other))

    def __rsub__(self, other):
        return Float(Float.of(other) - self.value)

    def __mul__(self, other):
        return Float(self.value * Float.of(other))

    def __truediv__(self, other):
        return Float(self.value / Float.of(other))

    __radd__, __rmul__ = __add__, __mul__

    @staticmethod
    def of(x):
        return x.value if isinstance(x, Float) else rounded(x)


FLOAT_ARTANH = [Float(c) for c in ARTANH[:4]]
FLOAT_SINE = [Float(c) for c in SINE[:4]]
FLOAT_COSINE = [Float(c) for c in COSINE[:4]]


def float_radius(n):
    """n of 31 bits."""
    m, k = (Float(n) + 0.5) * 2.0**-31, 0
    less = (Float(2**31 - 1 - n) + 0.5) * 2.0**-31
    while m.value < rounded(1 / rounded(math.sqrt(2))):
        m, k = m * 2, k - 1
    m_less_1 = 0 - less if k == 0 else m - 1
    s = m_less_1 / (m_less_1 + 2)
    s2 = s * s
    minus_2_ln_m = s * -4 - (s * 4) * (s2 * horner(FLOAT_ARTANH, s2))
    return Float(math.sqrt((Float(k) * (-2 * rounded(math.log(2))) + minus_2_ln_m).value))


def float_direction(n):
    w = (Float((n % 2**30) * 4 - 2**31) + 2) * 2.0**-32
    x = w * (rounded(math.pi) / 2)
    x2 = x * x
    sine = x + x * (x2 * horner(FLOAT_SINE, x2))
    cosine = 1 - (x2 * 0.5 - x2 * (x2 * horner(FLOAT_COSINE, x2)))
    cosine = 0 - cosine if n >> 31 else cosine
    return (sine, cosine) if (n >> 30) & 1 else (cosine, sine)


def float_normal(seed, stream, index, coordinate):
    w = philox((index & MASK32, index >> 32, coordinate // 4, stream), (seed & MASK32, seed >> 32))
    radius_bits, angle_bits = w[coordinate % 4 // 2 * 2 :][:2]
    return (float_radius(radius_bits >> 1) * float_direction(angle_bits)[coordinate % 2]).value


checksum = 0xCBF29CE484222325
for coordinate in range(100):
    for index in range(1000):
        (bits,) = struct.unpack("<Q", struct.pack("<d", normal(1, 0, index, coordinate)))
        checksum = (checksum ^ bits) * 0x100000001B3 & MASK64
print(f"0x{checksum:016x}")

checksum = 0xCBF29CE484222325
for coordinate in range(100):
    for index in range(1000):
        (bits,) = struct.unpack("<I", struct.pack("<f", float_normal(1, 0, index, coordinate)))
        checksum = (checksum ^ bits) * 0x100000001B3 & MASK64
print(f"0x{checksum:016x}")
