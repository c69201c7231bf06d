#pragma once

#include <array>
#include <cstddef>

namespace sigmahat {

/// asin(x) = x + x z P(z), z = x², for |x| <= 1/2; P(z) = c[0] + c[1] z + ...
///
/// Internal: not installed. Interpolation at Chebyshev points, coefficients rounded to doubles
/// (data/approximations/make_arcsine.py). The polynomial alone is off by less than 2^-57 |x|, which
/// the test proves: a grid finer than Markov's inequality asks for.
inline constexpr std::array arcsine_coefficients{
    0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6,
    0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7,
    0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
    0x1.d72b2bc8155f8p-6};

/// arcsines[i] = asin x[i] and cosines[i] = cos(asin x[i]) = sqrt(1 - x[i]²), vectorised; |x| > 1
/// counts as 1.
///
/// Errors for the double x: of the arcsine at most 2^-52 |asin x| for |x| <= 1/2 and 2^-51 beyond,
/// of the cosine 2^-51 of itself. Not a number in, not a number out.
/// @param arcsines  may be x itself
void arcsines_and_cosines(std::size_t count, const double* x, double* arcsines, double* cosines);

}  // namespace sigmahat
