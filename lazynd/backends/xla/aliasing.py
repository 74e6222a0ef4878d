"""Which output reuses the memory of which donated input: the one that is computed from it, so that nothing is copied.

JAX gives the buffer of the first given input to the first output of its type, and so on. A gradient has the type of
its parameter and comes before the updated parameter; in the parameter's buffer it would have to wait for the update
to have read it, and XLA copies instead. So outputs are put into an order that makes the right pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...ir.graph import Graph
from ...ir.node import Node, Output
from .kernels import Kernels

#: How many operations an update may be away from the value that it replaces (Adam's moments and weights: fewer).
_NEAR: Final = 6


def pairs(graph: Graph, given: Sequence[int], kernels: Kernels) -> tuple[list[int], list[int]]:
    """Those of the inputs ``given`` that an output takes over, and the numbers of the graph's outputs: these first.

    An output that is one of the ``kernels`` takes over one of them.
    """
    distances = [_distances(ref) for ref in graph.outputs]
    left = list(range(len(graph.outputs)))
    taken: list[int] = []
    chosen: list[int] = []
    for number in given:
        node, turned = graph.inputs[number], number in kernels.inputs
        fitting = [i for i in left if graph.outputs[i].type is node.type and (i in kernels.outputs) == turned]
        if fitting:
            # The nearest; of equals, or if none is near, the latest: updates are recorded last.
            best = min(reversed(fitting), key=lambda i: distances[i].get(node, _NEAR))
            taken.append(number)
            chosen.append(best)
            left.remove(best)
    return taken, chosen + left


def _distances(ref: Node | Output) -> dict[Node, int]:
    """The inputs from which ``ref`` is few operations away, elementwise in its own shape."""
    shape = ref.type.shape
    found: dict[Node, int] = {}
    seen: set[Node] = set()
    level = [ref.node]
    for distance in range(_NEAR):
        following: list[Node] = []
        for node in level:
            if node.spec is None:
                found.setdefault(node, distance)
            following += [r.node for r in node.inputs or () if r.type.shape == shape and r.node not in seen]
        seen.update(following)
        level = following
    return found
