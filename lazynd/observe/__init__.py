"""Looking at what the engine did, and forbidding what it should not do. Looking runs nothing and changes no counter."""

from __future__ import annotations

from ..runtime.tell.ledger import forget
from ..runtime.tell.stats import Stats
from ..runtime.tell.stats import stats as _stats
from .checks import BadValue, debug_nans, no_sync
from .explain import Explanation, Reason, explain
from .profiling import Profile, profile
from .report import Force, Line, Report, alive, forget_runs

__all__ = [
    "BadValue", "Explanation", "Force", "Line", "Profile", "Reason", "Report", "debug_nans", "explain", "memory",
    "no_sync", "profile", "report", "reset", "stats",
]  # fmt: skip


def stats() -> Stats:
    """The engine's counters: forces, programs compiled, cache hits and more; a live object.

    >>> import lazynd
    >>> lazynd.stats().programs >= 0
    True
    """
    return _stats


def memory() -> tuple[int, int]:
    """How many computed buffers lazynd's arrays (those on a tape and in pending work too) hold, and their bytes.

    A buffer that several share counts once; what other libraries hold does not count. Looks at every object of the
    process, so it takes some milliseconds; it runs nothing.

    >>> import lazynd
    >>> from lazynd import nd
    >>> x = nd.ones((256, 1024))
    >>> before = lazynd.observe.memory()[1]
    >>> x.wait_to_read()
    >>> lazynd.observe.memory()[1] - before
    1048576
    """
    return alive()


def report(limit: int = 10, by: str = "time") -> Report:
    """What the engine did: totals, and the ``limit`` lines of the user that cost most, ranked ``by`` something.

    Lines are ranked by "time" (compiling and running), "compile", "run", "bytes", "forces" or "work", else
    ``ValueError``. The time of a run is that in which the line waited: for what it had run, or for what ran already
    when it was read. Where a program runs while Python goes on, the line that waits for it is named; which lines
    recorded what it computes is told by their share of the work. The report prints, shows itself as a table in a
    notebook, and has all that it tells as data; see ``Report``. Runs nothing and changes no counter.

    >>> import lazynd
    >>> from lazynd import nd
    >>> x = nd.ones((3,)) * 2
    >>> x.sum().asscalar()
    np.float32(6.0)
    >>> found = [line for line in lazynd.report().lines if line.causes["asscalar"]]
    >>> len(found) >= 1
    True
    """
    return Report(limit, by)


def reset() -> None:
    """Begin the report and the explanation anew: no line has cost anything, nothing was forced or compiled.

    The counters of ``stats`` go on, and so do the programs that are kept.

    >>> import lazynd
    >>> lazynd.observe.reset()
    >>> len(lazynd.report().forces), len(lazynd.explain())
    (0, 0)
    """
    forget()
    forget_runs()
