"""What the trace of a body gives: graphs, and what they take from where the body was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ir.graph import Graph
from ...ir.node import Node, Output, apply, leaf
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import DRAW
from ...ir.types import UINT32, Type
from .cell import Cell, Ref
from .recorder import Operand, Recorder
from .tape import Source
from .tracing import Untraceable, needed

if TYPE_CHECKING:
    from .tracer import Tracer


class Captured:
    """An array from outside that a body reads, with the history that it is read with, and its parameter."""

    __slots__ = ("_version", "cell", "history", "parameter")

    def __init__(self, cell: Cell, history: Source | None, parameter: Node) -> None:
        self.cell = cell
        self.history = history
        self.parameter = parameter
        self._version = cell.version

    def moved(self) -> bool:
        """Whether the array was written since. (Memory shared with other libraries is read anew at each run.)"""
        return not self.cell.volatile and self.cell.version != self._version

    def operand(self, recorder: Recorder) -> Operand:
        """The array as it is now."""
        return (recorder.read(self.cell), None) if self.history is None else recorder.operand(self.cell)


class Closure:
    """What a trace gives: graphs, and what they take from where the body was written.

    The parameters of ``graphs`` are those of the trace, then ``captured`` arrays from outside, each with the history
    that it is read with, then ``numbers``, then (where the body draws) seed and number of the first draw.
    """

    __slots__ = ("captured", "draws", "graphs", "numbers", "stream")

    def __init__(self, tracer: Tracer, graphs: list[Graph], numbers: tuple[Any, ...]) -> None:
        self.graphs = graphs
        self.captured = list(tracer.outside.values())
        self.numbers = numbers
        #: Draws in one run of the body, and their context.
        self.draws = tracer.draws
        self.stream = tracer.stream


class Assembly:
    """Makes graphs of what a tracer recorded."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.outside = [each.parameter for each in tracer.outside.values()]
        self.made: dict[Ref, Ref] = {node: node for node in (*tracer.parameters, *self.outside)}
        self.numbers: list[tuple[Node, Any]] = []
        #: Parameters for the seed and the number of the first draw.
        self.words: tuple[Node, ...] = ()
        if tracer.stream is not None:
            word = Type((), UINT32, tracer.stream)
            self.words = leaf(word), leaf(word)

    def closure(self, results: Sequence[Sequence[Ref]]) -> Closure:
        order = needed(self.tracer.nodes, [ref for refs in results for ref in refs])
        for node in order:
            self._place(node)
        returned = [[self._ref(ref) for ref in refs] for refs in results]
        parameters = [*self.tracer.parameters, *self.outside, *(node for node, _ in self.numbers), *self.words]
        if len({node.type.context for node in (*parameters, *order)}) > 1:
            raise Untraceable("it computes on several contexts")
        graphs = [Graph(parameters, refs) for refs in returned]
        return Closure(self.tracer, graphs, tuple(value for _, value in self.numbers))

    def _ref(self, ref: Ref) -> Ref:
        known = self.made.get(ref)
        if known is None:  # a further output of a node that is placed already
            known = self.made[ref] = Output(self.made[ref.node].node, ref.index, ref.type)
        return known

    def _place(self, node: Node) -> None:
        assert node.spec is not None and node.inputs is not None
        inputs = [self._ref(ref) for ref in node.inputs]
        draws = iter(self.words)
        for slot, value in zip(node.spec.slots, node.scalars, strict=True):
            if slot.kind != DRAW:
                self.numbers.append((leaf(slot.type), value))
                inputs.append(self.numbers[-1][0])
                continue
            word = next(draws)
            inputs.append(word if word is self.words[0] or not value else plus(word, value))
        self.made[node] = apply(node.spec, inputs, node.code, node.lasti, scope=node.scope)


def plus(word: Node, offset: int) -> Node:
    type = word.type
    value = np.asarray(offset).astype(type.dtype)
    number = PRIMITIVES["constant"].specialize((), {"value": value, "context": type.context})
    return apply(PRIMITIVES["add"].specialize((type, type), {}), [word, apply(number, ())])
