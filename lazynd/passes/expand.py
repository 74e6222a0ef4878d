"""Bodies in place of operators."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.gradient import flatten
from ..ir.graph import Graph
from ..ir.specialization import Specialization

#: Whether the backend that the graph is for runs an operator so specialized as a whole.
Claimed = Callable[[Specialization], bool]


def expand(graph: Graph, *, claimed: Claimed | None = None) -> Graph:
    """``graph`` down to primitives, each with the user's line and the origin of the operator that it comes from.

    Operators that the backend has claimed stay as they are.
    """
    return flatten(graph, claimed=claimed)
