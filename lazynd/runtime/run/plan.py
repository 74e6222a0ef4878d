"""Plans: pending items to run as one program, found with their key in one walk.

The key is the structure of the items, without numbers: the operators, who reads whom, and which items are outputs.
Plans with equal keys share a program. Which items are outputs is a question of liveness (``liveness.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from operator import add, attrgetter, eq
from typing import Any, Final

from ...ir.node import Node, Output
from ...ir.specialization import Slot
from ...speed import MODULE
from .failure import missing, unfinished
from .liveness import Ref, wanted_outside
from .regions import Region

_VALUE: Final = attrgetter("value")


class Plan:
    """Pending items that run as one program.

    ``key``: their structure, and the numbers of the outputs. ``leaves``: the values that they read, each buffer once.
    ``scalars``: the numbers that they read. ``outputs``: positions of the items whose values are returned. ``uses``:
    how often each item is read by the others. ``foreign``: operands that are pending in another region. ``transfer``:
    the items only move buffers from device to device. ``last``: nothing of the run is left after this plan.
    """

    __slots__ = ("_mark", "foreign", "items", "key", "last", "leaves", "outputs", "scalars", "transfer", "uses")

    def __init__(self) -> None:
        self.items: Sequence[Ref] = ()
        self.key: tuple[Any, ...] = ()
        self.leaves: list[Ref] = []
        self.scalars: list[Any] = []
        self.outputs: list[int] = []
        self.foreign: list[Ref] = []
        self.uses: list[int] = []
        self.transfer = False
        self.last = True
        self._mark: int | None = None

    def slots(self) -> Iterator[Slot]:
        """The slot of each of its numbers, in the order of ``scalars``."""
        for item in self.items:
            if item.__class__ is Node and item.spec is not None:
                yield from item.spec.slots

    @property
    def mark(self) -> int:
        """A hash of the key that is the same in every run of a program: of the serial numbers of its operators.

        Under it is remembered what is known of plans with this key: holding the key would hold its specializations.
        """
        if self._mark is None:
            self._mark = hash(tuple([entry if entry.__class__ is int else entry.serial for entry in self.key]))
        return self._mark


def make_plan(items: list[Ref], root: Ref | None, component: bool, forget: bool = False) -> Plan:
    """The plan of ``items``: a list of the caller's, in recording order, of items that have not run.

    With ``component`` only those connected with ``root`` by operands and results are planned. ``root`` is an output.
    With ``forget`` those that nothing wants any more forget what they read, and will not be planned again.
    """
    if items and items[-1].node is items[0]:
        found = _plan_of_one(items, root)
        if found is not None:
            return found
    plan, position, groups = _walk(items)
    outside = wanted_outside(items, plan.uses)
    chosen = _chosen(items, plan, position, groups, outside, root, component, forget)
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


def _plan_of_one(items: list[Ref], root: Ref | None) -> Plan | None:
    """The plan of one node and its further outputs, as a compiled step is; None where ``make_plan`` has more to do.

    It is the same as ``make_plan`` would find by walking, in a quarter of the time. Holds no item in a variable.
    """
    refs: Any = items[0].inputs  # type: ignore[union-attr]  # a Node
    values = list(map(_VALUE, refs))
    if type(None) in set(map(type, values)):
        return None
    plan, count = Plan(), len(items)
    position = dict(zip(items, range(count), strict=True))
    plan.uses = [0] * count
    plan.uses[0] = count - 1
    outside = wanted_outside(items, plan.uses)
    if root is not None:
        if root not in position:
            raise missing(root)
        outside[position[root]] = True
    if True not in outside:
        return None
    numbers = dict.fromkeys(map(id, values))
    wires: Sequence[int] = range(-1, -len(values) - 1, -1)
    if len(numbers) < len(values):  # one buffer is read twice
        slots = dict(zip(numbers, range(-1, -len(numbers) - 1, -1), strict=True))
        wires = list(map(slots.__getitem__, map(id, values)))
        refs = list(map(refs.__getitem__, map(wires.index, slots.values())))
    plan.items = items
    plan.leaves = list(refs)
    plan.scalars = list(items[0].scalars)  # type: ignore[union-attr]  # a Node
    plan.outputs = list(compress(range(count), outside))
    plan.key = (items[0].spec, *wires, *plan.outputs)  # type: ignore[union-attr]
    return plan


def plan_of(items: Sequence[Ref], outputs: Sequence[int]) -> Plan:
    """The plan of exactly ``items``, which returns those at the positions ``outputs``."""
    plan, _, _ = _walk(items)
    plan.items = items
    plan.outputs = list(outputs)
    plan.key = (*plan.key, *outputs)
    return plan


def _walk(items: Sequence[Ref]) -> tuple[Plan, dict[Ref, int], list[int]]:
    """Key, leaves and scalars of ``items``, uses of each within, and the group (connected component) of each."""
    plan = Plan()
    plan.key, plan.leaves, plan.scalars, plan.foreign, plan.uses, position, groups = walk(items)
    return plan, position, groups


#: Key, leaves, scalars, foreign, uses, positions and groups of items.
Walked = tuple[tuple[Any, ...], list[Ref], list[Any], list[Ref], list[int], dict[Ref, int], list[int]]


def walk_in_python(items: Sequence[Ref]) -> Walked:
    """What ``_walk`` finds."""
    position: dict[Ref, int] = dict(zip(items, range(len(items)), strict=True))
    uses = [0] * len(items)
    groups = list(range(len(items)))
    key: list[Any] = []
    leaf_number: dict[int, int] = {}
    leaves: list[Ref] = []
    scalars: list[Any] = []
    foreign: list[Ref] = []
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
    return tuple(key), leaves, scalars, foreign, uses, position, groups


def _root_of(groups: list[int], a: int) -> int:
    """The number of the group that group ``a`` was joined to, directly or by way of others."""
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
    forget: bool,
) -> list[bool] | None:
    """Which items run; None for all of them. Others are dead, or in another component than ``root``."""
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
            for ref in (item.node,) if item.__class__ is Output else item.inputs:  # type: ignore[union-attr]  # not an Output
                at = position.get(ref)
                if at is not None:
                    needed[at] = True
    if dead and forget:
        _forget(items, needed)
    if several and root is not None:
        # Dead items do not connect: the components are those of the items that are needed.
        alive = [item for item, need in zip(items, needed, strict=True) if need]
        _, where, joined = _walk(alive)
        home = _root_of(joined, where[root])
        members = {id(item) for i, item in enumerate(alive) if _root_of(joined, i) == home}
        needed = [id(item) in members for item in items]
    for i, item in enumerate(items):  # A node runs with all its outputs, or not at all.
        if item.__class__ is Output and needed[position[item.node]]:
            needed[i] = True
    return needed


def _forget(items: Sequence[Ref], needed: Sequence[bool]) -> None:
    """Have the nodes that are not ``needed`` drop their history: each later walk would pass them again."""
    for item, need in zip(items, needed, strict=True):
        if not need and item.__class__ is Node:
            item.inputs = None
            item.region.touched = True


def pending(region: Region) -> list[Ref]:
    """A new list of the items of ``region`` that have not run and still can."""
    return unfinished(region.items) if region.touched else list(region.items)


def live(region: Region) -> list[Ref]:
    """Those pending items of ``region`` that something else may still want; called with the lock held."""
    items = pending(region)
    uses = _uses_within(items)
    return list(compress(items, wanted_outside(items, list(uses.values()))))


def _uses_within(items: Sequence[Ref]) -> dict[Ref, int]:
    """How often pending ``items`` read each of themselves, in their order.

    A function of its own, because its loop variables would count as references in ``live``.
    """
    uses = dict.fromkeys(items, 0)
    for item in items:
        for ref in (item.node,) if item.__class__ is Output else item.inputs:  # type: ignore[union-attr]  # not an Output
            if ref in uses:
                uses[ref] += 1
    return uses


def ancestors(root: Ref) -> list[Ref]:
    """``root`` and the pending items of its region that it needs, inputs first: all that a run of it alone computes."""
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


def _quickest_walk() -> Callable[[Sequence[Ref]], Walked]:
    if MODULE is None:
        return walk_in_python
    MODULE.prepare_nodes(Node, Output)
    found: Callable[[Sequence[Ref]], Walked] = MODULE.walk
    return found


walk: Final = _quickest_walk()
