"""What each thread knows: its recording flags, its open region and the closed ones that wait."""

from __future__ import annotations

import threading
from typing import Any, Final

from ..config import config
from ..ir.node import Node, Output
from ..ir.specialization import NODE_COST
from ..ir.types import CPU, Context

UNLIMITED: Final = 1 << 62


class Region:
    """A stretch of recording between two fences.

    ``items`` holds its nodes, each followed by its further outputs, in recording order. ``credit`` is what may
    still be recorded before a cut; ``unit`` is what the credit was; ``held`` lists what arrays made from data cost,
    with the number of items before them.
    """

    __slots__ = ("closed", "credit", "held", "items", "kept", "owner", "touched", "under_record", "unit")

    def __init__(self, owner: State, credit: int, under_record: bool) -> None:
        self.owner = owner
        self.items: list[Node | Output] = []
        #: Those that were live at the fence, so that what the program returns does not depend on when it runs.
        self.kept: list[Node | Output] = []
        self.credit = self.unit = credit
        self.held: list[tuple[int, int]] = []
        self.under_record = under_record
        self.closed = False
        #: Whether another thread ran some of its items.
        self.touched = False

    def hold(self, cost: int) -> None:
        """Charge for an array made from data, which pending work may keep alive."""
        if not self.items:
            return
        self.credit -= cost
        at = len(self.items)
        if self.held and self.held[-1][0] == at:
            cost += self.held.pop()[1]
        self.held.append((at, cost))


class State:
    """The engine's state of one thread."""

    __slots__ = (
        "closed",
        "context",
        "eager",
        "forbid_sync",
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
        self.forbid_sync: str | None = None
        self.closed: list[Region] = []
        #: The credit that makes the next region end where the recorded sequence repeats.
        self.period_credit = 0
        self.eager = config.eager
        self.region = Region(self, self.next_credit(), False)

    def next_credit(self) -> int:
        if self.record_depth:
            return config.hard_limit * NODE_COST
        return self.period_credit or config.budget_nodes * NODE_COST


class Local(threading.local):
    def __init__(self) -> None:
        self.state = State()


LOCAL: Final = Local()
#: Held while pending work is linearised, dispatched and published; never while compiling.
LOCK: Final[Any] = threading.RLock()
