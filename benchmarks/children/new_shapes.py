"""CPU seconds of one new shape of a small program under a framework, and what many of them leave in memory.

``new_shapes FRAMEWORK WHAT COUNT``: WHAT is one of ``PROGRAMS``, or "each" for all in turn. Resident memory, in MB,
grows from the first results on.
"""

import importlib
import json
import pathlib
import re
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))  # MXNet's environment runs the file

from benchmarks.measuring import named_mxnet

named_mxnet(sys.argv[1])
nd, autograd = importlib.import_module("mxnet.ndarray"), importlib.import_module("mxnet.autograd")


def plus_one(x):
    return x + 1


def broadcast(x):
    return nd.broadcast_to(x[:, :1], shape=x.shape)


def write(x):
    x[1] = 5
    return x


def gradient(x):
    x.attach_grad()
    with autograd.record():
        y = (nd.tanh(x) * x).sum()
    y.backward()
    return x.grad


PROGRAMS = {"x + 1": plus_one, "broadcast_to": broadcast, "an indexed write": write, "a gradient": gradient}


def resident():
    status = pathlib.Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text(encoding="utf-8")) if status.exists() else None
    return int(found[1]) / 1024 if found else float("nan")


def shape(i):
    """A shape of its own for each ``i``: nearly square, so that 5,000 of them stay small."""
    return i % 71 + 2, i // 71 + 2


programs = [*PROGRAMS.values()] if sys.argv[2] == "each" else [PROGRAMS[sys.argv[2]]]
count = int(sys.argv[3])
for program in programs:  # what starts with the first use of small arrays, and of larger ones: jax is imported then
    program(nd.array(np.ones((1, 7, 1))[0])).asnumpy()
    program(nd.array(np.ones((2, 2000)))).asnumpy()
before = resident()
start = time.process_time()
for i in range(count):
    programs[i % len(programs)](nd.array(np.ones(shape(i)))).asnumpy()
seconds = (time.process_time() - start) / count
print(json.dumps({"seconds": seconds, "growth": resident() - before, "jax": "jax" in sys.modules}))
