#pragma once

#include <memory>
#include <string>

#include <sigmahat/objective/fast_objective.hpp>
#include <sigmahat/optimize/training.hpp>

namespace sigmahat::test {

/// ReLU labels of the identity, a random student: the talk's problem in any dimension.
struct TalkProblem {
  Problem problem;
  ProblemValues<double> values;
  std::unique_ptr<Objective<double>> objective;
  Freedom freedom;

  TalkProblem(const std::string& objective_text, int dimension, std::uint64_t seed,
              const Freedom& moves = {Constraint::sphere, false}, int threads = 1,
              const std::string& student = "relu", const Rational& a = 1, int width = 0)
      : problem{{parse_activation("relu"),
                 std::vector<Rational>(at(dimension), Rational(1)),
                 {WeightMatrix::Identity{dimension}}},
                {parse_activation(student),
                 std::vector<Rational>(at(width == 0 ? dimension : width), a),
                 {WeightMatrix::Gaussian{width == 0 ? dimension : width, dimension, seed}}},
                Rational(0)},
        values(at_precision<double>(problem)),
        objective(
            make_fast_objective(parse_objective(objective_text), values, moves.rows, threads)),
        freedom(moves) {}

  Weights<double> start() const { return student_weights<double>(problem, freedom.rows); }
  Training training(TrainingOptions options, StochasticObjective* sampled = nullptr) const {
    options.freedom = freedom;
    return Training(*objective, start(), values.teacher.B, options, sampled);
  }

 private:
  static std::size_t at(int n) { return static_cast<std::size_t>(n); }
};

inline bool same_bits(const Weights<double>& x, const Weights<double>& y) {
  return x.a == y.a && x.B == y.B && x.c == y.c;
}

}  // namespace sigmahat::test
