"""What a pass changed, from the graph before and the graph after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .model import Change, ViewGraph, ViewNode


def changes(
    before: ViewGraph, after: ViewGraph, nodes: Mapping[str, ViewNode], rules: Mapping[str, str]
) -> list[Change]:
    """Nodes that came and went between two stages, put together where they come from the same recorded nodes.

    ``rules``: those that fired, by the nodes that they replaced or made. A node that stays, but reads other values, is
    replaced too.
    """
    old, new = set(before.nodes), set(after.nodes)
    came = [id for id in after.nodes if id not in old]
    went = [id for id in before.nodes if id not in new]
    owner = _groups(came, went, nodes)
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for position, ids in enumerate((came, went)):
        for id in ids:
            groups.setdefault(owner[id], ([], []))[position].append(id)
    made = []
    for arrived, left in groups.values():
        what = "replaced" if arrived and left else "added" if arrived else "removed"
        rule = next((rules[id] for id in (*arrived, *left) if id in rules), "")
        made.append(Change(what, arrived, left, rule))
    return made


def _groups(came: Sequence[str], went: Sequence[str], nodes: Mapping[str, ViewNode]) -> dict[str, str]:
    """Of each node one that stands for all with which it shares, directly or not, what it comes from."""
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for id in (*came, *went):
        for source in nodes[id].origin or [id]:
            parent[find(f"from {source}")] = find(id)
    return {id: find(id) for id in (*came, *went)}
