"""Elementary functions in arithmetic that leaves the compiler no choice, and in functions that have one meaning.

XLA has several ways to compute some functions, and takes one or the other by what surrounds them: in small loops
``tan`` and ``cbrt`` give other digits than elsewhere. Others are sums and products to it, which the compiler merges
with those around them, or in one of two ways with one another. So these are written out here: a product is behind a
barrier (``hide``), or it is the only one of the sum that it goes into and goes nowhere else, so that there is one way
to merge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.specialization import Specialization
from ...ir.types import finfo, is_floating
from ..protocol import FUNCTIONS
from .barriers import Hide


def quotient(x: jax.Array, y: jax.Array) -> jax.Array:
    """A quotient that is rounded once, in a form that XLA's simplifier has no rules for.

    For a plain one it has: it multiplies by the reciprocal of what is broadcast, constant or a root (``49 / 49`` is not
    1 then) and turns ``a / b / c`` into ``a / (b * c)``, which overflows. Long chains also take it tens of seconds.
    Neither change below alters a result: where ``x`` is NaN, so is the quotient by any divisor; and a number reduced to
    the precision that it has is the same number.
    (An ``optimization_barrier`` would do too, but newer versions of XLA fuse nothing across it.)
    """
    precision = finfo(x.dtype).nexp, finfo(x.dtype).nmant
    divisor = lax.select(x != x, x, lax.reduce_precision(y, *precision))
    return lax.reduce_precision(lax.div(x, divisor), *precision)


@jax.custom_jvp
def flushed(x: jax.Array) -> jax.Array:
    """``x`` with subnormal numbers as zeros of their sign, and with the slope of the identity also at 0."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    return lax.select(lax.abs(x) < finfo(x.dtype).tiny, x * 0, x)


flushed.defjvp(lambda point, tangent: (flushed(*point), *tangent))


def _rsqrt(x: jax.Array, hide: Hide) -> jax.Array:
    return quotient(jnp.ones_like(x), hide(lax.sqrt(x)))


def _logistic(x: jax.Array, hide: Hide) -> jax.Array:
    return quotient(jnp.ones_like(x), hide(lax.exp(-x)) + 1)


def _tan(x: jax.Array, hide: Hide) -> jax.Array:
    return quotient(hide(lax.sin(x)), hide(lax.cos(x)))


def _halves(x: jax.Array, hide: Hide) -> tuple[jax.Array, jax.Array]:
    """exp(|x|) / 2 and exp(-|x|) / 2 by way of exp(|x| / 2), which does not overflow before the first does."""
    root = hide(lax.exp(hide(lax.abs(x) * 0.5)))
    return hide(hide(root * 0.5) * root), quotient(jnp.full_like(x, 0.5), hide(root * root))


def _sinh(x: jax.Array, hide: Hide) -> jax.Array:
    """XLA's own adds log(1/2) to the argument, which rounds away digits of large ones; below 1 by expm1."""
    grows, fades = _halves(x, hide)
    small = hide(_expm1(lax.abs(x), hide))
    near = hide((small + quotient(small, small + 1)) * 0.5)
    return jnp.copysign(lax.select(lax.abs(x) < 1, near, grows - fades), x)


def _cosh(x: jax.Array, hide: Hide) -> jax.Array:
    grows, fades = _halves(x, hide)
    return grows + fades


def _asinh(x: jax.Array, hide: Hide) -> jax.Array:
    """log1p(a + a² / (1 + √(a² + 1))) for a = |x|; log(2 a) where the square would overflow."""
    a = lax.abs(x)
    square = hide(a * a)
    near = _log1p(a + quotient(square, hide(lax.sqrt(square + 1)) + 1), hide)
    return jnp.copysign(lax.select(a < _large(x), hide(near), _log_of_double(a, hide)), x)


def _acosh(x: jax.Array, hide: Hide) -> jax.Array:
    """log1p(t + √(t (x + 1))) for t = x - 1; NaN below 1."""
    t = x - 1
    near = _log1p(t + hide(lax.sqrt(hide(t * (x + 1)))), hide)
    made = lax.select(x < _large(x), hide(near), _log_of_double(x, hide))
    return lax.select(x < 1, jnp.full_like(x, np.nan), made)


def _atanh(x: jax.Array, hide: Hide) -> jax.Array:
    """Half of log1p(2 a / (1 - a)) for a = |x|."""
    a = lax.abs(x)
    return jnp.copysign(hide(hide(_log1p(quotient(a + a, 1 - a), hide)) * 0.5), x)


def _large(x: jax.Array) -> Any:
    """From here on the square of a number is lost beside, or itself beyond, what the dtype holds."""
    return x.dtype.type(2.0 ** (finfo(x.dtype).nmant + 2))


def _log_of_double(x: jax.Array, hide: Hide) -> jax.Array:
    return hide(_log(x, hide)) + x.dtype.type(np.log(2.0))


def _cbrt(x: jax.Array, hide: Hide) -> jax.Array:
    """A power, and a step of Newton's method, since a third is not a number of the dtype."""
    a = lax.abs(flushed(x))
    root = hide(lax.pow(a, hide(jnp.full_like(a, 1 / 3))))
    nearer = root - hide((root - quotient(a, hide(root * root))) * (1 / 3))
    return jnp.copysign(lax.select((root > 0) & (root < np.inf), nearer, root), x)


def _erf(x: jax.Array, hide: Hide) -> jax.Array:
    """XLA has two for float32, of which one is 1 from here on, and the other only where that is the nearest number."""
    if x.dtype != np.float32:
        return lax.erf(x)
    return lax.select(lax.abs(x) >= np.float32(3.7439), jnp.copysign(jnp.ones_like(x), x), lax.erf(x))


def _expm1(x: jax.Array, hide: Hide) -> jax.Array:
    """Near 0 the sum of x^k / k!, whose first term left out is a hundredth of a unit in the last place."""
    terms = 9 if x.dtype == np.float32 else 15
    series = jnp.full_like(x, 1 / math.factorial(terms))
    for k in range(terms - 1, 1, -1):
        series = series * x + x.dtype.type(1 / math.factorial(k))
    near = x + hide(hide(x * x) * series)
    return lax.select(lax.abs(x) < 0.5, jnp.copysign(near, x), hide(lax.exp(x)) - 1)


#: ``log(1 + t)`` is ``t - t² / 2 + t³ P(t)``: P from its highest power on, fitted for the least relative error of the
#: logarithm between 1/√2 and √2 (6e-9, a tenth of a unit in the last place).
_LOGARITHM: Final = (
    -0.07634493, 0.12761575, -0.13160183, 0.14201759, -0.16623357, 0.20001227, -0.2500082, 0.3333333135,
)  # fmt: skip
#: log(2) in two parts, of which the larger has so few digits that its products with exponents are exact.
_LOG_OF_TWO: Final = (0.693359375, -2.12194440e-4)


def _log(x: jax.Array, hide: Hide) -> jax.Array:
    """In float32 XLA adds two products, of which the compiler merges one or the other with the addition.

    Here each sum has one product that is rounded or not at the compiler's will, and it always is not.
    """
    if x.dtype != np.float32:
        return lax.log(x)
    bits = lax.bitcast_convert_type(x, np.int32)
    exponent = lax.shift_right_arithmetic(bits - np.int32(0x3F3504F3), jnp.full_like(bits, 23))  # the bits of 1/√2
    t = lax.bitcast_convert_type(bits - lax.shift_left(exponent, jnp.full_like(bits, 23)), np.float32) - 1
    whole = lax.convert_element_type(exponent, np.float32)
    series = jnp.full_like(t, _LOGARITHM[0])
    for coefficient in _LOGARITHM[1:]:
        series = series * t + np.float32(coefficient)
    square = hide(t * t)
    rest = hide(series * t * square) + hide(whole * np.float32(_LOG_OF_TWO[1])) - square * 0.5
    made = (t + rest) + whole * np.float32(_LOG_OF_TWO[0])
    end = lax.select(x == 0, jnp.full_like(x, -np.inf), lax.select(x > 0, x, jnp.full_like(x, np.nan)))
    return lax.select((x > 0) & (x < np.inf), made, end)


def _log1p(x: jax.Array, hide: Hide) -> jax.Array:
    """XLA's own is off by up to 130 units in the last place in float64. What ``1 + x`` lost is put back."""
    sum = hide(x + 1)
    log = hide(_log(sum, hide))
    made = log + quotient(x - (sum - 1), sum)
    return lax.select(sum == 1, x, lax.select((sum > 0) & (sum < np.inf), made, log))


#: How functions are computed of which XLA has no one way.
WRITTEN_OUT: Final[dict[str, Callable[[jax.Array, Hide], jax.Array]]] = {
    "rsqrt": _rsqrt, "logistic": _logistic, "tan": _tan, "sinh": _sinh, "cosh": _cosh, "asinh": _asinh,
    "acosh": _acosh, "atanh": _atanh, "cbrt": _cbrt, "erf": _erf, "exponential_minus_one": _expm1,
    "log": _log, "log_plus_one": _log1p,
}  # fmt: skip


def is_function(spec: Specialization) -> bool:
    """Whether ``spec`` is one of ``FUNCTIONS``, or is written out here, of floating point numbers."""
    return (spec.op.name in FUNCTIONS or spec.op.name in WRITTEN_OUT) and is_floating(spec.in_types[0].dtype)
