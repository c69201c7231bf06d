#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::exact:
      return "exact";
    case Status::certified:
      return "certified";
    case Status::estimated:
      return "estimated";
  }
  return "";
}

Status weaker(Status a, Status b) {
  return a < b ? b : a;
}

Enclosure to_enclosure(const Interval& x, Status status) {
  const Real lo = lower(x), hi = upper(x);
  Enclosure result{Real(0), Real(0), status};
  result.value = (lo + hi) / 2;
  Real below, above;
  mpfr_sub(below.backend().data(), result.value.backend().data(), lo.backend().data(), MPFR_RNDU);
  mpfr_sub(above.backend().data(), hi.backend().data(), result.value.backend().data(), MPFR_RNDU);
  result.error_bound = below < above ? above : below;
  return result;
}

Interval to_interval(const Enclosure& x) {
  Real lo, hi;
  mpfr_sub(lo.backend().data(), x.value.backend().data(), x.error_bound.backend().data(),
           MPFR_RNDD);
  mpfr_add(hi.backend().data(), x.value.backend().data(), x.error_bound.backend().data(),
           MPFR_RNDU);
  return make_interval(lo, hi);
}

template <>
double from_enclosure<double>(const Enclosure& x) {
  return x.value.convert_to<double>();
}
template <>
Real from_enclosure<Real>(const Enclosure& x) {
  Real result;
  mpfr_set(result.backend().data(), x.value.backend().data(), MPFR_RNDN);
  return result;
}
template <>
Interval from_enclosure<Interval>(const Enclosure& x) {
  return to_interval(x);
}

bool contains(const Enclosure& x, const Real& value) {
  const Interval range = to_interval(x);
  return lower(range) <= value && value <= upper(range);
}

bool contains_zero(const Enclosure& x) {
  return abs(x.value) <= x.error_bound;
}

bool overlap(const Enclosure& x, const Enclosure& y) {
  const Interval first = to_interval(x), second = to_interval(y);
  return lower(first) <= upper(second) && lower(second) <= upper(first);
}

}  // namespace sigmahat
