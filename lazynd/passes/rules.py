"""Applying rules: each node, once its inputs have been met, is replaced as long as a rule fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.node import Node, Output
from ..ir.specialization import Op
from .pattern import Match, Rule

Table = Mapping[Op, Sequence[Rule]]


def by_root(rules: Sequence[Rule]) -> Table:
    """``rules`` by the op that they replace."""
    found: dict[Op, tuple[Rule, ...]] = {}
    for each in rules:
        found[each.left.op] = (*found.get(each.left.op, ()), each)
    return found


def apply_rules(graph: Graph, table: Table) -> Graph:
    """``graph`` after the rules of ``table``, inputs before users, so that one sweep meets every pattern."""
    if table.keys().isdisjoint([node.spec.op for node in graph.nodes if node.spec is not None]):
        return graph
    settled: set[Node] = set(graph.inputs)

    def step(rewriter: Rewriter, node: Node) -> None:
        made: Node | Output = rewriter.copy(node, rewriter.inputs_of(node))
        settled.add(made.node)
        while (found := _apply_one(made, table)) is not None:
            _place(found, node, settled)
            made = found.result
        if len(node.spec.out_types if node.spec is not None else ()) == 1:
            rewriter.set(node, [made])

    return rewrite(graph, step)


def _apply_one(ref: Node | Output, table: Table) -> Match | None:
    spec = ref.node.spec
    if spec is None or ref.index or spec.op not in table:
        return None
    operands = {each.node.spec.op for each in ref.node.inputs or () if each.node.spec is not None}
    for each in table[spec.op]:
        if not any(hint.isdisjoint(operands) for hint in each.hints):
            found = each.apply(ref.node)
            if found is not None:
                return found
    return None


def _place(match: Match, site: Node, settled: set[Node]) -> None:
    """Give what a rule made the user's line of what it replaces, and its origin."""
    stack = [match.result.node]
    while stack:
        node = stack.pop()
        if node not in settled and node.spec is not None:
            settled.add(node)
            node.code, node.lasti, node.scope, node.origin = site.code, site.lasti, site.scope, match.origin
            stack.extend(ref.node for ref in node.inputs or ())
