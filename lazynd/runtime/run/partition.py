"""Parts of plans: one that is too big for XLA, or spans several devices, runs in parts, one program each.

Where the sequence of a plan's operators repeats, its pieces are whole periods, so that they have equal keys. A plan is
also cut into such pieces if its sequence repeats a number of times that changes from plan to plan: a loop that runs as
long as the data say would be another program for each length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ...config import config
from ...ir.memo import Recent
from ...ir.node import Node, Output
from .liveness import Ref
from .periods import SHORTEST, Periods
from .pieces import PIECE, cut, ends_of
from .plan import Plan, make_plan
from .repeats import Repeat
from .runs import Run

#: What a program more costs in a run of a plan, and what compiling takes for each item, in microseconds.
_CALL: Final = 50
_COMPILING: Final = 2_000


@dataclass(slots=True)
class Cuts:
    """Where the plans of a key are cut: where they repeat.

    ``known``: how many periods were known to change when that was decided. ``spent``: what the calls of pieces have
    cost beyond one call of the whole, in microseconds.
    """

    repeats: tuple[Repeat, ...] = ()
    known: int = 0
    spent: int = 0

    def pay(self, items: int) -> bool:
        """Whether a plan of so many items is cut, if it need not be: until compiling it whole would have cost less."""
        return bool(self.repeats) and self.spent <= items * _COMPILING


#: What is known of the periods of plans.
PERIODS: Final = Periods()
#: By the marks of plans.
_CUTS: Final[Recent[int, Cuts]] = Recent(4096)


def divided(plan: Plan, known: bool) -> bool:
    """Whether ``plan`` runs in parts. One whose program is ``known`` was compiled for one device, and as a whole."""
    return _too_big(plan) or (not known and (_cuts(plan).pay(len(plan.items)) or several_devices(plan)))


def next_part(plan: Plan, run: Run) -> Plan:
    """The plan of the part that runs first; ``run`` keeps the others. ``plan`` itself must not be used any more."""
    complete = not several_devices(plan)
    if not complete:
        plan = _on_one_device(plan, run)
        if plan.transfer or not (run.singly or divided(plan, False)):
            return plan
    cuts = Cuts() if run.singly else _cuts(plan)
    ends = ends_of(plan.items, cuts.repeats, 1 if run.singly else config.program_nodes)
    run.pieces = cut(plan, ends, cuts.repeats, complete)
    cuts.spent += (len(run.pieces) - 1) * _CALL
    plan.items[0].node.region.touched = True  # the items of other pieces stay pending
    plan.items = plan.leaves = []  # they would count as references to what the pieces compute
    piece = run.next_plan()
    assert piece is not None
    return piece


def compiled_items(plan: Plan) -> Sequence[Ref]:
    """The items of ``plan`` that are compiled when it is to be: all of them, or of equal pieces those of one."""
    if not (PERIODS.found or _too_big(plan)) or not (_too_big(plan) or _cuts(plan).pay(len(plan.items))):
        return plan.items
    ends = ends_of(plan.items, _cuts(plan).repeats, config.program_nodes)
    pieces = [plan.items[low:high] for low, high in pairwise([0, *ends])]
    different = {tuple(_sequence(piece)): piece for piece in pieces}
    return [item for piece in different.values() for item in piece]


def forget() -> None:
    """Forget where plans repeat."""
    PERIODS.clear()
    _CUTS.clear()


def _too_big(plan: Plan) -> bool:
    return len(plan.items) > config.program_nodes


def _cuts(plan: Plan) -> Cuts:
    """Where ``plan`` repeats so that it is cut there: it is too big, or repeats another number of times elsewhere."""
    items = plan.items
    if len(items) < SHORTEST:
        return Cuts()
    found = _CUTS.now.get(plan.mark) or _CUTS.older(plan.mark)
    if found is None or found.known != PERIODS.found:
        worth = PIECE if _too_big(plan) else len(items) + 1
        whole = not items[0].node.region.cut  # else how often a period comes says nothing of the loop
        every = PERIODS.repeats(_sequence(items), config.program_nodes // 2, whole)
        found = Cuts(tuple([each for each in every if each.changes or each.length >= worth]), PERIODS.found)
        _CUTS.put(plan.mark, found)
    elif found.repeats and found.repeats[-1].end > len(items):  # two keys share a mark
        return Cuts()
    return found


def _sequence(items: Sequence[Ref]) -> list[int]:
    """Numbers that tell operators apart, and the further outputs of a node from them."""
    return [item.spec.serial if isinstance(item, Node) and item.spec else ~item.index for item in items]


def several_devices(plan: Plan) -> bool:
    """Whether the plan's values live on more than one device."""
    devices = {item.type.context.device for item in plan.items}
    devices.update(ref.type.context.device for ref in plan.leaves)
    return len(devices) > 1


def _on_one_device(plan: Plan, run: Run) -> Plan:
    """The plan of what runs first of one that spans several devices."""
    positions, moves = _device_part(plan)
    items = [plan.items[i] for i in positions]
    items[0].node.region.touched = True  # the other items stay pending
    plan.items = plan.leaves = []  # they would count as references to what the part computes
    if moves:
        part = Plan()
        part.items, part.transfer = items, True
    else:
        part = make_plan(items, None if run.whole or run.root not in items else run.root, False)
    part.last = False
    return part


def _device_part(plan: Plan) -> tuple[Sequence[int], bool]:
    """Transfers whose operands are there, and True; else all that can run on one device before the next transfer."""
    ready = [i for i, item in enumerate(plan.items) if _is_transfer(item) and _operands(item)[0].value is not None]
    if ready:
        return ready, True
    device: Any = None
    chosen: dict[Ref, int] = {}
    for i, item in enumerate(plan.items):
        if _is_transfer(item):
            continue
        if any(ref.value is None and ref not in chosen for ref in _operands(item)):
            continue
        if device is None:
            device = item.type.context.device
        if item.type.context.device == device:
            chosen[item] = i
    return list(chosen.values()), False


def _operands(item: Ref) -> tuple[Ref, ...]:
    return (item.node,) if isinstance(item, Output) else item.inputs or ()


def _is_transfer(item: Ref) -> bool:
    """Whether ``item`` moves one value to another device: a copy, or the gradient of one."""
    spec = item.node.spec
    if item.__class__ is Output or spec is None or len(spec.in_types) != 1:
        return False
    return spec.in_types[0].context.device != spec.out_types[0].context.device
