"""κ(ρ) = E[σ(u)γ(v)], κ' and κ'' by two-dimensional quadrature: no Hermite series, no closed form.

With v = ρu + sz, s = sqrt(1-ρ²), z independent of u:

- γ smooth: an outer rule in u (trapezoidal for smooth σ, Gauss-Legendre panels between the kinks
  otherwise), the trapezoidal rule in z. Derivatives are taken under the integral sign, of v alone:
      κ'  = E[σ(u) γ'(v) v'],   κ'' = E[σ(u) (γ''(v) v'² + γ'(v) v'')],
      v' = u - ρz/s,  v'' = -z/s³,
  so that Price's theorem is not used either.
- σ and γ homogeneous of degrees p and q: polar coordinates. The radial integral is
  2^{n/2} Γ(n/2+1), n = p+q; the angular one is left to Gauss-Legendre between the kinks, and its
  derivatives in ρ to mpmath's numerical differentiation at raised precision.
- both kinked otherwise: Gauss-Legendre panels in both variables; the value alone.
- ρ = ±1: one-dimensional Gauss-Legendre panels; the value alone.

Everything is computed at two resolutions.
"""

from functools import lru_cache

from mpmath import mp, mpf
from mpmath.calculus.quadrature import GaussLegendre

from activations import normal_density

COARSE, FINE = 0, 1
TRAPEZOIDAL_DIGITS = (57, 70)  # e^{-2πa/h} = 10^-this, a the distance of the poles
PANEL_LEVEL = (4, 5)  # mpmath's levels: 24 and 48 Gauss-Legendre nodes
REACH = 20  # the tail beyond weighs less than 1e-75 e^|x|
NEGLIGIBLE = mpf(10) ** -75

_legendre = GaussLegendre(mp)


def _step(poles, resolution):
    digits = TRAPEZOIDAL_DIGITS[resolution]
    # An entire integrand grows at most like e^{5a²/2} off the real line (erf times erf times φ).
    entire = 2 * mp.pi / mp.sqrt(10 * mp.log(10) * digits)
    return min(entire, 2 * mp.pi * poles / (mp.log(10) * digits))


def _trapezoidal(poles, resolution):
    h = _step(poles, resolution)
    count = int(REACH / h)
    nodes = (j * h for j in range(-count, count + 1))
    return [(x, h * normal_density(x)) for x in nodes]


def _panel(left, right, level):
    nodes = _legendre.get_nodes(left, right, level, mp.prec)
    return [(x, weight * normal_density(x)) for x, weight in nodes]


@lru_cache(maxsize=None)
def _unit_panel(left, level, _precision):
    return _panel(left, left + 1, level)


def _panels(breakpoints, level):
    """Gauss-Legendre on [-REACH, REACH] in panels of length one, cut at the breakpoints."""
    result = []
    for left in range(-REACH, REACH):
        inside = sorted(c for c in set(breakpoints) if left < c < left + 1)
        if not inside:
            result += _unit_panel(left, level, mp.prec)
            continue
        ends = [mpf(left), *inside, mpf(left + 1)]
        for a, b in zip(ends, ends[1:]):
            result += _panel(a, b, level)
    return result


def _one_side(sigma, gamma, rule):
    """The rule for the part u >= 0, where (u, v) -> (-u, -v) leaves the integrand alone."""
    if sigma.parity * gamma.parity <= 0:
        return rule
    return [(x, weight if x == 0 else 2 * weight) for x, weight in rule if x >= 0]


def _extra_level(activation):
    """Poles near the real line ask for twice the nodes that an entire function needs."""
    return 0 if activation.poles == float("inf") else 1


def _smooth_inner(sigma, gamma, rho, resolution, derivatives):
    s = mp.sqrt(1 - rho * rho)
    outer = (
        _trapezoidal(min(sigma.poles, gamma.poles), resolution)
        if sigma.smooth
        else _panels(sigma.kinks, PANEL_LEVEL[resolution] + _extra_level(gamma))
    )
    outer = _one_side(sigma, gamma, outer)
    inner = _trapezoidal(gamma.poles / float(s), resolution)
    totals = [mpf(0)] * (3 if derivatives else 1)
    for u, weight in outer:
        left = sigma.value(u) * weight
        if left == 0:
            continue
        sums = [mpf(0)] * len(totals)
        for z, mass in inner:
            if weight * mass < NEGLIGIBLE:
                continue
            v = rho * u + s * z
            if not derivatives:
                sums[0] += mass * gamma.value(v)
                continue
            value, first, second = gamma.jets(v)
            dv = u - rho * z / s
            sums[0] += mass * value
            sums[1] += mass * first * dv
            sums[2] += mass * (second * dv * dv - first * z / s**3)
        totals = [t + left * x for t, x in zip(totals, sums)]
    return totals


def _polar(sigma, gamma, rho, resolution, derivatives):
    n = sigma.homogeneity + gamma.homogeneity
    level = PANEL_LEVEL[resolution] + 2  # an arc between two kinks can be as long as π

    def value(r):
        angle = mp.acos(r)
        half = mp.pi / 2
        # Between the kinks of both factors; the second pair is brought into [-π/2, 3π/2].
        ends = sorted({-half, half, angle - half, angle + half, 3 * half})
        total = mpf(0)
        for a, b in zip(ends, ends[1:]):
            for t, weight in _legendre.get_nodes(a, b, level, mp.prec):
                total += weight * sigma.value(mp.cos(t)) * gamma.value(mp.cos(t - angle))
        return total * mpf(2) ** (mpf(n) / 2) * mp.gamma(mpf(n) / 2 + 1) / (2 * mp.pi)

    if not derivatives:
        return [value(rho)]
    return [value(rho), mp.diff(value, rho, 1), mp.diff(value, rho, 2)]


def _both_kinked(sigma, gamma, rho, resolution):
    s = mp.sqrt(1 - rho * rho)
    level = PANEL_LEVEL[resolution]
    cuts = list(sigma.kinks)
    if s < 0.5:
        # Where ρu passes a kink of γ the inner integral bends within a few s.
        cuts += [(c + j * s) / rho for c in gamma.kinks for j in range(-16, 17)]
    total = mpf(0)
    for u, weight in _one_side(sigma, gamma, _panels(cuts, level)):
        left = sigma.value(u) * weight
        inner = _panels([(c - rho * u) / s for c in gamma.kinks], level)
        total += left * mp.fsum(mass * gamma.value(rho * u + s * z) for z, mass in inner)
    return [total]


def _degenerate(sigma, gamma, sign, resolution):
    kinks = [*sigma.kinks, *(sign * c for c in gamma.kinks)]
    rule = _panels(kinks, PANEL_LEVEL[resolution] + 1)  # one dimension: nodes are cheap
    return [mp.fsum(w * sigma.value(x) * gamma.value(sign * x) for x, w in rule)]


def _expectation(sigma, gamma, rho, resolution, derivatives):
    if abs(rho) == 1:
        return _degenerate(sigma, gamma, int(rho), resolution)
    if sigma.smooth and not gamma.smooth:
        sigma, gamma = gamma, sigma
    if gamma.smooth:
        return _smooth_inner(sigma, gamma, rho, resolution, derivatives)
    if sigma.homogeneity is not None and gamma.homogeneity is not None:
        return _polar(sigma, gamma, rho, resolution, derivatives)
    return _both_kinked(sigma, gamma, rho, resolution)


def kernel(sigma, gamma, rho, derivatives=False):
    """([κ, κ', κ''] or [κ] at the finer resolution, largest difference from the coarser one).

    `rho` is a fractions.Fraction. The coarser rule is good to about 50 digits, the finer one to 62.
    """
    with mp.workdps(90):
        r = mpf(rho.numerator) / rho.denominator
        coarse = _expectation(sigma, gamma, r, COARSE, derivatives)
        fine = _expectation(sigma, gamma, r, FINE, derivatives)
        return fine, max(abs(x - y) for x, y in zip(coarse, fine))
