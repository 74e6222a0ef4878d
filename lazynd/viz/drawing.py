"""A graph in the DOT language, for Graphviz and its many readers."""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.node import Node, Output
from .stage import Shown
from .stage import graph as graph_of

_HEADER = 'digraph {title} {{\n  rankdir=TB;\n  node [shape=box, fontname="Helvetica"{attributes}];'


def quote(*lines: str) -> str:
    """``lines`` as one DOT string.

    >>> print(quote('say "no"', "twice"))
    "say \\"no\\"\\ntwice"
    """
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'


def dot(shown: Shown, title: str = "lazynd", attributes: str = "", hide_inputs: bool = False) -> str:
    """The graph in the DOT language: a box an operator with its result types, rounded ones for inputs.

    ``title`` names the graph; ``attributes``, which begin with a comma, are those of all boxes; ``hide_inputs`` leaves
    out what comes from outside.

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
    lines = [_HEADER.format(title=title, attributes=attributes)]
    names: dict[Node, str] = {}
    for i, node in enumerate(() if hide_inputs else made.inputs):
        names[node] = f"p{i}"
        lines.append(f"  p{i} [label={quote(f'input {i}', repr(node.type))}, style=rounded];")
    for i, node in enumerate(made.nodes):
        assert node.spec is not None and node.inputs is not None
        names[node] = f"n{i}"
        types = ", ".join(map(repr, node.spec.out_types))
        lines.append(f"  n{i} [label={quote(node.spec.op.name, types)}];")
        lines += [_edge(names, ref, f"n{i}") for ref in node.inputs if ref.node in names]
    for i, ref in enumerate(made.outputs):
        lines.append(f'  out{i} [label="output {i}", shape=plaintext];')
        lines += [_edge(names, ref, f"out{i}")] if ref.node in names else []
    return "\n".join([*lines, "}"]) + "\n"


def _edge(names: dict[Node, str], ref: Node | Output, target: str) -> str:
    label = f" [label={quote(f'.{ref.index}')}]" if ref.index else ""
    return f"  {names[ref.node]} -> {target}{label};"
