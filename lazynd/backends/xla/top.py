"""The largest or smallest few elements: XLA has a function for them on a CPU, where sorting the whole line takes 10 to
100 times as long (a million numbers, 10 wanted: 45 against 1 ms of the processor)."""

from __future__ import annotations

from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.specialization import Specialization
from ...ir.types import is_floating, normalize_axis
from ...ops import OPERATORS
from .claims import claims

#: Arrays of so many elements are looked at in groups of so many, or of so many, which takes twice as long to compile.
_LARGE: Final = 1 << 18
_WIDTHS: Final = (64, 8)


def _few(spec: Specialization) -> bool:
    """Whether at most half of lines are wanted, of numbers that float32 holds."""
    (data,), given = spec.in_types, spec.attributes
    axis, k = given["axis"], given["k"]
    if not is_floating(data.dtype) or data.dtype.itemsize > 4 or not data.ndim:
        return False
    return bool(0 < 2 * k <= (data.size if axis is None else data.shape[normalize_axis(axis, data.ndim)]))


def _keys(lines: jax.Array, is_ascend: bool) -> jax.Array:
    """float32 numbers that are largest to XLA where those of ``lines`` are, or where they are smallest.

    XLA puts -0.0 below 0.0 and a NaN with a sign below all. The body has zeros equal, and every NaN above all.
    """
    x = lax.convert_element_type(lines, np.float32)
    ordered = -x if is_ascend else x
    outermost = np.copysign(np.float32(np.nan), np.float32(-1 if is_ascend else 1))
    return jnp.where(x == 0, jnp.zeros_like(x), jnp.where(x != x, jnp.full_like(x, outermost), ordered))


def _places(keys: jax.Array, k: int) -> jax.Array:
    """The places of the ``k`` largest keys of each line, the largest first, equal ones as they come."""
    extent = keys.shape[-1]
    width = next((width for width in _WIDTHS if extent >= 4 * width * k), 0)
    if not width or keys.size < _LARGE:
        return lax.top_k(keys, k)[1]
    # The squares are NaN where a number is: nothing cancels. Maxima of groups pass over NaN.
    some_nan = jnp.isnan(jnp.sum(keys * keys))
    return lax.cond(some_nan, lambda x: lax.top_k(x, k)[1], lambda x: _by_groups(x, k, width), keys)


def _by_groups(keys: jax.Array, k: int, width: int) -> jax.Array:
    """The ``k`` groups of neighbours with the largest maxima hold the ``k`` largest keys; XLA's function takes some
    nanoseconds for each element that it looks at."""
    *lead, extent = keys.shape
    padded = jnp.pad(keys, [*((0, 0) for _ in lead), (0, -extent % width)], constant_values=-np.inf)
    groups = padded.reshape(*lead, -1, width)
    chosen = lax.sort(lax.top_k(jnp.max(groups, -1), k)[1])
    among = jnp.take_along_axis(groups, chosen[..., None], -2).reshape(*lead, k * width)
    place = lax.top_k(among, k)[1]
    return jnp.take_along_axis(chosen, place // width, -1) * width + place % width


@claims(OPERATORS["topk"], when=_few, platforms=("cpu",))
def topk(data: jax.Array, *, axis: int | None, k: int, ret_typ: str, is_ascend: bool, dtype: Any) -> Any:
    at = 0 if axis is None else normalize_axis(axis, data.ndim)
    lines = data.reshape(-1) if axis is None else data
    last = jnp.moveaxis(lines, at, -1)
    order = jnp.moveaxis(_places(_keys(last, is_ascend), k), -1, at)
    if ret_typ == "mask":
        made = jnp.put_along_axis(jnp.zeros_like(lines), order, jnp.ones((), lines.dtype), at, inplace=False)
        return made.reshape(data.shape)
    indices = order.astype(dtype)
    if ret_typ == "indices":
        return indices
    values = jnp.take_along_axis(lines, order, at)
    return values if ret_typ == "value" else (values, indices)
