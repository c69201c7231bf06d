#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <sigmahat/activation/expression.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

class TextSource {
 public:
  explicit TextSource(unsigned seed) : engine_(seed) {
    tokens_ = {"x", "1", "2", "0", "0.1", "1e-3", "3/7", "pi", "e",   "+",   "-",    "*", "/",
               "^", "(", ")", ",", " ",   "^2",   "^-1", ".",  "1e9", "he(", "max(", "\n"};
    for (const char* name : {"abs",     "sign", "step", "max",  "min",     "exp",      "log",
                             "sin",     "cos",  "tan",  "sinh", "cosh",    "tanh",     "arctan",
                             "arcsinh", "erf",  "erfc", "Phi",  "sigmoid", "softplus", "he"})
      tokens_.push_back(std::string(name) + "(");
    for (const sigmahat::NamedFunction& f : sigmahat::named_functions()) tokens_.push_back(f.name);
  }

  /// Pieces of the grammar in no order.
  std::string jumble() {
    std::string text;
    for (int i = below(12); i >= 0; --i) text += tokens_[static_cast<std::size_t>(below(size()))];
    return text;
  }

  /// A text of the grammar.
  std::string sentence(int depth) {
    if (depth == 0) return below(3) ? "x" : std::to_string(below(9));
    const auto inner = [&] { return sentence(depth - 1); };
    switch (below(8)) {
      case 0:
        return inner() + "+" + inner();
      case 1:
        return inner() + "-" + inner();
      case 2:
        return inner() + "*" + inner();
      case 3:
        return inner() + "/(" + inner() + ")";
      case 4:
        return "(" + inner() + ")^" + std::to_string(below(5) - 2);
      case 5:
        return "(" + inner() + ")^(1/" + std::to_string(1 + below(4)) + ")";
      case 6:
        return "max(" + inner() + "," + inner() + ")";
      default: {
        const std::string& function = tokens_[25 + static_cast<std::size_t>(below(20))];
        return function + inner() + ")";
      }
    }
  }

  /// A few characters of a good text changed.
  std::string mutation() {
    std::string text = sentence(3);
    for (int i = below(4); i > 0 && !text.empty(); --i) {
      const auto place = static_cast<std::size_t>(below(static_cast<int>(text.size())));
      if (below(2))
        text[place] = static_cast<char>(below(256));
      else
        text.erase(place, 1);
    }
    return text;
  }

 private:
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }
  int size() const { return static_cast<int>(tokens_.size()); }

  std::mt19937 engine_;
  std::vector<std::string> tokens_;
};

}  // namespace

TEST_CASE("no text crashes or hangs the expressions") {
  constexpr unsigned seeds = 40'000;  // about a minute of one core
  for (unsigned seed = 0; seed < seeds; ++seed) {
    TextSource source(seed);
    for (const std::string& text : {source.jumble(), source.jumble(), source.sentence(1),
                                    source.sentence(2), source.mutation()}) {
      CAPTURE(seed);
      CAPTURE(text);
      const auto start = std::chrono::steady_clock::now();
      run(text);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
    }
  }
}
