"""Common subexpressions: what is the same op on the same values is computed once."""

from __future__ import annotations

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.node import Node
from ..ir.primitive import Primitive


def common_subexpressions(graph: Graph) -> Graph:
    """``graph`` with equal nodes merged into the first of them.

    Primitives are functions of their operands, draws included, so equal means: one specialization (interned, with
    the exact bits of every attribute) on the same values, in either order where the primitive is commutative.
    """
    known: dict[tuple[object, ...], Node] = {}

    def merge(rewriter: Rewriter, node: Node) -> None:
        spec = node.spec
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        key: tuple[object, ...] = (spec, *inputs)
        if (
            len(inputs) == 2
            and isinstance(spec.op, Primitive)
            and spec.op.commutative
            and id(inputs[0]) > id(inputs[1])
        ):
            key = (spec, inputs[1], inputs[0])
        found = known.get(key)
        if found is None:
            known[key] = rewriter.copy(node, inputs)
            first[known[key]] = node
        else:
            original = first[found]
            rewriter.set(node, [rewriter.replaced[original, i] for i in range(len(spec.out_types))])

    first: dict[Node, Node] = {}
    return rewrite(graph, merge)
