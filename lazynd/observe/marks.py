"""Marks of the user's in a profile: stretches, numbers and instants; the classes of ``mx.profiler``."""

from __future__ import annotations

from itertools import count
from time import perf_counter_ns
from typing import Final

from ..ir.errors import MXNetError
from ..runtime.tell.sites import current_site
from ..runtime.tell.tracing import TRACING, Trace

#: MXNet's names of what a marker is about, and those of Chrome's format.
_SCOPES: Final = {"global": "g", "marker": "t", "process": "p", "task": "t", "thread": "t"}
_NUMBERS: Final = count(1)


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
            self._begun = trace, perf_counter_ns(), next(_NUMBERS)
            trace.add("b", self.name, self._category, current_site(), self._begun[1], id=self._begun[2])

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
