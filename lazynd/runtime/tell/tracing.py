"""The trace: what happened when, in which thread, because of which line. It is written only while somebody profiles.

Whoever does something worth telling asks ``TRACING.now``, which is None at other times.
"""

from __future__ import annotations

from threading import get_native_id
from time import perf_counter_ns
from typing import Any, Final

from .sites import Site

#: So many events are kept; those that come later are counted.
MOST: Final = 500_000


class Trace:
    """Events, in the order in which they ended.

    Each is its kind ("X" a span, "i" an instant, "C" a counter, "b" and "e" the ends of what overlaps), name, category,
    the user's line, begin and length in nanoseconds of ``perf_counter_ns``, thread, and what else there is to tell.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str, Site | None, int, int, int, dict[str, Any]]] = []
        self.dropped = 0
        self.started = perf_counter_ns()

    def add(
        self, kind: str, name: str, category: str, site: Site | None, began: int, length: int = 0, /, **told: Any
    ) -> None:
        """Note an event that has just ended."""
        if len(self.events) >= MOST:
            self.dropped += 1
            return
        self.events.append((kind, name, category, site, began, length, get_native_id(), told))

    def span(self, name: str, category: str, site: Site | None, started: float, /, **told: Any) -> None:
        """Note what began at ``started`` of ``perf_counter`` and ends now."""
        began = int(started * 1e9)
        self.add("X", name, category, site, began, perf_counter_ns() - began, **told)


class _Tracing:
    """Whether somebody profiles."""

    __slots__ = ("marks", "now")

    def __init__(self) -> None:
        #: Where the engine writes what it does; None if nobody wants to know.
        self.now: Trace | None = None
        #: Where the user's own marks go.
        self.marks: Trace | None = None


TRACING: Final = _Tracing()
