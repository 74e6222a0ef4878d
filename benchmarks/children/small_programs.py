"""Small programs under a framework, ``mxnet`` or ``lazynd``, each in a fork that has used nothing of it yet.

The first line says the programs' names. Then a line of JSON asks, and a line answers: for one program, or for several
one after another in one fork. ``small_programs FRAMEWORK NUMBER`` runs one program in this process instead, and
``small_programs FRAMEWORK all`` all of them.
"""

import importlib
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))  # MXNet's environment runs the file

from benchmarks.forking import Forks
from benchmarks.measuring import measured, named_mxnet

imported = named_mxnet(sys.argv[1])
PROGRAMS = importlib.import_module("benchmarks.small.collection").programs()


def cost_of(number, file=None):
    cost, results = measured(PROGRAMS[number].run)
    if file is not None:
        np.savez(file, *results)
    return cost


def one_after_another(numbers):
    return [cost_of(number) for number in numbers]


def answer(forks, asked):
    if "numbers" in asked:
        return forks.run(lambda: one_after_another(asked["numbers"]))
    return forks.run(lambda: cost_of(asked["number"], asked.get("file")))


if "all" in sys.argv:
    print(json.dumps(one_after_another(range(len(PROGRAMS)))))
elif len(sys.argv) > 2:
    print(json.dumps(cost_of(int(sys.argv[2])) | {"importing": imported}))
else:
    said = [{"name": each.name, "family": each.family, "drawn": each.drawn} for each in PROGRAMS]
    print(json.dumps({"programs": said, "importing": imported}), flush=True)
    forks = Forks()
    for line in sys.stdin:
        print(json.dumps(answer(forks, json.loads(line))), flush=True)
