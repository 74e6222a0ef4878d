"""Bodies in place of calls, so that the passes on operators see what is inside of a compiled step."""

from __future__ import annotations

from ..ir.graph import Graph, Rewriter, topological
from ..ir.node import Node
from ..ir.scope import join


def open_calls(graph: Graph) -> Graph:
    """``graph`` with bodies in place of compiled calls, those inside of others too; operators stay, and their order."""
    while any(map(_is_call, graph.nodes)):
        graph = _opened(graph)
    return graph


def _is_call(node: Node) -> bool:
    return node.spec is not None and node.spec.op.is_call and node.spec.body is not None


def _opened(graph: Graph) -> Graph:
    """``graph`` with the outermost calls opened. The order is that of recording, in which loops are found."""
    rewriter = Rewriter(graph.inputs)
    order: list[Node] = []
    for node in graph.nodes:
        inputs = rewriter.inputs_of(node)
        body = node.spec.body if node.spec is not None and _is_call(node) else None
        if body is None:
            rewriter.copy(node, inputs)
            order.append(rewriter.replaced[node, 0].node)
            continue
        inner = Rewriter()
        inner.replaced.update({(given, 0): ref for given, ref in zip(body.inputs, inputs, strict=True)})
        for each in body.nodes:
            assert each.spec is not None
            made = inner.renew(each, each.spec, inner.inputs_of(each))
            made.origin, made.scope = node.origin, join(node.scope, each.scope)
            order.append(made)
        rewriter.set(node, [inner[ref] for ref in body.outputs])
    results = [rewriter[ref] for ref in graph.outputs]
    live = set(topological(results))
    return Graph(graph.inputs, results, [node for node in order if node in live], name=graph.name)
