"""The text form of graphs: one line a node, with types and the user's line."""

from __future__ import annotations

from .attributes import print_attribute
from .graph import Graph
from .node import Node, Output


def _number(names: dict[Node, str], ref: Node | Output) -> str:
    return names[ref.node] if not ref.index else f"{names[ref.node]}.{ref.index}"


def print_graph(graph: Graph, locations: bool = True) -> str:
    """``graph`` as text that ``parse_graph`` reads back to an equal graph (up to locations)."""
    names: dict[Node, str] = {node: f"%{i}" for i, node in enumerate(graph.inputs)}
    parameters = ", ".join(f"{names[node]}: {node.type!r}" for node in graph.inputs)
    lines = [f"graph {graph.name or 'main'}({parameters}) {{"]
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        name = names[node] = f"%{len(names)}"
        operands = ", ".join(_number(names, ref) for ref in node.inputs)
        attributes = ", ".join(f"{k}={print_attribute(v)}" for k, v in spec.attributes.items())
        types = ", ".join(map(repr, spec.out_types))
        line = f"  {name}: {types} = {spec.op.name}({operands})"
        line += f" {{{attributes}}}" if attributes else ""
        if locations and node.code is not None:
            line += f"  # {node.code.co_filename.rpartition('/')[2]}:{_line(node)}"
        lines.append(line)
    lines.append(f"  return {', '.join(_number(names, ref) for ref in graph.outputs)}")
    return "\n".join([*lines, "}"]) + "\n"


def _line(node: Node) -> int:
    assert node.code is not None
    for start, end, line in node.code.co_lines():
        if start <= node.lasti < end and line is not None:
            return line
    return node.code.co_firstlineno
