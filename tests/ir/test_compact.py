"""Graphs kept small give back equal graphs, lines included."""

from __future__ import annotations

import sys

import pytest

from lazynd import autograd, nd, viz
from lazynd.ir.compact import Compact
from lazynd.ir.graph import equal_graphs
from lazynd.ir.parse import parse_graph
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS

SORTED = """
graph main(%0: float32[2,3], %1: float32[2,3], %2: float32[]) {
  %3: float32[2,3], float32[2,3] = ir.sort(%0, %1) {axis=1}
  %4: float32[2,3] = _mul_scalar(%3.1, scalar=%2)
  %5: float32[2,3] = ir.add(%4, %3)
  return %3.1, %5, %0
}
"""


def test_a_graph_comes_back() -> None:
    graph = parse_graph(SORTED, OPERATORS)
    again = verify(Compact(graph).graph())
    assert equal_graphs(graph, again)
    assert [node.origin for node in again.nodes] == [(0,), (1,), (2,)]
    assert not set(graph.nodes) & set(again.nodes)


def test_a_graph_without_nodes_comes_back() -> None:
    graph = parse_graph("graph main(%0: float32[2]) {\n  return %0\n}")
    assert equal_graphs(graph, Compact(graph).graph())


@pytest.mark.lazy
def test_lines_come_back() -> None:
    x = nd.ones((2, 3))
    x.attach_grad()
    with autograd.record():
        y = nd.sum(nd.tanh(x) * 3)
    y.backward()
    graph = viz.graph(x.grad)
    assert viz.text(Compact(graph).graph()) == viz.text(graph)


def test_it_is_small() -> None:
    """About 28 bytes a node of two inputs, and what is fixed."""
    lines = "\n".join(f"  %{i + 1}: float32[2] = ir.add(%{i}, %0)" for i in range(1000))
    graph = parse_graph(f"graph main(%0: float32[2]) {{\n{lines}\n  return %1000\n}}")
    compact = Compact(graph)
    parts = [getattr(compact, name) for name in Compact.__slots__]
    assert sum(map(sys.getsizeof, parts)) < 34 * 1000
