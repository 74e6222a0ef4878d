"""Bodies in place of operators."""

from __future__ import annotations

from ..ir.flatten import Claimed, flatten
from ..ir.graph import Graph


def expand(graph: Graph, *, claimed: Claimed | None = None) -> Graph:
    """``graph`` with bodies in place of operators, down to primitives and what the backend has claimed.

    Each node has the user's line and the origin of the operator that it comes from.
    """
    return flatten(graph, claimed=claimed)
