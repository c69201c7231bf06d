#pragma once

#include <string>

#include <sigmahat/gadget/gadget.hpp>

namespace sigmahat {

/// φ in one line: u1 = ⟨b1, x⟩, g12 = ⟨b1, b2⟩, a factor 1/(√k! σ̂_k) in symbols where it has some
/// and in decimals otherwise: "-sqrt(2*pi)*(u1^4 - 6*u1^2*g11 + 3*g11^2)".
std::string formula_text(const Gadget& gadget);
/// The same in LaTeX, \langle b_1, x \rangle for u1.
std::string formula_latex(const Gadget& gadget);

/// A C function `double NAME(const double *b, const double *x, size_t d)`: b holds the vectors one
/// after the other, d numbers each. C99 and C++; factors are the doubles nearest to them.
std::string formula_c(const Gadget& gadget, const std::string& name = "sigmahat_gadget");
/// A Python function NAME(b, x): b a sequence of vectors. No imports.
std::string formula_python(const Gadget& gadget, const std::string& name = "sigmahat_gadget");

}  // namespace sigmahat
