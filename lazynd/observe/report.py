"""What the engine did, by the user's lines: an object that prints, shows itself in notebooks, and can be asked."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..ir.node import Node, Output
from ..ir.several import several
from ..runtime.guard.sections import LOCK
from ..runtime.run.compile import PROGRAMS
from ..runtime.run.history import INTERPRETED
from ..runtime.run.program import Family
from ..runtime.run.recorded import Recorded
from ..runtime.tell.ledger import COMPILES, FORCES, RETRACES, WINDOWS, Entry
from ..runtime.tell.location import place_of, source_of
from ..runtime.tell.sites import SITES, Site
from ..runtime.tell.stats import stats
from .explain import Explanation, Reason, told, told_of_traces
from .tables import as_html, as_text, escaped, quantity
from .work import work_by_line


@dataclass(frozen=True)
class Force:
    """One time that a line had something run: a read, ``waitall``, or, as "window", what nobody has read.

    ``place`` is the line as people name it, in a notebook the cell and its line; ``file`` and ``line`` are Python's.
    ``run_seconds`` are those in which the line waited, besides ``compile_seconds``. ``operators``: the results of
    operators that were computed; ``nbytes``: of the results that were kept.

    >>> import lazynd
    >>> from lazynd import nd
    >>> (nd.ones((2, 3)) * 2).sum().asscalar()
    np.float32(12.0)
    >>> lazynd.report().forces[-1].cause
    'asscalar'
    """

    cause: str
    place: str
    file: str
    line: int
    run_seconds: float
    compile_seconds: float
    operators: int
    programs: int
    nbytes: int

    def __str__(self) -> str:
        took = f"{self.compile_seconds:.3f} s compiling, {self.run_seconds:.3f} s running"
        return f"{self.cause} at {self.place}: {several(self.operators, 'operator')}, {took}, {quantity(self.nbytes)}"


@dataclass
class Line:
    """What one line of the user's has cost so far.

    ``causes``: how often it forced by what, among the last 1,000 forces. ``windows``: regions that ran there although
    nobody read them. ``compiles``: programs that were compiled or loaded for it. ``runs``: how often the programs ran
    that were first needed there and are still kept. ``nbytes``: of the results that it had computed. ``work``: the
    share that was recorded there of all that ran, gradients included, by estimate.

    >>> import lazynd
    >>> from lazynd import nd
    >>> (nd.ones((2, 3)) * 2).sum().asscalar()
    np.float32(12.0)
    >>> max(line.forces for line in lazynd.report().lines) > 0
    True
    """

    place: str
    file: str
    line: int
    source: str
    forces: int = 0
    windows: int = 0
    compiles: int = 0
    runs: int = 0
    compile_seconds: float = 0.0
    run_seconds: float = 0.0
    nbytes: int = 0
    work: float = 0.0
    causes: Counter[str] = field(default_factory=Counter)
    why: str = ""

    @property
    def matters(self) -> bool:
        """Whether it has cost anything worth a line."""
        return bool(self.forces or self.windows or self.compiles or self.runs or self.seconds or self.work >= 0.005)

    @property
    def seconds(self) -> float:
        """Compiling and running."""
        return self.compile_seconds + self.run_seconds


#: By what lines can be ranked.
RANKS: Final = {
    "time": lambda line: line.seconds,
    "compile": lambda line: line.compile_seconds,
    "run": lambda line: line.run_seconds,
    "bytes": lambda line: line.nbytes,
    "forces": lambda line: line.forces + line.windows,
    "work": lambda line: line.work,
}
_HEAD: Final = ("compile s", "run s", "forces", "programs", "runs", "bytes", "work", "line")


class Report:
    """What the engine did until the report was made; made by ``lazynd.report()``.

    ``lines``: a ``Line`` for each of the user's lines, those that cost most first. ``forces`` and ``windows``: a
    ``Force`` for each of the last 1,000. ``compiles``: the reasons of the last 1,000 programs. ``totals``: the counters
    of ``lazynd.stats()``, the programs kept and the buffers alive.

    >>> import lazynd
    >>> from lazynd import nd
    >>> (nd.ones((2, 3)) * 2).sum().asscalar()
    np.float32(12.0)
    >>> report = lazynd.report()
    >>> report.forces[-1].cause, report.forces[-1].operators
    ('asscalar', 3)
    >>> report.by("forces")[0].forces >= 1
    True
    """

    def __init__(self, limit: int = 10, by: str = "time") -> None:
        if by not in RANKS:
            raise ValueError(f"lines are ranked by {', '.join(RANKS)}, not by {by!r}")
        self.limit = limit
        with LOCK:
            families, ran = _what_ran()
            sites, forces, windows, compiles = list(SITES.values()), list(FORCES), list(WINDOWS), list(COMPILES)
            self._traces = told_of_traces(RETRACES)
        self.totals = _totals(families)
        self.forces = [_force(Entry(*each)) for each in forces]
        self.windows = [_force(Entry(*each)) for each in windows]
        self.compiles: list[Reason] = told(compiles)
        self._lines = list(_lines(sites, families, self.forces, self.compiles, work_by_line(ran)))
        self.ranked_by = by
        self.lines = self.by(by)

    def by(self, what: str) -> list[Line]:
        """The lines ranked by "time" (compiling and running), "compile", "run", "bytes", "forces" or "work"."""
        return sorted(self._lines, key=lambda line: (-RANKS[what](line), -line.seconds, -line.work, line.place))

    @property
    def explanation(self) -> Explanation:
        """Why programs were compiled."""
        return Explanation(self.compiles, self.limit, self._traces)

    def __str__(self) -> str:
        text = _sentences(self.totals)
        shown = self.lines[: self.limit]
        if shown:
            text += ["", *_with_reasons(as_text(_HEAD, [_row(line) for line in shown]), shown)]
        if len(self.lines) > len(shown):
            text.append(f"and {len(self.lines) - len(shown)} more lines")
        return "\n".join(text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = self.lines[: self.limit]
        rows = [[*_row(line)[:-1], line.place, line.source] for line in shown]
        said = "<br>".join(map(escaped, _sentences(self.totals)))
        table = as_html([*_HEAD, "source"], rows, (-2, -1)) if shown else ""
        return f"<p>{said}</p>{table}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def alive() -> tuple[int, int]:
    """How many computed buffers nodes hold, and their bytes; see ``observe.memory``."""
    found: dict[int, int] = {}
    for each in gc.get_objects():
        if isinstance(each, Node | Output):
            value = getattr(each, "value", None)  # a node in the making has none yet
            if value is not None:
                found[id(value)] = each.type.nbytes
    return len(found), sum(found.values())


def _totals(families: list[Any]) -> dict[str, Any]:
    buffers, nbytes = alive()
    return {
        **stats.snapshot(),
        "programs_kept": len(families), "code_bytes": sum(each.nbytes for each in families),
        "compile_seconds": sum(each.compiling for each in SITES.values()),
        "buffers_alive": buffers, "bytes_alive": nbytes,
    }  # fmt: skip


def _force(entry: Entry) -> Force:
    site = entry.site
    return Force(
        entry.cause, site.place, site.file, site.line, entry.seconds, entry.compiling, entry.operators, entry.compiles,
        entry.nbytes,
    )  # fmt: skip


def _what_ran() -> tuple[list[Family], list[Recorded]]:
    """The programs that are kept, and all plans that ran, as far as they are known."""
    families = list(PROGRAMS.families.values())
    ran = [each.recorded for family in families for each in (family.baked, family.general) if each is not None]
    return families, ran + [each.recorded for each in INTERPRETED.values()]


def forget_runs() -> None:
    """Have reports leave out what ran until now."""
    with LOCK:
        families, ran = _what_ran()
        for family in families:
            family.forgotten = family.uses
        for each in ran:
            each.forgotten = each.runs


def _lines(
    sites: Iterable[Site],
    families: Iterable[Any],
    forces: Iterable[Force],
    compiles: Iterable[Reason],
    work: Mapping[tuple[str, int], float],
) -> Iterable[Line]:
    """What each line has cost: several reads in one line are one."""
    found: dict[tuple[str, int], Line] = {}

    def at(site: Site) -> Line:
        where = site.file, site.line
        if where not in found:
            found[where] = Line(site.place, site.file, site.line, site.source)
        return found[where]

    for site in sites:
        line = at(site)
        line.forces += site.forces
        line.windows += site.windows
        line.compiles += site.compiles
        line.compile_seconds += site.compiling
        line.run_seconds += site.running
        line.nbytes += site.nbytes
    for family in families:
        at(family.site).runs += family.uses - family.forgotten
    for (file, number), share in work.items():
        if file and (file, number) not in found:
            found[file, number] = Line(place_of(file, number, short=True), file, number, source_of(file, number))
        if file:
            found[file, number].work = share
    for force in forces:
        if (force.file, force.line) in found:
            found[force.file, force.line].causes[force.cause] += 1
    for each in compiles:
        if (each.file, each.line) in found:
            found[each.file, each.line].why = each.why
    return [line for line in found.values() if line.matters]


def _row(line: Line) -> tuple[str, ...]:
    forces = f"{line.forces}+{line.windows}" if line.windows else str(line.forces)
    source = f"  {line.source}" if line.source else ""
    return (
        f"{line.compile_seconds:.3f}", f"{line.run_seconds:.3f}", forces, str(line.compiles), str(line.runs),
        quantity(line.nbytes), f"{line.work:.0%}" if line.work >= 0.005 else "", f"{line.place}{source}",
    )  # fmt: skip


def _with_reasons(table: list[str], lines: list[Line]) -> list[str]:
    """The rows, and below those of lines that had several programs compiled why the last one was."""
    made = table[:1]
    for row, line in zip(table[1:], lines, strict=True):
        made.append(row)
        if line.compiles > 1 and line.why:
            made.append(f"{'':>11}compiled {several(line.compiles, 'time')}, the last one because of: {line.why}")
    return made


def _sentences(s: dict[str, Any]) -> list[str]:
    """The totals."""

    def count(name: str, what: str) -> str:
        return several(s[name], what)

    return [
        f"{count('forces', 'force')} and {count('windows', 'window')} ran {count('executed', 'operator')} "
        f"in {count('runs', 'program run')} and {s['interpreted']:,} in the interpreter; "
        f"{s['moved']:,} moved data on the host",
        f"{count('hits', 'run')} of programs that were there; {count('programs', 'program')} compiled, "
        f"{s['loaded']:,} loaded, {s['evicted']:,} dropped",
        f"{count('programs_kept', 'program')} kept: {quantity(s['code_bytes'])} of code; "
        f"{s['compile_seconds']:.3f} s to get programs, {s['loading']:.3f} s to load the backend",
        f"{count('buffers_alive', 'buffer')} alive: {quantity(s['bytes_alive'])}; "
        f"{count('computed', 'byte')} computed, {count('donated', 'buffer')} donated, {s['copied']:,} copied; "
        f"{count('draws', 'draw')}",
    ]
