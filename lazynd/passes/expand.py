"""Bodies in place of operators."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.gradient import flatten
from ..ir.graph import Graph
from ..ir.specialization import Specialization

#: Whether the backend that the graph is for runs an operator so specialized as a whole.
Claimed = Callable[[Specialization], bool]


def expand(graph: Graph, *, claimed: Claimed | None = None) -> Graph:
    """``graph`` with bodies in place of operators, down to primitives and what the backend has claimed.

    Each node has the user's line and the origin of the operator that it comes from.
    """
    return flatten(graph, claimed=claimed)
