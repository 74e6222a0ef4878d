"""Reading a value that is already there."""

from __future__ import annotations

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from lazynd import nd

from ..process import oracle
from ..registry import figure
from ..result import Row
from ..timing import Case, Effort, interleave, repeated

SIZES = {1: 1_000, 10_000: 500, 1_000_000: 50}


@figure("asnumpy of a value that is there, a private copy")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for size, times in SIZES.items():
        times = effort.times(times)
        values = np.ones(size, "float32")
        ours, theirs = nd.array(values) + 0, jnp.asarray(values) + 0
        ours.wait_to_read()
        cases: dict[str, Case] = {
            "lazynd": repeated(ours.asnumpy, times),
            "np.array(jax)": repeated(lambda a=theirs: np.array(a), times),
            "numpy copy": repeated(values.copy, times),
        }
        if mxnet is not None:
            cases["mxnet"] = lambda s=size, t=times: mxnet.seconds("read", size=s, times=t)
        yield Row(f"{size:,} float32", "us", interleave(cases, effort.rounds, 1e6))
