"""Bodies in place of calls, so that the passes on operators see what is inside of a compiled step."""

from __future__ import annotations

from ..ir.flatten import flatten
from ..ir.graph import Graph
from ..ir.specialization import Specialization


def open_calls(graph: Graph) -> Graph:
    """``graph`` with bodies in place of compiled calls, those inside of others too; operators stay."""
    if any(node.spec is not None and node.spec.op.is_call for node in graph.nodes):
        return flatten(graph, claimed=_is_no_call)
    return graph


def _is_no_call(spec: Specialization) -> bool:
    return not spec.op.is_call
