"""Which part of a plan runs as one program: a plan too big for XLA, or over several devices, runs in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...config import config
from ...ir.node import Node, Output
from .period import period_of
from .plan import Plan, Ref


class Part:
    """Positions of the items that run next; ``transfer`` if they move buffers from device to device."""

    __slots__ = ("positions", "transfer")

    def __init__(self, positions: Sequence[int], transfer: bool = False) -> None:
        self.positions = positions
        self.transfer = transfer


def too_big(plan: Plan) -> bool:
    return len(plan.items) > config.program_nodes


def first_piece(plan: Plan) -> Part:
    """The beginning of a plan that is too big, cut where its sequence repeats, so that the pieces are alike."""
    items, limit = plan.items, config.program_nodes
    sequence = [item.spec if isinstance(item, Node) else item.index for item in items[:limit]]
    period = period_of(sequence)
    end = limit - limit % period if period else limit
    while end < len(items) and items[end].__class__ is Output:  # a node runs with all its outputs
        end += 1
    return Part(range(end))


def several_devices(plan: Plan) -> bool:
    """Whether the plan's values live on more than one device."""
    devices = {item.type.context.device for item in plan.items}
    devices.update(ref.type.context.device for ref in plan.leaves)
    return len(devices) > 1


def device_part(plan: Plan) -> Part:
    """Transfers that are ready; else all that can run on the device of the first item before the next transfer."""
    ready = [i for i, item in enumerate(plan.items) if _is_transfer(item) and _operands(item)[0].value is not None]
    if ready:
        return Part(ready, transfer=True)
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
    return Part(list(chosen.values()))


def _operands(item: Ref) -> tuple[Ref, ...]:
    return (item.node,) if isinstance(item, Output) else item.inputs or ()


def _is_transfer(item: Ref) -> bool:
    """Whether ``item`` moves one value to another device: a copy, or the gradient of one."""
    spec = item.node.spec
    if item.__class__ is Output or spec is None or len(spec.in_types) != 1:
        return False
    return spec.in_types[0].context.device != spec.out_types[0].context.device
