"""Checks of values. A failure is four numbers: which check it was, 0 for none, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.errors import FAULTS, BadMatrix, CheckFailed, OutOfBounds
from .lower import Checked, lowers

#: The number of a failed ``check_index``; those of the ``FAULTS`` of matrices follow it, in their order.
_OUT_OF_BOUNDS: Final = 1
_FAULTS: Final = tuple(FAULTS)


def error_of(failure: Sequence[float]) -> CheckFailed:
    """The error that ``failure`` stands for."""
    which, index, *rest = failure
    if which == _OUT_OF_BOUNDS:
        axis, extent = map(int, rest)
        return OutOfBounds(index, axis, extent)
    return BadMatrix(_FAULTS[int(which) - _OUT_OF_BOUNDS - 1], int(index), int(rest[0]))


def _checked(x: jax.Array, wrong: jax.Array, *numbers: jax.Array | float) -> Checked:
    """``x``, with a failure of ``numbers`` if anything is ``wrong``."""
    found = jnp.stack([jnp.asarray(number, np.float64) for number in numbers])
    return Checked((x,), jnp.where(jnp.any(wrong), found, jnp.zeros_like(found)))


@lowers("check_index")
def _check_index(x: jax.Array, *, axis: int, extent: int, negative: bool) -> Checked:
    if not x.size:
        return Checked((x,), jnp.zeros(4, np.float64))
    flat = lax.convert_element_type(x.reshape(-1), np.float64)
    low, whole = (-extent, jnp.trunc(flat)) if negative else (0, flat)
    wrong = ~((low <= whole) & (whole <= extent - 1))
    return _checked(x, wrong, _OUT_OF_BOUNDS, flat[jnp.argmax(wrong)], axis, extent)


@lowers("check_matrices")
def _check_matrices(x: jax.Array, wrong: jax.Array, *, fault: str) -> Checked:
    if not wrong.size:
        return Checked((x,), jnp.zeros(4, np.float64))
    which = _OUT_OF_BOUNDS + 1 + _FAULTS.index(fault)
    return _checked(x, wrong, which, jnp.argmax(wrong.reshape(-1)), wrong.size, 0)
