"""CPU seconds until a perceptron's first loss is read, cold: library imported, parameters made, step compiled and run.

``first_perceptron_step WHO`` (lazynd or jax.jit) says the whole, and what remains without imports.
"""

import json
import sys

import numpy.random  # noqa: F401 - both need it

from benchmarks.measuring import measured
from benchmarks.perceptron import STEPS

cost, _ = measured(lambda: STEPS[sys.argv[1]]()())
print(json.dumps({"whole": cost["cpu"], "without imports": cost["cpu"] - cost["imports"]}))
