"""Batches joined of random rows, or of a list of arrays, against batches that NumPy makes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort

COUNTS = (300, 1500)
STEPS = 40
CASES = {"lazynd": "rows", "NumPy batches": "numpy", "a list of arrays": "list"}


@figure("training on nd.stack(*[x[i] for i in chosen]) against NumPy batches, CPU time, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    steps = max(effort.times(STEPS), 4)
    for count in COUNTS if effort.scale else COUNTS[:1]:
        found = {
            case: [child("rows", kind, count, steps) for _ in range(effort.some_rounds(3))]
            for case, kind in CASES.items()
        }
        told = ", ".join(f"{case}: {runs[0]['programs']}" for case, runs in found.items())
        for name, part in (("the first step", slice(0, 1)), ("a later step", slice(1, None))):
            samples = {case: [1e3 * median(run["seconds"][part]) for run in runs] for case, runs in found.items()}
            yield Row(f"{count} rows, {name}", "ms", samples, Budget(2.0, "NumPy batches"), f"programs: {told}")
