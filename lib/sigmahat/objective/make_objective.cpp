#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/pair_objective.hpp>

namespace sigmahat {
namespace {

/// ⟨b*,b_j⟩ and ⟨b*,b_k⟩ of a pair of rows.
const std::vector<std::string> pair_names{"s", "t"};

// ---- Text ---------------------------------------------------------------------------------------

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

int parse_degree(std::string_view text) {
  const Rational value = parse_rational(text);
  if (denominator(value) != 1 || value < 0 || value > max_supported_degree)
    throw ParseError(
        fmt::format("expected a degree from 0 to {}, not \"{}\"", max_supported_degree, text));
  return static_cast<int>(value);
}

std::set<int> parse_degrees(std::string_view text) {
  std::set<int> degrees;
  for (const std::string_view part : split(text, ',')) degrees.insert(parse_degree(part));
  return degrees;
}

std::map<int, Rational> parse_weights(std::string_view text) {
  std::map<int, Rational> weights;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      throw ParseError(fmt::format("expected degree=weight, not \"{}\"", part));
    const int degree = parse_degree(part.substr(0, equals));
    if (!weights.emplace(degree, parse_rational(part.substr(equals + 1))).second)
      throw ParseError(fmt::format("degree {} has two weights", degree));
  }
  return weights;
}

/// The values of "mu=0.05,lambda=1", exactly these names in this order.
std::vector<Rational> parse_settings(std::string_view text,
                                     const std::vector<std::string_view>& names) {
  std::vector<Rational> values;
  const std::vector<std::string_view> parts = split(text, ',');
  for (std::size_t i = 0; i < names.size() && i < parts.size(); ++i)
    if (parts[i].substr(0, names[i].size() + 1) == fmt::format("{}=", names[i]))
      values.push_back(parse_rational(parts[i].substr(names[i].size() + 1)));
  if (values.size() != names.size() || parts.size() != names.size())
    throw ParseError(fmt::format("expected {}=NUMBER", fmt::join(names, "=NUMBER,")));
  return values;
}

// ---- Objectives ---------------------------------------------------------------------------------

template <Scalar T>
std::vector<T> proven_coefficients(const Activation& activation, int highest, int digits) {
  std::vector<T> values;
  const CoefficientTable table = hermite_coefficients(activation, highest, digits);
  for (const HermiteCoefficient& c : table.coefficients) {
    if (c.enclosure.status == Status::estimated)
      throw DomainError(fmt::format("the coefficients of {} are not proven: {}", activation.name(),
                                    table.estimated_because));
    values.push_back(from_enclosure<T>(c.enclosure));
  }
  return values;
}

template <Scalar T>
using Result = std::unique_ptr<Objective<T>>;

template <Scalar T>
struct Maker {
  const ProblemValues<T>& problem;
  Constraint constraint;
  int digits, threads;

  const Activation& sigma() const { return problem.teacher.activation; }
  const Activation& gamma() const { return problem.student.activation; }

  Result<T> operator()(const FullLoss&) const {
    if (const auto degree = gamma().polynomial_degree()) {
      std::set<int> all;
      for (int k = 0; k <= *degree; ++k) all.insert(k);
      return (*this)(DesignedLoss{all});
    }
    return make(make_pair_kernel<T>(gamma(), sigma(), kind(), digits),
                make_pair_kernel<T>(gamma(), gamma(), kind(), digits), out_of_parity());
  }

  Result<T> operator()(const DesignedLoss& loss) const {
    const int highest = *loss.degrees.rbegin();
    std::vector<T> g = coefficients(gamma(), highest);
    for (int k = 0; k <= highest; ++k)
      if (!loss.degrees.contains(k)) g[static_cast<std::size_t>(k)] = T(0);
    auto mixed = is_plain() ? make_polynomial_kernel(g, coefficients(sigma(), highest), kind())
                            : make_polynomial_kernel(g, sigma(), kind(), digits);
    return make(std::move(mixed), make_polynomial_kernel(g, g, kind()), out_of_reach(g));
  }

  Result<T> operator()(const DegreeLoss& loss) const {
    require_unit_rows(problem.teacher, "teacher");
    std::vector<T> w(static_cast<std::size_t>(loss.weights.rbegin()->first) + 1, T(0));
    for (const auto& [degree, weight] : loss.weights)
      w[static_cast<std::size_t>(degree)] = from_rational<T>(weight);
    const T teacher =
        quadratic_form(problem.teacher, *make_gram_power_kernel(w, Constraint::sphere), threads);
    return std::make_unique<PairObjective<T>>(
        problem.teacher, make_gram_power_kernel(w, constraint),
        make_gram_power_kernel(w, constraint),
        typename PairObjective<T>::Constants{teacher, T(0), T(0)}, student_is_biased(), threads);
  }

  Result<T> operator()(const GadgetObjective& gadget) const { return make(gadget); }
  Result<T> operator()(const GuaranteedObjective& g) const { return make(g); }
  Result<T> operator()(const PenalisedObjective& p) const { return make(p); }

 private:
  Result<T> make(const ObjectiveChoice& choice) const {
    require_unit_rows(problem.teacher, "teacher");
    return std::make_unique<PolynomialObjective<T>>(problem.teacher,
                                                    *polynomial_terms<T>(choice, sigma(), digits));
  }
  /// The loss whose part beyond the noise that no student can remove is `out_of_reach`.
  Result<T> make(std::unique_ptr<PairKernel<T>> mixed, std::unique_ptr<PairKernel<T>> student,
                 const T& out_of_reach) const {
    const T& noise = problem.noise_variance;
    return std::make_unique<PairObjective<T>>(
        problem.teacher, std::move(mixed), std::move(student),
        typename PairObjective<T>::Constants{teacher_norm(), noise, T(noise + out_of_reach)},
        student_is_biased(), threads);
  }

  bool student_is_biased() const { return problem.student.c.size() > 0; }
  NeuronKind teacher_kind() const {
    return {problem.teacher.r.size() > 0 ? Constraint::free : Constraint::sphere,
            problem.teacher.c.size() > 0};
  }
  /// What both networks need.
  NeuronKind kind() const {
    const NeuronKind teacher = teacher_kind();
    return {constraint == Constraint::free ? constraint : teacher.rows,
            teacher.biased || student_is_biased()};
  }
  /// Whether only the angles between rows matter.
  bool is_plain() const { return kind().rows == Constraint::sphere && !kind().biased; }

  std::unique_ptr<PairKernel<T>> teacher_kernel() const {
    return make_pair_kernel<T>(sigma(), sigma(), teacher_kind(), digits);
  }
  /// E|Σ a*_i σ(⟨b*_i,x⟩ + c*_i)|²
  T teacher_norm() const { return quadratic_form(problem.teacher, *teacher_kernel(), threads); }

  /// The squared norm of the teacher's odd part, for an even student without biases; of its even
  /// part, for an odd one.
  T out_of_parity() const {
    const Parity parity = gamma().parity();
    if (parity == Parity::none || student_is_biased()) return T(0);
    if (parity == sigma().parity() && !teacher_kind().biased) return T(0);
    const auto kernel = teacher_kernel();
    const T here = quadratic_form(problem.teacher, *kernel, threads);
    const T there = reflected_form(problem.teacher, *kernel, threads);
    return T(parity == Parity::even ? T(here - there) : T(here + there)) / 2;
  }

  /// The squared norm of what the teacher has in degrees where no student of γ = Σ g_k h_k has
  /// anything. A row of another length turns h_n into a sum of degrees n, n-2, ...; a bias, of all
  /// degrees up to n.
  T out_of_reach(const std::vector<T>& g) const {
    std::set<int> reached;
    for (int n = 0; n < static_cast<int>(g.size()); ++n) {
      if (certainly_zero(g[static_cast<std::size_t>(n)])) continue;
      const bool stays = constraint == Constraint::sphere && !student_is_biased();
      for (int k = n; k >= (stays ? n : 0); k -= student_is_biased() ? 1 : 2) reached.insert(k);
    }
    const T all = teacher_norm();
    if (reached.empty()) return all;
    return all - quadratic_form(problem.teacher,
                                *make_degrees_kernel<T>(sigma(), reached, teacher_kind()), threads);
  }

  std::vector<T> coefficients(const Activation& activation, int highest) const {
    return proven_coefficients<T>(activation, highest, digits);
  }
};

}  // namespace

bool is_squared_distance(const ObjectiveChoice& choice) {
  return std::holds_alternative<FullLoss>(choice) || std::holds_alternative<DesignedLoss>(choice) ||
         std::holds_alternative<DegreeLoss>(choice);
}

DegreePart degree_part(const ObjectiveChoice& choice, int degree) {
  if (const auto* designed = std::get_if<DesignedLoss>(&choice))
    return {{}, designed->degrees.contains(degree)};
  if (const auto* loss = std::get_if<DegreeLoss>(&choice)) {
    const auto weight = loss->weights.find(degree);
    return {weight == loss->weights.end() ? Rational(0) : weight->second};
  }
  if (!std::holds_alternative<FullLoss>(choice))
    throw DomainError(fmt::format("{} has no terms by degree", to_text(choice)));
  return {};
}

ObjectiveChoice parse_objective(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const bool has_more = colon != std::string_view::npos;
  const std::string_view more = has_more ? text.substr(colon + 1) : "";
  try {
    if (kind == "f" && !has_more) return FullLoss{};
    if (kind == "f_gamma" && has_more) return DesignedLoss{parse_degrees(more)};
    if (kind == "degree" && has_more) return DegreeLoss{{{parse_degree(more), Rational(1)}}};
    if (kind == "weights" && has_more) return DegreeLoss{parse_weights(more)};
    if (kind == "gadget" && has_more)
      return GadgetObjective{parse_polynomial(more, pair_names, max_gadget_degree)};
    if (kind == "G") return GuaranteedObjective{parse_settings(more, {"mu"})[0]};
    if (kind == "penalty" || kind == "whitened") {
      const std::vector<Rational> settings = parse_settings(more, {"mu", "lambda"});
      return PenalisedObjective{settings[0], settings[1], kind == "whitened"};
    }
  } catch (const ParseError& error) {
    throw ParseError(fmt::format("objective \"{}\": {}", text, error.what()));
  }
  throw ParseError(fmt::format(
      "objective \"{}\": expected f, f_gamma:2,4, degree:4, weights:2=1,4=1/2, G:mu=0.05, "
      "gadget:s^2*t^2, penalty:mu=0.05,lambda=1 or whitened:mu=0.05,lambda=1",
      text));
}

std::string to_text(const ObjectiveChoice& choice) {
  return std::visit(
      Overloaded{[](const FullLoss&) { return std::string("f"); },
                 [](const DesignedLoss& loss) {
                   return fmt::format("f_gamma:{}", fmt::join(loss.degrees, ","));
                 },
                 [](const DegreeLoss& loss) {
                   if (loss.weights.size() == 1 && loss.weights.begin()->second == 1)
                     return fmt::format("degree:{}", loss.weights.begin()->first);
                   std::string list;
                   for (const auto& [degree, weight] : loss.weights)
                     list +=
                         fmt::format("{}{}={}", list.empty() ? "" : ",", degree, to_text(weight));
                   return "weights:" + list;
                 },
                 [](const GadgetObjective& gadget) {
                   return "gadget:" + to_text(gadget.pairs, pair_names);
                 },
                 [](const GuaranteedObjective& g) { return "G:mu=" + to_text(g.mu); },
                 [](const PenalisedObjective& p) {
                   return fmt::format("{}:mu={},lambda={}", p.whitened ? "whitened" : "penalty",
                                      to_text(p.mu), to_text(p.lambda));
                 }},
      choice);
}

Constraint parse_constraint(std::string_view text) {
  if (text == "sphere") return Constraint::sphere;
  if (text == "free") return Constraint::free;
  throw ParseError(fmt::format("expected sphere or free, not \"{}\"", text));
}

template <Scalar T>
std::optional<PolynomialTerms<T>> polynomial_terms(const ObjectiveChoice& choice,
                                                   const Activation& teacher, int digits) {
  using std::abs;
  using std::sqrt;
  PolynomialTerms<T> terms;
  if (const auto* gadget = std::get_if<GadgetObjective>(&choice)) {
    for (const auto& [powers, factor] : gadget->pairs.terms())
      terms.pairs.push_back({powers[0], powers[1], from_rational<T>(factor)});
  } else if (const auto* g = std::get_if<GuaranteedObjective>(&choice)) {
    terms.pairs = {{2, 2, T(1)}};
    terms.singles = {{4, from_rational<T>(-g->mu)}};
  } else if (const auto* p = std::get_if<PenalisedObjective>(&choice)) {
    const T scale = abs(T(sqrt(T(24)) * proven_coefficients<T>(teacher, 4, digits)[4]));
    if (!certainly_positive(scale))
      throw DomainError(
          fmt::format("the fourth Hermite coefficient of {} is zero: no sample of it "
                      "estimates a polynomial of degree four",
                      teacher.name()));
    terms.pairs = {{2, 2, T(scale / 2)}};
    terms.singles = {{4, T(from_rational<T>(-p->mu / 24) * scale)}};
    terms.norm =
        p->whitened ? PolynomialTerms<T>::Norm::teacher : PolynomialTerms<T>::Norm::euclidean;
    terms.lambda = from_rational<T>(p->lambda);
  } else {
    return std::nullopt;
  }
  return terms;
}

template <Scalar T>
std::unique_ptr<Objective<T>> make_objective(const ObjectiveChoice& choice,
                                             const ProblemValues<T>& problem, Constraint constraint,
                                             int digits, int threads) {
  return std::visit(Maker<T>{problem, constraint, digits, threads}, choice);
}

template <Scalar T>
Weights<T> student_weights(const Problem& problem, Constraint constraint) {
  NetworkValues<T> student = constraint == Constraint::free ? student_as_given<T>(problem)
                                                            : at_precision<T>(problem).student;
  if (student.r.size() > 0) require_unit_rows(student, "student");
  return {std::move(student.a), std::move(student.B), std::move(student.c)};
}

Problem with_student(const Problem& problem, const Weights<double>& x, Constraint constraint) {
  Problem moved = problem;
  const auto exactly = [](const Vector<double>& numbers) {
    std::vector<Rational> exact;
    for (const double number : numbers) exact.emplace_back(number);
    return exact;
  };
  moved.student.a = exactly(x.a);
  moved.student.c = exactly(x.c);
  moved.student.B = {WeightMatrix::Doubles{x.B}};
  // A file that asks for unit rows would take the student's lengths away.
  if (problem.normalize && constraint == Constraint::free) {
    moved.teacher.B = {WeightMatrix::Doubles{at_precision<double>(problem).teacher.B}};
    moved.normalize = false;
  }
  return moved;
}

#define SIGMAHAT_INSTANTIATE(T)                                                        \
  template std::optional<PolynomialTerms<T>> polynomial_terms(const ObjectiveChoice&,  \
                                                              const Activation&, int); \
  template std::unique_ptr<Objective<T>> make_objective(                               \
      const ObjectiveChoice&, const ProblemValues<T>&, Constraint, int, int);          \
  template Weights<T> student_weights(const Problem&, Constraint)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
