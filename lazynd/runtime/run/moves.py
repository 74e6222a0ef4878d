"""Moving data on the host: what only copies values that are there runs before a plan is made of the rest.

A batch joined of hundreds of rows or arrays, or cut into as many, is one copy in memory. As part of a program it would
have each number of them compiled; here it compiles nothing, and the plan that reads the batch finds a value, whatever
the batch was made of.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

from ...backends import Executable, get_backend
from ...ir.flatten import flatten
from ...ir.graph import graph_of
from ...ir.memo import Recent
from ...ir.node import Node, Output
from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from ...ops import OPERATORS
from ..tell.stats import stats
from .execute import count, publish
from .failure import failed
from .liveness import Ref
from .plan import Plan

#: So many arrays that are joined, or parts, are moved on the host. Fewer are slices of a program as good as any.
MANY: Final = 8
_VALUE: Final = attrgetter("value")


def _joins(spec: Specialization) -> bool:
    return len(spec.in_types) >= MANY


def _splits(spec: Specialization) -> bool:
    return len(spec.out_types) >= MANY


def _gathers(spec: Specialization) -> bool:
    return bool(spec.attributes["data_alone"])


#: Operators that move data, and when they do it on the host.
MOVES: Final[dict[Any, Callable[[Specialization], bool]]] = {
    OPERATORS["stack"]: _joins,
    OPERATORS["Concat"]: _joins,
    OPERATORS["SliceChannel"]: _splits,
    OPERATORS["_rows"]: _gathers,
}
_MOVERS: Final[Recent[Specialization, Executable]] = Recent(32)


def move_data(plan: Plan) -> bool:
    """Run those items of ``plan`` that only move values which are there; whether there were any.

    Called with the lock held. If there were, ``plan`` must not be used any more.
    """
    moved = False
    for number, item in enumerate(plan.items):
        if isinstance(item, Node) and _moves(item):
            further = itertools.islice(plan.items, number + 1, None)
            move([item, *itertools.takewhile(lambda each: each.__class__ is Output, further)])
            moved = True
    return moved


def only_moves(spec: Specialization) -> bool:
    """Whether ``spec`` joins or parts many arrays and does nothing else to them, as the gradient of ``concat`` does."""
    if not (_joins(spec) or _splits(spec)) or spec.out_types[0].context.device_type == "gpu":
        return False
    nodes = flatten(graph_of(spec, spec.op.name)).nodes
    return all(node.spec is not None and isinstance(node.spec.op, Primitive) and node.spec.op.moves for node in nodes)


def move(results: Sequence[Ref]) -> None:
    """Run the node that is the first of ``results`` and publish them; the others are its further outputs."""
    node = results[0].node
    assert node.spec is not None
    try:
        made = _mover(node.spec)(list(map(_VALUE, node.inputs or ())), node.scalars)
    except Exception as error:
        raise failed(node, "moving data", error) from error
    node.region.touched = True  # its list holds items now that are not pending
    publish(results, [made[each.index] for each in results], results)
    count(results, sum(each.type.nbytes for each in results))
    stats.moved += 1


def _moves(node: Node) -> bool:
    """Whether ``node`` moves values that are there, on the host."""
    spec = node.spec
    wanted = MOVES.get(spec.op) if spec is not None else None
    if spec is None or wanted is None or not wanted(spec) or spec.out_types[0].context.device_type == "gpu":
        return False
    return all(ref.value is not None for ref in node.inputs or ())


def _mover(spec: Specialization) -> Executable:
    """What computes ``spec`` on the host."""
    found = _MOVERS.now.get(spec) or _MOVERS.older(spec)
    if found is None:
        found = get_backend("numpy").compile(graph_of(spec, spec.op.name), len(spec.slots), (), False)[0]
        _MOVERS.put(spec, found)
    return found
