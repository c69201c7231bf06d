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


def elu(x, c=mpf(1)):
    return x if x > 0 else c * mp.expm1(x)


def _selu(x):
    # The constants are decimals by definition: read at the precision in force.
    return mpf("1.0507009873554804934193349852946") * elu(
        x, mpf("1.6732632423543772848170429916717")
    )


def _mish(x):
    t, dt, ddt = _tanh(_softplus(x)[0])
    _, s, ds = _softplus(x)
    first, second = dt * s, ddt * s * s + dt * ds
    return x * t, t + x * first, 2 * first + x * second


def _arctan(x):
    w = 1 + x * x
    return mp.atan(x), 1 / w, -2 * x / w**2


def _arcsinh(x):
    w = mp.sqrt(1 + x * x)
    return mp.asinh(x), 1 / w, -x / w**3


def _squareplus(x):
    w = mp.sqrt(x * x + 4)
    return (x + w) / 2, (1 + x / w) / 2, 2 / w**3


def _log_cosh(x):
    t = mp.tanh(x)
    return abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.log(2), t, 1 - t * t


def _log_sigmoid(x):
    value, first, second = _softplus(-x)
    return -value, first, -second


def _tanh_shrink(x):
    value, first, second = _tanh(x)
    return x - value, 1 - first, -second


def _snake(x):
    c, s = mp.cos_sin(2 * x)
    return x + (1 - c) / 2, 1 + s, 2 * c


def _gcu(x):
    c, s = mp.cos_sin(x)
    return x * c, c - x * s, -2 * s - x * c


def _mexican_hat(x):
    g = mp.exp(-x * x / 2)
    return (1 - x * x) * g, (x**3 - 3 * x) * g, (-(x**4) + 6 * x * x - 3) * g


def _hard_sigmoid(x):
    return min(max(x / 6 + mpf(1) / 2, mpf(0)), mpf(1))


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
        Activation("relu6", lambda x: min(max(x, mpf(0)), mpf(6)), (0, 6)),
        Activation("hard_sigmoid", _hard_sigmoid, (-3, 3)),
        Activation("hard_swish", lambda x: x * _hard_sigmoid(x), (-3, 3)),
        Activation("soft_shrink(1)", lambda x: x - min(max(x, mpf(-1)), mpf(1)), (-1, 1), parity=-1),
        Activation("hard_shrink(1)", lambda x: x if abs(x) > 1 else mpf(0), (-1, 1), parity=-1),
        Activation("triangle", lambda x: max(1 - abs(x), mpf(0)), (-1, 0, 1), parity=1),
        Activation("elu(1)", elu, (0,)),
        Activation("elu(-3/10)", lambda x: elu(x, mpf(-3) / 10), (0,)),
        Activation("celu(1/2)", lambda x: x if x > 0 else mp.expm1(2 * x) / 2, (0,)),
        Activation("selu", _selu, (0,)),
        Activation("softsign", lambda x: x / (1 + abs(x)), (0,), parity=-1),
        _smooth("mish", _mish, poles=2.3561944),
        _smooth("arctan", _arctan, -1, poles=1),
        _smooth("arcsinh", _arcsinh, -1, poles=1),
        _smooth("squareplus(4)", _squareplus, poles=2),
        _smooth("log_cosh", _log_cosh, 1, poles=1.5707963),
        _smooth("log_sigmoid", _log_sigmoid, poles=3.1415926),
        _smooth("tanh_shrink", _tanh_shrink, -1, poles=1.5707963),
        _smooth("snake(1)", _snake),
        _smooth("gcu", _gcu, -1),
        _smooth("mexican_hat", _mexican_hat, 1),
    )
}
