"""Reads the symbols that the program prints, as text and as LaTeX, and evaluates them in decimals.

Neither Python's nor the program's idea of an expression plays a part beyond brackets and + - * /.
"""

import re
from decimal import Decimal, getcontext

from closed_forms import PI

# 30 digits beyond the 100 that are compared.
PRECISION = 130
getcontext().prec = PRECISION


def pi():
    """Machin's formula."""
    def arctan_inverse(n):
        term = total = Decimal(1) / n
        k = 1
        while abs(term) > Decimal(10) ** -(PRECISION + 5):
            term /= -n * n
            k += 2
            total += term / k
        return total
    return 4 * (4 * arctan_inverse(5) - arctan_inverse(239))


def erf(x):
    """2/sqrt(pi) sum of (-1)^n x^(2n+1)/(n! (2n+1))."""
    term, total, n = x, x, 0
    while abs(term) > Decimal(10) ** -(PRECISION + 5):
        n += 1
        term *= -x * x / n
        total += term / (2 * n + 1)
    return 2 * total / pi().sqrt()


def arcsin(x):
    """The power series; of use for |x| < 0.8."""
    term, total, n = x, x, 0
    while abs(term) > Decimal(10) ** -(PRECISION + 5):
        n += 1
        term *= x * x * (2 * n - 1) / (2 * n)
        total += term / (2 * n + 1)
    return total


def evaluate_text(text):
    """The number called "sqrt(3)/(4*pi) - exp(-1/2)/2"."""
    if not re.fullmatch(r"(?:[0-9+\-*/() ^]|sqrt|exp|erf|arcsin|pi)+", text):
        raise ValueError(text)
    code = re.sub(r"[0-9]+", lambda n: f"Decimal({n.group()!r})", text.replace("^", "**"))
    names = {"Decimal": Decimal, "sqrt": Decimal.sqrt, "exp": Decimal.exp, "erf": erf, "arcsin": arcsin, "pi": pi()}
    return eval(code, {"__builtins__": {}}, names)


def evaluate_latex(latex):
    r"""The number called "\frac{\sqrt{3}}{4 \pi} - \frac{e^{-1/2}}{2}"."""
    def group(text):
        """What stands in the braces that `text` begins with, and the rest."""
        depth = 0
        for i, c in enumerate(text):
            depth += (c == "{") - (c == "}")
            if depth == 0:
                return text[1:i], text[i + 1:]
        raise ValueError(text)

    def translate(text):
        parts = []
        while text:
            if text.startswith("\\frac"):
                over, rest = group(text[5:])
                under, text = group(rest)
                parts.append(f"(({translate(over)})/({translate(under)}))")
            elif text.startswith("\\sqrt"):
                inside, text = group(text[5:])
                parts.append(f"sqrt({translate(inside)})")
            elif text.startswith("e^"):
                inside, text = group(text[2:])
                parts.append(f"exp({inside})")
            elif text.startswith("e"):
                text = text[1:]
                parts.append("exp(1)")
            elif match := re.match(r"\\(?:operatorname\{(erf)\}|(arcsin))\\left", text):
                parts.append(match.group(1) or match.group(2))
                text = text[match.end():]
            elif text.startswith("\\right"):
                text = text[6:]
            elif text.startswith("\\pi^"):
                power, text = group(text[4:])
                parts.append(f"pi^{power}")
            elif text.startswith("\\pi"):
                text = text[3:]
                parts.append("pi")
            elif match := re.match(r" ([+-]) ", text):
                parts.append(match.group(1))
                text = text[3:]
            elif text.startswith(" "):
                text = text[1:]
                parts.append("*")
            else:
                parts.append(text[0])
                text = text[1:]
        return "".join(parts)

    return evaluate_text(translate(latex))


assert abs(pi() - PI) < Decimal("1e-75")
