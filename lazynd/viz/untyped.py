"""The view of a symbol whose shapes are not known: operators and names, without types and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..sym import Symbol
from ..sym.node import Node
from .lines import Lines
from .making import about
from .model import View, ViewGraph, ViewNode, ViewStage


def untyped_view(symbol: Symbol, title: str, shapes: Mapping[str, Any]) -> View:
    """The view of ``symbol``; ``shapes`` of variables, as far as they are known, are shown."""
    lines, nodes, ids = Lines(), {}, {}
    inputs: list[str] = []
    applied: list[str] = []
    data = _data(symbol)
    for node in symbol._nodes:
        if node.applied is None:
            ids[node] = f"p{len(inputs)}"
            inputs.append(ids[node])
            kind = "data" if node.name in data else "parameter"
            nodes[ids[node]] = ViewNode("", kind, [_type(shapes.get(node.name))], 0, node.name)
            continue
        ids[node] = id = f"n{len(applied)}"
        applied.append(id)
        file, line = lines.at(*(node.line or (None, -1)))
        nodes[id] = ViewNode(
            node.applied.name, "forward", ["?"] * len(node.applied.outputs), 0,
            name=node.name, inputs=[(ids[each], number) for each, number in node.inputs],
            parameters=dict(node.attributes), file=file, line=line, origin=[id],
        )  # fmt: skip
    graph = ViewGraph("main", inputs, applied, [(ids[node], number) for node, number in symbol._entries])
    return View(title, about(), nodes, [ViewStage("recorded", graph)], lines.files())


def _data(symbol: Symbol) -> set[str]:
    """The variables that no operator takes as a parameter: those whose names MXNet would not hide."""
    ends = ("_weight", "_bias", "_gamma", "_beta", "_moving_mean", "_moving_var", "_running_mean", "_running_var")
    variables: list[Node] = [node for node in symbol._nodes if node.applied is None]
    return {node.name for node in variables if not node.name.endswith(ends)}


def _type(shape: Any) -> str:
    return "?" if not shape else f"?[{','.join(str(n or '?') for n in shape)}]"
