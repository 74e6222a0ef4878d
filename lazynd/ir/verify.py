"""Checks that a graph is well formed: run after every pass under test, and behind a switch in production."""

from __future__ import annotations

from .graph import Graph
from .node import Node


class VerificationError(AssertionError):
    """A graph that no pass should have made."""


def verify(graph: Graph) -> Graph:
    """``graph`` itself, if inputs come before users, types agree and type rules give the recorded types."""
    known: dict[Node, int] = dict.fromkeys(graph.inputs, 1)
    for number, node in enumerate(graph.nodes):
        spec = node.spec
        if spec is None or node.inputs is None:
            raise VerificationError(f"node {number} is a leaf among applied nodes")
        expected = (*spec.in_types, *(s.type for s in spec.slots))
        if len(expected) != len(node.inputs):
            raise VerificationError(
                f"%{number} {spec.op.name}: {len(expected)} inputs expected, {len(node.inputs)} given"
            )
        for ref, type in zip(node.inputs, expected, strict=True):
            if ref.node not in known or ref.index >= known[ref.node]:
                raise VerificationError(f"%{number} {spec.op.name} reads a value that does not come before it")
            if ref.type is not type:
                raise VerificationError(f"%{number} {spec.op.name}: expected {type}, got {ref.type}")
        if node.type is not spec.out_types[0]:
            raise VerificationError(f"%{number} {spec.op.name}: typed {node.type}, its rule says {spec.out_types[0]}")
        known[node] = len(spec.out_types)
    for ref in graph.outputs:
        if ref.node not in known or ref.index >= known[ref.node]:
            raise VerificationError("an output is no value of the graph")
    return graph
