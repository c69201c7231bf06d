#pragma once

#include <vector>

#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// The eigenvalues of every symmetric matrix within A, in increasing order: the i-th interval holds
/// the i-th eigenvalue.
///
/// With approximate eigenvectors V, G = VᵀAV is nearly diagonal. The i-th eigenvalue of G lies
/// within ‖offdiag G‖_F of its i-th diagonal entry (Weyl), and is the i-th of A times a number
/// between the extreme eigenvalues of VᵀV (Ostrowski; Horn and Johnson, Matrix Analysis, 4.5.9),
/// which lie within ‖VᵀV - I‖_F of one. Throws NumericalError where that is not below one.
/// @complexity O(n³) at the precision in force
std::vector<Interval> symmetric_eigenvalues(const Matrix<Interval>& A, int threads = 0);

}  // namespace sigmahat
