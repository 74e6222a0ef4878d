"""The largest few elements: XLA has a function for them on a CPU, where sorting the whole line takes 10 to 100 times
as long (128 lines of 1,000 elements, 5 wanted: 16 against 0.25 ms of the processor)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...ir.specialization import Specialization
from ...ir.types import FLOAT32, normalize_axis
from ...ops import OPERATORS
from .claims import claims


def _few_of_the_last_axis(spec: Specialization) -> bool:
    """Whether at most half of float32 lines that lie together in memory are wanted, and no mask."""
    (data,), given = spec.in_types, spec.attributes
    axis, k = given["axis"], given["k"]
    if data.dtype != FLOAT32 or given["is_ascend"] or given["ret_typ"] == "mask" or not data.ndim:
        return False
    if axis is not None and normalize_axis(axis, data.ndim) != data.ndim - 1:
        return False
    return bool(0 < 2 * k <= (data.size if axis is None else data.shape[-1]))


@claims(OPERATORS["topk"], when=_few_of_the_last_axis, platforms=("cpu",))
def topk(data: jax.Array, *, axis: int | None, k: int, ret_typ: str, is_ascend: bool, dtype: Any) -> Any:
    """XLA puts -0.0 below 0.0 and a NaN with a sign below all. The body has zeros equal, and every NaN above all."""
    lines = data.reshape(-1) if axis is None else data
    keys = jnp.where(lines == 0, jnp.zeros_like(lines), jnp.where(lines != lines, jnp.full_like(lines, jnp.nan), lines))
    _, order = lax.top_k(keys, k)
    indices = order.astype(dtype)
    if ret_typ == "indices":
        return indices
    values = jnp.take_along_axis(lines, order, -1)
    return values if ret_typ == "value" else (values, indices)
