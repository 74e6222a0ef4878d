"""The ledger: the last forces and the last compiles, each with its reason and the user's line. It is always open.

Writing it costs a force about a microsecond; recording an operation, a known program and a compiled call write nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import Final, NamedTuple

from .sites import Site, current_site, forget_costs
from .stats import DONE
from .tracing import TRACING

#: So many entries of each kind are kept.
MOST: Final = 1_000
#: Seconds that something must have been waited for to be noted, where nothing had to run.
NOTED: Final = 1e-4


class Entry(NamedTuple):
    """One time that something ran because of a line: a read ("asnumpy", "bool", ...), "waitall", or "window".

    ``seconds`` are those in which the line waited, without ``compiling``, those of getting programs. ``operators`` are
    the results of operators that were computed, ``compiles`` the programs made or loaded, ``nbytes`` what the programs
    gave.
    """

    cause: str
    site: Site
    seconds: float
    compiling: float
    operators: int
    compiles: int
    nbytes: int


@dataclass(slots=True)
class Compile:
    """One program that was compiled, or ``loaded`` from the cache on disk, for ``cause`` at a line.

    ``why``: the first difference from the nearest program known, that of ``like``; None if none was known.
    """

    cause: str
    site: Site
    operators: int
    inputs: int
    outputs: int
    seconds: float
    loaded: bool
    why: str | None
    like: Site | None

    @property
    def reason(self) -> str:
        """The same as a sentence's end, with where the other program was first needed."""
        if self.why is None:
            return NOTHING
        return (
            self.why
            if self.like is None or self.like is self.site
            else f"{self.why} (like the program of {self.like.place})"
        )


class Retrace(NamedTuple):
    """A compiled function that was traced again, or (``python``) runs as it stands, because of ``why``."""

    name: str
    why: str
    site: Site
    python: bool


#: What is said where there is no other program to compare with.
NOTHING: Final = "nothing like it ran before"

#: What an ``Entry`` is made of: a tuple takes a quarter of the time.
Written = tuple[str, Site, float, float, int, int, int]
FORCES: Final[deque[Written]] = deque(maxlen=MOST)
WINDOWS: Final[deque[Written]] = deque(maxlen=MOST)
COMPILES: Final[deque[Compile]] = deque(maxlen=MOST)
RETRACES: Final[deque[Retrace]] = deque(maxlen=MOST)


#: The line, and what the thread had done before something ran.
Before = tuple[Site, float, int, int, int, float, float]


def begin(depth: int = 3) -> Before:
    """Called where something is about to run because of the user's line.

    That is further out than ``depth`` functions from here: finding it is most of what the ledger costs.
    """
    site, done = current_site(depth + 1), DONE.work
    return site, done.compiling, done.compiles, done.executed, done.computed, done.loading, perf_counter()


def end(cause: str, before: Before) -> None:
    """Note what ran since ``before`` because of ``cause``, also if it failed."""
    site, compiling, compiles, executed, computed, loading, started = before
    seconds, done = perf_counter() - started, DONE.work
    if TRACING.now is not None:
        told = {"operators": done.executed - executed, "programs": done.compiles - compiles}
        TRACING.now.span(cause, "window" if cause == "window" else "force", site, started, **told)
    compiling = done.compiling - compiling
    seconds -= compiling + done.loading - loading  # loading a backend is nobody's fault
    site.running += seconds
    computed = done.computed - computed
    site.nbytes += computed
    made = cause, site, seconds, compiling, done.executed - executed, done.compiles - compiles, computed
    if cause == "window":
        site.windows += 1
        WINDOWS.append(made)
    else:
        site.forces += 1
        FORCES.append(made)


def waited(seconds: float, forced: bool = False) -> None:
    """Note that the user's line has waited, more than ``NOTED``; ``forced`` if for what its last force had run."""
    site = current_site(3)
    site.running += seconds
    trace = TRACING.now
    if trace is not None:
        trace.span("wait", "wait", site, perf_counter() - seconds)
    if forced and FORCES and FORCES[-1][1] is site:
        FORCES[-1] = (*FORCES[-1][:2], FORCES[-1][2] + seconds, *FORCES[-1][3:])


def forget() -> None:
    """Begin with an empty ledger, and lines that have cost nothing."""
    forget_costs()
    for each in (FORCES, WINDOWS, COMPILES, RETRACES):
        each.clear()
