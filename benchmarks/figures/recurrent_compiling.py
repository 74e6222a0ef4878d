"""Compiling a recurrent layer: unrolled it would take half a minute."""

from __future__ import annotations

from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort, interleave


@figure("CPU seconds of the first forward and backward pass of an LSTM of 64 steps, which compiles")
def measure(effort: Effort) -> Iterator[Row]:
    cases = {"lazynd": lambda: child("first_recurrence", LAZYND_TIER="compiled")["seconds"]}
    samples = interleave(cases, effort.some_rounds(3), warm_up=False)
    yield Row("lstm, 64 steps, state 32", "s", samples, Budget(3.0))
