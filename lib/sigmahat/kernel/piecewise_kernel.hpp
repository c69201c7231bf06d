#pragma once

#include <sigmahat/kernel/pair_kernel.hpp>

namespace sigmahat {

/// E[σ(r u + c) γ(s v + d)] for piecewise polynomials σ and γ with kinks anywhere, and its
/// derivatives. Internal: not installed.
///
/// Everything is a sum of truncated powers, whose moments over the two normal variables follow from
/// P(u > h, v > k) by Stein's identity (docs/design/piecewise-kernels.md).
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_piecewise_kernel(const PiecewisePolynomial& sigma,
                                                     const PiecewisePolynomial& gamma,
                                                     const NeuronKind& kind);

/// The same at unit rows without biases.
template <Scalar T>
std::unique_ptr<DualKernel<T>> make_piecewise_dual_kernel(const PiecewisePolynomial& sigma,
                                                          const PiecewisePolynomial& gamma);

}  // namespace sigmahat
