"""Nodes: one recorded or traced operation each, and the values that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from .types import Type

if TYPE_CHECKING:
    from types import CodeType

    from .specialization import Specialization


class Node:
    """One operation on values, or (``spec`` is None) a leaf: a parameter of a graph, or data.

    A node also *is* its first output; further outputs are ``Output`` objects. Nodes are immutable but for
    ``value`` (its forced value) and ``inputs`` (dropped once it has run). Attributes are set by whoever
    makes the node: recording is the hot path, and a Python ``__init__`` would double its cost.

    ``origin``: the numbers of the recorded nodes that a node of a graph to compile comes from, in rising order, once
    ``number_nodes`` has told them. Whoever replaces a node hands them on with the user's line (``successor``). Nodes
    that ``record`` makes have none, not even an empty one: they are copied before they are compiled.
    ``scope``: the call of a block that it belongs to; see ``scope.py``.
    """

    __slots__ = ("code", "inputs", "lasti", "origin", "region", "scalars", "scope", "spec", "type", "value")
    spec: Specialization | None
    inputs: tuple[Node | Output, ...] | None
    scalars: tuple[Any, ...]
    type: Type
    value: Any
    region: Any
    code: CodeType | None
    lasti: int
    scope: str
    origin: tuple[int, ...]

    @property
    def node(self) -> Node:
        return self

    @property
    def index(self) -> int:
        return 0


class Output:
    """The ``index``-th output (1 and up) of a node with several. Where it was recorded the node knows."""

    __slots__ = ("index", "node", "type", "value")
    code: ClassVar[None] = None
    lasti: ClassVar[int] = -1
    scope: ClassVar[str] = ""
    node: Node
    index: int
    type: Type
    value: Any

    def __init__(self, node: Node, index: int, type: Type) -> None:
        self.node = node
        self.index = index
        self.type = type
        self.value = None


def leaf(type: Type, value: Any = None) -> Node:
    """A node without operation: a graph's parameter, or data."""
    node = Node()
    node.spec = None
    node.inputs = ()
    node.scalars = ()
    node.type = type
    node.value = value
    node.region = None
    node.code = None
    node.lasti = -1
    node.scope = ""
    node.origin = ()
    return node


def apply(
    spec: Specialization,
    inputs: Sequence[Node | Output],
    code: CodeType | None = None,
    lasti: int = -1,
    scalars: tuple[Any, ...] = (),
    scope: str = "",
) -> Node:
    """A node of ``spec`` on ``inputs``."""
    node = leaf(spec.out_types[0])
    node.spec = spec
    node.inputs = tuple(inputs)
    node.scalars = scalars
    node.code = code
    node.lasti = lasti
    node.scope = scope
    return node


def successor(node: Node, spec: Specialization, inputs: Sequence[Node | Output]) -> Node:
    """A node of ``spec`` on ``inputs`` in place of ``node``: with its line, scope and origin."""
    made = apply(spec, inputs, node.code, node.lasti, node.scalars, node.scope)
    made.origin = node.origin
    return made


def outputs(node: Node) -> tuple[Node | Output, ...]:
    """All outputs of ``node``: itself, then fresh ``Output`` objects."""
    if node.spec is None or len(node.spec.out_types) == 1:
        return (node,)
    rest = (Output(node, i, t) for i, t in enumerate(node.spec.out_types[1:], 1))
    return (node, *rest)
