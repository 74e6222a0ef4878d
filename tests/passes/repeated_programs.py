"""Random programs that repeat: a random cell in a Python loop, read from anywhere, with a gradient or without."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from lazynd import autograd, nd
from lazynd.ir.graph import Graph
from lazynd.ir.specialization import INDEX
from lazynd.runtime.guard.sections import Undivided
from lazynd.runtime.run.program import build_graph, pending_plan, slot_positions
from lazynd.runtime.thread import LOCAL

SHAPE = (3, 4)
UNARY = ("tanh", "sigmoid", "relu", "negative", "square", "softsign")
BINARY = (nd.elemwise_add, nd.elemwise_mul, nd.elemwise_sub, nd.broadcast_maximum)


class Repeated:
    """A program drawn from ``seed``: ``graph`` is what it records, ``arrays`` the data of its parameters."""

    def __init__(self, seed: int) -> None:
        self.random = draw = random.Random(seed)
        self.data = np.random.default_rng(seed)
        self.steps = draw.randrange(2, 13)
        self.states = draw.randrange(1, 4)
        self.weights = [self._array((4, 4)) for _ in range(draw.randrange(1, 3))]
        self.bias = self._array((4,))
        self.plan = [self._choice() for _ in range(draw.randrange(2, 9))]
        self.many = draw.random() < 0.5
        self.given: Any = [self._array(SHAPE) for _ in range(self.steps)] if self.many else None
        if not self.many:
            self.given = self._array((self.steps, *SHAPE))
        self.carried = [draw.randrange(-3, 0) for _ in range(self.states)]
        self.skips = draw.random() < 0.2

    def _array(self, shape: tuple[int, ...]) -> Any:
        return nd.array(self.data.uniform(-1, 1, shape).astype("float32"))

    def _choice(self) -> tuple[Any, ...]:
        draw = self.random
        kind = draw.choice(("dot", "dot", "unary", "binary", "binary", "scalar", "bias", "split"))
        return kind, draw.randrange(1 << 16), draw.randrange(1 << 16), draw.choice(UNARY), draw.choice(BINARY)

    def _cell(self, x: Any, state: list[Any]) -> list[Any]:
        values = [x, *state]
        for kind, first, second, unary, binary in self.plan:
            a, b = values[first % len(values)], values[second % len(values)]
            if kind == "dot":
                values.append(nd.dot(a, self.weights[second % len(self.weights)]))
            elif kind == "unary":
                values.append(getattr(nd, unary)(a))
            elif kind == "scalar":
                values.append(a * (0.5 + second % 3))
            elif kind == "bias":
                values.append(nd.broadcast_add(a, self.bias))
            elif kind == "split":
                parts = nd.split(a, num_outputs=2, axis=1)
                values.append(nd.concat(parts[1], parts[0], dim=1))
            else:
                values.append(binary(a, b))
        values.append(nd.dot(values[-1], self.weights[0]))
        return values

    def run(self) -> list[Any]:
        """Record it: the arrays that it gives, none of which has run."""
        draw = self.random
        variables = [*self.weights, self.bias, *(self.given if self.many else [self.given])]
        gradient = draw.random() < 0.6
        for each in variables if gradient else ():
            each.attach_grad()
        outputs: list[Any] = []
        with autograd.record(gradient):
            state = [self.weights[0][:3] * float(i) for i in range(self.states)]
            older = state
            for i in range(self.steps):
                x = self.given[i]
                values = self._cell(x, older if self.skips and i > 4 else state)
                older, state = state, [values[at] for at in self.carried]
                outputs.append(values[draw.randrange(len(values)) if draw.random() < 0.1 else -1])
            some = [each for each in outputs if draw.random() < 0.9] or outputs
            joined = nd.concat(*some, dim=0) if draw.random() < 0.7 else nd.stack(*some, axis=draw.randrange(2))
            last = (nd.tanh(joined) * joined).sum()
        found = [last, joined, *draw.sample(outputs, draw.randrange(len(outputs))), *state]
        if gradient:
            last.backward()
            found += [each.grad for each in variables]
        return found


def recorded(seed: int) -> tuple[Graph, list[Any]]:
    """The graph of the program of ``seed``, and arrays for its parameters."""
    program = Repeated(seed)
    nd.waitall()
    made = program.run()
    everything = nd.add_n(*[each.sum() for each in made])
    with Undivided():
        plan = pending_plan(LOCAL.state.recorder.read(everything._cell))
        index = slot_positions(plan, INDEX) if seed % 4 else []
        graph, _ = build_graph(plan, {i: plan.scalars[i] for i in index})
        values = [leaf.value for leaf in plan.leaves]
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(value) for value in values]
    arrays += [rng.uniform(-1, 1, ref.type.shape).astype(ref.type.dtype) for ref in plan.foreign]
    numbers = [each for at, each in enumerate(plan.scalars) if at not in index]
    slots = graph.inputs[len(arrays) :]
    arrays += [np.asarray(each, node.type.dtype) for each, node in zip(numbers, slots, strict=True)]
    del made, everything
    return graph, arrays
