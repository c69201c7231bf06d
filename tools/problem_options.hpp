#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "report.hpp"

namespace sigmahat::cli {

/// A problem said with a file, with flags, or with a file and flags that override it.
struct ProblemOptions {
  std::optional<std::filesystem::path> file;
  std::optional<Activation> teacher_activation;
  std::optional<Activation> student_activation;
  std::optional<int> dimension;
  std::optional<int> teacher_width;
  std::optional<int> student_width;
  std::optional<std::vector<Rational>> teacher_a;
  std::optional<std::vector<Rational>> student_a;
  std::optional<std::vector<Rational>> teacher_c;
  std::optional<std::vector<Rational>> student_c;
  std::optional<Rational> noise_variance;
};

void add_problem_options(CLI::App& command, ProblemOptions& options);

/// The problem, validated. Without a file: B* is the identity's first rows, the student's rows are
/// random unit vectors from `seed`; left unsaid, d = m* = m = 50, relu, a* = a = 1, no noise.
Problem make_problem(const ProblemOptions& options, std::uint64_t seed);

/// What `work` returns; what it finds wrong with the problem is said with the name of its file.
template <class Work>
auto naming_file(const ProblemOptions& options, Work work) {
  try {
    return work();
  } catch (const InputError& error) {
    if (!options.file) throw;
    throw InputError(options.file->string() + ": " + error.what());
  }
}

/// The problem in a report's inputs: what a problem file would say, and which file it came from.
void describe(const ProblemOptions& options, const Problem& problem, Json& inputs);

/// The problem as a file would say it, for JSON alone.
Value problem_value(const Problem& problem);

/// The problem in words: one entry for the teacher, the student, the noise.
std::vector<std::pair<std::string, std::string>> describe(const Problem& problem);

}  // namespace sigmahat::cli
