"""Regions: what a thread records between two fences. A thread has one open region, and closed ones that wait to run."""

from __future__ import annotations

from typing import Final

from ...config import config
from ...ir.node import Node, Output
from ...ir.specialization import NODE_COST

#: The factor on the bytes of arrays made from data: two regions, the open one and one that waits, hold some 64 MB.
#: What operations compute is charged without it, since most of it is never held: it dies inside its program.
DATA_WEIGHT: Final = 12
#: After ``record()`` its region may grow by so many times what was recorded in it, or so many budgets if that is more.
AFTER_RECORD: Final = 16


class Region:
    """What was recorded between two fences.

    ``items``: its nodes in recording order, each followed by its further outputs. ``credit``: what may still be
    recorded before the region is closed; ``unit`` is what the credit was at first. ``held``: for arrays made from data,
    how many items were recorded before them, and what they cost.
    """

    __slots__ = (
        "closed", "credit", "held", "items", "kept", "moves", "owner", "touched", "under_record", "unit", "weight",
    )  # fmt: skip

    def __init__(self, owner: Regions, credit: int, under_record: bool) -> None:
        self.owner = owner
        self.items: list[Node | Output] = []
        #: The items that were live at the fence. Held here they stay live: the program is the same whenever it runs.
        self.kept: list[Node | Output] = []
        self.credit = self.unit = credit
        self.held: list[tuple[int, int]] = []
        self.under_record = under_record
        self.closed = False
        #: The factor on the cost of arrays made from data.
        self.weight = 1
        #: Whether ``items`` may hold some that ran, or were lost, before the region was finished.
        self.touched = False
        #: Whether there may be items that move data on the host; see ``moves.py``.
        self.moves = False

    def hold(self, cost: int) -> None:
        """Charge for an array made from data, which pending nodes may keep alive; ``cost`` is that of its bytes."""
        if not self.items:
            return
        cost *= DATA_WEIGHT
        self.credit -= cost * self.weight
        at = len(self.items)
        if self.held and self.held[-1][0] == at:
            cost += self.held.pop()[1]
        self.held.append((at, cost))

    def leave_record(self, budget: int) -> None:
        """``record()`` ends: give credit for the rest of a training step, its gradients and updates.

        A step makes arrays from data before ``record()`` or inside. So an array made from data after it shows that the
        step is over and a loop of another kind runs; such arrays are charged more, and the region is closed sooner.
        """
        if self.under_record:
            spent = self.unit - self.credit
            self.credit = self.unit = AFTER_RECORD * max(spent, budget)
            self.weight = AFTER_RECORD
            self.under_record = False


class Regions:
    """The open region of a thread, and its closed ones that wait, oldest first."""

    __slots__ = ("closed", "dispatched", "open", "period_credit", "under_record")

    def __init__(self) -> None:
        self.closed: list[Region] = []
        #: The credit that makes the next region end where the recorded sequence repeats; 0 where none is known.
        self.period_credit = 0
        #: Whether what is recorded now is inside ``record()``.
        self.under_record = False
        #: The cost of the arrays made from data that runs nobody waited for may still read.
        self.dispatched = 0
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
