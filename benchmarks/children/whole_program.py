"""A whole program under a framework, ``mxnet`` or ``lazynd``: its first run in this process, and later ones.

``whole_program FRAMEWORK NAME LATER FILE`` writes the results of the first run to FILE.
"""

import importlib
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))  # MXNet's environment runs the file

from benchmarks.measuring import measured, named_mxnet

framework, name, later, file = sys.argv[1:]
importing = named_mxnet(framework)
program = importlib.import_module(f"benchmarks.whole.{name}")
first, results = measured(program.run)
np.savez(file, *results)
repeats = [measured(program.run)[0] for _ in range(int(later))]
tolerance = {"rtol": program.RTOL, "atol": program.ATOL}
print(json.dumps({"importing": importing, "first": first, "later": repeats, "tolerance": tolerance}))
