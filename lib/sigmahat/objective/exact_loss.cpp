#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/kernel/exact_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/exact_loss.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Why there is no exact value.
class Absent : public Error {
 public:
  using Error::Error;
};

/// Rows as given, and what multiplies σ of the unit row. Rows of weight zero are left out.
struct ExactNetwork {
  std::vector<Vector<Rational>> rows;
  std::vector<Rational> squared_norms;
  std::vector<ExactTerm> weights;
};

ExactNetwork exact_network(const Network& network, bool normalize, const char* whose) {
  const auto rows = rational_rows(network.B);
  if (!rows) {
    const bool doubles = std::holds_alternative<WeightMatrix::Doubles>(network.B.source);
    throw Absent(
        fmt::format("the {}'s rows are {}", whose, doubles ? "floating-point numbers" : "random"));
  }
  if (!network.c.empty()) throw Absent(fmt::format("the {}'s neurons have biases", whose));
  const Matrix<Rational>& B = *rows;
  ExactNetwork result;
  for (Index i = 0; i < B.rows(); ++i) {
    const Rational& a = network.a[static_cast<std::size_t>(i)];
    if (a == 0) continue;
    Vector<Rational> row = B.row(i).transpose();
    Rational squared_norm = 0;
    for (const Rational& x : row) squared_norm += x * x;
    ExactTerm weight = ExactTerm::rational(a);
    if (squared_norm != 1 && !normalize) {
      const auto degree = network.activation.homogeneity();
      if (!degree) throw Absent(fmt::format("row {} of the {} is not of unit length", i, whose));
      for (int p = 0; p < *degree; ++p) weight = weight * ExactTerm::root(squared_norm);
    }
    result.rows.push_back(std::move(row));
    result.squared_norms.push_back(std::move(squared_norm));
    result.weights.push_back(std::move(weight));
  }
  return result;
}

/// Σ of the weights of the pairs of rows that share their inner product, by its signed square.
using PairWeights = std::map<Rational, ExactValue>;

/// The three sums over pairs of Theorem 1.
struct Pairs {
  PairWeights teacher, mixed, student;
};

Rational signed_square(const ExactNetwork& first, std::size_t i, const ExactNetwork& second,
                       std::size_t j) {
  Rational product = 0;
  for (Index k = 0; k < first.rows[i].size(); ++k) product += first.rows[i][k] * second.rows[j][k];
  const Rational square = product * product / (first.squared_norms[i] * second.squared_norms[j]);
  return product < 0 ? Rational(-square) : square;
}

void add(PairWeights& pairs, const Rational& rho, const ExactTerm& weight) {
  ExactValue& sum = pairs[rho];
  sum = sum + ExactValue(weight);
  if (pairs.size() > static_cast<std::size_t>(max_exact_products))
    throw Absent(
        fmt::format("the rows make more than {} different inner products", max_exact_products));
}

PairWeights pairs_within(const ExactNetwork& network) {
  PairWeights pairs;
  for (std::size_t i = 0; i < network.rows.size(); ++i) {
    add(pairs, 1, network.weights[i] * network.weights[i]);
    for (std::size_t j = i + 1; j < network.rows.size(); ++j)
      add(pairs, signed_square(network, i, network, j),
          ExactTerm::rational(2) * network.weights[i] * network.weights[j]);
  }
  return pairs;
}

Pairs pairs_of(const Problem& problem) {
  const auto rows = static_cast<double>(problem.teacher.width() + problem.student.width());
  if (rows * rows * static_cast<double>(problem.dimension()) > max_exact_work)
    throw Absent("the networks are too large");
  const ExactNetwork teacher = exact_network(problem.teacher, problem.normalize, "teacher");
  const ExactNetwork student = exact_network(problem.student, problem.normalize, "student");
  Pairs pairs{pairs_within(teacher), {}, pairs_within(student)};
  for (std::size_t i = 0; i < teacher.rows.size(); ++i)
    for (std::size_t j = 0; j < student.rows.size(); ++j)
      add(pairs.mixed, signed_square(teacher, i, student, j),
          teacher.weights[i] * student.weights[j]);
  return pairs;
}

ExactValue not_too_long(ExactValue x) {
  if (bit_length(x) > max_exact_bits)
    throw Absent(fmt::format("its fractions have more than {} binary digits", max_exact_bits));
  return x;
}

/// σ̂_k and γ̂_k, as far as they are exact.
struct Coefficients {
  std::optional<ClosedForm> teacher, student;

  struct Factors {
    ExactValue teacher, mixed, student;  ///< σ̂_k², σ̂_k γ̂_k, γ̂_k²; or three times the weight
  };
  /// What multiplies the three sums at degree k.
  Factors at(const Problem& problem, const DegreePart& part, int k) const {
    if (part.weight) {
      const ExactValue w = ExactValue::rational(*part.weight);
      return {w, w, w};
    }
    const ExactValue s = coefficient(teacher, problem.teacher.activation, k);
    const ExactValue t =
        part.kept ? coefficient(student, problem.student.activation, k) : ExactValue::zero();
    return {in_ring(product(s, s), k), in_ring(product(s, t), k), in_ring(product(t, t), k)};
  }

 private:
  static const ExactValue& coefficient(const std::optional<ClosedForm>& table,
                                       const Activation& activation, int k) {
    if (!table)
      throw Absent(fmt::format("the coefficients of {} have no exact form", activation.name()));
    return table->coefficients[static_cast<std::size_t>(k)];
  }
  static ExactValue in_ring(std::optional<ExactValue> x, int k) {
    if (!x) throw Absent(fmt::format("coefficient {} squared is a product of error functions", k));
    return std::move(*x);
  }
};

Coefficients coefficients_of(const Problem& problem, int max_degree) {
  Coefficients result{closed_form(problem.teacher.activation, max_degree), {}};
  result.student = problem.student.activation == problem.teacher.activation
                       ? result.teacher
                       : closed_form(problem.student.activation, max_degree);
  return result;
}

/// Σ w ρ^k over the pairs, degree after degree.
class ExactPowers {
 public:
  explicit ExactPowers(const PairWeights& pairs) {
    for (const auto& [rho, weight] : pairs)
      if (!weight.is_zero()) terms_.push_back({rho, 1, weight});
  }
  ExactValue next() {
    ExactValue total;
    for (Term& term : terms_) {
      if (term.power != 0) total = not_too_long(total + ExactTerm::root(term.power) * term.weight);
      term.power *= term.rho;
    }
    return total;
  }

 private:
  struct Term {
    Rational rho, power;  ///< as signed squares
    ExactValue weight;
  };
  std::vector<Term> terms_;
};

/// The squared norms and the inner product of the tensors of Theorem 1, degree after degree.
class ExactSums {
 public:
  explicit ExactSums(const Pairs& pairs)
      : powers_{ExactPowers(pairs.teacher), ExactPowers(pairs.mixed), ExactPowers(pairs.student)} {}

  struct Sums {
    ExactValue teacher, mixed, student;
  };
  /// Once a degree is too long, so are all that follow.
  Sums next() {
    if (!because_.empty()) throw Absent(because_);
    try {
      return {powers_[0].next(), powers_[1].next(), powers_[2].next()};
    } catch (const Absent& absent) {
      because_ = absent.what();
      throw;
    }
  }

 private:
  std::array<ExactPowers, 3> powers_;
  std::string because_;
};

// Weights have roots alone, so their products with anything are in the ring.
ExactValue times(const ExactValue& factor, const ExactValue& weights) {
  return *product(factor, weights);
}

void find_degree_terms(const Problem& problem, const ObjectiveChoice& objective, const Pairs& pairs,
                       int max_degree, ExactLoss& loss) {
  const Coefficients coefficients = coefficients_of(problem, max_degree);
  const bool weighted = degree_part(objective, 0).weight.has_value();
  loss.partial_sum = weighted ? ExactValue::zero() : ExactValue::rational(problem.noise_variance);
  ExactSums degrees(pairs);
  for (int k = 0; k <= max_degree; ++k) {
    const DegreePart part = degree_part(objective, k);
    ExactDegreeTerm term{k, {}, {}};
    try {
      const auto [teacher, mixed, student] = degrees.next();
      term.f_k = not_too_long(teacher - Rational(2) * mixed + student);
      const auto factors = coefficients.at(problem, part, k);
      term.contribution =
          not_too_long(times(factors.teacher, teacher) - Rational(2) * times(factors.mixed, mixed) +
                       times(factors.student, student));
      if (loss.partial_sum) loss.partial_sum = not_too_long(*loss.partial_sum + *term.contribution);
    } catch (const Absent& absent) {
      if (loss.terms_absent_because.empty()) loss.terms_absent_because = absent.what();
      loss.partial_sum.reset();
    }
    if (!part.weight || *part.weight != 0) loss.degree_terms.push_back(std::move(term));
  }
}

/// Σ w κ(ρ) over the pairs.
ExactValue total(const PairWeights& pairs, const ExactKernel& kernel) {
  std::vector<ExactTerm> terms;
  for (const auto& [rho, weight] : pairs) {
    const auto value = kernel(rho);
    if (!value) throw Absent("an exponential of an irrational inner product");
    const ExactValue part = times(*value, weight);
    terms.insert(terms.end(), part.terms().begin(), part.terms().end());
  }
  return ExactValue::sum(std::move(terms));
}

ExactKernel kernel_of(const Activation& sigma, const Activation& gamma) {
  ExactKernel kernel = make_exact_kernel(sigma, gamma);
  if (kernel) return kernel;
  throw Absent(sigma == gamma ? fmt::format("the kernel of {} has no closed form", sigma.name())
                              : fmt::format("the kernel of {} and {} has no closed form",
                                            sigma.name(), gamma.name()));
}

/// κ of teacher with teacher, teacher with student, student with student.
struct ExactKernels {
  ExactKernel teacher, mixed, student;
};

ExactKernels kernels_of(const Problem& problem, const FullLoss&) {
  const Activation &sigma = problem.teacher.activation, &gamma = problem.student.activation;
  return {kernel_of(sigma, sigma), kernel_of(sigma, gamma), kernel_of(gamma, gamma)};
}

ExactKernels kernels_of(const Problem& problem, const DesignedLoss& loss) {
  const Coefficients coefficients = coefficients_of(problem, *loss.degrees.rbegin());
  std::map<int, ExactValue> mixed, student;
  for (const int k : loss.degrees) {
    auto factors = coefficients.at(problem, {}, k);
    mixed.emplace(k, std::move(factors.mixed));
    student.emplace(k, std::move(factors.student));
  }
  const Activation& sigma = problem.teacher.activation;
  return {kernel_of(sigma, sigma), make_exact_polynomial(std::move(mixed)),
          make_exact_polynomial(std::move(student))};
}

ExactKernels kernels_of(const Problem&, const DegreeLoss& loss) {
  std::map<int, ExactValue> weights;
  for (const auto& [k, w] : loss.weights) weights.emplace(k, ExactValue::rational(w));
  const ExactKernel kernel = make_exact_polynomial(std::move(weights));
  return {kernel, kernel, kernel};
}

template <class Other>
ExactKernels kernels_of(const Problem&, const Other&) {
  throw DomainError("exact values are those of f, f_gamma, degree and weights");
}

ExactValue value_of(const Problem& problem, const ObjectiveChoice& objective, const Pairs& pairs) {
  const ExactKernels kernels =
      std::visit([&](const auto& choice) { return kernels_of(problem, choice); }, objective);
  const bool noise = !std::holds_alternative<DegreeLoss>(objective);
  return not_too_long(total(pairs.teacher, kernels.teacher) -
                      Rational(2) * total(pairs.mixed, kernels.mixed) +
                      total(pairs.student, kernels.student) +
                      ExactValue::rational(noise ? problem.noise_variance : Rational(0)));
}

}  // namespace

ExactLoss exact_loss(const Problem& problem, const ObjectiveChoice& objective, int max_degree) {
  validate(problem);
  degree_part(objective, 0);
  ExactLoss loss;
  try {
    const Pairs pairs = pairs_of(problem);
    find_degree_terms(problem, objective, pairs, max_degree, loss);
    loss.value = value_of(problem, objective, pairs);
  } catch (const Absent& absent) {
    loss.value_absent_because = absent.what();
    if (loss.degree_terms.empty()) loss.terms_absent_because = absent.what();
  }
  return loss;
}

}  // namespace sigmahat
