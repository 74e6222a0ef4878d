"""Regions: what a thread records between two fences. A thread has one open region, and closed ones that wait to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ...config import config
from ...ir.node import Node, Output
from ...ir.specialization import NODE_COST

#: The factor on the bytes of arrays made from data: two regions, the open one and one that waits, hold some 64 MB.
#: What operations compute is charged without it, since most of it is never held: it dies inside its program.
DATA_WEIGHT: Final = 12
#: After ``record()`` its region may grow by so many times what was recorded in it, or so many budgets if that is more.
AFTER_RECORD: Final = 16


class Window:
    """What the regions of a loop hold that reads nothing: whole periods of what it records.

    ``specs``: the operators of the nodes; ``credit``: what they cost, and the arrays made from data among them.
    """

    __slots__ = ("credit", "specs")

    def __init__(self, specs: list[Any], credit: int) -> None:
        self.specs = specs
        self.credit = credit

    def start_in(self, specs: list[Any]) -> int | None:
        """After how many of ``specs`` a window begins: all of it, or at least half of it if they end before.

        None if none does.
        """
        ours, first = self.specs, self.specs[0]
        for start in range(len(specs) - len(ours) // 2):
            if specs[start] is first:
                part = specs[start : start + len(ours)]
                if part == ours[: len(part)]:
                    return start
        return None


class Region:
    """What was recorded between two fences.

    ``items``: its nodes in recording order, each followed by its further outputs. ``credit``: what may still be
    recorded before the region is closed; ``unit`` is what the credit was at first. ``held``: for arrays made from data,
    how many items were recorded before them, and what they cost.
    """

    __slots__ = (
        "closed", "credit", "cut", "forced", "held", "items", "kept", "moves", "owner", "touched", "under_record",
        "unit", "weight",
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
        #: Whether it was closed because it held as much as it may, not because of what the program does.
        self.cut = False
        #: Runs of parts of it that have not ended; they look for what they compute in this region.
        self.forced = 0
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

    def grow(self, credit: int) -> None:
        """Let it hold more."""
        self.credit += credit
        self.unit += credit

    def cost_of_last(self, nodes: int) -> int:
        """What its last ``nodes`` nodes cost, and the arrays made from data among them."""
        cost, at = 0, len(self.items)
        while nodes:
            at -= 1
            item = self.items[at]
            if isinstance(item, Node) and item.spec is not None:
                cost += item.spec.cost
                nodes -= 1
        return cost + sum(each for position, each in self.held if position > at)

    def give(self, at: int, other: Region) -> None:
        """Move the items from number ``at`` on to ``other``, a new region."""
        moved = self.items[at:]
        for item in moved:
            if item.node is not None and item.node.region is self:  # else it ran, or was lost
                item.node.region = other
        other.items, other.touched = moved, self.touched
        other.held = [(position - at, cost) for position, cost in self.held if position > at]
        self.held = [(position, cost) for position, cost in self.held if position <= at]
        other.credit -= sum(cost for _, cost in other.held)
        other.credit -= sum(item.spec.cost for item in moved if isinstance(item, Node) and item.spec is not None)
        del self.items[at:]

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

    __slots__ = ("bad", "beside", "closed", "dispatched", "open", "under_record", "window")

    def __init__(self) -> None:
        #: What gave a bad value, to be raised where the thread can be interrupted; see ``nans.py``.
        self.bad: Exception | None = None
        self.closed: list[Region] = []
        #: What was recorded aside last; see ``aside``.
        self.beside: Region | None = None
        #: What a region holds that ends where the recorded sequence repeats; None where no repetition is known.
        self.window: Window | None = None
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
            # One less, so that the region is asked about when it holds so much, not more.
            credit = self.window.credit - 1 if self.window else config.budget_nodes * NODE_COST
        return Region(self, credit, self.under_record)

    def split(self, at: int) -> None:
        """Close the open region; its items from number ``at`` on begin the next one. In an undivided section."""
        region, following = self.open, self.new()
        following.moves = region.moves
        if at < len(region.items) and not region.forced:
            region.give(at, following)
        region.closed = region.cut = True
        self.open = following
        self.closed.append(region)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is recorded inside goes into a closed region of its own, the same one as long as that waits to run.

        So what prepares arrays for the work at hand, initial values, is one program, and no part of the work's.
        """
        opened, made = self.open, self.beside
        if opened is made:  # inside another one
            yield
            return
        if made is not None and made in self.closed:
            self.closed.remove(made)
            made.closed = False
        else:
            made = Region(self, config.hard_limit * NODE_COST, False)
        self.open = self.beside = made
        try:
            yield
        finally:
            made, self.open = self.open, opened  # one that was full was closed, and another one is open
            made.closed = True
            self.beside = made
            if made.items:
                self.closed.append(made)

    def accuse(self) -> None:
        """Raise what gave a bad value, if something did."""
        if self.bad is not None:
            found, self.bad = self.bad, None
            raise found

    def pending(self) -> int:
        """How many items wait in all of them."""
        return len(self.open.items) + sum(len(region.items) for region in self.closed)

    def leave_record(self) -> None:
        """The outermost ``record()`` ends."""
        self.under_record = False
        self.open.leave_record(config.budget_nodes * NODE_COST)


def after(items: list[Node | Output], nodes: int) -> int:
    """The number of the item that follows so many nodes and their outputs."""
    for at, item in enumerate(items):
        if item.__class__ is Node:
            if not nodes:
                return at
            nodes -= 1
    return len(items)
