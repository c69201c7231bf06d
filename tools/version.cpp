#include "version.hpp"

#include <CLI/Version.hpp>
#include <Eigen/Core>
#include <boost/version.hpp>
#include <fmt/format.h>
#include <gmp.h>
#include <mpfi.h>
#include <mpfr.h>
#include <nlohmann/json.hpp>
#include <tbb/version.h>

#include <sigmahat/numeric/flint.hpp>

namespace sigmahat::cli {

std::string program_version() {
  return SIGMAHAT_VERSION;
}

std::string version_text() {
  std::string text = fmt::format("sigmahat {}\n", program_version());
  const auto add = [&](std::string_view library, std::string_view version) {
    text += fmt::format("  {:<14} {}\n", library, version);
  };
  add("Boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                           BOOST_VERSION % 100));
  add("Eigen",
      fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION));
  add("GMP", gmp_version);
  add("MPFR", mpfr_get_version());
  add("MPFI", mpfi_get_version());
  add("FLINT", FLINT_VERSION);
#if !__has_include(<flint/arb.h>)
  add("Arb", arb_version);
#endif
  add("oneTBB", TBB_runtime_version());
  add("fmt",
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  add("nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                   NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH));
  add("CLI11", CLI11_VERSION);
  return text;
}

}  // namespace sigmahat::cli
