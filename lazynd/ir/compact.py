"""Graphs kept small: what a program remembers of the graph that it was compiled from."""

from __future__ import annotations

from array import array
from types import CodeType

from .graph import Graph, number_nodes
from .node import Node, Output, apply, leaf
from .specialization import Specialization
from .types import Type


class Compact:
    """A graph of some 30 bytes a node, against some 300 of nodes: types, specializations, wires, lines and scopes."""

    __slots__ = (
        "_codes", "_further", "_lastis", "_name", "_outputs", "_paths", "_scopes", "_specs", "_types", "_wires",
        "result_bytes",
    )  # fmt: skip

    def __init__(self, graph: Graph) -> None:
        number = {node: i for i, node in enumerate((*graph.inputs, *graph.nodes))}
        further: dict[tuple[int, int], int] = {}

        def wire(ref: Node | Output) -> int:
            """The number of a value: of its node, or below zero for one of its further outputs."""
            at = number[ref.node]
            return at if not ref.index else ~further.setdefault((at, ref.index), len(further))

        self._name = graph.name
        self.result_bytes = sum(ref.type.nbytes for ref in graph.outputs)
        self._types: tuple[Type, ...] = tuple([node.type for node in graph.inputs])
        self._specs: tuple[Specialization, ...] = tuple([n.spec for n in graph.nodes if n.spec is not None])
        self._wires = array("i", [wire(ref) for node in graph.nodes for ref in node.inputs or ()])
        self._outputs = array("i", [wire(ref) for ref in graph.outputs])
        self._further = tuple(further)
        self._codes: tuple[CodeType | None, ...] = tuple([node.code for node in graph.nodes])
        self._lastis = array("i", [node.lasti for node in graph.nodes])
        paths: dict[tuple[str, type], int] = {}
        numbers = [paths.setdefault((node.scope, node.scope.__class__), len(paths)) for node in graph.nodes]
        first = {at: node.scope for at, node in zip(reversed(numbers), reversed(graph.nodes), strict=True)}
        self._paths: tuple[str, ...] = tuple([first[at] for at in range(len(paths))])
        self._scopes = array("i", numbers)

    def graph(self) -> Graph:
        """The graph again, of new nodes that know their numbers in it."""
        inputs = [leaf(type) for type in self._types]
        made: list[Node] = list(inputs)

        def value(wire: int) -> Node | Output:
            if wire >= 0:
                return made[wire]
            at, index = self._further[~wire]
            spec = made[at].spec
            assert spec is not None
            return Output(made[at], index, spec.out_types[index])

        wires = iter(self._wires)
        for spec, code, lasti, scope in zip(self._specs, self._codes, self._lastis, self._scopes, strict=True):
            given = [value(next(wires)) for _ in range(len(spec.in_types) + len(spec.slots))]
            made.append(apply(spec, given, code, lasti, scope=self._paths[scope]))
        outputs = [value(wire) for wire in self._outputs]
        return number_nodes(Graph(inputs, outputs, made[len(inputs) :], name=self._name))
