"""What each thread knows: its recording flags, its open region and the closed ones that wait."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Final

from ..config import config
from ..ir.node import Node, Output
from ..ir.specialization import NODE_COST
from ..ir.types import CPU, Context
from . import random
from .stats import stats

UNLIMITED: Final = 1 << 62
#: What may follow ``record()`` before a cut: so many times what was recorded in it, or so many budgets.
AFTER_RECORD: Final = 16


class Region:
    """A stretch of recording between two fences.

    ``items`` holds its nodes, each followed by its further outputs, in recording order. ``credit`` is what may
    still be recorded before a cut; ``unit`` is what the credit was; ``held`` lists what arrays made from data cost,
    with the number of items before them.
    """

    __slots__ = ("closed", "credit", "held", "items", "kept", "owner", "touched", "under_record", "unit", "weight")

    def __init__(self, owner: State, credit: int, under_record: bool) -> None:
        self.owner = owner
        self.items: list[Node | Output] = []
        #: Those that were live at the fence, so that what the program returns does not depend on when it runs.
        self.kept: list[Node | Output] = []
        self.credit = self.unit = credit
        self.held: list[tuple[int, int]] = []
        self.under_record = under_record
        self.closed = False
        #: How many times over arrays made from data are charged.
        self.weight = 1
        #: Whether another thread ran some of its items.
        self.touched = False

    def hold(self, cost: int) -> None:
        """Charge for an array made from data, which pending work may keep alive."""
        if not self.items:
            return
        self.credit -= cost * self.weight
        at = len(self.items)
        if self.held and self.held[-1][0] == at:
            cost += self.held.pop()[1]
        self.held.append((at, cost))

    def leave_record(self, budget: int) -> None:
        """The rest of a training step may follow, gradients and updates, but no loop of another kind.

        A step brings its data before or inside ``record()``; so arrays made from data tell that a loop has begun.
        """
        if self.under_record:
            spent = self.unit - self.credit
            self.credit = self.unit = AFTER_RECORD * max(spent, budget)
            self.weight = AFTER_RECORD
            self.under_record = False


class Untraceable(BaseException):
    """A body does what a graph cannot hold. Not an ``Exception``: the body must not catch it."""


class Effect(Untraceable):
    """A body that reaches out of itself: it will do so whenever it is called."""


class State:
    """The engine's state of one thread."""

    #: While the thread traces: what records an operation under ``record()``.
    taped: ClassVar[Any] = None

    __slots__ = (
        "closed",
        "context",
        "forbid_sync",
        "outer_contexts",
        "period_credit",
        "record_depth",
        "recording",
        "region",
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
        self.closed: list[Region] = []
        #: The credit that makes the next region end where the recorded sequence repeats.
        self.period_credit = 0
        self.region = Region(self, self.next_credit(), False)

    def leave_record(self) -> None:
        """The outermost ``record()`` ends."""
        self.region.leave_record(config.budget_nodes * NODE_COST)

    def effect(self, what: str) -> None:
        """Called before ``what`` a trace cannot hold: a value that is needed, a fence, a backward pass."""

    def next_draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Seed and number of the next draw on ``context``, the first of ``draws``."""
        stats.draws += draws
        return random.take(context, draws)

    def next_credit(self) -> int:
        if self.record_depth:
            return config.hard_limit * NODE_COST
        return self.period_credit or config.budget_nodes * NODE_COST


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
#: Held while pending work is linearised, dispatched and published; never while compiling.
LOCK: Final[Any] = threading.RLock()
