"""Forces that all differ in shape: each has to be compiled."""

from __future__ import annotations

from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave

SHAPES = 300


@figure(f"{SHAPES} forces of {SHAPES} distinct shapes against jax eager, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    shapes = max(effort.times(SHAPES), 3)
    cases = {"lazynd": lambda: child("shapes", "lazynd", shapes), "jax eager": lambda: child("shapes", "jax", shapes)}
    samples = interleave(cases, effort.some_rounds(3), warm_up=False)
    yield Row(f"{shapes} shapes, 4 operators each", "s", samples, Budget(2.0, "jax eager"))
