"""What ``import lazynd`` adds to a process that has NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave


@figure("import lazynd over import numpy, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    # An installed package has its bytecode; here the call before the first round writes it, whatever the caller's
    # environment says.
    cases = {
        name: partial(child, "import_time", name, PYTHONDONTWRITEBYTECODE="") for name in ("lazynd", "numpy", "jax")
    }
    yield Row("import, numpy being there", "s", interleave(cases, effort.some_rounds(5)), Budget(0.1))
