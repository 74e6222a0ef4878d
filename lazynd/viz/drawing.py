"""A graph in the DOT language, for Graphviz and its many readers."""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.node import Node, Output
from .stage import Shown
from .stage import graph as graph_of

_HEADER = 'digraph lazynd {\n  rankdir=TB;\n  node [shape=box, fontname="Helvetica"];'


def quote(*lines: str) -> str:
    """``lines`` as one DOT string.

    >>> print(quote('say "no"', "twice"))
    "say \\"no\\"\\ntwice"
    """
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'


def dot(shown: Shown) -> str:
    """The graph in the DOT language: a box an operator with its result types, rounded ones for inputs.

    >>> from lazynd import nd, viz
    >>> print(viz.dot(nd.zeros((2, 3)) + 1))
    digraph lazynd {
      rankdir=TB;
      node [shape=box, fontname="Helvetica"];
      p0 [label="input 0\\nfloat32[]", style=rounded];
      p1 [label="input 1\\nfloat32[]", style=rounded];
      n0 [label="_full\\nfloat32[2,3]"];
      p0 -> n0;
      n1 [label="_plus_scalar\\nfloat32[2,3]"];
      n0 -> n1;
      p1 -> n1;
      out0 [label="output 0", shape=plaintext];
      n1 -> out0;
    }
    <BLANKLINE>
    """
    made: Graph = graph_of(shown)
    lines = [_HEADER]
    names: dict[Node, str] = {}
    for i, node in enumerate(made.inputs):
        names[node] = f"p{i}"
        lines.append(f"  p{i} [label={quote(f'input {i}', repr(node.type))}, style=rounded];")
    for i, node in enumerate(made.nodes):
        assert node.spec is not None and node.inputs is not None
        names[node] = f"n{i}"
        types = ", ".join(map(repr, node.spec.out_types))
        lines.append(f"  n{i} [label={quote(node.spec.op.name, types)}];")
        lines += [_edge(names, ref, f"n{i}") for ref in node.inputs]
    for i, ref in enumerate(made.outputs):
        lines.append(f'  out{i} [label="output {i}", shape=plaintext];')
        lines.append(_edge(names, ref, f"out{i}"))
    return "\n".join([*lines, "}"]) + "\n"


def _edge(names: dict[Node, str], ref: Node | Output, target: str) -> str:
    label = f" [label={quote(f'.{ref.index}')}]" if ref.index else ""
    return f"  {names[ref.node]} -> {target}{label};"
