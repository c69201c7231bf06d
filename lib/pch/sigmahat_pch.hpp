// What nearly every source file needs and what is slow to parse.
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <Eigen/Core>
#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <boost/multiprecision/mpfr.hpp>
