"""Regions: stretches of recording between fences, which run as wholes. One thread's: an open one, and closed ones."""

from __future__ import annotations

from typing import Final

from ...config import config
from ...ir.node import Node, Output
from ...ir.specialization import NODE_COST

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

    def __init__(self, owner: Regions, credit: int, under_record: bool) -> None:
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


class Regions:
    """The open region of a thread, and its closed ones that wait, oldest first."""

    __slots__ = ("closed", "open", "period_credit", "under_record")

    def __init__(self) -> None:
        self.closed: list[Region] = []
        #: The credit that makes the next region end where the recorded sequence repeats; 0 where none is known.
        self.period_credit = 0
        #: Whether what is recorded now is inside ``record()``.
        self.under_record = False
        self.open = self.new()

    def new(self) -> Region:
        """An empty region."""
        if self.under_record:
            credit = config.hard_limit * NODE_COST
        else:
            credit = self.period_credit or config.budget_nodes * NODE_COST
        return Region(self, credit, self.under_record)

    def pending(self) -> int:
        """How many items wait in all of them."""
        return len(self.open.items) + sum(len(region.items) for region in self.closed)

    def leave_record(self) -> None:
        """The outermost ``record()`` ends."""
        self.under_record = False
        self.open.leave_record(config.budget_nodes * NODE_COST)
