"""Draws: each is a function of the stream's seed and of the draw's number, whatever it is computed with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import finfo, is_floating, require, widened
from .kinds import Device, Draw, DType, Scalar, Shape, one_of
from .operator import op
from .partial import giving

Stream = tuple[Value, Value]
_FLOAT32 = np.dtype("float32")
_FLOAT64 = np.dtype("float64")
#: Terms of the Poisson inversion: enough for every rate below ``_SMALL_RATE``.
_TERMS = 48
_SMALL_RATE = 12.0


def uniform(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any]) -> Value:
    """Numbers in [0, 1): as many random bits as the dtype keeps, 53 for float64 and 24 for float32."""
    shape = tuple(shape)
    if dtype == _FLOAT64:
        words = ir.random_bits(*draw, (2, *shape))
        high, low = (ir.row(words, k) for k in (0, 1))
        upper = ir.convert(ir.shift_right(high, 5), dtype) * float(1 << 26)
        return (upper + ir.convert(ir.shift_right(low, 6), dtype)) * 2.0**-53
    bits = ir.shift_right(ir.random_bits(*draw, shape), 8)
    if dtype == _FLOAT32:
        return ir.convert(bits, dtype) * 2.0**-24
    kept = int(finfo(dtype).nmant) + 1  # more would round up to 1
    return ir.convert(ir.convert(ir.shift_right(bits, 24 - kept), _FLOAT32) * 2.0**-kept, dtype)


def normal(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any]) -> Value:
    """Standard normal numbers by the Box-Muller transform of two uniform ones."""
    wide = _FLOAT64 if dtype == _FLOAT64 else _FLOAT32
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
    return ir.convert(poisson_quantile(uniform(draw, shape, _FLOAT64), ir.convert(lam, _FLOAT64)), dtype)


def poisson_quantile(u: Value, lam: Value) -> Value:
    """Poisson numbers of rate ``lam`` from uniform ones, in float64.

    Below a rate of 12 by inversion of the distribution over 48 terms (what is left has probability below 1e-13);
    above by the quantile of the Cornish-Fisher expansion, whose error is below half a count.
    """
    small = ir.minimum(lam, _SMALL_RATE)
    term = ir.exp(-small)
    total, count = term, ir.full_like(u, 0)
    for k in range(1, _TERMS):
        count = count + ir.convert(u >= total, _FLOAT64)
        term = term * small / float(k)
        total = total + term
    z = _quantile(u)
    root = ir.sqrt(lam)
    large = lam + root * z + (z * z - 1) / 6.0 + (z - z * z * z) / (72.0 * root)
    return ir.select(lam < _SMALL_RATE, count, ir.maximum(ir.floor(large + 0.5), 0))


def _quantile(u: Value) -> Value:
    """The standard normal quantile, by three Newton steps on the error function from a rational start."""
    p = ir.minimum(ir.maximum(u, 1e-15), 1 - 1e-15)
    tail = ir.minimum(p, 1 - p)
    t = ir.sqrt(-2 * ir.log(tail))
    start = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    z = ir.select(p < 0.5, -start, start)
    for _ in range(3):
        error = 0.5 * (1 + ir.erf(z * math.sqrt(0.5))) - p
        z = z - error * math.sqrt(2 * math.pi) * ir.exp(0.5 * z * z)
    return z
