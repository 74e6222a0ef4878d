"""What symbols are made of: nodes, and the order in which MXNet lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from types import CodeType
from typing import TYPE_CHECKING

from ..ir.errors import MXNetError

if TYPE_CHECKING:
    from .applied import Applied


_serials = count()


def last_serial() -> int:
    """A number that is larger than those of all nodes made so far, and smaller than those of all others."""
    return next(_serials)


class Node:
    """A call of an operator, or a variable if nothing is ``applied``.

    ``attributes`` are texts: the parameters as they were given, and whatever else is noted. Symbols share nodes; names,
    attributes and inputs may change.
    """

    __slots__ = ("applied", "attributes", "inputs", "line", "name", "serial")

    def __init__(
        self, name: str, attributes: Mapping[str, str], applied: Applied | None = None, inputs: Sequence[Entry] = ()
    ) -> None:
        self.name = name
        self.attributes = dict(attributes)
        self.applied = applied
        self.inputs = tuple(inputs)
        #: Where it was composed: code and instruction, None where that is not known.
        self.line: tuple[CodeType, int] | None = None
        #: Grows with every node: of two, the one that was made later has the larger one.
        self.serial = next(_serials)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""
        if self.applied is None:
            return (self.name,)
        return tuple([f"{self.name}_{each}" for each in self.applied.outputs])

    @property
    def entries(self) -> list[Entry]:
        """All outputs."""
        return [(self, i) for i in range(1 if self.applied is None else len(self.applied.outputs))]


#: An output of a node, by number.
Entry = tuple[Node, int]


class Outputs:
    """Some outputs of nodes: what a symbol is, and its parts build on."""

    __slots__ = ("__weakref__", "_entries")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)


def topological(roots: Iterable[Node]) -> list[Node]:
    """All nodes that ``roots`` need and they themselves, inputs first, in the order of inputs; without recursion."""
    order: list[Node] = []
    done: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in done:
            done.add(node)
            stack.append((node, True))
            stack += [(each, False) for each, _ in reversed(node.inputs) if each not in done]
    return order


def states(nodes: Iterable[Node]) -> set[Node]:
    """The variables that some of ``nodes`` update."""
    found: set[Node] = set()
    for node in nodes:
        for number in () if node.applied is None else node.applied.states:
            target = node.inputs[number][0]
            if target.applied is not None:
                text = f"{node.name} updates its input {number}, which is {target.name}"
                raise MXNetError(f"Mutation target can only be Variable: {text}")
            found.add(target)
    return found


def copied(entries: Sequence[Entry]) -> list[Entry]:
    """The same outputs of copies of all nodes."""
    made: dict[Node, Node] = {}
    for node in topological([node for node, _ in entries]):
        inputs = [(made[each], number) for each, number in node.inputs]
        made[node] = Node(node.name, node.attributes, node.applied, inputs)
        made[node].line = node.line
    return [(made[node], number) for node, number in entries]
