// What nearly every file of the program needs and what is slow to parse.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <boost/multiprecision/mpfr.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
