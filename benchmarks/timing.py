"""Measuring: cases that take turns over several rounds, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

#: One measurement: seconds for one unit of work.
Case = Callable[[], float]
Samples = dict[str, list[float]]


@dataclass(frozen=True)
class Effort:
    """How long to measure: ``rounds`` of every case, and the share ``scale`` of the repetitions in a round."""

    name: str
    rounds: int
    scale: float

    def times(self, full: int) -> int:
        """``full`` repetitions, scaled; at least one."""
        return max(1, round(full * self.scale))

    def some_rounds(self, most: int) -> int:
        """At most ``most`` rounds, for what takes long."""
        return min(self.rounds, most)


FULL = Effort("full", 9, 1.0)
QUICK = Effort("quick", 3, 0.2)
TINY = Effort("tiny", 2, 0.0)


def interleave(cases: Mapping[str, Case], rounds: int, factor: float = 1.0, warm_up: bool = True) -> Samples:
    """``rounds`` samples of each case times ``factor``; each round starts with another case.

    A warm-up call of each comes first: it compiles. The garbage collector stays on, as it is for users.
    """
    names = list(cases)
    samples: Samples = {name: [] for name in names}
    if warm_up:
        for case in cases.values():
            case()
    for number in range(rounds):
        for i in range(len(names)):
            name = names[(i + number) % len(names)]
            gc.collect()
            samples[name].append(cases[name]() * factor)
    return samples


def repeated(work: Callable[[], object], times: int) -> Case:
    """Seconds that one of ``times`` calls of ``work`` takes."""

    def measure() -> float:
        start = perf_counter()
        for _ in range(times):
            work()
        return (perf_counter() - start) / times

    return measure


def whole(work: Callable[[], object], units: int) -> Case:
    """Seconds that one of the ``units`` of a single call of ``work`` takes."""

    def measure() -> float:
        start = perf_counter()
        work()
        return (perf_counter() - start) / units

    return measure
