"""What each thread has: its recording flags, its default context and its pending work."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Final

from ..ir.types import CPU, Context
from .record import streams
from .run.regions import Regions
from .tell.stats import stats


class Untraceable(BaseException):
    """A body does what a graph cannot hold. Not an ``Exception``: the body must not catch it."""


class Effect(Untraceable):
    """A body that reaches out of itself: it will do so whenever it is called."""


class State:
    """The engine's state of one thread."""

    #: While the thread traces: what records an operation under ``record()``.
    taped: ClassVar[Any] = None

    __slots__ = (
        "context",
        "forbid_sync",
        "outer_contexts",
        "record_depth",
        "recording",
        "regions",
        "training",
    )

    def __init__(self) -> None:
        self.recording = False
        self.training = False
        self.record_depth = 0
        self.context: Context = CPU
        #: The defaults to return to when ``with context:`` blocks end.
        self.outer_contexts: list[Context] = []
        self.forbid_sync: str | None = None
        self.regions = Regions()

    def leave_record(self) -> None:
        """The outermost ``record()`` ends."""
        self.regions.leave_record()

    def effect(self, what: str) -> None:
        """Called before ``what`` a trace cannot hold: a value that is needed, a fence, a backward pass."""

    def next_draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Seed and number of the next draw on ``context``, the first of ``draws``."""
        stats.draws += draws
        return streams.take(context, draws)


class Local(threading.local):
    def __init__(self) -> None:
        self.state = State()


LOCAL: Final = Local()


def _enter(context: Context) -> None:
    state = LOCAL.state
    state.outer_contexts.append(state.context)
    state.context = context


def _leave() -> None:
    state = LOCAL.state
    state.context = state.outer_contexts.pop()


Context.enter.append(_enter)
Context.leave.append(_leave)
