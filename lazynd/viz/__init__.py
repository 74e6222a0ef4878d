"""Looking at pending work: as IR text, after each pass, and as a DOT graph. Nothing here runs anything."""

from __future__ import annotations

from typing import Any

from ..ir.graph import Graph
from ..ir.text import print_graph
from ..nd import NDArray
from ..passes import PIPELINE
from ..runtime.program import pending_graph

__all__ = ["dot", "graph", "stages", "text"]


def graph(array: NDArray) -> Graph:
    """The pending graph that a read of ``array`` would run now; forces nothing.

    Raises ``ValueError`` if the value is there already.
    """
    return pending_graph(array._cell.ref)


def stages(array: NDArray) -> list[Graph]:
    """That graph as recorded, then after each pass of the pipeline."""
    found = [graph(array)]
    for step in PIPELINE:
        found.append(step(found[-1]))
    return found


def text(shown: Graph | NDArray, locations: bool = True) -> str:
    """The text form: one line a node, with types and the user's line.

    >>> from lazynd import nd, viz
    >>> x = nd.ones((2, 3)) * 2
    >>> print(viz.text(x, locations=False))
    graph main(%0: float32[], %1: float32[]) {
      %2: float32[2,3] = _fill(value=%0) {shape=(2, 3), dtype=dtype:float32, ctx=cpu(0)}
      %3: float32[2,3] = _mul_scalar(%2, scalar=%1)
      return %3
    }
    <BLANKLINE>
    """
    return print_graph(graph(shown) if isinstance(shown, NDArray) else shown, locations)


def dot(shown: Graph | NDArray) -> str:
    """The graph in the DOT language."""
    made = graph(shown) if isinstance(shown, NDArray) else shown
    lines = ["digraph lazynd {", '  node [shape=box, fontname="Helvetica"];']
    names: dict[Any, str] = {}
    for i, node in enumerate(made.inputs):
        names[node] = f"p{i}"
        lines.append(f'  p{i} [label="input {i}\\n{node.type!r}", style=rounded];')
    for i, node in enumerate(made.nodes):
        names[node] = f"n{i}"
        name = node.spec.op.name if node.spec else ""
        lines.append(f'  n{i} [label="{name}\\n{node.type!r}"];')
        lines += [f"  {names[ref.node]} -> n{i};" for ref in node.inputs or ()]
    for i, ref in enumerate(made.outputs):
        lines.append(f'  out{i} [label="output {i}", shape=plaintext];')
        lines.append(f"  {names[ref.node]} -> out{i};")
    return "\n".join([*lines, "}"]) + "\n"
