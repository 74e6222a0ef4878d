"""What a process costs from importing a library to the end of a network's first training step, its loss read.

``cold_step NUMBER WHO``: of the network ``NETS[NUMBER]``, WHO is "jax.jit", or a way of lazynd, "imperative" for one.
"""

import importlib
import json
import sys

import numpy.random  # noqa: F401 - both need it

from benchmarks.measuring import measured
from benchmarks.nets import NETS, step_of

number, who = int(sys.argv[1]), sys.argv[2]


def run() -> float:
    if who == "jax.jit":
        return float(importlib.import_module("benchmarks.nets_by_hand").step_of(NETS[number])())
    return float(step_of(importlib.import_module("lazynd"), NETS[number], who)().asscalar())


cost, _ = measured(run)
print(json.dumps({"cpu": cost["cpu"], "wall": cost["wall"]}))
