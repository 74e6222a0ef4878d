"""Draws: each is a function of the stream's seed and of the draw's number, whatever it is computed with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT32, finfo, is_floating, require, widened
from .kinds import Device, Draw, DType, Scalar, Shape, one_of
from .operator import op
from .partial import giving

Stream = tuple[Value, Value]
#: Terms of the Poisson inversion: what is left of any rate below ``_SMALL_RATE`` has probability below 1e-10.
_TERMS: Final = 41
_SMALL_RATE: Final = 12.0


def uniform(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any]) -> Value:
    """Numbers in [0, 1): as many random bits as the dtype keeps, 53 for float64 and 24 for float32."""
    shape = tuple(shape)
    if dtype == FLOAT64:
        words = ir.random_bits(*draw, (2, *shape))
        return fraction(ir.row(words, 0), ir.row(words, 1))
    bits = ir.random_bits(*draw, shape)
    if dtype == FLOAT32:
        return fraction(bits)
    bits = ir.shift_right(bits, 8)
    kept = int(finfo(dtype).nmant) + 1  # more would round up to 1
    return ir.convert(ir.convert(ir.shift_right(bits, 24 - kept), FLOAT32) * 2.0**-kept, dtype)


def kept(draw: Stream, shape: Sequence[int], keep: Value, generator: str) -> Value:
    """Truth values, each true with probability ``keep``.

    "hash" is ten times as quick as "threefry", whose bits all other draws are; it has positions of 32 bits.
    """
    shape = tuple(shape)
    if generator == "threefry" or math.prod(shape) >= 1 << 32:
        return uniform(draw, shape, keep.dtype) < keep
    bits = ir.hash_bits(*draw, shape)
    if keep.dtype == FLOAT64:
        return ir.convert(bits, FLOAT64) * 2.0**-32 < keep
    return fraction(bits) < ir.convert(keep, FLOAT32)


def fraction(bits: Value, more: Value | None = None) -> Value:
    """Numbers in [0, 1) from words: float32, or float64 from twice the bits."""
    if more is None:
        return ir.convert(ir.shift_right(bits, 8), FLOAT32) * 2.0**-24
    upper = ir.convert(ir.shift_right(bits, 5), FLOAT64) * float(1 << 26)
    return (upper + ir.convert(ir.shift_right(more, 6), FLOAT64)) * 2.0**-53


def normal(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any]) -> Value:
    """Standard normal numbers by the Box-Muller transform of two uniform ones."""
    wide = FLOAT64 if dtype == FLOAT64 else FLOAT32
    pair = uniform(draw, (2, *shape), wide)
    u, v = (ir.row(pair, k) for k in (0, 1))
    return ir.convert(box_muller(u, v), dtype)


def box_muller(u: Value, v: Value) -> Value:
    """A standard normal number from two uniform ones."""
    return ir.sqrt(-2 * ir.log(1 - u)) * ir.cos(v * (2 * math.pi))


def _samples(**attributes: Any) -> Any:
    return lambda rng: [((), {"shape": (3, 4), **attributes}), ((), {"shape": (5,), "dtype": "float64", **attributes})]


@op(samples=_samples(low=-1.0, high=2.0), method=False, differentiable=False, dtypes=giving())
def _random_uniform(
    *,
    low: Scalar = 0.0,
    high: Scalar = 1.0,
    shape: Shape = (1,),
    ctx: Device | None = None,
    dtype: DType = "float32",
    draw: Draw,
) -> Value:
    """Numbers uniform in [low, high)."""
    require(is_floating(dtype), f"uniform draws floats, not {dtype}")
    return low + uniform(draw, shape, dtype) * (high - low)


@op(samples=_samples(loc=1.0, scale=2.0), method=False, differentiable=False, dtypes=giving())
def _random_normal(
    *,
    loc: Scalar = 0.0,
    scale: Scalar = 1.0,
    shape: Shape = (1,),
    ctx: Device | None = None,
    dtype: DType = "float32",
    draw: Draw,
) -> Value:
    """Normal numbers of mean ``loc`` and standard deviation ``scale``."""
    require(is_floating(dtype), f"normal draws floats, not {dtype}")
    return loc + normal(draw, shape, dtype) * scale


@op(samples=_samples(lam=2.0), method=False, differentiable=False, dtypes=giving())
def _random_exponential(
    *, lam: Scalar = 1.0, shape: Shape = (1,), ctx: Device | None = None, dtype: DType = "float32", draw: Draw
) -> Value:
    """Exponential numbers of rate ``lam``."""
    require(is_floating(dtype), f"exponential draws floats, not {dtype}")
    return ir.convert(-ir.log(1 - uniform(draw, shape, widened(dtype))), dtype) / lam


@op(
    samples=lambda r: [((), {"shape": (3, 4), "low": -2, "high": 9})],
    method=False,
    differentiable=False,
    dtypes=giving(),
)
def _random_randint(
    *, low: Scalar, high: Scalar, shape: Shape = (1,), ctx: Device | None = None, dtype: DType = "int32", draw: Draw
) -> Value:
    """Integers uniform in [low, high), by the remainder of 64 random bits; int32 or int64."""
    one_of(dtype.name, "int32", "int64", parameter="dtype")
    words = ir.random_bits(draw[0], draw[1], (2, *shape))
    wide = np.dtype("uint64")
    high_word, low_word = (ir.convert(ir.row(words, k), wide) for k in (0, 1))
    bits = ir.shift_left(high_word, 32) | low_word
    span = ir.bitcast(ir.convert(high, np.dtype("int64")) - ir.convert(low, np.dtype("int64")), wide)
    offset = ir.remainder(bits, span)
    return low + ir.convert(offset, dtype)


@op(samples=_samples(lam=3.5), method=False, differentiable=False, dtypes=giving())
def _random_poisson(
    *, lam: Scalar = 1.0, shape: Shape = (1,), ctx: Device | None = None, dtype: DType = "float32", draw: Draw
) -> Value:
    """Poisson numbers of rate ``lam``, as floats."""
    require(is_floating(dtype), f"poisson draws floats, not {dtype}")
    return poisson(draw, shape, dtype, lam)


def poisson(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], lam: Value) -> Value:
    """Poisson numbers of rate ``lam``, a number or an array that broadcasts to ``shape``, from a word of 32 bits each.

    Small rates by inversion of the distribution; larger ones by the quantile of the Cornish-Fisher expansion, whose
    error is below half a count.
    """
    bits = ir.random_bits(*draw, tuple(shape))
    # Always so, which no compiler knows: it would move the computing with one rate about, and compute no two at once.
    rates = ir.select(fraction(bits) < 1, ir.convert(lam, FLOAT64), 0.0)
    return ir.convert(poisson_of(bits, rates), dtype)


def poisson_of(bits: Value, lam: Value) -> Value:
    """Poisson numbers, in float64, of rates that differ, from words."""
    lam = ir.convert(lam, FLOAT64)
    return ir.select(lam < _SMALL_RATE, _few(bits, lam), _many(bits, lam))


def _few(bits: Value, lam: Value) -> Value:
    """Poisson numbers of small rates: how many terms of the distribution a uniform number is beyond."""
    u = (ir.convert(bits, FLOAT64) + 0.5) * 2.0**-32
    rate = ir.minimum(lam, _SMALL_RATE)
    term = ir.exp(-rate)
    total, count = term, ir.full_like(u, 0)
    for k in range(1, _TERMS):
        count = count + ir.convert(u >= total, FLOAT64)
        term = term * (rate * (1 / k))
        total = total + term
    return count


def _many(bits: Value, lam: Value) -> Value:
    """Poisson numbers of large rates."""
    z, root = ir.convert(normal_of(bits), FLOAT64), ir.sqrt(lam)
    made = lam + root * z + (z * z - 1) / 6.0 + (z - z * z * z) / (72.0 * root)
    return ir.maximum(ir.floor(made + 0.5), 0)


def normal_of(bits: Value, more: Value | None = None) -> Value:
    """Standard normal numbers from words: the quantile, in float32, or in float64 from twice the bits.

    One bit is the sign, the others say how probable it is to be further out, between 0 and 1/2. By Wichura, "Algorithm
    AS 241: the percentage points of the normal distribution", 1988, in its form of 7 digits.
    """
    dtype = FLOAT32 if more is None else FLOAT64
    signed = ir.bitcast(bits, INT32)
    p = (ir.convert(signed & (2**31 - 1), dtype) + (0.5 if more is None else 0)) * 2.0**-32
    if more is not None:
        p = p + (ir.convert(more, dtype) + 0.5) * 2.0**-64
    middle = 0.5 - p
    r = ir.sqrt(-ir.log(p))
    above, below = _ratio(r - 1.6, _TAIL)
    if more is not None:
        further = [ir.select(r > 5, other, one) for one, other in zip((above, below), _ratio(r - 5, _FAR), strict=True)]
        above, below = further
    inner, divisor = _ratio(0.180625 - middle * middle, _MIDDLE)
    central = middle <= 0.425
    z = ir.select(central, middle * inner, above) / ir.select(central, divisor, below)
    return ir.select(signed < 0, -z, z)


Coefficients = tuple[tuple[float, ...], tuple[float, ...]]
#: Numerator and denominator, from the highest power down: where p is above 0.075, below, and below 1.4e-11.
_MIDDLE: Final[Coefficients] = (
    (59.10937472, 159.29113202, 50.434271938, 3.3871327179), (67.1875636, 78.757757664, 17.895169469, 1.0)
)  # fmt: skip
_TAIL: Final[Coefficients] = (
    (0.17023821103, 1.3067284816, 2.75681539, 1.4234372777), (0.12021132975, 0.7370016425, 1.0)
)  # fmt: skip
_FAR: Final[Coefficients] = (
    (0.017337203997, 0.42868294337, 3.081226386, 6.6579051150), (0.012258202635, 0.24197894225, 1.0)
)  # fmt: skip


def _ratio(x: Value, coefficients: Coefficients) -> tuple[Value, Value]:
    """Two polynomials in ``x``."""
    made = []
    for highest, *others in coefficients:
        total = ir.full_like(x, highest)
        for each in others:
            total = total * x + each
        made.append(total)
    return made[0], made[1]
