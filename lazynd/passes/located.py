"""What passes make: new nodes get the user's line, the scope and the origin of what they stand for."""

from __future__ import annotations

from ..ir.node import Node, Output

Ref = Node | Output


def located(ref: Ref, site: Node, *known: Node) -> Ref:
    """``ref``, it and all new nodes that it needs told that they stand for ``site``; ``known`` nodes are not new."""
    done = set(known)
    stack = [ref.node]
    while stack:
        node = stack.pop()
        if node not in done and node.spec is not None and not node.origin:
            done.add(node)
            node.code, node.lasti, node.scope, node.origin = site.code, site.lasti, site.scope, site.origin
            stack.extend(each.node for each in node.inputs or ())
    return ref
