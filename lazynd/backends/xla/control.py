"""Loops and choices. The graphs that they run come as functions of lists of arrays."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.graph import Graph, subgraphs
from .lower import PLATFORM_LOWERINGS, Body, lowers

Arrays = tuple[jax.Array, ...]
#: Convolutions in all steps up to which a loop is unrolled on a CPU: XLA has only a slow form of them inside loops.
_UNROLLED: Final = 64


@lowers("scan")
def _scan(
    *xs: jax.Array, body: Body, length: int, reverse: bool, carries: int, sequences: int, unroll: bool = False
) -> Arrays:
    constants = xs[carries + sequences :]

    def step(state: Arrays, rows: Arrays) -> tuple[Arrays, Arrays]:
        made = body([*state, *rows, *constants])
        return tuple(made[:carries]), tuple(made[carries:])

    rows = xs[carries : carries + sequences]
    state, stacked = lax.scan(step, xs[:carries], rows, length, reverse, unroll=unroll)
    return (*state, *stacked)


def _scan_on_cpu(*xs: jax.Array, body: Body, length: int, reverse: bool, carries: int, sequences: int) -> Arrays:
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
        steps = spec.attributes["length"] if spec.op.name == "scan" else 1
        found += spec.op.name == "convolution"
        found += steps * sum(map(_convolutions, subgraphs(spec).values()))
    return found


PLATFORM_LOWERINGS["cpu"]["scan"] = _scan_on_cpu


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
