"""Whole programs of the kinds people write: the first run in a fresh process, and later ones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from .. import whole
from ..agreement import difference
from ..process import child_under, oracle_python
from ..registry import figure
from ..report import number as digits
from ..result import OURS, Budget, Row
from ..timing import Effort

THEIRS = "mxnet"
#: The first runs as a multiple of MXNet's: of all in sum, and of any single one.
TOTAL, SINGLE = 2.0, 5.0
#: Runs after the first.
LATER = 5

#: What the child said of each program, in each round.
Said = dict[str, list[dict[str, Any]]]


@figure(f"{len(whole.NAMES)} whole programs, CPU time of the first run in a fresh process")
def measure(effort: Effort) -> Iterator[Row]:
    rounds, later = effort.some_rounds(3), max(effort.times(LATER), 1)
    names = whole.NAMES if effort.scale else whole.NAMES[1:2]
    frameworks = (OURS, *([THEIRS] if oracle_python() else []))
    said: dict[str, Said] = {who: {name: [] for name in names} for who in frameworks}
    differences = {}
    with tempfile.TemporaryDirectory() as folder:
        for number_of_round in range(rounds):
            for name in names:
                files = {who: Path(folder, f"{who}.npz") for who in said}
                for who in sorted(said, reverse=bool(number_of_round % 2)):
                    said[who][name].append(child_under(who, "whole_program", who, name, later, files[who]))
                if len(files) > 1:
                    tolerance = said[OURS][name][-1]["tolerance"]
                    differences[name] = difference(files[OURS], files[THEIRS], **tolerance)
    for name in names:
        yield _row(name, said, differences.get(name, ""))
    yield from _sums(said)


def _first(costs: dict[str, Any]) -> float:
    return 1e3 * float(costs["first"]["cpu"])


def _later(costs: dict[str, Any]) -> float:
    """The median of the runs after the first."""
    return 1e3 * median(run["cpu"] for run in costs["later"])


def _row(name: str, said: dict[str, Said], differs: str) -> Row:
    samples = {who: [_first(costs) for costs in found[name]] for who, found in said.items()}
    costs = said[OURS][name][0]
    later = {who: median(_later(each) for each in found[name]) for who, found in said.items()}
    compiled = [costs["first"]["compiled"], sum(run["compiled"] for run in costs["later"])]
    note = f"{compiled[0]} programs, {compiled[1]} in later runs; later {' and '.join(map(digits, later.values()))} ms"
    note += f"; differs from MXNet: {differs}" if differs else ""
    details = {"later": later, "compiled": compiled, "differs": differs, "imports": costs["first"]["imports"]}
    return Row(name.replace("_", " "), "ms", samples, Budget(SINGLE, THEIRS) if THEIRS in said else None, note, details)


def _sums(said: dict[str, Said]) -> Iterator[Row]:
    def sums(value: Any) -> dict[str, list[float]]:
        return {who: [sum(map(value, of)) for of in zip(*found.values(), strict=True)] for who, found in said.items()}

    yield Row("all, first runs", "ms", sums(_first), Budget(TOTAL, THEIRS) if THEIRS in said else None)
    yield Row("without what they import", "ms", sums(lambda costs: _first(costs) - 1e3 * costs["first"]["imports"]))
    yield Row("with the import of the framework", "ms", sums(lambda costs: _first(costs) + 1e3 * costs["importing"]))
    yield Row("all, a later run", "ms", sums(_later))
