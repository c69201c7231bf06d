#pragma once

#include <sigmahat/kernel/hermite_expansion.hpp>
#include <sigmahat/kernel/pair_kernel.hpp>

namespace sigmahat {

/// Σ_k s_k g_k ρ^k, s and g the expansions of the neurons; with T = Interval the rest is bounded by
/// Cauchy and Schwarz. Internal: not installed.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_expansion_kernel(ExpandNeuron<T> first, ExpandNeuron<T> second,
                                                     const NeuronKind& kind);

}  // namespace sigmahat
