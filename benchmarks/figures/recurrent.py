"""A step of a recurrent layer against MXNet's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

from ..process import oracle
from ..recurrence import STEPS, Layer, step_of
from ..registry import figure
from ..result import Row
from ..timing import Case, Effort, interleave, repeated

LAYERS = (
    Layer("lstm", 32, 32, 32),
    Layer("lstm", 32, 200, 200),
    Layer("gru", 32, 200, 200),
    Layer("rnn_tanh", 8, 16, 16),
)


@figure("forward and backward pass of a recurrent layer")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for layer in LAYERS if effort.scale else LAYERS[:1]:
        times = max(effort.times(round(2e8 / (layer.batch * layer.size * (layer.inputs + layer.size) * STEPS))), 2)
        cases: dict[str, Case] = {"lazynd": repeated(step_of(layer), times)}
        if mxnet is not None:
            cases["mxnet"] = partial(mxnet.seconds, "recurrent", **asdict(layer), steps=STEPS, times=times)
        yield Row(layer.name, "ms", interleave(cases, effort.rounds, 1e3))
