"""What a force runs, as a key: the linearised structure of pending nodes, built in one walk.

Liveness is the reference count. Everything that may still want a value holds its node: a handle's cell, the tape,
a pending node of another region, another thread in mid-recording. A node's references less those from within
the plan and those of our own lists are references from outside, and such a node is an output. Nothing has to be
registered while recording, and nothing can be forgotten. (Requires the global interpreter lock; see ``EXACT``.)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import compress
from operator import add, eq, sub
from sys import getrefcount
from typing import Any, Final

from ...ir.errors import InternalError
from ...ir.node import Node, Output, leaf
from ...ir.types import CPU, FLOAT32, Type
from ..tell.location import describe
from .regions import Region

Ref = Node | Output

#: False on interpreters where a reference count is no proof: there every node is an output and none is donated.
EXACT: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()


class Plan:
    """Pending items to run as one program: its key, its leaves and scalars, and which items are outputs.

    ``transfer``: the items are copies from device to device instead, all of whose operands are there.
    """

    __slots__ = ("foreign", "items", "key", "leaves", "outputs", "scalars", "transfer", "uses")

    def __init__(self) -> None:
        self.items: Sequence[Ref] = ()
        self.key: tuple[Any, ...] = ()
        self.leaves: list[Ref] = []
        self.scalars: list[Any] = []
        self.outputs: list[int] = []
        self.foreign: list[Ref] = []
        self.uses: list[int] = []
        self.transfer = False


def linearize_items(items: list[Ref], root: Ref | None, component: bool) -> Plan:
    """The plan of ``items`` (a list of its own, in recording order, of items that have not run); of the connected
    component of ``root`` alone if ``component``."""
    plan, position, groups = _walk(items)
    # References from outside the plan are more than ``_HELD``; item by item in C, for every force passes here.
    outside = list(map(_HELD.__lt__, map(sub, map(getrefcount, items), plan.uses))) if EXACT else [True] * len(items)
    chosen = _chosen(items, plan, position, groups, outside, root, component)
    if chosen is not None:
        live = {id(item) for item, out in zip(items, outside, strict=True) if out}
        del position
        items = [item for item, keep in zip(items, chosen, strict=True) if keep]
        plan, position, groups = _walk(items)
        outside = [id(item) in live for item in items]
    if root is not None:
        if root not in position:
            raise missing(root)
        outside[position[root]] = True
    plan.items = items
    plan.outputs = list(compress(range(len(items)), outside))
    plan.key = (*plan.key, *plan.outputs)
    return plan


def _walk(items: Sequence[Ref]) -> tuple[Plan, dict[Ref, int], list[int]]:
    """Key, leaves and scalars of ``items``, uses of each within, and the group (connected component) of each."""
    plan = Plan()
    position: dict[Ref, int] = dict(zip(items, range(len(items)), strict=True))
    uses = [0] * len(items)
    groups = list(range(len(items)))
    key: list[Any] = []
    leaf_number: dict[int, int] = {}
    leaves, scalars, foreign = plan.leaves, plan.scalars, plan.foreign
    for number, item in enumerate(items):
        if item.__class__ is Output:
            owner = position[item.node]
            uses[owner] += 1
            groups[number] = groups[owner]
        else:
            group = number
            key.append(item.spec)  # type: ignore[union-attr]  # not an Output
            for ref in item.inputs:  # type: ignore[union-attr]  # not an Output
                at = position.get(ref)
                if at is not None:
                    key.append(at)
                    uses[at] += 1
                    other = groups[at]
                    if other != group:
                        if groups[other] != other:
                            other = _root_of(groups, other)
                        if group == number:
                            group = other
                        elif other != group:
                            group, high = (group, other) if group < other else (other, group)
                            groups[high] = group
                elif (value := ref.value) is not None:
                    slot = leaf_number.get(id(value))
                    if slot is None:
                        slot = leaf_number[id(value)] = len(leaves)
                        leaves.append(ref)
                    key.append(~slot)
                else:
                    foreign.append(ref)
            if item.scalars:  # type: ignore[union-attr]  # not an Output
                scalars.extend(item.scalars)  # type: ignore[union-attr]  # not an Output
            groups[number] = group
    plan.uses = uses
    plan.key = tuple(key)
    return plan, position, groups


def _root_of(groups: list[int], a: int) -> int:
    """The group that ``a`` has been joined to, which is its own."""
    while groups[a] != a:
        groups[a] = a = groups[groups[a]]
    return a


def _chosen(
    items: Sequence[Ref],
    plan: Plan,
    position: dict[Ref, int],
    groups: list[int],
    outside: list[bool],
    root: Ref | None,
    component: bool,
) -> list[bool] | None:
    """Which items to run: None for all. Drops dead items and, for a component, other components."""
    dead = 0 in map(add, outside, plan.uses)
    several = component and sum(map(eq, groups, range(len(groups)))) > 1
    if not dead and not several:
        return None
    needed = [False] * len(items)
    for i in range(len(items) - 1, -1, -1):
        item = items[i]
        if outside[i] or item is root:
            needed[i] = True
        if needed[i]:
            for ref in (item.node,) if item.__class__ is Output else item.inputs:  # type: ignore[union-attr]  # as above
                at = position.get(ref)
                if at is not None:
                    needed[at] = True
    if several and root is not None:
        # Dead items do not connect: components are those of what is needed.
        alive = [item for item, need in zip(items, needed, strict=True) if need]
        _, where, joined = _walk(alive)
        home = _root_of(joined, where[root])
        members = {id(item) for i, item in enumerate(alive) if _root_of(joined, i) == home}
        needed = [id(item) in members for item in items]
    for i, item in enumerate(items):  # A node runs with all its outputs, or not at all.
        if item.__class__ is Output and needed[position[item.node]]:
            needed[i] = True
    return needed


def _uses_within(items: Sequence[Ref]) -> dict[Ref, int]:
    """How often pending ``items`` refer to each of themselves; apart, since its variables would count as references."""
    uses = dict.fromkeys(items, 0)
    for item in items:
        for ref in (item.node,) if item.__class__ is Output else item.inputs:  # type: ignore[union-attr]  # not an Output
            if ref in uses:
                uses[ref] += 1
    return uses


def live(region: Region) -> list[Ref]:
    """Those pending items of ``region`` that something else may still want; undivided."""
    items: list[Ref] = unfinished(region.items) if region.touched else list(region.items)
    uses = _uses_within(items)
    counts = list(map(getrefcount, items))
    return [item for item, count in zip(items, counts, strict=True) if count - uses[item] > _HELD]


def unfinished(items: Sequence[Ref]) -> list[Ref]:
    """Those of ``items`` that have not run and may yet: a dead one whose operand ran without being kept never will."""
    kept: list[Ref] = []
    dropped: set[Node] = set()
    for item in items:
        if item.value is not None:
            continue
        node = item if item.__class__ is Node else item.node
        if node is None or node.inputs is None or node in dropped:
            continue
        if item is node and any(vanished(ref) or ref.node in dropped for ref in node.inputs):
            dropped.add(node)
            continue
        kept.append(item)
    return kept


def vanished(ref: Ref) -> bool:
    """Whether ``ref`` ran inside a program that did not return it. (What a failure lost is kept, to say so.)"""
    node = ref.node
    gone = node is None or (node.inputs is None and node.region.__class__ is Region)
    return gone and ref.value is None  # asked last: what runs meanwhile has its value before it drops its history


def missing(ref: Ref) -> InternalError:
    """That ``ref``, which something refers to, was to run and has no value now."""
    node = ref.node
    name, place = "unknown", "unknown line"
    if node is not None and node.spec is not None:
        name, place = node.spec.op.name, describe(node.code, node.lasti, True)
    return InternalError(
        f"[{name}] ran without leaving its value, which is needed; this is a mistake of lazynd's, please report it\n"
        f"  recorded at {place}"
    )


def ancestors(root: Ref) -> list[Ref]:
    """``root`` and the pending items of its region that it needs, inputs first; for another thread's region."""
    region = root.node.region
    order: list[Ref] = []
    done: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root.node, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
            continue
        if node in done or node.value is not None or node.inputs is None or node.region is not region:
            continue
        done.add(node)
        stack.append((node, True))
        stack.extend((ref.node, False) for ref in reversed(node.inputs) if ref.value is None and ref.node not in done)
    chosen = set(order)
    with_outputs: list[Ref] = []
    further: dict[Node, list[Ref]] = {}
    several = any(n.spec is not None and len(n.spec.out_types) > 1 for n in done)
    for item in list(region.items) if several else ():
        if item.__class__ is Output and item.node in chosen:
            further.setdefault(item.node, []).append(item)
    for each in order:
        with_outputs.append(each)
        with_outputs += further.get(each.node, ())
    return with_outputs


def _calibrate() -> int:
    """References that a node held only by its region has inside ``linearize_items``."""
    node = leaf(Type((), FLOAT32, CPU))
    region = [node]
    del node
    items = list(region)
    position = {item: i for i, item in enumerate(items)}
    counts = list(map(getrefcount, items))
    assert position
    return counts[0]


_HELD: Final = _calibrate()
