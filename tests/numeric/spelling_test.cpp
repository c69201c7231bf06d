#include <array>
#include <string_view>

#include <doctest/doctest.h>

#include <sigmahat/numeric/spelling.hpp>

using namespace sigmahat;

TEST_CASE("The nearest word is the one with the fewest letters to change, add or drop") {
  constexpr std::array<std::string_view, 4> known{"teacher", "student", "normalize",
                                                  "noise_variance"};
  CHECK(nearest_word("techer", known) == "teacher");
  CHECK(nearest_word("studnet", known) == "student");
  CHECK(nearest_word("normalise", known) == "normalize");
  CHECK(nearest_word("noise-variance", known) == "noise_variance");
  CHECK(nearest_word("TEACHER", known) == "teacher");
  CHECK(nearest_word("Normalize", known) == "normalize");
}

TEST_CASE("A word that shares too little with all of them is near to none") {
  constexpr std::array<std::string_view, 2> known{"relu", "abs"};
  CHECK_FALSE(nearest_word("", known));
  CHECK_FALSE(nearest_word("zzzz", known));
  CHECK_FALSE(nearest_word("relu", {}));
}

TEST_CASE("Quoted text stays on one line") {
  using namespace std::string_view_literals;
  CHECK(in_quotes("relu") == "\"relu\"");
  CHECK(in_quotes("a\nb\0c"sv) == "\"a\\x0ab\\x00c\"");
  CHECK(in_quotes("±") == "\"±\"");
}
