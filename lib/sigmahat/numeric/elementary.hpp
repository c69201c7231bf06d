#pragma once

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

// Internal: not installed. Elementary functions of Real and Interval by Arb, which takes a tenth of
// MPFR's time at a hundred digits, at the precision in force.
//
// Real: within 17/32 of a unit in the last place. Interval: the image of the interval, each end
// moved outwards by less than two units in its last place; the arcsine of an interval that leaves
// [-1,1], and of a Real beyond, is not a number. Zeros, infinities and what is not a number are as
// MPFR has them. double: the C library's.

template <Scalar T>
T arctangent(const T& x);

template <Scalar T>
T arcsine(const T& x);

template <Scalar T>
T exponential(const T& x);

}  // namespace sigmahat
