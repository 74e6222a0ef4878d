"""Seconds of the first training step, which compiles: by lazynd, by it without its passes ("bare"), or by jax."""

import json
import sys
import time

import jax.numpy as jnp

from benchmarks.networks import Network, by_hand, imperative
from lazynd import nd
from lazynd.passes import expand, run_pipeline
from lazynd.runtime.run import program
from lazynd.runtime.tell.stats import stats

who = sys.argv[1]
network = Network((64, 128, 128, 10), 64)
if who == "bare":
    program.optimise = lambda graph, backend, observe: run_pipeline(graph, passes=(expand,))  # expanded, no more
nd.ones((2,)).asnumpy(), jnp.ones(2).block_until_ready()  # the client starts
step = by_hand(network) if who == "jax" else imperative(network)
before = stats.snapshot()
start = time.perf_counter()
loss = step()
float(loss if who == "jax" else loss.asscalar())
seconds = time.perf_counter() - start
after = stats.snapshot()
print(json.dumps({"seconds": seconds, **{name: after[name] - before[name] for name in ("programs", "loaded")}}))
