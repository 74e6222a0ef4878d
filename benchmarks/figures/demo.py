"""The demo's own functions: a step of its perceptron, its batch made from NumPy arrays, its loss read."""

from __future__ import annotations

from collections.abc import Iterator

from ..demo_step import STEPS
from ..registry import figure
from ..result import Row
from ..timing import Effort, interleave, repeated


@figure("a step of the demo's perceptron, batch and loss included")
def measure(effort: Effort) -> Iterator[Row]:
    times = effort.times(200)
    cases = {name: repeated(step(), times) for name, step in STEPS.items()}
    yield Row("64-128-10, batch 64", "us", interleave(cases, effort.rounds, 1e6))
