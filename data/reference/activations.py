"""The built-in activations in mpmath, written from their definitions alone.

`jets` gives (σ, σ', σ'') at a point, for the activations that are smooth on the real line.
`poles` is the distance of the nearest pole (or branch point) from the real line: the trapezoidal
rule needs to know it. `kinks` are the points where σ or a derivative jumps; every one of them is
an integer, which the panels of `quadrature.py` rely on.
"""

from dataclasses import dataclass
from typing import Callable, Optional

from mpmath import mp, mpf


@dataclass(frozen=True)
class Activation:
    name: str
    value: Callable
    kinks: tuple = ()
    homogeneity: Optional[int] = None  # p where σ(rx) = r^p σ(x), for the kinked ones
    jets: Optional[Callable] = None
    poles: float = float("inf")
    parity: int = 0  # σ(-x) = parity·σ(x); 0 where neither sign holds

    @property
    def smooth(self):
        return not self.kinks


def normal_density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def normal_distribution(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def _tanh(x):
    t = mp.tanh(x)
    return t, 1 - t * t, -2 * t * (1 - t * t)


def _sigmoid(x):
    s = sigmoid(x)
    first = s * (1 - s)
    return s, first, first * (1 - 2 * s)


def _softplus(x):
    s = sigmoid(x)
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x))), s, s * (1 - s)


def _silu(x):
    s, first, second = _sigmoid(x)
    return x * s, s + x * first, 2 * first + x * second


def _erf(x):
    first = 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    return mp.erf(x), first, -2 * x * first


def _gelu(x):
    distribution, density = normal_distribution(x), normal_density(x)
    return x * distribution, distribution + x * density, (2 - x * x) * density


def _gaussian(x):
    g = mp.exp(-x * x / 2)
    return g, -x * g, (x * x - 1) * g


def _exp(x):
    e = mp.exp(x)
    return e, e, e


def _sin(x):
    c, s = mp.cos_sin(x)
    return s, c, -s


def _cos(x):
    c, s = mp.cos_sin(x)
    return c, -s, -c


def _monomial(p):
    return lambda x: (x**p, p * x ** max(p - 1, 0), p * (p - 1) * x ** max(p - 2, 0))


def _hermite4(x):
    root = mp.sqrt(24)
    return (x**4 - 6 * x**2 + 3) / root, (4 * x**3 - 12 * x) / root, (12 * x**2 - 12) / root


def _hermite3(x):
    root = mp.sqrt(6)
    return (x**3 - 3 * x) / root, (3 * x**2 - 3) / root, 6 * x / root


def _smooth(name, jets, parity=0, poles=float("inf")):
    return Activation(name, lambda x: jets(x)[0], jets=jets, poles=poles, parity=parity)


ACTIVATIONS = {
    f.name: f
    for f in (
        Activation("relu", lambda x: max(x, mpf(0)), (0,), 1),
        Activation("leaky_relu(1/10)", lambda x: x if x > 0 else x / 10, (0,), 1),
        Activation("leaky_relu(-2/3)", lambda x: x if x > 0 else -2 * x / 3, (0,), 1),
        Activation("relu_power(2)", lambda x: max(x, mpf(0)) ** 2, (0,), 2),
        Activation("relu_power(3)", lambda x: max(x, mpf(0)) ** 3, (0,), 3),
        Activation("abs", abs, (0,), 1, parity=1),
        Activation("step", lambda x: mpf(x > 0), (0,), 0),
        Activation("sign", lambda x: mpf(1 if x > 0 else -1), (0,), 0, parity=-1),
        Activation("hard_tanh", lambda x: min(max(x, mpf(-1)), mpf(1)), (-1, 1), parity=-1),
        _smooth("linear", _monomial(1), -1),
        _smooth("identity", _monomial(1), -1),
        _smooth("quadratic", _monomial(2), 1),
        _smooth("cubic", _monomial(3), -1),
        _smooth("hermite(3)", _hermite3, -1),
        _smooth("hermite(4)", _hermite4, 1),
        _smooth("erf", _erf, -1),
        _smooth("gelu", _gelu),
        _smooth("tanh", _tanh, -1, poles=1.5707963),
        _smooth("sigmoid", _sigmoid, poles=3.1415926),
        _smooth("softplus", _softplus, poles=3.1415926),
        _smooth("silu", _silu, poles=3.1415926),
        _smooth("exp", _exp),
        _smooth("sin", _sin, -1),
        _smooth("cos", _cos, 1),
        _smooth("gaussian", _gaussian, 1),
    )
}
