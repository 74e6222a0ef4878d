"""``mx.profiler``: MXNet's way to the profile that ``lazynd.profile`` takes, and marks of your own in it.

>>> from lazynd import nd, profiler
>>> profiler.set_config(profile_all=True, aggregate_stats=True, filename="profile.json")
>>> profiler.set_state("run")
>>> with_task = profiler.Domain("training").new_task("epoch")
>>> with_task.start()
>>> total = (nd.ones((2, 3)) * 2).sum().asscalar()
>>> with_task.stop()
>>> profiler.set_state("stop")
>>> "epoch" in profiler.dumps(reset=True)
True
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from warnings import warn

from .ir.errors import MXNetError
from .observe.marks import Counter, Domain, Event, Frame, Marker, Task
from .observe.profiling import Profile
from .reference import fronts
from .runtime.tell.tracing import TRACING, Trace

__all__ = [
    "Counter", "Domain", "Event", "Frame", "Marker", "Task", "dump", "dump_profile", "dumps", "pause",
    "profiler_set_config", "profiler_set_state", "resume", "set_config", "set_kvstore_handle", "set_state",
]  # fmt: skip

_FLAGS: Final = (
    "profile_all", "profile_symbolic", "profile_imperative", "profile_memory", "profile_api", "contiguous_dump",
    "continuous_dump", "aggregate_stats",
)  # fmt: skip
_PROCESSES: Final = {"worker": 0, "server": 1}


class _State:
    """What was configured, the trace, and whether it is written."""

    def __init__(self) -> None:
        self.flags = dict.fromkeys(_FLAGS, False)
        self.filename = "profile.json"
        self.trace: Trace | None = None
        self.running = False

    @property
    def engine(self) -> bool:
        """Whether what the engine does is wanted, and not only what the user marks."""
        return self.flags["profile_all"] or self.flags["profile_symbolic"] or self.flags["profile_imperative"]

    def begin(self) -> None:
        if self.trace is None:
            self.trace = Trace()
        if TRACING.marks not in (None, self.trace):
            raise MXNetError("a profile is being taken already by lazynd.profile")
        self.running = True
        TRACING.marks = self.trace
        TRACING.now = self.trace if self.engine else None

    def end(self) -> None:
        if self.running:
            TRACING.now = TRACING.marks = None
            self.running = False


_STATE: Final = _State()


def _process(name: str) -> None:
    """MXNet's processes: this one is the worker. ``KeyError`` for others, as there."""
    _PROCESSES[name]


def set_config(**kwargs: Any) -> None:
    """Configure the profiler: ``filename`` of the trace, "profile.json" by default, and flags, all False by default.

    ``profile_all``, ``profile_symbolic`` and ``profile_imperative`` each turn on what the engine does; without them
    only your own marks are noted. ``aggregate_stats`` is needed for ``dumps``. The other names of MXNet's are accepted
    and change nothing: ``profile_memory``, ``profile_api``, ``continuous_dump``, ``contiguous_dump``, ``dump_period``,
    ``profile_process``. ``MXNetError`` for others and for what is no boolean.

    >>> from lazynd import profiler
    >>> profiler.set_config(profile_all=True, filename="step.json")
    >>> profiler.set_config(profile_all=False, filename="profile.json")
    """
    _process(kwargs.pop("profile_process", "worker"))
    flags = {}
    for name, value in kwargs.items():
        if name in _FLAGS:
            flags[name] = _flag(name, value)
        elif name not in ("filename", "dump_period"):
            known = ", ".join((*_FLAGS, "filename", "dump_period", "profile_process"))
            raise MXNetError(f"Cannot find argument '{name}', Possible Arguments: {known}")
    _STATE.flags |= flags
    _STATE.filename = str(kwargs.get("filename", _STATE.filename))
    if _STATE.running:
        _STATE.begin()


def _flag(name: str, value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "1", "0"):
        raise MXNetError(f"Invalid Parameter format for {name} expect boolean but value='{value}'")
    return text in ("true", "1")


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """Begin ("run") or end ("stop") to profile; ``KeyError`` for other states. ``dump`` writes what was found.

    >>> from lazynd import profiler
    >>> profiler.set_state("stop")
    """
    begin = {"stop": False, "run": True}[state]
    _process(profile_process)
    if begin:
        _STATE.begin()
    else:
        _STATE.end()


def pause(profile_process: str = "worker") -> None:
    """Profile nothing until ``resume``, if something is profiled.

    >>> from lazynd import profiler
    >>> profiler.pause()
    """
    _process(profile_process)
    if _STATE.running:
        TRACING.now = TRACING.marks = None


def resume(profile_process: str = "worker") -> None:
    """Go on after ``pause``.

    >>> from lazynd import profiler
    >>> profiler.resume()
    """
    _process(profile_process)
    if _STATE.running:
        _STATE.begin()


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write the trace to the file that was configured, for https://ui.perfetto.dev; ``finished`` ends the profile.

    >>> import pathlib
    >>> from lazynd import profiler
    >>> profiler.set_config(filename="profile.json")
    >>> profiler.set_state("run")
    >>> profiler.dump()
    >>> pathlib.Path("profile.json").exists()
    True
    """
    _process(profile_process)
    Profile(_STATE.trace or Trace()).save(_STATE.filename)
    if finished:
        _STATE.end()
        _STATE.trace = None


#: By what ``dumps`` sorts: what each is called, and where it stands among count, total, least, greatest and mean.
_SORTED: Final = {"total": 1, "avg": 4, "min": 2, "max": 3, "count": 0}
_Row = tuple[int, float, float, float, float]


def dumps(reset: bool = False, format: str = "table", sort_by: str = "total", ascending: bool = False) -> str:
    """What was profiled, added up by name: a table, or JSON if ``format`` is "json"; "" without ``aggregate_stats``.

    ``sort_by``: "total", "avg", "min", "max" or "count", of which ``ascending`` has the smallest first;
    ``AssertionError`` for others. ``reset`` begins the sums and the trace anew.

    >>> from lazynd import profiler
    >>> profiler.set_config(aggregate_stats=True)
    >>> profiler.dumps(format="json", reset=True)[:1]
    '{'
    """
    assert format in ("table", "json"), f"Invalid value provided for format: {format}. Support: 'table', 'json'"
    supported = "'total', 'avg', 'min', 'max', 'count'"
    assert sort_by in _SORTED, f"Invalid value provided for sort_by: {sort_by}. Support: {supported}"
    if not _STATE.flags["aggregate_stats"]:
        return ""
    groups: dict[str, dict[str, _Row]] = {}
    if _STATE.trace is not None:
        for (category, name), (count, total, least, most) in Profile(_STATE.trace).totals.items():
            groups.setdefault(category, {})[name] = count, total, least, most, total / count
    ordered = {
        category: dict(sorted(rows.items(), key=lambda row: row[1][_SORTED[sort_by]], reverse=not ascending))
        for category, rows in sorted(groups.items())
    }
    if reset and _STATE.trace is not None:
        _STATE.trace.events.clear()
    return _as_json(ordered) if format == "json" else _as_table(ordered)


def _as_json(groups: dict[str, dict[str, _Row]]) -> str:
    names = ("Count", "Total", "Min", "Max", "Avg")
    times = {
        category: {name: dict(zip(names, row, strict=True)) for name, row in rows.items()}
        for category, rows in groups.items()
    }
    return json.dumps({"Time": times, "Unit": {"Time": "ms", "Memory": "kB"}}, indent=4)


def _as_table(groups: dict[str, dict[str, _Row]]) -> str:
    head = ("Name", "Total Count", "Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)")

    def line(name: str, *cells: str) -> str:
        return f"{name:<25}{cells[0]:>16}" + "".join(f"{cell:>17}" for cell in cells[1:])

    lines = ["", "Profile Statistics:", "\tNote the difference in units for different entries."]
    for category, rows in groups.items():
        lines += [category, "=" * 17, line(*head), line("----", *("-" * max(11, len(cell)) for cell in head[1:]))]
        lines += [line(name, str(row[0]), *(f"{cell:.4f}" for cell in row[1:])) for name, row in rows.items()]
        lines.append("")
    return "\n".join([*lines, ""])


def set_kvstore_handle(handle: Any) -> None:
    """MXNet's way to profile servers: there are none, so that this does nothing.

    >>> from lazynd import profiler
    >>> profiler.set_kvstore_handle(None)
    """


def _old(name: str, new: str, call: Callable[[], None]) -> None:
    warn(f"profiler.{name}() is deprecated. Please use profiler.{new}() instead", UserWarning, stacklevel=3)
    call()


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """The old name of ``set_config``, with a warning; ``mode`` is "symbolic" or "all".

    >>> from warnings import catch_warnings, simplefilter
    >>> from lazynd import profiler
    >>> with catch_warnings(record=True) as told:
    ...     simplefilter("always")
    ...     profiler.profiler_set_config()
    >>> told[0].category.__name__
    'UserWarning'
    """
    wanted: dict[str, Any] = {"profile_all" if mode == "all" else "profile_symbolic": True, "filename": filename}
    _old("profiler_set_config", "set_config", lambda: set_config(**wanted))


def profiler_set_state(state: str = "stop") -> None:
    """The old name of ``set_state``, with a warning.

    >>> from warnings import catch_warnings, simplefilter
    >>> from lazynd import profiler
    >>> with catch_warnings(record=True) as told:
    ...     simplefilter("always")
    ...     profiler.profiler_set_state()
    >>> told[0].category.__name__
    'UserWarning'
    """
    _old("profiler_set_state", "set_state", lambda: set_state(state))


def dump_profile() -> None:
    """The old name of ``dump``, with a warning.

    >>> from warnings import catch_warnings, simplefilter
    >>> from lazynd import profiler
    >>> with catch_warnings(record=True) as told:
    ...     simplefilter("always")
    ...     profiler.dump_profile()
    >>> told[0].category.__name__
    'UserWarning'
    """
    _old("dump_profile", "dump", lambda: dump(True))


__getattr__, __dir__ = fronts(__name__)
