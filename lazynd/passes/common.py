"""Common subexpressions: what is the same op on the same values is computed once."""

from __future__ import annotations

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.node import Node
from ..ir.primitive import Primitive


def common_subexpressions(graph: Graph) -> Graph:
    """``graph`` with equal nodes merged into the first of them.

    Operators and primitives are functions of their operands, draws included, so equal means: one specialization
    (interned, with the exact bits of every attribute) on the same values, in either order where the primitive is
    commutative. What is left comes from all nodes that were merged into it.
    """
    known: dict[tuple[object, ...], Node] = {}
    first: dict[Node, Node] = {}
    origins: dict[Node, tuple[int, ...]] = {}
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        inputs = [(first.get(ref.node, ref.node), ref.index) for ref in node.inputs]
        if len(inputs) == 2 and isinstance(spec.op, Primitive) and spec.op.commutative:
            inputs.sort(key=lambda pair: (id(pair[0]), pair[1]))
        found = first[node] = known.setdefault((spec, *inputs), node)
        if found.origin != node.origin:
            origins[found] = tuple(sorted({*origins.get(found, found.origin), *node.origin}))
    if len(known) == len(graph.nodes):
        return graph

    def merge(rewriter: Rewriter, node: Node) -> None:
        assert node.spec is not None
        if first[node] is not node:
            rewriter.set(node, [rewriter.replaced[first[node], i] for i in range(len(node.spec.out_types))])
        elif node in origins:
            rewriter.renew(node, node.spec, rewriter.inputs_of(node)).origin = origins[node]
        else:
            rewriter.copy(node, rewriter.inputs_of(node))

    return rewrite(graph, merge)
