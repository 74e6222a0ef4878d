"""Counters of what the engine did, and the log that says why."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field, fields
from time import perf_counter
from types import CodeType
from typing import Any

logger = logging.getLogger("lazynd")
# A program that logs its own lines at level INFO gets none of ours among them, unless it asks this logger for them.
if logger.level == logging.NOTSET:
    logger.setLevel(logging.WARNING)


def _say_whose(record: logging.LogRecord) -> bool:
    """A program that has set up no logging prints warnings as they are: they begin with our name."""
    if record.levelno >= logging.WARNING:
        record.msg = f"lazynd: {record.msg}"
    return True


logger.addFilter(_say_whose)


@dataclass(slots=True)
class Stats:
    """What happened so far in this process.

    ``forces``: reads that had to run something. ``windows``: closed regions that ran although nobody read them, because
    more waited than ``config.window``. ``programs``: programs compiled. ``loaded``: programs taken from the cache on
    disk. ``runs``: program calls. ``hits``: those whose program was there. ``interpreted``: plans that the interpreter
    ran. ``moved``: nodes that only moved data, on the host. ``executed``: nodes run. ``evicted``: programs dropped
    because the cache was full. ``donated``: buffers that programs took over. ``copied``: buffers copied for a program,
    because something else wanted them. ``draws``: random draws. ``computed``: bytes of the results that runs gave.
    ``loading``: seconds that it took to load backends.
    """

    forces: int = 0
    windows: int = 0
    programs: int = 0
    runs: int = 0
    hits: int = 0
    interpreted: int = 0
    loaded: int = 0
    moved: int = 0
    evicted: int = 0
    executed: int = 0
    donated: int = 0
    copied: int = 0
    draws: int = 0
    computed: int = 0
    loading: float = 0.0
    #: When set to a Counter, how often the nodes of each site ran, by (operator, code, instruction).
    per_node: Counter[tuple[str, CodeType | None, int]] | None = field(default=None, repr=False)

    def snapshot(self) -> dict[str, Any]:
        """The counters as a dictionary.

        >>> from lazynd.runtime.tell.stats import Stats
        >>> Stats(forces=2).snapshot()["forces"]
        2
        """
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "per_node"}


stats = Stats()


class Work:
    """What one thread did: as ``stats``, but what other threads do meanwhile is not among it.

    ``compiles``: the programs compiled or loaded, in ``compiling`` seconds.
    """

    __slots__ = ("compiles", "compiling", "computed", "executed", "loading")

    def __init__(self) -> None:
        self.executed = self.computed = self.compiles = 0
        self.loading = self.compiling = 0.0

    def ran(self, executed: int, computed: int) -> None:
        """Note that so many nodes ran, and that so many bytes of results came of it: here, and in ``stats``."""
        self.executed += executed
        self.computed += computed
        stats.executed += executed
        stats.computed += computed

    def loaded(self, started: float) -> None:
        """Note that a backend was loaded, since ``started``; threads that want it at the same time wait together."""
        global _loaded
        now = perf_counter()
        self.loading += now - started
        stats.loading += now - max(started, _loaded)
        _loaded = now


class Done(threading.local):
    """The work of the thread that asks."""

    def __init__(self) -> None:
        self.work = Work()


DONE = Done()
#: When a backend was loaded last.
_loaded = 0.0
