"""Parts of plans: one that is too big for XLA, or spans several devices, runs in parts, one program each.

A plan that is too big is cut where the sequence of its operators repeats, so that the parts have equal keys.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

from ...config import config
from ...ir.node import Node, Output
from .liveness import Ref
from .plan import Plan, make_plan

#: So many elements have to repeat before a sequence counts as repeating.
_EVIDENCE: Final = 48


def divided(plan: Plan, known: bool) -> bool:
    """Whether ``plan`` runs in parts. One whose program is ``known`` was compiled for one device."""
    return len(plan.items) > config.program_nodes or (not known and several_devices(plan))


def next_part(plan: Plan, root: Ref | None, limit: int) -> Plan:
    """The plan of the part that runs first, of ``limit`` items or fewer. ``plan`` itself must not be used any more."""
    if len(plan.items) > limit:
        positions, moves = _first_piece(plan, limit), False
    else:
        positions, moves = _device_part(plan)
    items = [plan.items[i] for i in positions]
    items[0].node.region.touched = True  # the other items stay pending
    plan.items = plan.leaves = []  # they would count as references to what the part computes
    if moves:
        part = Plan()
        part.items, part.transfer = items, True
    else:
        part = make_plan(items, root if root in items else None, False)
    part.last = False
    return part


def _first_piece(plan: Plan, limit: int) -> Sequence[int]:
    """The beginning of a plan that is too big, cut where its sequence repeats, so that the pieces are alike."""
    items = plan.items
    sequence = [item.spec if isinstance(item, Node) else item.index for item in items[:limit]]
    period = period_of(sequence)
    end = limit - limit % period if period else limit
    while end < len(items) and items[end].__class__ is Output:  # a node runs with all its outputs
        end += 1
    return range(end)


def several_devices(plan: Plan) -> bool:
    """Whether the plan's values live on more than one device."""
    devices = {item.type.context.device for item in plan.items}
    devices.update(ref.type.context.device for ref in plan.leaves)
    return len(devices) > 1


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


def period_of(sequence: Sequence[Hashable], evidence: int = _EVIDENCE) -> int:
    """The smallest period of the end of ``sequence``, 0 if it does not repeat.

    The last stretch of two periods, and of at least ``evidence`` elements, has to repeat.

    >>> period_of("xyz" + "abc" * 20)
    3
    >>> period_of("abcdefgh")
    0
    """
    length = len(sequence)
    last = sequence[-1] if length else None
    for period in range(1, length // 2 + 1):
        if sequence[-1 - period] != last:
            continue
        stretch = max(2 * period, evidence)
        if stretch > length:
            stretch = length // period * period
            if stretch < 2 * period or length < evidence:
                continue
        if all(sequence[-i] == sequence[-i - period] for i in range(1, stretch - period + 1)):
            return period
    return 0
