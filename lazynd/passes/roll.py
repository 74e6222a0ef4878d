"""Loops written out, rolled up again: steps of the same operators on a state become one ``scan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..ir import build as ir
from ..ir.derived import root
from ..ir.flatten import flat_graph
from ..ir.flops import flops
from ..ir.graph import Graph, Rewriter, subgraphs, topological
from ..ir.node import Node, Output, apply, leaf, outputs, successor
from ..ir.primitive import PRIMITIVES, Primitive
from ..ir.primitives.check import may_fail
from ..ir.primitives.convolution import Convolution
from ..ir.primitives.linalg import DotGeneral
from ..ir.scope import join
from ..ir.specialization import Specialization
from ..ir.types import Type
from ..ir.value import Value
from .located import located
from .periodic import Finder, Segment
from .rows import Rows, find_rows, is_constant, joins_rows

Ref = Node | Output
Key = tuple[Node, int]
_SCAN: Final = PRIMITIVES["scan"]


def roll(graph: Graph, *, least: int = 8, work: int = 1 << 18, copies: int = 128) -> Graph:
    """``graph`` with a ``scan`` in place of ``least`` or more equal steps, each reading the state the last one left.

    A step has to multiply matrices, in ``work`` floating-point operations or more: what is less runs quicker written
    out, for XLA fuses it and a loop's step costs microseconds. It must do ``copies`` operations for each byte that is
    copied so that steps find their operands in one array, or to take results out of it again, such as the weights of
    equal layers and their gradients. What may fail is not rolled, for the first failure of the program is the one that
    is told.
    """
    opened = _without_calls(graph)
    if len(opened.nodes) < 2 * least or not _multiplies_often(opened, least):
        return graph
    roller = _Roller(opened, least, work, copies)
    return roller.run() if roller.segments else graph


def _without_calls(graph: Graph) -> Graph:
    """``graph`` with bodies in place of calls, in the order in which they were recorded."""
    while any(_is_call(node) for node in graph.nodes):
        rewriter = Rewriter(graph.inputs)
        order: list[Node] = []
        for node in graph.nodes:
            inputs = rewriter.inputs_of(node)
            body = node.spec.body if node.spec is not None and _is_call(node) else None
            if body is None:
                order.append(rewriter.copy(node, inputs))
                continue
            inner = Rewriter()
            inner.replaced.update({(given, 0): ref for given, ref in zip(body.inputs, inputs, strict=True)})
            for each in body.nodes:
                assert each.spec is not None
                made = inner.renew(each, each.spec, inner.inputs_of(each))
                made.origin, made.scope = node.origin, join(node.scope, each.scope)
                order.append(made)
            rewriter.set(node, [inner[ref] for ref in body.outputs])
        made_outputs = [rewriter[ref] for ref in graph.outputs]
        live = set(topological(made_outputs))
        graph = Graph(graph.inputs, made_outputs, [node for node in order if node in live], name=graph.name)
    return graph


def _is_call(node: Node) -> bool:
    return node.spec is not None and node.spec.op.is_call and node.spec.body is not None


def _multiplies_often(graph: Graph, least: int) -> bool:
    times: dict[Specialization, int] = {}
    for node in graph.nodes:
        assert node.spec is not None
        times[node.spec] = times.get(node.spec, 0) + 1
    return any(number >= least and _multiplies(spec) for spec, number in times.items())


def _multiplies(spec: Specialization) -> bool:
    return any(_is_a(node, DotGeneral) for node in flat_graph(spec).nodes)


def _is_a(node: Node, kind: type[Primitive]) -> bool:
    return node.spec is not None and isinstance(node.spec.op, kind)


def _is_sound(spec: Specialization) -> bool:
    """Whether ``spec`` can be in a loop: it neither fails nor writes, and XLA runs it in a loop as well as outside."""
    if root(spec).op.is_call or spec.writes or spec.op is _SCAN:
        return False
    flat = flat_graph(spec)
    slow = any(_is_a(node, Convolution) or (node.spec is not None and subgraphs(node.spec)) for node in flat.nodes)
    return not slow and not may_fail(flat)


class _Roller:
    """One run of the pass over a graph."""

    def __init__(self, graph: Graph, least: int, work: int, copies: int) -> None:
        self.graph = graph
        self.rewriter = Rewriter(graph.inputs)
        self.rows = Rows(self.rewriter)
        parts = find_rows(graph, self.rows, least)
        self.order = [n for n in graph.nodes if n not in parts and not is_constant(n)]
        self.positions = {node: i for i, node in enumerate(self.order)}
        bound: dict[Node, int] = {}
        for node in graph.nodes:  # in order, for there are views of views
            if node in parts:
                base = parts[node]
                bound[node] = self.positions.get(base, bound.get(base, -1))
        found = Finder(self.order, self.positions, bound).segments(least)
        self.segments = [each for each in found if self._may_be_rolled(each, work)]
        if self.segments:
            self.readers = self._readers()
            self.inside = {at for each in self.segments for at in range(each.start, each.end)}
            self.segments = [each for each in self.segments if self._copied(each) * copies <= self._work(each)]

    def _work(self, segment: Segment) -> int:
        step = self.order[segment.start : segment.start + segment.period]
        return sum(flops(node.spec).count for node in step if node.spec is not None)

    def _may_be_rolled(self, segment: Segment, work: int) -> bool:
        step = self.order[segment.start : segment.start + segment.period]
        specs = dict.fromkeys([node.spec for node in step if node.spec is not None])
        follow = any(wire is not None and wire[0] for wires in segment.wires for wire in wires)
        return follow and self._work(segment) >= work and any(map(_multiplies, specs)) and all(map(_is_sound, specs))

    def _copied(self, segment: Segment) -> int:
        """The bytes that a step would have copied from arrays of their own, and into such."""
        body = _Body(self.order, segment)
        copied = 0
        for refs in body.varying:
            if not (
                all(map(is_constant, refs)) or refs[1] in self.rows or self.positions.get(refs[1].node) in self.inside
            ):
                copied += refs[0].type.nbytes
        for place, index in body.results():
            readers = self.readers.get((self.order[segment.start + segment.period + place], index), ())
            if any(self._takes(at, segment) for at in readers):
                copied += _result(body.steps[0][place], index).nbytes
        return copied

    def _takes(self, at: int, segment: Segment) -> bool:
        """Whether what is at ``at`` reads a row of what the loop stacks by itself."""
        if segment.start <= at < segment.end or at in self.inside:
            return False
        return at < 0 or at >= len(self.order) or not joins_rows(self.order[at])

    def _readers(self) -> dict[Key, list[int]]:
        """Where each value is read: positions, and the end of the graph."""
        found: dict[Key, list[int]] = {}
        for node in self.graph.nodes:
            at = self.positions.get(node, -1)
            for ref in node.inputs or ():
                found.setdefault((ref.node, ref.index), []).append(at)
        for ref in self.graph.outputs:
            found.setdefault((ref.node, ref.index), []).append(len(self.order))
        return found

    def run(self) -> Graph:
        at = 0
        for segment in self.segments:
            for node in self.order[at : segment.start]:
                self._copy(node)
            self._scan(segment)
            at = segment.end
        for node in self.order[at:]:
            self._copy(node)
        made = [self.rows.value(ref) for ref in self.graph.outputs]
        return Graph(self.graph.inputs, made, name=self.graph.name)

    def _copy(self, node: Node) -> None:
        inputs = node.inputs or ()
        if joins_rows(node) and sum(ref in self.rows for ref in inputs) == len(inputs):
            stacked, _ = self.rows.stacked(inputs)
            self.rewriter.set(node, [located(ir.reshape(stacked, node.type.shape).ref, node)])
            return
        self.rewriter.copy(node, tuple(map(self.rows.value, inputs)))

    def _scan(self, segment: Segment) -> None:
        body = _Body(self.order, segment)
        count, first = segment.count, self.order[segment.start]
        backwards = sum(map(self.rows.direction, body.varying)) < 0
        rows = [self.rows.stacked(refs[::-1] if backwards else refs)[0].ref for refs in body.varying]
        given = [*map(self.rows.value, body.init), *rows, *map(self.rows.value, body.constants)]
        stacked = [key for key in body.results() if self._read_later(segment, key, body)]
        graph = body.graph(stacked)
        attributes = {
            "body": graph, "length": count, "reverse": backwards, "carries": len(body.init), "sequences": len(rows),
        }  # fmt: skip
        made = successor(first, _SCAN.specialize(tuple([ref.type for ref in given]), attributes), given)
        nodes = self.order[segment.start : segment.end]
        made.origin = tuple(sorted({number for node in nodes for number in node.origin}))
        for ref in given:
            located(ref, made)
        results = outputs(made)
        last = segment.end - segment.period
        for (place, index), result in zip(body.carried, results[: len(body.init)], strict=True):
            self.rewriter.replaced[self.order[last + place], index] = result
        for (place, index), result in zip(stacked, results[len(body.init) :], strict=True):
            for step in range(count):
                number = count - 1 - step if backwards else step
                node = self.order[segment.start + step * segment.period + place]
                self.rows.add(node, index, Value(result), number)

    def _read_later(self, segment: Segment, key: tuple[int, int], body: _Body) -> bool:
        """Whether the result ``key`` of a step is read after the loop, other than as its state at the end."""
        place, index = key
        for step in range(segment.count - (key in body.carried)):
            node = self.order[segment.start + step * segment.period + place]
            for reader in self.readers.get((node, index), ()):
                if not segment.start <= reader < segment.end:
                    return True
        return False


def _result(node: Node, index: int) -> Type:
    assert node.spec is not None
    return node.spec.out_types[index]


class _Body:
    """What a step of a segment reads, sorted: state, rows and constants; and the graph of a step."""

    def __init__(self, order: Sequence[Node], segment: Segment) -> None:
        self.steps = [order[at : at + segment.period] for at in range(segment.start, segment.end, segment.period)]
        self.wires = segment.wires
        #: The state: which result of a step it is, and what it is at first.
        self.carried: list[tuple[int, int]] = []
        self.init: list[Ref] = []
        self.varying: list[list[Ref]] = []
        self.constants: list[Ref] = []
        #: For each operand of a step from outside: which of these it is.
        self._sources: dict[tuple[int, int], tuple[str, int]] = {}
        known: dict[object, tuple[str, int]] = {}
        for place, wires in enumerate(self.wires):
            for operand, wire in enumerate(wires):
                if wire is None or wire[0]:
                    self._sources[place, operand] = self._source(place, operand, known)

    def _source(self, place: int, operand: int, known: dict[object, tuple[str, int]]) -> tuple[str, int]:
        wire = self.wires[place][operand]
        refs: list[Ref] = [(step[place].inputs or ())[operand] for step in self.steps]
        keys = tuple([(ref.node, ref.index) for ref in refs])
        if wire is not None:
            key: object = ("state", wire, keys[0])
            if key not in known:
                known[key] = ("state", len(self.init))
                self.carried.append(wire[1:])
                self.init.append(refs[0])
        elif len(set(keys)) == 1:
            key = ("constant", keys[0])
            if key not in known:
                known[key] = ("constant", len(self.constants))
                self.constants.append(refs[0])
        else:
            key = ("row", keys)
            if key not in known:
                known[key] = ("row", len(self.varying))
                self.varying.append(refs)
        return known[key]

    def results(self) -> list[tuple[int, int]]:
        return [
            (place, index)
            for place, node in enumerate(self.steps[0])
            for index in range(len(node.spec.out_types if node.spec is not None else ()))
        ]

    def graph(self, stacked: Sequence[tuple[int, int]]) -> Graph:
        """A step: its parameters are the state, the rows and the constants; it gives the state, and what is stacked."""
        parameters = {
            "state": [leaf(ref.type) for ref in self.init],
            "row": [leaf(refs[0].type) for refs in self.varying],
            "constant": [leaf(ref.type) for ref in self.constants],
        }
        made: list[tuple[Ref, ...]] = []
        for place, node in enumerate(self.steps[0]):
            inputs: list[Ref] = []
            for operand, wire in enumerate(self.wires[place]):
                if wire is not None and not wire[0]:
                    inputs.append(made[wire[1]][wire[2]])
                else:
                    kind, number = self._sources[place, operand]
                    inputs.append(parameters[kind][number])
            assert node.spec is not None
            made.append(outputs(apply(node.spec, inputs, node.code, node.lasti, scope=node.scope)))
        given = [each for kind in ("state", "row", "constant") for each in parameters[kind]]
        return Graph(given, [made[place][index] for place, index in [*self.carried, *stacked]])
