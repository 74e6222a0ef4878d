"""What each array that goes into a program costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from lazynd import nd

from ..registry import figure
from ..result import Row
from ..timing import Effort, interleave, repeated


@figure("adding up N arrays in one program, by N")
def measure(effort: Effort) -> Iterator[Row]:
    for count in (1, 10, 100, 300) if effort.scale else (1, 10):
        times = effort.times(max(2_000 // count, 20))
        cases = {"lazynd": repeated(_ours(count), times), "jax.jit": repeated(_jitted(count), times)}
        yield Row(f"{count} arrays", "us", interleave(cases, effort.rounds, 1e6))


def _ours(count: int) -> Callable[[], Any]:
    arrays = [nd.ones((4,)) for _ in range(count)]
    nd.waitall()

    def work() -> None:
        total = arrays[0] + 1.5
        for each in arrays[1:]:
            total = total + each
        total.wait_to_read()

    return work


def _jitted(count: int) -> Callable[[], Any]:
    arrays = [jnp.ones(4) for _ in range(count)]

    @jax.jit
    def add(arrays: list[jax.Array], scalar: float) -> jax.Array:
        total = arrays[0] + scalar
        for each in arrays[1:]:
            total = total + each
        return total

    return lambda: add(arrays, 1.5).block_until_ready()
