"""CPU seconds until the demo's first loss is read, cold: library imported, parameters made, step compiled and run.

``first_demo_step WHO`` (lazynd or jax.jit) says the whole, and what remains without imports.
"""

import json
import sys

import numpy.random  # noqa: F401 - both need it

from benchmarks.demo_step import STEPS
from benchmarks.measuring import measured

cost, _ = measured(lambda: STEPS[sys.argv[1]]()())
print(json.dumps({"whole": cost["cpu"], "without imports": cost["cpu"] - cost["imports"]}))
