"""A step of a perceptron that learns digits, its batch made from NumPy arrays, its loss read."""

from __future__ import annotations

from collections.abc import Iterator

from ..perceptron import STEPS
from ..registry import figure
from ..result import Row
from ..timing import Effort, interleave, repeated


@figure("a step of a small perceptron, batch and loss included")
def measure(effort: Effort) -> Iterator[Row]:
    times = effort.times(200)
    cases = {name: repeated(step(), times) for name, step in STEPS.items()}
    yield Row("64-128-10, batch 64", "us", interleave(cases, effort.rounds, 1e6))
