"""Runs in the environment of real MXNet, not in ours: a line of JSON asks for work, a line answers its seconds."""

import json
import pathlib
import sys
from itertools import pairwise
from time import perf_counter

import mxnet as mx
import numpy as np
from mxnet import autograd, nd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))  # it runs as a file

from benchmarks import nets, selection

#: Steps with Gluon, by network and mode; made once.
STEPS = {}


def chain(length, scalar):
    y = nd.ones((8, 8))
    z = 0.5 if scalar else nd.ones((8, 8))
    nd.waitall()
    start = perf_counter()
    for _ in range(length):
        y = y + z
    y.wait_to_read()
    return (perf_counter() - start) / length


def read(size, times):
    x = nd.ones((size,))
    nd.waitall()
    start = perf_counter()
    for _ in range(times):
        x.asnumpy()
    return (perf_counter() - start) / times


def step(widths, batch, steps, read):
    rng = np.random.RandomState(3)
    parameters = []
    for fan_in, fan_out in pairwise(widths):
        parameters += [nd.array(rng.normal(0, fan_in**-0.5, (fan_in, fan_out))), nd.zeros((fan_out,))]
    x, y = nd.array(rng.rand(batch, widths[0])), nd.array(rng.randint(0, widths[-1], batch))
    for parameter in parameters:
        parameter.attach_grad()
    nd.waitall()
    start = perf_counter()
    for _ in range(steps):
        with autograd.record():
            h = x
            for i in range(0, len(parameters), 2):
                h = nd.dot(h if i == 0 else nd.relu(h), parameters[i]) + parameters[i + 1]
            loss = -nd.pick(nd.log_softmax(h), y).mean()
        loss.backward()
        for parameter in parameters:
            parameter[:] = parameter - 0.05 * parameter.grad
        if read:
            loss.asscalar()
    loss.asscalar()
    return (perf_counter() - start) / steps


def layer(operator, shapes, attributes, backward, times):
    rng = np.random.RandomState(3)
    arrays = [nd.array(rng.rand(*shape)) for shape in shapes]
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in attributes.items()}
    function = getattr(nd, operator)
    if backward:
        for array in arrays:
            array.attach_grad()
    seed = nd.array(rng.rand(*function(*arrays, **attributes).shape))
    nd.waitall()
    start = perf_counter()
    for _ in range(times):
        if backward:
            with autograd.record():
                y = function(*arrays, **attributes)
            y.backward(seed)
            for array in arrays:
                array.grad.wait_to_read()
        else:
            y = function(*arrays, **attributes)
        y.wait_to_read()
    return (perf_counter() - start) / times


def recurrent(mode, batch, inputs, size, steps, times):
    rng = np.random.RandomState(3)
    parameters = {"gru": 3, "lstm": 4, "rnn_tanh": 1}[mode] * size * (inputs + size + 2)
    states = [(1, batch, size)] * (2 if mode == "lstm" else 1)
    arrays = [nd.array(rng.uniform(-0.2, 0.2, s)) for s in [(steps, batch, inputs), (parameters,), *states]]
    for each in arrays[:2]:
        each.attach_grad()
    nd.waitall()
    start = perf_counter()
    for _ in range(times):
        with autograd.record():
            outputs = nd.RNN(*arrays, state_size=size, num_layers=1, mode=mode)
            loss = (outputs * outputs).sum()
        loss.backward()
        nd.waitall()
    return (perf_counter() - start) / times


def gluon(number, mode, steps):
    """A training step of a network of ``nets.py``, its loss read."""
    if (number, mode) not in STEPS:
        step = STEPS[number, mode] = nets.step_of(mx, nets.NETS[number], mode)
        for _ in range(3):
            step().asscalar()
    step = STEPS[number, mode]
    start = perf_counter()
    for _ in range(steps):
        step().asscalar()
    return (perf_counter() - start) / steps


def select(number, times):
    """A call of ``selection.py``."""
    call = selection.CALLS[number]
    x = nd.array(call.data())
    nd.waitall()
    start = perf_counter()
    for _ in range(times):
        call.call(nd, x).wait_to_read()
    return (perf_counter() - start) / times


WORK = {
    "chain": chain,
    "gluon": gluon,
    "layer": layer,
    "read": read,
    "recurrent": recurrent,
    "selection": select,
    "step": step,
}
mx.random.seed(0)
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(WORK[asked.pop("what")](**asked)), flush=True)
