"""Applying rules: each node, once its inputs have been met, is replaced as long as a rule fits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.node import Node, Output
from ..ir.specialization import Op
from .pattern import Match, Rule

Table = Mapping[Op, Sequence[Rule]]
#: A rule that fired, the node that it was applied for, and the nodes that it made.
Fired = tuple[Rule, Node, list[Node]]


class _Watched(threading.local):
    """Where this thread's rules say that they fired, while somebody looks."""

    fired: list[Fired] | None = None


_WATCHED = _Watched()


@contextmanager
def watching() -> Iterator[list[Fired]]:
    """The rules that fire inside, in order.

    >>> from lazynd.ir.parse import parse_graph
    >>> from lazynd.passes import simplify
    >>> text = "graph main(%0: float32[2]) {\\n  %1: float32[2] = ir.negate(%0)\\n  %2: float32[2] = ir.negate(%1)\\n"
    >>> with watching() as fired:
    ...     graph = simplify(parse_graph(text + "  return %2\\n}"))
    >>> [str(rule) for rule, _, _ in fired]
    ['negate(negate(x)) -> x']
    """
    before, _WATCHED.fired = _WATCHED.fired, []
    try:
        yield _WATCHED.fired
    finally:
        _WATCHED.fired = before


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
    fired = _WATCHED.fired

    def step(rewriter: Rewriter, node: Node) -> None:
        made: Node | Output = rewriter.copy(node, rewriter.inputs_of(node))
        settled.add(made.node)
        while (found := _apply_one(made, table)) is not None:
            placed = _place(found, node, settled)
            if fired is not None:
                fired.append((found.rule, node, placed))
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


def _place(match: Match, site: Node, settled: set[Node]) -> list[Node]:
    """Give what a rule made the user's line of what it replaces, and its origin. What it made."""
    placed = []
    stack = [match.result.node]
    while stack:
        node = stack.pop()
        if node not in settled and node.spec is not None:
            settled.add(node)
            node.code, node.lasti, node.scope, node.origin = site.code, site.lasti, site.scope, match.origin
            placed.append(node)
            stack.extend(ref.node for ref in node.inputs or ())
    return placed
