"""Seconds that importing a module takes; NumPy is there before, unless it is the one."""

import importlib
import json
import sys
import time

name = sys.argv[1]
if name != "numpy":
    import numpy  # noqa: F401 - not to be counted

start = time.perf_counter()
importlib.import_module(name)
print(json.dumps(time.perf_counter() - start))
