#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/fast_objective.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>

namespace sigmahat {
namespace {

constexpr int double_digits = 17;

class PiecewiseLinearObjective final : public Objective<double> {
 public:
  PiecewiseLinearObjective(const ProblemValues<double>& problem, int threads)
      : loss_(problem.teacher, problem.student.activation, problem.noise_variance, threads),
        constant_(
            make_objective<double>(FullLoss{}, problem, Constraint::free, double_digits, threads)
                ->constant()),
        threads_(threads) {}

  double value(const Weights<double>& x) const override {
    refuse_biases(x);
    return loss_.value(x.a, x.B, threads_);
  }
  Evaluation value_and_gradient(const Weights<double>& x) const override {
    Evaluation result;
    result.value = gradient_into(x, result.gradient);
    return result;
  }
  double gradient_into(const Weights<double>& x, Weights<double>& gradient) const override {
    refuse_biases(x);
    PiecewiseLinearLoss::Workspace work;
    LossGradient result{0, std::move(gradient.a), std::move(gradient.B)};
    loss_.gradient(x.a, x.B, work, result, threads_);
    gradient = {std::move(result.a), std::move(result.B)};
    return result.value;
  }
  Weights<double> hessian_product(const Weights<double>& x,
                                  const Weights<double>& direction) const override {
    refuse_biases(x);
    return loss_.hessian_product(x, direction);
  }
  Matrix<double> hessian(const Weights<double>& x) const override {
    refuse_biases(x);
    return loss_.hessian(x);
  }
  double constant() const override { return constant_; }
  std::string method() const override { return "closed form"; }

 private:
  static void refuse_biases(const Weights<double>& x) {
    if (x.c.size() > 0)
      throw DomainError(fmt::format("the student has {} biases; expected none", x.c.size()));
  }

  PiecewiseLinearLoss loss_;
  double constant_;
  int threads_;
};

}  // namespace

std::unique_ptr<Objective<double>> make_fast_objective(const ObjectiveChoice& choice,
                                                       const ProblemValues<double>& problem,
                                                       Constraint constraint, int threads) {
  const bool unbiased = problem.teacher.c.size() == 0 && problem.student.c.size() == 0;
  if (std::holds_alternative<FullLoss>(choice) && unbiased &&
      PiecewiseLinearLoss::takes(problem.teacher.activation) &&
      PiecewiseLinearLoss::takes(problem.student.activation))
    return std::make_unique<PiecewiseLinearObjective>(problem, threads);
  return make_objective<double>(choice, problem, constraint, double_digits, threads);
}

}  // namespace sigmahat
