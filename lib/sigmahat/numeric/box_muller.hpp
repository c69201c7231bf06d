#pragma once

#include <cstddef>
#include <cstdint>

namespace sigmahat {

/// Independent pairs of standard normals (Box and Muller 1958) from pairs of 52-bit integers.
///
/// Internal: not installed. With n = radius_bits[i] the radius is sqrt(-2 ln((2n+1)/2^53)). The top
/// two bits of angle_bits[i] choose a quarter of the circle, the other 50 a point on an even grid
/// of it; neither the radius nor a coordinate of the direction can be zero. Relative error: at
/// most 5 · 2^-53 for the radius (2.1 seen) and 4 · 2^-53 for a coordinate of the direction (2.8
/// seen).
///
/// Only additions, multiplications, divisions, square roots and bit operations, in one fixed order;
/// compiled without contraction: the same bits on every machine with IEEE 754 arithmetic.
/// @param count  length of the four arrays
void box_muller(std::size_t count, const std::uint64_t* radius_bits,
                const std::uint64_t* angle_bits, double* first, double* second);

/// The same in float, from pairs of 32-bit integers: the upper 31 bits n of radius_bits[i] give the
/// radius sqrt(-2 ln((2n+1)/2^32)), angle_bits[i] has two bits for the quarter and 30 for the
/// point. Relative error: at most 8 · 2^-24 for the radius (2.6 seen) and 7 · 2^-24 for a
/// coordinate of the direction (3.7 seen).
void box_muller(std::size_t count, const std::uint32_t* radius_bits,
                const std::uint32_t* angle_bits, float* first, float* second);

}  // namespace sigmahat
