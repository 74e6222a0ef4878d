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
from time import perf_counter_ns
from typing import Any, Final
from warnings import warn

from .ir.errors import MXNetError
from .observe.profiling import Profile
from .reference import fronts
from .runtime.tell.sites import current_site
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
_SCOPES: Final = {"global": "g", "marker": "t", "process": "p", "task": "t", "thread": "t"}


class _State:
    """What was configured, the trace, and whether it is written."""

    def __init__(self) -> None:
        self.flags = dict.fromkeys(_FLAGS, False)
        self.filename = "profile.json"
        self.trace: Trace | None = None
        self.running = False
        self.marks = 0

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


class Domain:
    """A name under which marks are grouped: the category of their events.

    >>> from lazynd import profiler
    >>> str(profiler.Domain("training"))
    'training'
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def new_task(self, name: str) -> Task:
        """A ``Task`` of this domain."""
        return Task(self, name)

    def new_frame(self, name: str) -> Frame:
        """A ``Frame`` of this domain."""
        return Frame(self, name)

    def new_counter(self, name: str, value: float | None = None) -> Counter:
        """A ``Counter`` of this domain, set to ``value`` if one is given."""
        return Counter(self, name, value)

    def new_marker(self, name: str) -> Marker:
        """A ``Marker`` of this domain."""
        return Marker(self, name)


class _Stretch:
    """Something that begins and ends, also beside others of its kind."""

    _kind = ""

    def __init__(self, domain: Domain | None, name: str) -> None:
        self.domain = domain
        self.name = name
        self._begun: tuple[Trace, int, int] | None = None

    def start(self) -> None:
        """Begin."""
        self.stop()
        trace = TRACING.marks
        if trace is not None:
            _STATE.marks += 1
            self._begun = trace, perf_counter_ns(), _STATE.marks
            trace.add("b", self.name, self._category, current_site(), self._begun[1], id=_STATE.marks)

    def stop(self) -> None:
        """End; without a beginning, nothing."""
        if self._begun is not None:
            trace, began, number = self._begun
            self._begun = None
            now = perf_counter_ns()
            trace.add("e", self.name, self._category, current_site(), now, now - began, id=number)

    @property
    def _category(self) -> str:
        return self._kind if self.domain is None else f"{self.domain}{self._kind}"

    def __str__(self) -> str:
        return self.name


class Task(_Stretch):
    """A stretch of work that may lie beside others: ``start`` and ``stop``.

    >>> from lazynd import profiler
    >>> task = profiler.Task(profiler.Domain("training"), "epoch")
    >>> task.start(), task.stop(), str(task)
    (None, None, 'epoch')
    """

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(domain, name)


class Frame(_Stretch):
    """A stretch that comes again and again, as a batch does: ``start`` and ``stop``.

    >>> from lazynd import profiler
    >>> frame = profiler.Domain("training").new_frame("batch")
    >>> frame.start(), frame.stop(), str(frame)
    (None, None, 'batch')
    """

    _kind = ",frame"

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(domain, name)


class Event(_Stretch):
    """A stretch of one thread, of no domain: ``start`` and ``stop``.

    >>> from lazynd import profiler
    >>> event = profiler.Event("loading")
    >>> event.start(), event.stop(), str(event)
    (None, None, 'loading')
    """

    _kind = "event"

    def __init__(self, name: str) -> None:
        super().__init__(None, name)


class Counter:
    """A number that changes: ``set_value``, ``increment``, ``decrement``, ``+=`` and ``-=``.

    >>> from lazynd import profiler
    >>> counter = profiler.Domain("training").new_counter("samples", 5)
    >>> counter += 3
    >>> str(counter), counter.value
    ('samples', 8)
    """

    def __init__(self, domain: Domain, name: str, value: float | None = None) -> None:
        self.domain = domain
        self.name = name
        self.value: float = 0
        if value is not None:
            self.set_value(value)

    def set_value(self, value: float) -> None:
        """Set it to ``value``."""
        self.value = value
        if TRACING.marks is not None:
            TRACING.marks.add("C", self.name, str(self.domain), current_site(), perf_counter_ns(), **{self.name: value})

    def increment(self, delta: float = 1) -> None:
        """Add ``delta``."""
        self.set_value(self.value + delta)

    def decrement(self, delta: float = 1) -> None:
        """Subtract ``delta``."""
        self.set_value(self.value - delta)

    def __iadd__(self, delta: float) -> Counter:
        self.increment(delta)
        return self

    def __isub__(self, delta: float) -> Counter:
        self.decrement(delta)
        return self

    def __str__(self) -> str:
        return self.name


class Marker:
    """An instant: ``mark``.

    >>> from lazynd import profiler
    >>> profiler.Domain("training").new_marker("rate halved").mark()
    """

    def __init__(self, domain: Domain, name: str) -> None:
        self.domain = domain
        self.name = name

    def mark(self, scope: str = "process") -> None:
        """Mark now; ``scope`` is "global", "process", "thread", "task" or "marker", else ``MXNetError``."""
        if scope not in _SCOPES:
            raise MXNetError(f"Invalid Input: '{scope}', valid values are: {{{', '.join(map(repr, _SCOPES))}}}")
        if TRACING.marks is not None:
            category = f"{self.domain},instant_marker"
            TRACING.marks.add("i", self.name, category, current_site(), perf_counter_ns(), scope=_SCOPES[scope])


def set_kvstore_handle(handle: Any) -> None:
    """MXNet's way to profile servers: there are none, so that this does nothing."""


def _old(name: str, new: str, call: Callable[[], None]) -> None:
    warn(f"profiler.{name}() is deprecated. Please use profiler.{new}() instead", UserWarning, stacklevel=3)
    call()


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """The old name of ``set_config``, with a warning; ``mode`` is "symbolic" or "all"."""
    wanted: dict[str, Any] = {"profile_all" if mode == "all" else "profile_symbolic": True, "filename": filename}
    _old("profiler_set_config", "set_config", lambda: set_config(**wanted))


def profiler_set_state(state: str = "stop") -> None:
    """The old name of ``set_state``, with a warning."""
    _old("profiler_set_state", "set_state", lambda: set_state(state))


def dump_profile() -> None:
    """The old name of ``dump``, with a warning."""
    _old("dump_profile", "dump", lambda: dump(True))


__getattr__, __dir__ = fronts(__name__)
