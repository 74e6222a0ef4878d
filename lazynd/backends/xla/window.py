"""Windows in JAX, and on a CPU as elementwise arithmetic: XLA's own reduce_window is several times slower there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.primitives.convolution import reach
from ...ir.primitives.window import counts, place_dtype
from ...ir.types import finfo, widened
from .lower import PLATFORM_LOWERINGS, lowers

Ints = tuple[int, ...]
#: Windows of up to so many elements are unrolled on a CPU: a slice for each element, all fused into one loop. Above
#: the smaller number, a maximum is quicker one axis after the other.
UNROLLED, UNROLLED_AT_ONCE = 64, 16


def _least(x: jax.Array) -> Any:
    return x.dtype.type(finfo(x.dtype).min)


def _counted(x: jax.Array) -> jax.Array:
    """``x`` with the least finite number in place of NaN and of the infinity below it."""
    return jnp.where(x > _least(x), x, _least(x))


def _one(ndim: int, axis: int, number: int, others: int) -> Ints:
    return tuple(number if i == axis else others for i in range(ndim))


def _padded(x: jax.Array, value: Any, low: Ints, high: Ints) -> jax.Array:
    return lax.pad(x, x.dtype.type(value), [(lo, hi, 0) for lo, hi in zip(low, high, strict=True)])


def _pieces(x: jax.Array, value: Any, window: Ints, strides: Ints, low: Ints, high: Ints) -> Iterator[jax.Array]:
    """For each place in a window, the elements of all windows that lie there, ``value`` in the padding."""
    shape = counts("window", x.shape, window, strides, low, high)
    padded = _padded(x, value, low, high)
    for at in itertools.product(*map(range, window)):
        limit = [k + reach(n, s) for k, n, s in zip(at, shape, strides, strict=True)]
        yield lax.slice(padded, at, limit, strides)


@lowers("reduce_window_sum")
def _sum(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints) -> jax.Array:
    precise = widened(x.dtype)
    padding = list(zip(low, high, strict=True))
    made = lax.reduce_window(
        x.astype(precise), precise.type(0), lax.add, window, strides, padding, base_dilation=spread
    )
    return made.astype(x.dtype)


@lowers("reduce_window_max")
def _max(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> jax.Array:
    padding = list(zip(low, high, strict=True))
    made = lax.reduce_window(_counted(x), x.dtype.type(-np.inf), lax.max, window, strides, padding)
    return jnp.maximum(made, _least(x))


@lowers("window_argmax")
def _argmax(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> jax.Array:
    """The position of each maximum in the operand comes from XLA, its place in the window from where that begins."""
    dtype = np.dtype(np.int32) if x.size < 2**31 else np.dtype(np.int64)
    position = lax.reshape(lax.iota(dtype, x.size), x.shape)

    def first(one: tuple[jax.Array, jax.Array], other: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        (a, i), (b, j) = one, other
        chosen = (b > a) | ((b == a) & (j < i))
        return jnp.where(chosen, b, a), jnp.where(chosen, j, i)

    start = (x.dtype.type(-np.inf), dtype.type(np.iinfo(dtype).max))
    padding = list(zip(low, high, strict=True))
    largest, left = lax.reduce_window((_counted(x), position), start, first, window, strides, padding)
    place = jnp.zeros_like(left)
    scale = 1
    for axis in reversed(range(x.ndim)):
        begin = lax.broadcasted_iota(dtype, left.shape, axis) * strides[axis] - low[axis]
        place = place + (left % x.shape[axis] - begin) * scale
        left, scale = left // x.shape[axis], scale * window[axis]
    return jnp.where(largest > _least(x), place, 0).astype(place_dtype(window))


def _sum_on_cpu(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints) -> jax.Array:
    """One axis after the other."""
    made = x.astype(widened(x.dtype))
    for axis, how in enumerate(zip(window, strides, low, high, spread, strict=True)):
        if how != (1, 1, 0, 0, 1):
            made = _sum_along(made, axis, *how)
    return made.astype(x.dtype)


def _sum_along(x: jax.Array, axis: int, window: int, stride: int, low: int, high: int, spread: int) -> jax.Array:
    if (window, low, high, spread) == (x.shape[axis], 0, 0, 1):
        return jnp.sum(x, axis, dtype=x.dtype, keepdims=True)
    attributes = _along(x.ndim, axis, window=window, strides=stride, low=low, high=high)
    if window > UNROLLED:
        return _sum(x, **attributes, spread=_one(x.ndim, axis, spread, 1))
    if spread == 1:
        return _added(list(_pieces(x, 0, **attributes)))
    # Windows whose beginnings leave the same remainder by ``spread`` see the same run of neighbours.
    count = reach(x.shape[axis], spread) + low + high - window + 1
    turns = -(-count // spread)
    runs = []
    for first in range(spread):
        seen = range(-((low - first) // spread), (first - low + window - 1) // spread + 1)
        parts = [_moved(x, axis, by, turns) for by in seen] or [jnp.zeros_like(_moved(x, axis, 0, turns))]
        runs.append(_added(parts))
    shape = [turns * spread if i == axis else n for i, n in enumerate(x.shape)]
    return lax.slice_in_dim(jnp.stack(runs, axis + 1).reshape(shape), 0, count, stride, axis)


def _along(ndim: int, axis: int, **numbers: int) -> dict[str, Ints]:
    """Attributes for a window along one axis."""
    return {name: _one(ndim, axis, n, int(name in ("window", "strides"))) for name, n in numbers.items()}


def _moved(x: jax.Array, axis: int, by: int, count: int) -> jax.Array:
    """``count`` elements along ``axis`` from number ``by`` on, zeros where there are none."""
    low, high = _one(x.ndim, axis, -by, 0), _one(x.ndim, axis, count + by - x.shape[axis], 0)
    return _padded(x, 0, low, high)


def _added(parts: list[jax.Array]) -> jax.Array:
    made = parts[0]
    for part in parts[1:]:
        made = made + part
    return made


def _max_on_cpu(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> jax.Array:
    """All places at once in small windows, else one axis after the other."""
    if math.prod(window) <= UNROLLED_AT_ONCE:
        return _max_unrolled(x, window, strides, low, high)
    along = list(zip(window, strides, low, high, strict=True))
    whole = tuple(i for i, (k, _, lo, hi) in enumerate(along) if k == x.shape[i] > 1 and not lo and not hi)
    made = jnp.max(_counted(x), whole, keepdims=True) if whole else x
    for axis, (k, stride, lo, hi) in enumerate(along):
        if axis not in whole and (k, stride, lo, hi) != (1, 1, 0, 0):
            how = _along(x.ndim, axis, window=k, strides=stride, low=lo, high=hi)
            made = _max_unrolled(made, *how.values()) if k <= UNROLLED else _max(made, **how)
    return made


def _max_unrolled(x: jax.Array, window: Ints, strides: Ints, low: Ints, high: Ints) -> jax.Array:
    made = jnp.full_like(x, _least(x), shape=counts("window", x.shape, window, strides, low, high))
    for part in _pieces(x, _least(x), window, strides, low, high):
        made = jnp.where(part > made, part, made)
    return made


def _argmax_on_cpu(x: jax.Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> jax.Array:
    """All places at once in small windows; where the window is all of some axes, the maximum along them."""
    attributes = {"window": window, "strides": strides, "low": low, "high": high}
    shape = counts("window", x.shape, **attributes)
    dtype = place_dtype(window)
    if math.prod(window) <= UNROLLED:
        made, place = jnp.full_like(x, _least(x), shape=shape), jnp.zeros(shape, dtype)
        for number, part in enumerate(_pieces(x, _least(x), **attributes)):
            greater = part > made
            made, place = jnp.where(greater, part, made), jnp.where(greater, dtype.type(number), place)
        return place
    axes = [axis for axis, k in enumerate(window) if k > 1]
    alone = [axis in axes or stride == 1 for axis, stride in enumerate(strides)]
    if any(window[axis] != x.shape[axis] for axis in axes) or any(low) or any(high) or not all(alone):
        return _argmax(x, **attributes)
    rest = [axis for axis in range(x.ndim) if axis not in axes]
    rows = _counted(x).transpose(*rest, *axes).reshape(*(x.shape[axis] for axis in rest), -1)
    return lax.argmax(rows, rows.ndim - 1, np.int32).astype(dtype).reshape(shape)


PLATFORM_LOWERINGS["cpu"] |= {
    "reduce_window_sum": _sum_on_cpu, "reduce_window_max": _max_on_cpu, "window_argmax": _argmax_on_cpu,
}  # fmt: skip
