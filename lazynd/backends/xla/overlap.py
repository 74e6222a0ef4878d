"""Writes to a part of an array that read other parts of it, lowered so that XLA does not compute them in place.

XLA writes a part into the buffer of the array, together with what computes the part. Where that reads the same buffer
at other places behind a change of shape, XLA 0.10.2's CPU compiler reads what it has just written: ``x[1:] = x[:-1]``
filled ``x`` with its first row. Such a write is a choice here, element by element, which is never done in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jax import lax

from ...ir.graph import Graph
from ...ir.node import Node, Output

Ref = Node | Output
#: Results that lie where their first operand did.
_SAME_BUFFER = frozenset(("reshape", "transpose", "bitcast_convert", "stop_gradient", "dynamic_update_slice"))


def overlapping(graph: Graph) -> frozenset[Node]:
    """The writes in ``graph`` that read their array elsewhere than where they write."""
    return frozenset([node for node in graph.nodes if _name(node) == "dynamic_update_slice" and _reads_elsewhere(node)])


def _name(node: Node) -> str:
    return str(node.spec.op.name) if node.spec is not None else ""


def _reads_elsewhere(write: Node) -> bool:
    assert write.inputs is not None
    array, update, *starts = write.inputs
    buffer = {array.node}
    at = array.node
    while _name(at) in _SAME_BUFFER and at.inputs:
        at = at.inputs[0].node
        buffer.add(at)
    seen: set[Node] = set()
    stack = [update.node]
    while stack:
        node = stack.pop()
        if node in buffer:
            return True
        if node not in seen:
            seen.add(node)
            if not _is_the_same_part(node, array, update, starts):
                stack.extend(ref.node for ref in node.inputs or ())
    return False


def _is_the_same_part(node: Node, array: Ref, update: Ref, starts: list[Ref]) -> bool:
    """Whether ``node`` is the part of ``array`` that is written: what is computed of it may be in place."""
    inputs = node.inputs or ()
    if _name(node) != "dynamic_slice" or inputs[0] is not array or node.type.shape != update.type.shape:
        return False
    return all(a is b for a, b in zip(inputs[1:], starts, strict=True))


def written(x: Any, update: Any, *starts: Any) -> Any:
    """``x`` with ``update`` at ``starts``, which are moved into range as ``dynamic_update_slice`` does."""
    inside, low, first = None, [], []
    for axis, (extent, part, start) in enumerate(zip(x.shape, update.shape, starts, strict=True)):
        start = lax.clamp(np.asarray(0, start.dtype), start, np.asarray(extent - part, start.dtype))
        places = lax.broadcasted_iota(start.dtype, x.shape, axis)
        here = lax.bitwise_and(
            lax.ge(places, lax.broadcast(start, x.shape)),
            lax.lt(places, lax.broadcast(start + np.asarray(part, start.dtype), x.shape)),
        )
        inside = here if inside is None else lax.bitwise_and(inside, here)
        low.append(extent - part)
        first.append(np.asarray(extent - part, start.dtype) - start)
    if inside is None:
        return update
    padded = lax.pad(update, np.zeros((), x.dtype), [(n, n, 0) for n in low])
    moved = lax.dynamic_slice(padded, first, x.shape, allow_negative_indices=False)
    return lax.select(inside, moved, x)
