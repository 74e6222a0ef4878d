"""A graph in the DOT language, for Graphviz and its many readers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .looking import of
from .model import Value, ViewNode

_HEADER = 'digraph {title} {{\n  rankdir=TB;\n  node [shape=box, fontname="Helvetica"{attributes}];'


def quote(*lines: str) -> str:
    """``lines`` as one DOT string.

    >>> print(quote('say "no"', "twice"))
    "say \\"no\\"\\ntwice"
    """
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'


def dot(shown: Any, title: str = "lazynd", attributes: str = "", hide_inputs: bool = False) -> str:
    """The graph in the DOT language: a box an operator with its result types, rounded ones for inputs.

    ``title`` names the graph; ``attributes``, which begin with a comma, are those of all boxes; ``hide_inputs`` leaves
    out what comes from outside. Boxes have the ids that a view has.

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
    view = of(shown)
    graph = view.graph
    lines = [_HEADER.format(title=title, attributes=attributes)]
    inputs = () if hide_inputs else graph.inputs
    for number, id in enumerate(inputs):
        lines.append(f"  {id} [label={quote(f'input {number}', *view.nodes[id].types)}, style=rounded];")
    drawn = {*inputs, *graph.nodes}
    for id in graph.nodes:
        node: ViewNode = view.nodes[id]
        lines.append(f"  {id} [label={quote(node.label, ', '.join(node.types))}];")
        lines += [edge for each in node.inputs for edge in _edge(each, id, drawn)]
    for number, each in enumerate(graph.results):
        lines.append(f'  out{number} [label="output {number}", shape=plaintext];')
        lines += _edge(each, f"out{number}", drawn)
    return "\n".join([*lines, "}"]) + "\n"


def _edge(value: Value, target: str, drawn: Collection[str]) -> list[str]:
    id, number = value
    label = f" [label={quote(f'.{number}')}]" if number else ""
    return [f"  {id} -> {target}{label};"] if id in drawn else []
