#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <sigmahat/coefficients/exact_form.hpp>
#include <sigmahat/hermite/polynomial.hpp>

namespace sigmahat {
namespace {

// docs/design/exact-ring.md derives the formulas.
//
// All sequences belong to the polynomials g_k = He_k/D_k, D_k = 2^n n! with n = ⌊k/2⌋: D_k is about
// √k!, so numbers stay short where He_k(0) = (k-1)!! is long, and it is rational where √k! is not.

using Sequence = std::vector<Rational>;  // one number for each degree from 0

std::size_t index(int k) {
  return static_cast<std::size_t>(k);
}

int degree_of(const Polynomial& p) {
  return std::max(static_cast<int>(p.size()) - 1, 0);
}

/// D_{k+1}/D_k: x g_k = raising(k) g_{k+1} + lowering(k) g_{k-1}.
int raising(int k) {
  return k % 2 == 0 ? 1 : k + 1;
}
/// k D_{k-1}/D_k: g_k' = lowering(k) g_{k-1}.
int lowering(int k) {
  return k == 0 ? 0 : k % 2 == 0 ? 1 : k;
}

/// g_0(x)..g_K(x).
Sequence hermite_values(const Rational& x, int max_degree) {
  if (x == 0) {
    Sequence values(index(max_degree) + 1, Rational(0));
    values[0] = 1;
    for (int k = 2; k <= max_degree; k += 2)
      values[index(k)] = values[index(k) - 2] * Rational(1 - k, k);
    return values;
  }
  // Whole numbers first: reducing a fraction at every step of the recurrence costs more.
  Sequence values = monic_hermite_polynomials(x, max_degree);
  Integer d = 1;
  for (int k = 0; k <= max_degree; ++k) {
    values[index(k)] /= d;
    d *= raising(k);
  }
  return values;
}

/// gain raising(k) v_{k+1} = rate v_k + damping lowering(k) v_{k-1} + source_k, up to degree K.
struct Recurrence {
  Rational gain, rate, damping;

  Sequence homogeneous(int max_degree) const { return run(1, {}, max_degree); }
  Sequence driven(const Sequence& source, int max_degree) const {
    return run(0, source, max_degree);
  }

 private:
  Sequence run(const Rational& first, const Sequence& source, int max_degree) const {
    Sequence v{first};
    v.reserve(index(max_degree) + 1);
    for (int k = 0; k < max_degree; ++k) {
      Rational next = rate * v[index(k)];
      if (k > 0) next += damping * lowering(k) * v[index(k) - 1];
      if (!source.empty()) next += source[index(k)];
      next /= gain * raising(k);
      v.push_back(std::move(next));
    }
    return v;
  }
};

/// E[p f g_k], k <= K, where E[f g_k] is known for k <= K + degree of p: Horner's rule for the
/// multiplication by x. p is not zero.
Sequence times(const Polynomial& p, const Sequence& v) {
  Sequence result;
  result.reserve(v.size());
  for (const Rational& value : v) result.push_back(p.back() * value);
  for (int i = degree_of(p) - 1; i >= 0; --i) {
    Rational below = 0;
    for (int k = 0; index(k) + 1 < result.size(); ++k) {
      Rational next = raising(k) * result[index(k) + 1] + lowering(k) * below;
      if (p[index(i)] != 0) next += p[index(i)] * v[index(k)];
      below = std::exchange(result[index(k)], std::move(next));
    }
    result.pop_back();
  }
  return result;
}

/// The part of E[θ(x-c) p(x) g_k] that is a multiple of φ(c), the other being one of Φ(-c): by
/// k-fold integration by parts (MATH.md 2, ladder).
/// @param g  g_k(c) for k < K at least
Sequence boundary_part(const Polynomial& p, const Rational& c, const Sequence& g, int max_degree) {
  std::vector<Polynomial> derivatives{p};
  while (derivatives.back().size() > 1) derivatives.push_back(derivative(derivatives.back()));
  const int degree = degree_of(p);
  Sequence result(index(max_degree) + 1, Rational(0));

  // E[θ(x-c) p^{(k)}]: E[θ(x-c) x^j] = c^{j-1} φ(c) + (j-1) E[θ(x-c) x^{j-2}].
  Sequence moment{0, 1};
  Rational power = 1;
  for (int j = 2; j <= degree; ++j) {
    power *= c;
    moment.push_back(power + (j - 1) * moment[index(j) - 2]);
  }
  Integer d = 1;
  for (int k = 0; k <= std::min(degree, max_degree); ++k) {
    for (std::size_t j = 0; j < derivatives[index(k)].size(); ++j)
      result[index(k)] += derivatives[index(k)][j] * moment[j];
    result[index(k)] /= d;
    d *= raising(k);
  }

  // p^{(j)}(c) He_{k-1-j}(c) φ(c), the boundary term of the j-th step.
  for (int j = 0; j <= degree; ++j) {
    Rational factor = value_at(derivatives[index(j)], c);
    if (factor == 0) continue;
    // times D_{k-1-j}/D_k, kept running
    for (int k = 0; k <= j; ++k) factor /= raising(k);
    for (int k = j + 1; k <= max_degree; ++k) {
      if (const Rational& value = g[index(k - 1 - j)]; value != 0)
        result[index(k)] += factor * value;
      factor *= Rational(raising(k - 1 - j), raising(k));
    }
  }
  return result;
}

/// Σ_i unit_i · v_i, v_i a sequence for each of some monomials that are not alike.
class Combination {
 public:
  void add(const ExactTerm& unit, const Sequence& sequence, const Rational& factor = 1) {
    for (auto& [known, sum] : parts_) {
      if (const auto ratio = rational_ratio(unit, known)) {
        for (std::size_t k = 0; k < sum.size(); ++k)
          if (sequence[k] != 0) sum[k] += *ratio * factor * sequence[k];
        return;
      }
    }
    parts_.emplace_back(unit, sequence);
    if (factor != 1)
      for (Rational& value : parts_.back().second) value *= factor;
  }

  /// E[f h_k] from what has been added, E[f g_k]: times D_k/√k!.
  std::vector<ExactValue> coefficients(int max_degree) const {
    std::vector<ExactValue> result;
    result.reserve(index(max_degree) + 1);
    Rational weight = 1;  // D_k²/k!
    for (int k = 0; k <= max_degree; ++k) {
      std::vector<ExactTerm> terms;
      for (const auto& [unit, sequence] : parts_) {
        const Rational& value = sequence[index(k)];
        if (value == 0) continue;
        ExactTerm term = unit;
        if (value < 0) term.sign = -term.sign;
        term.square *= weight;
        term.square *= value * value;
        terms.push_back(std::move(term));
      }
      result.push_back(ExactValue::sum(std::move(terms)));
      weight *= Rational(raising(k) * raising(k), k + 1);
    }
    return result;
  }

 private:
  std::vector<std::pair<ExactTerm, Sequence>> parts_;
};

/// One shape and scale with its polynomials on all pieces; no polynomial where it does not occur.
struct Strand {
  ExactTerm scale;
  FormShape shape;
  std::vector<Polynomial> polynomials;
};

std::vector<Strand> strands_of(const ExactForm& f) {
  std::vector<Strand> strands;
  for (std::size_t i = 0; i < f.pieces().size(); ++i) {
    for (const FormTerm& term : f.pieces()[i]) {
      std::optional<Rational> ratio;
      auto found = std::find_if(strands.begin(), strands.end(), [&](const Strand& s) {
        if (s.shape == term.shape) ratio = rational_ratio(term.scale, s.scale);
        return ratio.has_value();
      });
      if (found == strands.end()) {
        strands.push_back({term.scale, term.shape, std::vector<Polynomial>(f.pieces().size())});
        found = std::prev(strands.end());
        ratio = 1;
      }
      found->polynomials[i] = product(*ratio, term.polynomial);
    }
  }
  return strands;
}

bool is_square_integrable(const Strand& s) {
  const bool unbounded = !s.polynomials.front().empty() || !s.polynomials.back().empty();
  return !unbounded || s.shape.sharpness > Rational(-1, 2);
}

bool has_closed_form(const Strand& s) {
  // Bounded pieces, too, are differences of integrals up to infinity.
  if (s.shape.sharpness <= -1) return false;
  if (!s.shape.wave && s.shape.steps.empty()) return true;
  if (s.shape.wave && (s.shape.rate != 0 || !s.shape.steps.empty())) return false;
  if (s.shape.steps.size() > 1) return false;
  return std::all_of(s.polynomials.begin(), s.polynomials.end(),
                     [&](const Polynomial& p) { return p == s.polynomials.front(); });
}

/// E[exp(-s x²/2 + βx)] = e^{β²/(2(1+s))}/√(1+s).
ExactTerm exponential_mean(const FormShape& f) {
  const Rational gain = 1 + f.sharpness;
  return ExactTerm::root(1 / gain, 0, f.rate * f.rate / gain);
}

ExactTerm error_function_term(const Rational& argument, const Rational& square) {
  return {argument < 0 ? -1 : 1, 1, 0, 0, SpecialValue{SpecialValue::Function::erf, square}};
}

Recurrence recurrence_of(const FormShape& shape) {
  return {1 + shape.sharpness, shape.rate, -shape.sharpness};
}

/// E[p f g_k]/E[f] for f = exp(-s x²/2 + βx).
Sequence times_exponential(const Polynomial& p, const FormShape& shape, int max_degree) {
  // Nothing is left of a polynomial above its degree.
  const bool alone = shape.sharpness == 0 && shape.rate == 0;
  const int highest = alone ? std::min(max_degree, degree_of(p)) : max_degree;
  Sequence v = times(p, recurrence_of(shape).homogeneous(highest + degree_of(p)));
  v.resize(index(max_degree) + 1, Rational(0));
  return v;
}

/// Adds up the strands of one function.
class Integration {
 public:
  Integration(const ExactForm& f, int max_degree)
      : breakpoints_(f.breakpoints()), max_degree_(max_degree), highest_(max_degree) {
    for (const ExactForm::Piece& piece : f.pieces())
      for (const FormTerm& term : piece)
        highest_ = std::max(highest_, max_degree + degree_of(term.polynomial));
  }

  void add(const Strand& s) {
    if (s.shape.wave)
      add_wave(s);
    else if (!s.shape.steps.empty())
      add_smooth_step(s);
    else
      add_exponential(s);
  }

  std::vector<ExactValue> coefficients() const { return result_.coefficients(max_degree_); }

 private:
  /// cos or sin: the real or imaginary part of the recurrence with rate iω.
  void add_wave(const Strand& s) {
    const Polynomial& p = s.polynomials.front();
    const Rational gain = 1 + s.shape.sharpness;
    const Rational& frequency = s.shape.wave->frequency;
    // i^k v_k with v real.
    const Recurrence recurrence{gain, frequency, s.shape.sharpness};
    Sequence v = recurrence.homogeneous(max_degree_ + degree_of(p));
    const std::size_t imaginary = s.shape.wave->phase == Wave::Phase::sine ? 1 : 0;
    for (std::size_t k = 0; k < v.size(); ++k) {
      if (k % 2 != imaginary)
        v[k] = 0;
      else if (k % 4 >= 2)
        v[k] = -v[k];
    }
    const ExactTerm mean = ExactTerm::root(1 / gain, 0, -frequency * frequency / gain);
    result_.add(s.scale * mean, times(p, v));
  }

  /// The derivative of the smooth step is a Gaussian, whose sequence drives that of the step.
  void add_smooth_step(const Strand& s) {
    const Polynomial& p = s.polynomials.front();
    const int reach = max_degree_ + degree_of(p);
    const auto& [slope_square, shift] = s.shape.steps.front();
    const Rational gain = 1 + s.shape.sharpness;

    // erf(√q (y + shift)) over y ~ N(β/(1+s), 1/(1+s))
    const Rational center = s.shape.rate / gain + shift;
    if (center != 0) {
      const Rational square = slope_square * center * center / (1 + 2 * slope_square / gain);
      result_.add(s.scale * exponential_mean(s.shape) * error_function_term(center, square),
                  times_exponential(p, s.shape, max_degree_));
    }

    FormShape bump = s.shape;
    bump.sharpness += 2 * slope_square;
    bump.rate -= 2 * slope_square * shift;
    // (2/√π) √q e^{-q shift²}
    const ExactTerm height =
        ExactTerm::root(4 * slope_square, -1, -2 * slope_square * shift * shift);
    const Sequence driven =
        recurrence_of(s.shape).driven(recurrence_of(bump).homogeneous(reach), reach);
    result_.add(s.scale * height * exponential_mean(bump), times(p, driven));
  }

  void add_exponential(const Strand& s) {
    // Every jump from c to infinity takes 1/2 of the whole line with it, Φ(z) being
    // 1/2 + erf(z/√2)/2: what starts as the first polynomial ends as the mean of first and last.
    const Polynomial mean =
        product(Rational(1, 2), sum(s.polynomials.front(), s.polynomials.back()));
    if (!mean.empty())
      result_.add(s.scale * exponential_mean(s.shape),
                  times_exponential(mean, s.shape, max_degree_));
    for (std::size_t i = 0; i < breakpoints_.size(); ++i) {
      const Polynomial jump = sum(s.polynomials[i + 1], product(Rational(-1), s.polynomials[i]));
      if (!jump.empty()) add_jump(s, jump, breakpoints_[i]);
    }
  }

  /// E[θ(x-c) jump(x) shape(x) g_k] but for the half of the whole line.
  void add_jump(const Strand& s, const Polynomial& jump, const Rational& c) {
    const auto& [sharpness, rate] = std::tie(s.shape.sharpness, s.shape.rate);
    const Rational gain = 1 + sharpness;

    // erf(z/√2)/2, z = (β - c(1+s))/√(1+s)
    const Rational z = rate - c * gain;
    if (z != 0)
      result_.add(s.scale * exponential_mean(s.shape) * error_function_term(z, z * z / (2 * gain)),
                  times_exponential(jump, s.shape, max_degree_), Rational(1, 2));

    // e^{-sc²/2 + βc} φ(c)
    const ExactTerm density = ExactTerm::root(Rational(1, 2), -1, c * (2 * rate - c * gain));
    const Sequence g = hermite_values_at(c);
    if (sharpness == 0 && rate == 0) {
      result_.add(s.scale * density, boundary_part(jump, c, g, max_degree_));
    } else {
      const Sequence driven = recurrence_of(s.shape).driven(g, max_degree_ + degree_of(jump));
      result_.add(s.scale * density, times(jump, driven));
    }
  }

  Sequence hermite_values_at(const Rational& c) {
    const auto [known, added] = hermite_values_.try_emplace(abs(c));
    if (added) known->second = hermite_values(abs(c), highest_);
    Sequence values = known->second;
    if (c < 0)
      for (std::size_t k = 1; k < values.size(); k += 2) values[k] = -values[k];
    return values;
  }

  const std::vector<Rational>& breakpoints_;
  int max_degree_;
  int highest_;                                  ///< degree of h_k times a polynomial
  std::map<Rational, Sequence> hermite_values_;  ///< at positive points
  Combination result_;
};

std::size_t bits_beyond_one(const Rational& x) {
  return mpz_sizeinbase(mpq_numref(x.backend().data()), 2) +
         mpz_sizeinbase(mpq_denref(x.backend().data()), 2) - 2;
}

/// Whether parameters, which enter to the k-th power, would make the numbers fill the memory.
bool is_out_of_hand(const ExactForm& f, const std::vector<Strand>& strands, int max_degree) {
  std::size_t bits = 0;
  for (const Rational& c : f.breakpoints()) bits += bits_beyond_one(c);
  for (const Strand& s : strands) {
    bits += bits_beyond_one(s.shape.sharpness) + bits_beyond_one(s.shape.rate);
    if (s.shape.wave) bits += bits_beyond_one(s.shape.wave->frequency);
    for (const SmoothStep& step : s.shape.steps)
      bits += bits_beyond_one(step.slope_square) + bits_beyond_one(step.shift);
  }
  constexpr double most_bits = 1e9;
  const double k = max_degree;
  return k * k * static_cast<double>(bits) > most_bits;
}

std::optional<std::vector<ExactValue>> integrated(const ExactForm& f,
                                                  const std::vector<Strand>& strands,
                                                  int max_degree) {
  if (!std::all_of(strands.begin(), strands.end(), has_closed_form)) return {};
  if (is_out_of_hand(f, strands, max_degree)) return {};
  Integration integration(f, max_degree);
  for (const Strand& s : strands) integration.add(s);
  return integration.coefficients();
}

}  // namespace

std::optional<std::vector<ExactValue>> exact_coefficients(const ExactForm& f, int max_degree) {
  const std::vector<Strand> strands = strands_of(f);
  if (!std::all_of(strands.begin(), strands.end(), is_square_integrable)) return {};
  return integrated(f, strands, max_degree);
}

std::optional<ExactValue> exact_mean(const ExactForm& f) {
  if (const auto values = integrated(f, strands_of(f), 0)) return values->front();
  return {};
}

}  // namespace sigmahat
