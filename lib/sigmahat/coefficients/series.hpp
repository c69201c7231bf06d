#pragma once

#include <sigmahat/coefficients/table.hpp>

namespace sigmahat {

/// Largest |x| at which truncated series are evaluated: beyond it h_k(x) is a number of thousands
/// of digits.
inline constexpr int max_series_argument = 1000;

/// Σ_{k<=degree} σ̂_k h_k(x), with the bounds of the coefficients carried along.
///
/// @param degree  0 <= degree <= K; throws DomainError otherwise, and for |x| too large
/// @complexity O(degree) operations at digits + O(|x| sqrt(degree)) digits: the recurrence of h_k
///             loses that many
Enclosure truncated_series(const CoefficientTable& table, const Rational& x, int degree);

/// ‖σ - Σ_{k<=degree} σ̂_k h_k‖ in L²(φ): the root of the Parseval defect.
Enclosure truncation_error(const CoefficientTable& table, int degree);

}  // namespace sigmahat
