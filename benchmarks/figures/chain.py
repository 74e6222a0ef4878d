"""Record and force: a chain of small operators whose program is known."""

from __future__ import annotations

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from lazynd import nd

from ..process import oracle
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave, whole

LENGTH = 1_000
START = np.ones((8, 8), "float32")


@figure(f"record and force, per operator of a chain of {LENGTH:,}, program cached")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for name, scalar in (("y + 0.5", True), ("y + z", False)):
        cases = {
            "lazynd": whole(lambda s=scalar: _ours(s), LENGTH),
            "jax eager": whole(lambda s=scalar: _jax(s), LENGTH),
            "numpy": whole(lambda s=scalar: _numpy(s), LENGTH),
        }
        if mxnet is not None:
            cases["mxnet"] = lambda s=scalar: mxnet.seconds("chain", length=LENGTH, scalar=s)
        yield Row(name, "us", interleave(cases, effort.rounds, 1e6), Budget(4.0))


def _ours(scalar: bool) -> None:
    y = nd.array(START)
    z = 0.5 if scalar else nd.array(START)
    for _ in range(LENGTH):
        y = y + z
    y.wait_to_read()


def _jax(scalar: bool) -> None:
    y = jnp.asarray(START)
    z = 0.5 if scalar else jnp.asarray(START)
    for _ in range(LENGTH):
        y = y + z
    y.block_until_ready()


def _numpy(scalar: bool) -> None:
    y = START.copy()
    z = np.float32(0.5) if scalar else START.copy()
    for _ in range(LENGTH):
        y = y + z
