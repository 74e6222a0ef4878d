"""Profiles: what happened when, as a trace that Perfetto and Chrome open, and added up by name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..ir.errors import MXNetError
from ..runtime.tell.tracing import TRACING, Trace

#: Nanoseconds on a grid of sixteenths of a microsecond are exact as floats: ends of spans are sums without rounding.
_GRID: Final = 16


def _microseconds(nanoseconds: int) -> float:
    return nanoseconds * _GRID // 1000 / _GRID


class Profile:
    """What was profiled; made by ``lazynd.profile``.

    ``events`` are those of the trace, as Chrome's format has them: a dictionary each, with ``ph``, ``name``, ``cat``,
    ``ts`` and ``dur`` in microseconds, ``pid``, ``tid`` and ``args``, in which are ``line`` and ``source`` of the
    user's. ``totals`` adds them up: category and name to (count, total, least and greatest milliseconds).

    >>> import lazynd
    >>> from lazynd import nd
    >>> with lazynd.profile() as found:
    ...     _ = (nd.ones((2, 3)) * 2).sum().asscalar()
    >>> any(event["name"].startswith("asscalar") for event in found.events)
    True
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in order of their beginning, those that hold others first."""
        trace, pid = self._trace, os.getpid()
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        made: list[dict[str, Any]] = []
        threads: dict[int, None] = {}
        for kind, name, category, site, began, length, tid, told in list(trace.events):
            threads[tid] = None
            args = dict(told)
            if site is not None:
                args |= {"line": site.place, "source": site.source}
                if kind == "X" or category == "fence":  # what users mark has the names that they gave
                    name = f"{name}, {site.place}"
            start = _microseconds(began - trace.started)
            end = _microseconds(began + length - trace.started)
            event = {
                "ph": kind, "name": name, "cat": category, "ts": start, "dur": end - start, "pid": pid, "tid": tid,
                "args": args,
            }  # fmt: skip
            if kind in "be":  # "e" knows how long it took, for the sums; as an event it is an instant
                event |= {"id": args.pop("id"), "dur": 0}
            if kind == "i":
                event["s"] = args.pop("scope", "t")
            made.append(event)
        made.sort(key=lambda event: (event["ts"], -event["dur"]))
        return [*(_metadata("thread_name", names.get(tid, "thread"), pid, tid) for tid in threads), *made]

    @property
    def totals(self) -> dict[tuple[str, str], tuple[int, float, float, float]]:
        """By category and name (without lines): how many spans, and their milliseconds in all, least and most."""
        found: dict[tuple[str, str], tuple[int, float, float, float]] = {}
        for kind, name, category, _, _, length, _, _ in list(self._trace.events):
            if kind in "Xe":
                took = length / 1e6
                count, total, least, most = found.get((category, name), (0, 0.0, took, took))
                found[category, name] = count + 1, total + took, min(least, took), max(most, took)
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to ``path``, whole or not at all."""
        import json  # noqa: PLC0415 - it would be a tenth of what importing lazynd takes

        path = Path(path)
        content = {"traceEvents": self.events, "displayTimeUnit": "ms", "otherData": {"dropped": self._trace.dropped}}
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            part.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def __str__(self) -> str:
        rows = sorted(self.totals.items(), key=lambda item: -item[1][1])
        return "\n".join(
            f"{total:12.3f} ms  {count:6} x  {category}: {name}" for (category, name), (count, total, _, _) in rows
        )

    __repr__ = __str__


def _metadata(name: str, value: str, pid: int, tid: int) -> dict[str, Any]:
    return {"ph": "M", "name": name, "cat": "", "ts": 0, "dur": 0, "pid": pid, "tid": tid, "args": {"name": value}}


@contextmanager
def profile(path: str | os.PathLike[str] | None = "profile.json") -> Iterator[Profile]:
    """Profile what happens inside, and write it to ``path`` as a trace that https://ui.perfetto.dev opens.

    There are spans for forces, windows, waiting, compiling with its passes, programs, the operators that the
    interpreter runs, tracing of compiled functions and backward passes, each with the user's line in its name; instants
    where regions end; and what is marked with ``mx.profiler``. A program is waited for, so that its span is as long as
    it took: what else ran beside it waits too. Nothing runs that would not have run, and no counter differs. The file
    is written when the block ends, also by an error; with None there is none. A context manager and a decorator.

    ``FileNotFoundError`` at once if the folder is not there; ``MXNetError`` inside of another profile.

    >>> import json, pathlib
    >>> import lazynd
    >>> from lazynd import nd
    >>> with lazynd.profile("profile.json") as found:
    ...     total = (nd.ones((2, 3)) * 2).sum().asscalar()
    >>> sorted({category for category, _ in found.totals} & {"force", "program"})
    ['force', 'program']
    >>> len(json.loads(pathlib.Path("profile.json").read_text())["traceEvents"]) == len(found.events)
    True
    """
    if path is not None and not Path(path).absolute().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {Path(path).absolute().parent} for the profile")
    if TRACING.now is not None:
        raise MXNetError("a profile is being taken already: by lazynd.profile or mx.profiler")
    marks = TRACING.marks
    trace = TRACING.now = TRACING.marks = Trace()
    found = Profile(trace)
    try:
        yield found
    finally:
        TRACING.now, TRACING.marks = None, marks
        if path is not None:
            found.save(path)
