// What nearly every source file needs and what is slow to parse.
#include <Eigen/Core>
#include <algorithm>
#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <boost/multiprecision/mpfr.hpp>
#include <string>
#include <variant>
#include <vector>
