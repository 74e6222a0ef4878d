"""Seconds for a number of computations of distinct shapes, by lazynd or by jax operator by operator."""

import json
import sys
import time

import jax.numpy as jnp
import numpy as np

from lazynd import nd

who, count = sys.argv[1], int(sys.argv[2])


def ours(values: np.ndarray) -> float:
    x = nd.array(values)
    return float(((x * 2 + 1) * x).sum().asscalar())


def eagerly(values: np.ndarray) -> float:
    x = jnp.asarray(values)
    return float(((x * 2 + 1) * x).sum())


work = ours if who == "lazynd" else eagerly
work(np.ones(1, "float32"))  # the client starts
start = time.perf_counter()
for n in range(2, count + 2):
    if work(np.ones(n, "float32")) != 3 * n:
        raise SystemExit(f"wrong sum at {n}")
print(json.dumps(time.perf_counter() - start))
