"""Sorting on a CPU. What XLA compares by a program of its own, as floats and several operands, it sorts 4 to 5 times as
slowly as integers: a million float32 numbers with their positions take 285 ms of the processor, as 64-bit integers made
of both 50 ms.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.types import finfo
from .lower import LOWERINGS, PLATFORM_LOWERINGS


def ordinals(x: jax.Array) -> jax.Array:
    """Unsigned integers in the order of ``x``: NaN last, both zeros, and with them subnormal numbers, as one."""
    if x.dtype == bool:
        return lax.convert_element_type(x, np.uint32)
    if jnp.issubdtype(x.dtype, jnp.floating):
        x = lax.convert_element_type(x, np.float64 if x.dtype == np.float64 else np.float32)
        bits = lax.bitcast_convert_type(x, np.dtype(f"int{8 * x.dtype.itemsize}"))
        largest = np.iinfo(bits.dtype).max
        size, infinite = bits & largest, np.array(np.inf, x.dtype).view(bits.dtype)
        least = finfo(x.dtype).tiny.view(bits.dtype)
        bits = jnp.where(size < least, jnp.zeros_like(bits), jnp.where(bits < 0, bits ^ largest, bits))
        x = jnp.where(size > infinite, jnp.full_like(bits, largest), bits)
    if jnp.issubdtype(x.dtype, jnp.unsignedinteger):
        return x
    wide = lax.convert_element_type(x, np.int64 if x.dtype == np.int64 else np.int32)
    unsigned = np.dtype(f"uint{8 * wide.dtype.itemsize}")
    return lax.bitcast_convert_type(wide, unsigned) ^ unsigned.type(1 << (8 * unsigned.itemsize - 1))


def _words(x: jax.Array) -> list[jax.Array]:
    """``ordinals`` in words of 32 bits, in uint64, the least significant first."""
    ordinal = lax.convert_element_type(ordinals(x), np.uint64)
    low = ordinal & np.uint64(0xFFFFFFFF)
    return [low, ordinal >> np.uint64(32)] if x.dtype.itemsize == 8 else [low]


def _taken(x: jax.Array, order: jax.Array, axis: int) -> jax.Array:
    return jnp.take_along_axis(x, order, axis, mode="promise_in_bounds")


def _sort(*xs: jax.Array, axis: int) -> Any:
    keys = xs[0]
    if keys.shape[axis] < 2 or not keys.size or keys.shape[axis] >= 1 << 31:
        return LOWERINGS["sort"](*xs, axis=axis)
    place = lax.broadcasted_iota(np.uint64, keys.shape, axis)
    order: jax.Array | None = None
    for word in _words(keys):
        word = word if order is None else _taken(word, order, axis)
        packed = lax.sort((word << np.uint64(32)) | place, dimension=axis, is_stable=True)
        step = lax.convert_element_type(packed & np.uint64(0xFFFFFFFF), np.int32)
        order = step if order is None else _taken(order, step, axis)
    assert order is not None
    made = tuple(_taken(x, order, axis) for x in xs)
    return made if len(xs) > 1 else made[0]


PLATFORM_LOWERINGS["cpu"]["sort"] = _sort
