// Whatever the bytes are, the grammar either refuses them with an error of the library or makes a
// tree that everything else can work on. Built as a libFuzzer target with -Dfuzz=true (clang);
// expression_corpus.cpp drives the same entry with texts drawn at random, as an ordinary test.

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/expression.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

constexpr std::size_t max_text = 300;
/// Finding zeros and poles takes up to seconds on large trees: they are left to the tests.
constexpr std::size_t max_analysed_nodes = 40;

/// Runs `use`; errors of the library are answers, everything else is a bug.
template <class Use>
void allow_refusal(Use use) {
  try {
    use();
  } catch (const Error&) {
  }
}

void exercise(const Expression& f) {
  const PrecisionScope precision(20);
  if (!(parse_expression(to_text(f)) == f)) std::abort();
  to_latex(f);
  allow_refusal([&] { derivative(f); });
  allow_refusal([&] { compose(f, f); });
  allow_refusal([&] { evaluate(f, 0.75); });
  allow_refusal([&] { evaluate(f, Real(-2)); });
  allow_refusal([&] { evaluate(f, Interval(1) / 3); });
  allow_refusal([&] {
    double values[] = {-1, 0, 1, 1e300};
    evaluate(f, values);
  });
  const Real infinity = std::numeric_limits<Real>::infinity();
  range_enclosure(f, make_interval(Real(1), infinity));
  ComplexBall z;
  acb_set_d_d(z.get(), 0.5, 0.25);
  evaluate_complex(z.get(), f, z.get(), true, 64);
  if (f.node_count() > max_analysed_nodes) return;
  allow_refusal([&] { analytic_pieces(f, 3, 5); });
  allow_refusal([&] { admissibility(f); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > max_text) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    exercise(parse_expression(text));
  } catch (const ParseError&) {
  }
  return 0;
}
