"""The gamma function, its logarithm and the derivatives of that, and the inverse of the error function.

All are computed in float64 and rounded at the end: what cancels there is nothing to a float32, and one body serves
every dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import BOOL, FLOAT64, is_floating, require, require_floats
from .operator import Operator, op
from .partial import same

#: From here on Stirling's series is used: what it leaves out at 8 terms is below 1e-16.
_LARGE: Final = 8
#: The Bernoulli numbers B2, B4, ...
_BERNOULLI: Final = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
#: ``log(gamma(2 + z)) / z`` for z between -1/2 and 1/2, from the highest power down: fitted for the least relative
#: error, which is 6e-17.
_NEAR_TWO: Final = (
    2.7475390051909663e-07, -5.811277768921246e-07, 9.242852225162277e-07, -1.9743106888421067e-06,
    4.3828545383846665e-06, -9.45628851510172e-06, 2.050601970174762e-05, -4.4923727564247656e-05,
    9.945761692157133e-05, -0.00022315497746292723, 0.0005096695196526673, -0.0011927539009983087,
    0.002890510330865901, -0.007385551028935545, 0.02058080842778338, -0.06735230105319563, 0.3224670334241132,
    0.42278433509846713,
)  # fmt: skip


def _polynomial(coefficients: Sequence[float], x: Value) -> Value:
    """A polynomial in ``x``, from the highest power down."""
    total = ir.full_like(x, coefficients[0])
    for each in coefficients[1:]:
        total = total * x + each
    return total


class _Parts:
    """What gamma functions of x >= -1/2 consist of.

    ``exponent`` is log(gamma(2 + z)) where x is small, with a number 2 + z from 3/2 to 5/2 that x becomes by steps of
    1; their product is ``times`` where they lead down, and ``over`` where they lead up. Where x is ``large``, it is
    the rest of Stirling's formula.
    """

    def __init__(self, x: Value) -> None:
        self.large = x >= _LARGE
        near = ir.select(self.large, 2.0, x)
        steps = ir.floor(near - 1.5)
        self.times = ir.ones_like(x)
        for k in range(1, _LARGE - 1):
            self.times = self.times * ir.select(steps >= k, near - k, 1.0)
        self.over = ir.select(near < 1.5, near, 1.0) * ir.select(near < 0.5, near + 1, 1.0)
        z = ir.select(near < 1.5, ir.select(near < 0.5, near, near - 1), near - steps - 2)
        inverse = 1 / ir.select(self.large, x, 1.0)
        terms = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
        rest = inverse * _polynomial(terms[::-1], inverse * inverse)
        self.exponent = ir.select(self.large, rest, z * _polynomial(_NEAR_TWO, z))


def _sine(x: Value) -> Value:
    """sin(pi x), exactly 0 at whole numbers; NaN at infinity."""
    nearest = ir.round_half_even(x)
    made = ir.sin((x - nearest) * math.pi)
    return ir.select(ir.remainder(nearest, 2.0) == 0, made, -made)


def _is_pole(x: Value) -> Value:
    return (x <= 0) & (ir.floor(x) == x)


def log_gamma(x: Value) -> Value:
    """log(abs(gamma(x))) of float64; infinite at poles."""
    mirrored = x < -0.5
    a = ir.select(mirrored, -x, x)
    parts = _Parts(a)
    below = a < 1.5
    log = ir.log(ir.select(parts.large, a, ir.select(below, ir.abs(parts.over), parts.times)))
    # Not (a - 1/2) log(a) - a, which is NaN at infinity.
    large = (a - 0.5) * (log - 1) + (0.5 * math.log(2 * math.pi) - 0.5)
    made = parts.exponent + ir.select(parts.large, large, ir.select(below, -log, log))
    reflected = ir.log(math.pi / ir.select(mirrored, a * ir.abs(_sine(a)), 1.0)) - made
    return ir.select(_is_pole(x), math.inf, ir.select(mirrored, reflected, made))


def gamma_function(x: Value) -> Value:
    """gamma(x) of float64; infinite at zeros, and NaN at other poles."""
    mirrored = x < -0.5
    a = ir.select(mirrored, -x, x)
    parts = _Parts(a)
    # The result is ``made * half``: each is finite where it overflows, and so is a quotient by one after the other.
    large = ir.minimum(a, 200.0)
    half = ir.select(parts.large, ir.power(ir.select(parts.large, large, 1.0), large * 0.5 - 0.25), 1.0)
    scale = ir.select(parts.large, half * ir.exp(-large) * math.sqrt(2 * math.pi), parts.times / parts.over)
    made = ir.exp(parts.exponent) * scale
    reflected = -math.pi / ir.select(mirrored, a * _sine(a), 1.0) / made / half
    return ir.select(mirrored, ir.select(_is_pole(x), math.nan, reflected), made * half)


#: Polygamma functions step up by so much before their series is used.
_STEPS: Final = 10


def _polygamma_of_positive(x: Value, n: int) -> Value:
    """The derivative of order ``n`` of digamma at x > 0, by the Euler-Maclaurin formula for a sum of inverse powers."""
    fall = [1 / (x + k) for k in range(_STEPS)]
    total = ir.zeros_like(x)
    for each in fall:
        total = total + _power(each, n + 1)
    y = x + _STEPS
    inverse = 1 / y
    terms = [b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1)]
    square = inverse * inverse
    rest = _power(inverse, n) * (math.factorial(n) / 2 * inverse + square * _polynomial(terms[::-1], square))
    head = -ir.log(y) if n == 0 else math.factorial(n - 1) * _power(inverse, n)
    made = math.factorial(n) * total + rest + head
    return made if n % 2 else -made


def _power(x: Value, n: int) -> Value:
    """``x`` to the power of a small whole number."""
    made = ir.ones_like(x) if n == 0 else x
    for _ in range(n - 1):
        made = made * x
    return made


def _slope_of_cotangent(cotangent: Value, n: int) -> Value:
    """The derivative of order ``n`` of cot(pi x) from its value: a polynomial, since one of c is -pi (1 + c^2)."""
    terms = np.polynomial.Polynomial([0, 1])
    for _ in range(n):
        terms = -math.pi * np.polynomial.Polynomial([1, 0, 1]) * terms.deriv()
    return _polynomial([float(each) for each in terms.coef[::-1]], cotangent)


def _polygamma_of_double(x: Value, n: int) -> Value:
    mirrored = x <= 0
    a = ir.select(mirrored, -x, x)
    made = _polygamma_of_positive(ir.select(a == 0, 1.0, a), n)
    part = a - ir.round_half_even(a)
    angle = ir.select(mirrored & (part != 0), part * -math.pi, 1.0)
    slope = _slope_of_cotangent(ir.cos(angle) / ir.sin(angle), n)
    reflected = math.factorial(n) * _power(1 / a, n + 1) + (-made if n % 2 else made) - math.pi * slope
    return ir.select(_is_pole(x), math.inf, ir.select(mirrored, reflected, made))


def _around_poles(rng: Any) -> Any:
    """Numbers between poles."""
    whole = rng.permutation(np.array([-3, -2, -1, 1, 2, 9]))
    return (whole + rng.uniform(0.3, 0.7, 6)).reshape(2, 3).astype("float32")


@op(
    name="_polygamma", samples=lambda r: [((_around_poles(r),), {"n": n}) for n in (0, 1, 2)], method=False, shapes=same
)
def polygamma(data: Value, *, n: int = 0) -> Value:
    """The derivative of order ``n`` of digamma, which is the slope of ``gammaln``; infinite at poles."""
    require_floats(data.type)
    return ir.convert(_polygamma_of_double(ir.convert(data, FLOAT64), n), data.dtype)


@polygamma.gradient
def _polygamma_gradient(g: Value, y: Value, data: Value, *, n: int) -> Value:
    return g * polygamma(data, n=n + 1)


#: Rational functions of 16 digits, numerators and denominators from the highest power down: of 0.180625 - q^2 where
#: ``q = x / 2`` is up to 0.425; of ``sqrt(-log(p)) - 1.6`` further out, p being (1 - x) / 2; and of ``sqrt(-log(p)) -
#: 5`` where that is above 0.
_CENTRE: Final = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
     687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_OUT: Final = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
_FAR: Final = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def _inverse_erf(x: Value) -> Value:
    """By Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988."""
    a = ir.abs(x)
    central = a <= 0.85
    q = ir.select(central, x * 0.5, 0.0)
    inner, divisor = (_polynomial(each, 0.180625 - q * q) for each in _CENTRE)
    r = ir.sqrt(-ir.log(ir.select((a < 1) & ~central, 0.5 - a * 0.5, 0.5)))
    far = r > 5
    t = ir.select(far, r - 5, r - 1.6)
    top, bottom = (
        ir.select(far, _polynomial(one, t), _polynomial(other, t)) for one, other in zip(_FAR, _OUT, strict=True)
    )
    tail = ir.select(x < 0, -top, top) / bottom
    made = ir.select(central, q * inner / divisor, tail) * math.sqrt(0.5)
    ends = ir.select(a == 1, x * math.inf, math.nan)
    return ir.select(a < 1, made, ends)


def _declare(
    name: str,
    rule: Callable[[Value], Value],
    text: str,
    samples: Callable[[Any], Any],
    whole: Callable[[Value], Value] = lambda x: x,
) -> Operator:
    """Declare a function of each element; of integers it is ``whole`` of what it is in float64, truncated."""

    def function(data: Value) -> Value:
        require(data.dtype != BOOL, f"{name} does not support boolean type")
        made = rule(ir.convert(data, FLOAT64))
        return ir.convert(made if is_floating(data.dtype) else whole(made), data.dtype)

    function.__doc__ = f"{text} The result has the shape and dtype of ``data``."
    return op(name=name, samples=lambda rng: [((samples(rng),), {})], shapes=same)(function)


gammaln = _declare(
    "gammaln", log_gamma, "The logarithm of the absolute value of the gamma function; infinite at its poles.",
    _around_poles,
)  # fmt: skip
gamma = _declare(
    "gamma", gamma_function, "The gamma function, ``(x - 1)!`` of integers; infinite at 0, NaN at negative integers.",
    _around_poles, ir.round_half_even,
)  # fmt: skip
erfinv = _declare(
    "erfinv", _inverse_erf, "The inverse of the error function; infinite at -1 and 1, NaN beyond.",
    lambda rng: rng.uniform(-0.97, 0.97, (2, 3)).astype("float32"), lambda x: ir.select(x == x, x, 0.0),
)  # fmt: skip


@gammaln.gradient
def _gammaln_gradient(g: Value, y: Value, data: Value) -> Value:
    return g * polygamma(data, n=0)


@gamma.gradient
def _gamma_gradient(g: Value, y: Value, data: Value) -> Value:
    return g * (y * polygamma(data, n=0))


@erfinv.gradient
def _erfinv_gradient(g: Value, y: Value, data: Value) -> Value:
    return g * (ir.exp(y * y) * (math.sqrt(math.pi) / 2))
