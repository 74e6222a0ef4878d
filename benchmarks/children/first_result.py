"""CPU seconds of a process from importing a library to a printed ``x + 1``: of lazynd, mxnet, jax or numpy."""

import importlib
import json
import sys
import time

who = sys.argv[1]
start = time.process_time(), time.perf_counter()
if who in ("lazynd", "mxnet"):
    nd = importlib.import_module(who).nd
    print(nd.ones((2, 3)) + 1)
else:
    library = importlib.import_module("jax.numpy" if who == "jax" else who)
    print(library.ones((2, 3)) + 1)
print(json.dumps({"cpu": time.process_time() - start[0], "wall": time.perf_counter() - start[1]}))
