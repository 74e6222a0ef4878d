"""Special values on a CPU, where XLA's own code would lose them.

- NaN: large reductions, with the arithmetic that leads to them, are handed to a library whose maxima and minima pass
  over it. What is ``hidden`` is not.
- Subnormal numbers: arithmetic takes them for zero, comparisons of bits do not, and functions that use both give NaN.

The figures are CPU microseconds of one core pair for a million float32 numbers, with jax 0.10.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...ir.types import finfo
from .elementary import flushed
from .lower import LOWERINGS, PLATFORM_LOWERINGS

Pair = tuple[jax.Array, jax.Array]
Pick = Callable[[jax.Array, jax.Array], jax.Array]
#: Lines of so few elements, and arrays of so few, are reduced in a loop of XLA's own: the library is no quicker.
FEW, SMALL = 16, 4096
#: Of so many elements two reductions would have their operand stored; one that gives both results, eight times as slow,
#: takes it as it is computed.
HUGE = 1 << 25


def hidden(x: jax.Array) -> jax.Array:
    """``x``: a number reduced to the precision that it has. The library takes nothing of this form."""
    return lax.reduce_precision(x, finfo(x.dtype).nexp, finfo(x.dtype).nmant)


def _elementwise(pick: Pick) -> Pick:
    def lowered(a: jax.Array, b: jax.Array) -> jax.Array:
        made = pick(a, b)
        return hidden(made) if jnp.issubdtype(a.dtype, jnp.floating) else made

    return lowered


def _reduction(reduce: Callable[..., jax.Array], pick: Pick, start: float) -> Callable[..., jax.Array]:
    """The lowering of a reduction by ``pick``, which ``reduce`` is to XLA."""

    def both(one: Pair, other: Pair) -> Pair:
        return pick(one[0], other[0]), one[1] + other[1]

    def lowered(x: jax.Array, *, axes: tuple[int, ...]) -> jax.Array:
        if not jnp.issubdtype(x.dtype, jnp.floating):
            return reduce(x, axes)
        if _loops(x.shape, axes):
            lines, axis = _lines(x, axes)
            return lax.reduce(lines, x.dtype.type(start), lambda a, b: hidden(pick(a, b)), (axis,))
        squares, made = jnp.sum(x * x, axes, dtype=x.dtype), reduce(x, axes)
        if x.size > HUGE:
            made, squares = lax.reduce((x, x * x), (x.dtype.type(start), x.dtype.type(0)), both, axes)
        # The squares are NaN where a number is, and only there: nothing cancels.
        return lax.select(squares != squares, jnp.full_like(made, jnp.nan), made)

    return lowered


def _loops(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether a loop of XLA's own is quick: it is where neighbours in memory belong to different lines.

    Rows: 65 by the library, 120 with the sum of squares, 600 by a loop. Columns: 70, 150, 115.
    """
    apart = axes != tuple(range(axes[0], axes[-1] + 1))
    count = math.prod(shape[axis] for axis in axes)
    return not apart and (math.prod(shape[axes[-1] + 1 :]) > 1 or count <= FEW or math.prod(shape) < SMALL)


def _lines(x: jax.Array, axes: tuple[int, ...]) -> tuple[jax.Array, int]:
    """``x`` with its neighbouring ``axes`` as one, and the number of that."""
    count = math.prod(x.shape[axis] for axis in axes)
    return x.reshape(*x.shape[: axes[0]], count, *x.shape[axes[-1] + 1 :]), axes[0]


def _flushing(lowering: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """``lowering`` of operands in which subnormal numbers are zeros of their sign."""

    def lowered(*operands: jax.Array) -> jax.Array:
        return lowering(*map(flushed, operands))

    return lowered


_RULES: dict[str, Any] = {
    "maximum": _elementwise(lax.max), "minimum": _elementwise(lax.min),
    "reduce_max": _reduction(lax.reduce_max, lax.max, -math.inf),
    "reduce_min": _reduction(lax.reduce_min, lax.min, math.inf),
    **{name: _flushing(LOWERINGS[name]) for name in ("cbrt", "power", "atan2")},
}  # fmt: skip
PLATFORM_LOWERINGS["cpu"] |= _RULES
