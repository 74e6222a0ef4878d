"""What ``import lazynd`` adds to a process that has NumPy."""

from __future__ import annotations

from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave


@figure("import lazynd over import numpy, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    cases = {
        "lazynd": lambda: child("import_time", "lazynd"),
        "numpy": lambda: child("import_time", "numpy"),
        "jax": lambda: child("import_time", "jax"),
    }
    yield Row("import, numpy being there", "s", interleave(cases, effort.some_rounds(5)), Budget(0.1))
