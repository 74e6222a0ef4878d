"""The text form: a line a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.text import print_graph
from .lines import named
from .looking import graph_or_view
from .model import Value, View, ViewGraph, ViewNode


def text(shown: Any, locations: bool = True) -> str:
    """The text form: one line a node, with types and, unless ``locations`` is False, the user's line.

    ``shown``: an array, for its pending graph, or what else ``view`` takes without inputs. ``parse`` reads the text
    back. Of a view it is a listing, with ids, blocks and FLOPs, for people alone.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> print(viz.text(x + x, locations=False))
    graph main(%0: float32[3]) {
      %1: float32[3] = broadcast_add(%0, %0)
      return %1
    }
    <BLANKLINE>
    >>> print(viz.text(viz.view(x + x), locations=False))
    graph main(p0: float32[3] data) {
      n0: float32[3] = broadcast_add(p0, p0)  # 3 FLOPs
      return n0
    }
    <BLANKLINE>
    """
    found = graph_or_view(shown)
    return _listed(found, locations) if isinstance(found, View) else print_graph(found, locations, named)


def _listed(view: View, locations: bool) -> str:
    """The bodies, then the graph that was recorded."""
    return "".join(_graph(view, each, locations) for each in (*reversed(view.graphs.values()), view.graph))


def _graph(view: View, graph: ViewGraph, locations: bool) -> str:
    inputs = ", ".join(_input(id, view.nodes[id]) for id in graph.inputs)
    lines = [f"graph {graph.name}({inputs}) {{"]
    lines += [_line(id, view.nodes[id], view.place(view.nodes[id]) if locations else "") for id in graph.nodes]
    lines.append(f"  return {_values(graph.results)}")
    return "\n".join([*lines, "}"]) + "\n"


def _input(id: str, node: ViewNode) -> str:
    return " ".join([f"{id}: {', '.join(node.types)}", node.kind, *([node.name] if node.name else [])])


def _line(id: str, node: ViewNode, place: str) -> str:
    stated = [f"{name}={value}" for name, value in node.parameters.items()]
    stated += [f"{role}=@{name}" for role, name in node.body.items()]
    parameters = f" {{{', '.join(stated)}}}" if stated else ""
    name = f" {node.name}" if node.name else ""
    notes = [place, node.scope, f"{node.flops:,} FLOPs" if node.flops else ""]
    note = ", ".join(each for each in notes if each)
    head = f"  {id}{name}: {', '.join(node.types)} = {node.operator}({_values(node.inputs)}){parameters}"
    return head + (f"  # {note}" if note else "")


def _values(values: Sequence[Value]) -> str:
    return ", ".join(f"{id}.{number}" if number else id for id, number in values)
