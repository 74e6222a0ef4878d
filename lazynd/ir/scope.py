"""Scopes: the call of a block that an operation belongs to, as a path such as ``net.features.0``.

A node's ``scope`` is told by whoever records it, and is empty outside of all blocks. Nodes of the body of a call or a
loop have paths relative to where that is recorded, so that calls of equal structure are one operator whatever block
they are of; where a body takes the place of its call, the paths are joined. Scopes say nothing about what is computed:
they are no part of a graph's structure, nor of the key of a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import takewhile
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import Graph


class Closed(str):
    """The scope of a call or loop whose body another block has recorded: the scopes in there are not this one's.

    Two blocks of equal structure share one operator, and with it one body. Where the blocks inside of them have other
    names, nobody can tell what the second one's nodes would be called: all of them are in its scope.
    """

    __slots__ = ()


@lru_cache(1024)
def closed(scope: str) -> Closed:
    """The same scope closed: one object for each."""
    return Closed(scope)


def join(outer: str, inner: str) -> str:
    """The scope of what is in the scope ``inner`` of a body that is recorded in the scope ``outer``.

    >>> join("net.features", "0"), join("net", ""), join("", "0"), join(Closed("net"), "0")
    ('net.features.0', 'net', '0', 'net')
    """
    if not inner or outer.__class__ is Closed:
        return outer
    if not outer:
        return inner
    joined = intern(f"{outer}.{inner}")
    return closed(joined) if inner.__class__ is Closed else joined


def common_scope(scopes: Iterable[str]) -> str:
    """The innermost scope that all of ``scopes`` lie in.

    >>> common_scope(["net.features.0", "net.features.1.conv", "net.features.1"]), common_scope(["a.b", "a.c.d", ""])
    ('net.features', '')
    """
    found = sorted(set(scopes))
    if len(found) < 2:
        return found[0] if found else ""
    parts = zip(found[0].split("."), found[-1].split("."), strict=False)
    return intern(".".join([part for part, _ in takewhile(lambda pair: pair[0] == pair[1], parts)]))


def same_scopes(given: Sequence[Graph], known: Sequence[Graph]) -> bool:
    """Whether the nodes of graphs have the scopes of the nodes of ``known`` ones, which have the same structure."""

    def scopes(graphs: Sequence[Graph]) -> list[tuple[str, type]]:
        return [(node.scope, node.scope.__class__) for graph in graphs for node in graph.nodes]

    return all(a is b for a, b in zip(given, known, strict=True)) or scopes(given) == scopes(known)
