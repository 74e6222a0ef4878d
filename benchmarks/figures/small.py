"""Small programs, such as unit tests are: each is run once, in a process that has run nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ..agreement import difference, kinds
from ..process import PASSIVE, Server, child_under, oracle_python
from ..registry import figure
from ..report import number as digits
from ..result import OURS, Budget, Row
from ..timing import Effort

THEIRS = "mxnet"
PROGRAMS = 400
#: Of all together and of the median, of any single one, and milliseconds of any.
TOTAL, SINGLE, LONGEST = 1.5, 5.0, 50.0
#: Programs that are run in a process of their own too.
PROCESSES = 8

Costs = dict[str, float]


@dataclass
class Subject:
    """A framework's server, what it said of the programs, and what they cost: of each program, one in each round."""

    name: str
    server: Server
    programs: list[dict[str, Any]]
    importing: float
    costs: dict[int, list[Costs]] = field(default_factory=dict)

    def run(self, number: int, file: Path | None) -> None:
        """Run a program; ``file`` is where its results go."""
        cost = self.server.ask(number=number, file=None if file is None else str(file))
        if "error" in cost:
            raise RuntimeError(f"{self.programs[number]['name']!r} failed under {self.name}: {cost['error']}")
        self.costs.setdefault(number, []).append(cost)

    def milliseconds(self, number: int, without_imports: bool = False) -> list[float]:
        """CPU time of each round."""
        return [1e3 * (c["cpu"] - (c["imports"] if without_imports else 0)) for c in self.costs[number]]

    def totals(self, numbers: Sequence[int], without_imports: bool = False) -> list[float]:
        """Of several programs, by rounds."""
        each = [self.milliseconds(number, without_imports) for number in numbers]
        return [sum(of_round) for of_round in zip(*each, strict=True)]


Subjects = Mapping[str, Subject]


@figure(f"{PROGRAMS} small programs, CPU time of the first run of each in a process that has run nothing else")
def measure(effort: Effort) -> Iterator[Row]:
    rounds, count = effort.some_rounds(3), max(effort.times(PROGRAMS), 3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        subjects = {name: _subject(stack, name) for name in (OURS, *([THEIRS] if oracle_python() else []))}
        programs = subjects[OURS].programs
        numbers = range(0, len(programs), max(len(programs) // count, 1))[:count]
        for number_of_round in range(rounds):
            for number in numbers:
                for name in sorted(subjects, reverse=bool(number_of_round % 2)):
                    subjects[name].run(number, None if number_of_round else folder / f"{name}{number}.npz")
        yield from _all(subjects, numbers, _disagreeing(folder, programs, numbers) if THEIRS in subjects else [])
        yield from _extremes(subjects, numbers)
        yield from _families(subjects, numbers)
        yield _in_turn(subjects, numbers, rounds)
        yield _processes(subjects, numbers[:: max(count // PROCESSES, 1)][: PROCESSES if effort.scale else 1])


def _subject(stack: ExitStack, name: str) -> Subject:
    server = stack.enter_context(Server(name, "small_programs", name, **PASSIVE))
    said = server.line()
    return Subject(name, server, said["programs"], said["importing"])


def _disagreeing(folder: Path, programs: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> list[str]:
    found = []
    for number in numbers:
        compare = kinds if programs[number]["drawn"] else difference
        said = compare(folder / f"{OURS}{number}.npz", folder / f"{THEIRS}{number}.npz")
        if said:
            found.append(f"{programs[number]['name']}: {said}")
    return found


def _all(subjects: Subjects, numbers: Sequence[int], disagreeing: Sequence[str]) -> Iterator[Row]:
    ours = subjects[OURS]
    budget = Budget(TOTAL, THEIRS) if THEIRS in subjects else None
    compiled = sum(median(c["compiled"] for c in ours.costs[number]) for number in numbers)
    note = f"{compiled:g} programs compiled" + (f", {len(disagreeing)} differ from MXNet" if disagreeing else "")
    each = {
        ours.programs[n]["name"]: {who: median(s.milliseconds(n)) for who, s in subjects.items()}
        | {"imports": 1e3 * median(c["imports"] for c in ours.costs[n]), "compiled": ours.costs[n][0]["compiled"]}
        for n in numbers
    }
    samples = {name: subject.totals(numbers) for name, subject in subjects.items()}
    details = {"each": each, "disagreeing": list(disagreeing)}
    yield Row(f"{len(numbers)} programs", "ms", samples, budget, note, details)
    samples = {name: subject.totals(numbers, without_imports=True) for name, subject in subjects.items()}
    yield Row("without what they import", "ms", samples)
    importing = {name: subject.importing * 1e3 * len(numbers) for name, subject in subjects.items()}
    samples = {name: [t + importing[name] for t in subject.totals(numbers)] for name, subject in subjects.items()}
    yield Row("with the import of the framework", "ms", samples)


def _extremes(subjects: Subjects, numbers: Sequence[int]) -> Iterator[Row]:
    """Medians over the rounds: of one program alone a single run says little."""
    names = [each["name"] for each in subjects[OURS].programs]
    ours = {number: median(subjects[OURS].milliseconds(number)) for number in numbers}
    slowest = max(numbers, key=ours.__getitem__)
    over = sum(time > LONGEST for time in ours.values())
    note = f"{over} over {LONGEST:g}; {names[slowest]}"
    yield Row("the slowest", "ms", {OURS: [ours[slowest]]}, Budget(LONGEST), note)
    if THEIRS in subjects:
        ratios = {number: ours[number] / median(subjects[THEIRS].milliseconds(number)) for number in numbers}
        yield Row("the median, against MXNet", "x", {OURS: [median(ratios.values())]}, Budget(TOTAL))
        worst = max(numbers, key=ratios.__getitem__)
        over = sum(ratio > SINGLE for ratio in ratios.values())
        note = f"{over} over {SINGLE:g}; {names[worst]}"
        yield Row("the worst, against MXNet", "x", {OURS: [ratios[worst]]}, Budget(SINGLE), note)


def _families(subjects: Subjects, numbers: Sequence[int]) -> Iterator[Row]:
    families: dict[str, list[int]] = {}
    for number in numbers:
        families.setdefault(subjects[OURS].programs[number]["family"], []).append(number)
    for family, members in families.items():
        samples = {name: subject.totals(members) for name, subject in subjects.items()}
        yield Row(f"{family}, {len(members)}", "ms", samples)


def _in_turn(subjects: Subjects, numbers: Sequence[int], rounds: int) -> Row:
    """All in one process, as a test suite runs its tests."""
    costs: dict[str, list[list[Costs]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            answer = subject.server.ask(numbers=list(numbers))
            if isinstance(answer, dict):
                raise RuntimeError(f"the programs one after another failed under {name}: {answer['error']}")
            costs[name].append(answer)
    samples = {name: [1e3 * sum(c["cpu"] for c in of_round) for of_round in found] for name, found in costs.items()}
    note = f"{sum(c['compiled'] for c in costs[OURS][0]):g} programs compiled"
    if THEIRS in subjects:
        pairs = zip(costs[OURS][0], costs[THEIRS][0], strict=True)
        note += f", the median {digits(median(a['cpu'] / b['cpu'] for a, b in pairs))}x"
    return Row("all one after another in one process", "ms", samples, None, note)


def _processes(subjects: Subjects, numbers: Sequence[int]) -> Row:
    """Whether a fork costs what a process of its own does."""
    samples, forks = {}, []
    for name, subject in subjects.items():
        samples[name] = [1e3 * sum(child_under(name, "small_programs", name, n)["cpu"] for n in numbers)]
        forks.append(f"{name} {median(subject.totals(numbers)):.1f} ms")
    return Row(f"{len(numbers)} of them by real processes", "ms", samples, None, f"by forks: {', '.join(forks)}")
