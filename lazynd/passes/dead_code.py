"""Dropping what no output needs."""

from __future__ import annotations

from ..ir.graph import Graph


def dead_code(graph: Graph) -> Graph:
    """``graph`` without nodes that no output reads. Parameters stay: they are the signature."""
    return Graph(graph.inputs, graph.outputs, name=graph.name)
