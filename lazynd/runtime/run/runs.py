"""Runs: which pending items are computed together, and what is done when nothing of them is left.

Three kinds: a closed region whole; of an open region what is connected with the root; the root and what it needs, no
more. The driver (``drive.py``) asks a run for plans until there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...ir.node import Node
from .failure import Lost, is_lost, lose, missing, unfinished, vanished
from .liveness import Ref
from .moves import move_data
from .pieces import Piece, plan_of_next
from .plan import Plan, ancestors, make_plan, pending
from .regions import Region, Regions

#: What may be tried in the place of a run that failed: another run, or None where it cannot be tried.
Attempt = Callable[["Run"], "Run | None"]


class Run:
    """What is left of some pending items, as plans; ``root`` is the value that is asked for, if any.

    ``compiled``: the key of the program that this run compiled and has not run yet. ``prepared``: that of the plan that
    the interpreter is to run, for which functions were compiled. ``parts``: whether a plan of it was divided.
    ``pieces``: what is left of a plan that was cut, the last piece first. ``attempts``: what is tried if it fails, once
    it has failed.
    """

    __slots__ = ("attempts", "compiled", "parts", "pieces", "prepared", "region", "root")

    #: Whether all that is live runs, also when the root has its value.
    whole: ClassVar[bool] = False
    #: Whether the plans hold what is connected with the root, and nothing else.
    component: ClassVar[bool] = False
    #: Whether each operator is a part of its own.
    singly: ClassVar[bool] = False
    #: Whether the interpreter runs the plans, whatever they cost.
    interpreted: ClassVar[bool] = False

    def __init__(self, region: Region | None, root: Ref | None) -> None:
        self.region = region
        self.root = root
        self.compiled: Any = None
        self.prepared: Any = None
        self.parts = False
        self.pieces: list[Piece] = []
        self.attempts: list[Attempt] | None = None

    def items(self) -> list[Ref]:
        """The pending items to plan from, in recording order, as a new list."""
        raise NotImplementedError

    def next_plan(self) -> Plan | None:
        """The plan of what is left or of a piece of it; None if nothing is.

        Called with the lock held, with no other plan alive.
        """
        if self.pieces:
            plan = plan_of_next(self.pieces)
            if plan is not None:
                return plan
        root = None if self.whole else self.root
        while root is None or (root.value is None and root.node.region.__class__ is not Lost):
            plan = make_plan(self.items(), root, self.component, self.component)
            if plan.foreign:
                if not is_lost(plan.foreign[0]):
                    return plan
                lose(plan.items, set(), plan.foreign[0].node.region)  # the next plan has nothing that needs it
            elif not plan.outputs:
                return None
            elif not (plan.items[0].node.region.moves and move_data(plan)):
                return plan
            del plan
        return None

    def finish(self) -> None:
        """Nothing of the run is left; called with the lock held. The root must have a value then, or be lost."""
        root = self.root
        if root is not None and root.value is None and not is_lost(root):
            raise missing(root)


class RegionRun(Run):
    """All that is live of a closed region."""

    __slots__ = ()
    region: Region
    whole = True

    def items(self) -> list[Ref]:
        return pending(self.region)

    def finish(self) -> None:
        region = self.region
        region.items.clear()
        region.kept.clear()
        if region in region.owner.closed:
            region.owner.closed.remove(region)
        super().finish()


class ComponentRun(Run):
    """The connected component of the root in an open region."""

    __slots__ = ()
    region: Region
    component = True

    def __init__(self, region: Region, root: Ref) -> None:
        super().__init__(region, root)
        region.forced += 1

    def items(self) -> list[Ref]:
        return pending(self.region)

    def finish(self) -> None:
        region = self.region
        region.forced -= 1
        left = unfinished(region.items)
        region.items[:] = left
        used = 0
        for item in left:
            if item.__class__ is Node and item.spec is not None:
                used += item.spec.cost
        region.credit = region.unit - used
        region.held.clear()
        super().finish()


class RootRun(Run):
    """The root and what it needs: work of another thread's region, or of one that failed as a whole."""

    __slots__ = ()
    root: Ref

    def items(self) -> list[Ref]:
        self.root.node.region.touched = True  # others of its items stay pending
        return ancestors(self.root)


class SinglyRun(RootRun):
    """The same operator by operator, so that an error names the one that fails."""

    __slots__ = ()
    singly = True


class InterpretedRun(RootRun):
    """The same in the interpreter, which finds the operator that an index does not fit."""

    __slots__ = ()
    interpreted = True


class InterpretedRegionRun(RegionRun):
    """A closed region in the interpreter, which finds the operator that an index does not fit."""

    __slots__ = ()
    interpreted = True


def run_for(ref: Ref, regions: Regions, foreign: bool = False) -> Run:
    """The run that computes ``ref`` for the thread of ``regions``; ``foreign`` if a run of another region needs it."""
    if vanished(ref):
        raise missing(ref)
    node = ref.node
    region = None if node is None else node.region  # no node: another thread ran it meanwhile
    if region.__class__ is not Region or region.owner is not regions:
        return RootRun(None, ref)
    if region.closed:
        return RegionRun(region, ref)
    return RootRun(None, ref) if foreign else ComponentRun(region, ref)
