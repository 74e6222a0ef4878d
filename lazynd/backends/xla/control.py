"""Loops and choices. The graphs that they run come as functions of lists of arrays."""

from __future__ import annotations

from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.graph import Graph, subgraphs
from ...ir.primitives.convolution import Convolution
from ...ir.primitives.loop import Scan
from .lower import PLATFORM_LOWERINGS, Checked, Failure, Lowered, first_failure, lowers, no_failure

Arrays = tuple[jax.Array, ...]
#: How many steps ran, whether another does, the state, what the steps gave, and the first failure.
Loop = tuple[jax.Array, jax.Array, Arrays, Arrays, Failure]
#: A loop with at most so many convolutions in all its steps is unrolled on a CPU, where XLA runs them slowly in loops.
_UNROLLED: Final = 64


@lowers("scan")
def _scan(
    *xs: jax.Array, body: Lowered, length: int, reverse: bool, carries: int, sequences: int, unroll: bool = False
) -> Checked:
    rows, constants = xs[carries : carries + sequences], xs[carries + sequences :]

    def step(loop: tuple[Arrays, Failure], rows: Arrays) -> tuple[tuple[Arrays, Failure], Arrays]:
        state, failure = loop
        made, latest = body.checked([*state, *rows, *constants])
        return (tuple(made[:carries]), first_failure(failure, latest)), tuple(made[carries:])

    first = (xs[:carries], no_failure(body))
    (state, failure), stacked = lax.scan(step, first, rows, length, reverse, unroll=unroll)
    return Checked((*state, *stacked), failure)


def _scan_on_cpu(*xs: jax.Array, body: Lowered, length: int, reverse: bool, carries: int, sequences: int) -> Checked:
    unroll = 0 < length * _convolutions(body.graph) <= _UNROLLED
    return _scan(
        *xs, body=body, length=length, reverse=reverse, carries=carries, sequences=sequences, unroll=unroll
    )  # fmt: skip


def _convolutions(graph: Graph) -> int:
    """How many convolutions one run of ``graph`` makes."""
    found = 0
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None
        steps = spec.attributes["length"] if isinstance(spec.op, Scan) else 1
        found += isinstance(spec.op, Convolution)
        found += steps * sum(map(_convolutions, subgraphs(spec).values()))
    return found


PLATFORM_LOWERINGS["cpu"]["scan"] = _scan_on_cpu


@lowers("cond")
def _cond(predicate: jax.Array, *xs: jax.Array, on_true: Lowered, on_false: Lowered) -> Checked:
    def branch(body: Lowered, *xs: jax.Array) -> tuple[Arrays, Failure]:
        made, failure = body.checked(xs)
        return tuple(made), first_failure(none, failure)

    none = no_failure(on_true, on_false)
    return Checked(*lax.cond(predicate, partial(branch, on_true), partial(branch, on_false), *xs))


@lowers("while")
def _while(*xs: jax.Array, test: Lowered, body: Lowered, limit: int, carries: int) -> Checked:
    constants = xs[carries:]
    shapes = jax.eval_shape(lambda *given: tuple(body(given)[carries:]), *xs)
    stacked = tuple(jnp.zeros((limit, *s.shape), s.dtype) for s in shapes)

    def tested(count: jax.Array, state: Arrays, failure: Failure) -> tuple[jax.Array, Failure]:
        made, latest = test.checked([*state, *constants])
        within = count < limit
        if latest is not None:
            latest = jnp.where(within, latest, jnp.zeros_like(latest))
        return made[0] & within, first_failure(failure, latest)

    def goes_on(loop: Loop) -> jax.Array:
        return loop[1]

    def step(loop: Loop) -> Loop:
        count, _, state, rows, failure = loop
        made, latest = body.checked([*state, *constants])
        put = [lax.dynamic_update_index_in_dim(r, m, count, 0) for r, m in zip(rows, made[carries:], strict=True)]
        state = tuple(made[:carries])
        count = count + np.int32(1)
        more, failure = tested(count, state, first_failure(failure, latest))
        return count, more, state, tuple(put), failure

    start = jnp.int32(0)
    more, failure = tested(start, xs[:carries], no_failure(test, body))
    first = (start, more, xs[:carries], stacked, failure)
    _, _, state, stacked, failure = lax.while_loop(goes_on, step, first)
    return Checked((*state, *stacked), failure)
