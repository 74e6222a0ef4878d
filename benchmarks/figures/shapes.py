"""Shapes that a process has not seen before: what one costs, and what thousands leave in memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..process import child, child_under, oracle_python
from ..registry import figure
from ..result import Budget, Row
from ..timing import Case, Effort, interleave

SHAPES = 300
#: Shapes of each of ``children/new_shapes.py``'s programs, and of all of them where memory is measured.
NEW, MANY = 100, 5_000
PROGRAMS = ("x + 1", "broadcast_to", "an indexed write", "a gradient")
#: Milliseconds of a new shape, and megabytes that all of them leave.
MILLISECONDS, MEGABYTES = 1.0, 50.0


@figure(f"new shapes: {SHAPES} forces against jax eager, CPU time of one by kinds, memory; in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    shapes, rounds = max(effort.times(SHAPES), 3), effort.some_rounds(3)
    cases = {"lazynd": lambda: child("shapes", "lazynd", shapes), "jax eager": lambda: child("shapes", "jax", shapes)}
    samples = interleave(cases, rounds, warm_up=False)
    yield Row(f"{shapes} shapes, 4 operators each", "s", samples, Budget(2.0, "jax eager"))
    subjects = ("lazynd", *(["mxnet"] if oracle_python() else []))
    for program in PROGRAMS:
        by_kind: dict[str, Case] = {
            who: partial(_new_shapes, who, program, max(effort.times(NEW), 3), "seconds") for who in subjects
        }
        yield Row(f"a new shape of {program}", "ms", interleave(by_kind, rounds, 1e3, False), Budget(MILLISECONDS))
    many = max(effort.times(MANY), 3)
    memory = {"lazynd": [max(_new_shapes("lazynd", "each", many, "growth"), 0.1)]}  # less is nothing
    yield Row(f"memory after {many:,} shapes of these", "MB", memory, Budget(MEGABYTES))


def _new_shapes(who: str, program: str, count: int, what: str) -> float:
    return float(child_under(who, "new_shapes", who, program, count)[what])
