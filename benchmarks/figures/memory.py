"""Peak memory of a loop that never reads its loss."""

from __future__ import annotations

from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave

MANY, FEW = 10_000, 10


@figure(f"peak memory of {MANY:,} steps that never read the loss, against {FEW} steps")
def measure(effort: Effort) -> Iterator[Row]:
    many, few = max(effort.times(MANY), FEW), f"{FEW} steps"
    cases = {"lazynd": lambda: child("unread_steps", many), few: lambda: child("unread_steps", FEW)}
    samples = interleave(cases, effort.some_rounds(3), warm_up=False)
    yield Row(f"perceptron, {many:,} steps", "MB", samples, Budget(1.1, few))
