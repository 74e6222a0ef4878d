"""What one call costs before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import lazynd
from lazynd import autograd, nd

from ..registry import figure
from ..result import Budget, Row
from ..timing import Case, Effort, interleave

CALLS = 2_000


@figure("recording one operator, the user's location included")
def measure(effort: Effort) -> Iterator[Row]:
    calls = effort.times(CALLS)
    before = lazynd.config.budget_nodes
    lazynd.config.budget_nodes = 10 * CALLS  # no cut: what is measured is recording
    try:
        for recorded, budget in ((False, 2.0), (True, 3.0)):
            for name, call in _operators(recorded).items():
                samples = interleave({"lazynd": _case(call, calls, recorded)}, effort.rounds, 1e6)
                yield Row(f"{name}{' under record()' * recorded}", "us", samples, Budget(budget))
    finally:
        lazynd.config.budget_nodes = before


def _operators(recorded: bool) -> dict[str, Callable[[], Any]]:
    x, y, labels = nd.ones((8, 8)), nd.ones((8, 8)), nd.zeros((8,))
    if recorded:
        x.attach_grad()
    nd.waitall()
    return {
        "x + 1.5": lambda: x + 1.5,
        "x * y": lambda: x * y,
        "-x": lambda: -x,
        "nd.exp(x)": lambda: nd.exp(x),
        "x.sum(axis=1)": lambda: x.sum(axis=1),
        "nd.dot(x, y)": lambda: nd.dot(x, y),
        "nd.pick(x, labels)": lambda: nd.pick(x, labels),
    }


def _case(call: Callable[[], Any], calls: int, recorded: bool) -> Case:
    """Records ``calls`` operators and drops them: nothing of it is ever run."""

    def loop() -> float:
        start = perf_counter()
        for _ in range(calls):
            call()
        return (perf_counter() - start) / calls

    def measure() -> float:
        lazynd.runtime.fence()
        nd.waitall()
        if not recorded:
            return loop()
        with autograd.record():
            return loop()

    return measure
