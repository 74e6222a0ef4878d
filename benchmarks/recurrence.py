"""A step of a recurrent layer: the fused ``RNN`` of 64 steps, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lazynd import autograd, nd

STEPS = 64
GATES = {"gru": 3, "lstm": 4, "rnn_tanh": 1}


@dataclass(frozen=True)
class Layer:
    """One layer of ``mode``: ``batch`` sequences of ``inputs`` numbers, a state of ``size``."""

    mode: str
    batch: int
    inputs: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.mode}, {STEPS} steps, batch {self.batch}, {self.inputs} inputs, state {self.size}"

    def arrays(self) -> list[np.ndarray]:
        """Sequences, parameters, states."""
        rng = np.random.RandomState(3)
        parameters = GATES[self.mode] * self.size * (self.inputs + self.size + 2)
        states = [(1, self.batch, self.size)] * (2 if self.mode == "lstm" else 1)
        shapes = [(STEPS, self.batch, self.inputs), (parameters,), *states]
        return [rng.uniform(-0.2, 0.2, shape).astype("float32") for shape in shapes]


def step_of(layer: Layer) -> Callable[[], Any]:
    """Forward and backward, until the gradients of parameters and inputs are there."""
    arrays = [nd.array(a) for a in layer.arrays()]
    for each in arrays[:2]:
        each.attach_grad()
    nd.waitall()

    def step() -> None:
        with autograd.record():
            outputs = nd.RNN(*arrays, state_size=layer.size, num_layers=1, mode=layer.mode)
            loss = (outputs * outputs).sum()
        loss.backward()
        loss.wait_to_read()
        for each in arrays[:2]:
            each.grad.wait_to_read()

    return step
