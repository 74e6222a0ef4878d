"""How many programs the standard loops compile, by jax's own events."""

from __future__ import annotations

from collections.abc import Iterator

from tests.loops.programs import TABLE

from ..process import fresh
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort


@figure("programs that the standard loops compile, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    for loop, (_, most) in TABLE.items() if effort.scale else [*TABLE.items()][:1]:
        found = fresh("tests.loops.programs", loop, LAZYND_TIER="compiled")
        samples = {"lazynd": [found["events"]]}
        note = f"{found['runs']} runs" + ("" if found["programs"] == found["events"] else ", counters disagree")
        yield Row(loop.replace("_", " "), "programs", samples, Budget(most), note, found)
