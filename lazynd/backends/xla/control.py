"""Loops and choices. The graphs that they run come as functions of lists of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .lower import lowers

Body = Callable[[Sequence[jax.Array]], list[jax.Array]]
Arrays = tuple[jax.Array, ...]


@lowers("scan")
def _scan(*xs: jax.Array, body: Body, length: int, reverse: bool, carries: int, sequences: int) -> Arrays:
    constants = xs[carries + sequences :]

    def step(state: Arrays, rows: Arrays) -> tuple[Arrays, Arrays]:
        made = body([*state, *rows, *constants])
        return tuple(made[:carries]), tuple(made[carries:])

    state, stacked = lax.scan(step, xs[:carries], xs[carries : carries + sequences], length, reverse)
    return (*state, *stacked)


@lowers("cond")
def _cond(predicate: jax.Array, *xs: jax.Array, on_true: Body, on_false: Body) -> Arrays:
    return tuple(lax.cond(predicate, lambda *xs: tuple(on_true(xs)), lambda *xs: tuple(on_false(xs)), *xs))


@lowers("while")
def _while(*xs: jax.Array, test: Body, body: Body, limit: int, carries: int) -> Arrays:
    constants = xs[carries:]
    shapes = jax.eval_shape(lambda *given: tuple(body(given)[carries:]), *xs)
    stacked = tuple(jnp.zeros((limit, *s.shape), s.dtype) for s in shapes)

    def goes_on(loop: tuple[jax.Array, Arrays, Arrays]) -> jax.Array:
        count, state, _ = loop
        return (count < limit) & test([*state, *constants])[0]

    def step(loop: tuple[jax.Array, Arrays, Arrays]) -> tuple[jax.Array, Arrays, Arrays]:
        count, state, rows = loop
        made = body([*state, *constants])
        put = [lax.dynamic_update_index_in_dim(r, m, count, 0) for r, m in zip(rows, made[carries:], strict=True)]
        return count + np.int32(1), tuple(made[:carries]), tuple(put)

    _, state, stacked = lax.while_loop(goes_on, step, (jnp.int32(0), xs[:carries], stacked))
    return (*state, *stacked)
