"""The JSON of Google's Model Explorer: https://github.com/google-ai-edge/model-explorer"""

from __future__ import annotations

import json
from typing import Any, Final

from .looking import of
from .model import View, ViewGraph, ViewNode

_COLOURS: Final = {"gradient": "#eaf1fb", "update": "#fdf3df", "parameter": "#e8f4ea", "data": "#f2f2f2"}


def model_explorer(shown: Any) -> str:
    """A file for Google's Model Explorer, which opens it as it opens a model: a collection of graphs as JSON.

    Blocks are its layers, types are its tensors, and calls and loops open the graphs of their bodies. ``shown`` is
    what ``view`` takes without inputs, or a view; the stages of the view are further graphs.

    >>> import json
    >>> from lazynd import nd, viz
    >>> graph = json.loads(viz.model_explorer(nd.ones((2, 3)) * 2))[0]["graphs"][0]
    >>> [node["label"] for node in graph["nodes"]]
    ['_full', '_mul_scalar', 'value', 'scalar', 'output 0']
    """
    view = of(shown)
    named = [(stage.name, stage.graph) for stage in view.stages]
    graphs = [_graph(view, name, graph) for name, graph in (*named, *view.graphs.items())]
    return json.dumps([{"label": view.title, "graphs": graphs}], ensure_ascii=False)


def _graph(view: View, name: str, graph: ViewGraph) -> dict[str, Any]:
    nodes = [_node(view, id, view.nodes[id]) for id in graph.nodes]
    for number, id in enumerate(graph.inputs):
        node = view.nodes[id]
        nodes.append({
            "id": id, "label": node.name or f"input {number}", "namespace": "", "attrs": _pairs({"kind": node.kind}),
            "incomingEdges": [], "outputsMetadata": _tensors(node), "style": _style(node),
        })  # fmt: skip
    for number, (id, result) in enumerate(graph.results):
        edge = {"sourceNodeId": id, "sourceNodeOutputId": str(result), "targetNodeInputId": "0"}
        nodes.append({"id": f"out{number}", "label": f"output {number}", "namespace": "", "incomingEdges": [edge]})
    return {"id": name, "nodes": nodes}


def _node(view: View, id: str, node: ViewNode) -> dict[str, Any]:
    attributes = {
        **node.parameters, "kind": node.kind, "name": node.name, "line": view.place(node),
        "FLOPs": f"{node.flops:,} = {node.formula}" if node.flops else "", "origin": ", ".join(node.origin),
    }  # fmt: skip
    return {
        "id": id,
        "label": node.label,
        "namespace": node.scope.replace(".", "/"),
        "subgraphIds": list(node.body.values()),
        "attrs": _pairs(attributes),
        "incomingEdges": [
            {"sourceNodeId": source, "sourceNodeOutputId": str(result), "targetNodeInputId": str(place)}
            for place, (source, result) in enumerate(node.inputs)
        ],
        "outputsMetadata": _tensors(node),
        "style": _style(node),
    }


def _style(node: ViewNode) -> dict[str, str]:
    return {"backgroundColor": _COLOURS[node.kind]} if node.kind in _COLOURS else {}


def _pairs(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in attributes.items() if value]


def _tensors(node: ViewNode) -> list[dict[str, Any]]:
    return [{"id": str(i), "attrs": _pairs({"tensor_shape": type})} for i, type in enumerate(node.types)]
