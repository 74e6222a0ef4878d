"""Tracing: Python that computes with arrays that have no value yet, recorded into the graph of a body.

While a thread traces, its state is a ``Tracing``: what it records stays there. What a graph cannot hold, a value that
is needed or a write to an array from outside, ends the trace with ``Untraceable``; the caller then runs the Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any, Final

import numpy as np

from ...ir.graph import Graph
from ...ir.node import Node, Output, apply, leaf
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import Specialization
from ...ir.types import UINT32, Context, Type
from ..run.execute import Lost
from ..run.regions import UNLIMITED, Region, Regions
from ..thread import LOCAL, Effect, State, Untraceable
from .cell import Cell, Ref, watching
from .pending import append, further
from .tape import Entry, Source, source

#: Traces inside traces: a recursion of choices would go on for ever.
_DEEPEST: Final = 8


class Tracing(State):
    """The state of a thread while it traces: as it was, with a region of its own."""

    __slots__ = ("depth", "drawn", "entry", "outer", "outer_cells", "parameters", "region", "stream")

    def __init__(self, outer: State) -> None:
        super().__init__()
        self.recording, self.training, self.record_depth = outer.recording, outer.training, outer.record_depth
        self.context, self.outer_contexts = outer.context, list(outer.outer_contexts)
        self.depth: int = getattr(outer, "depth", 0) + 1
        if self.depth > _DEEPEST:
            raise Untraceable(f"it is a trace inside {_DEEPEST} others")
        self.regions = Regions()
        self.regions.open = self.region = Region(self.regions, UNLIMITED, bool(self.record_depth))
        #: What everything that has a history inside the trace hangs on.
        self.entry = Entry()
        self.entry.serial, self.entry.parents, self.entry.consumed = -1, (), False
        self.parameters: list[Node] = []
        #: Draws in the body, and the context of them all.
        self.drawn = 0
        self.stream: Context | None = None
        #: Values from outside: what stands for them, by node, output and history, and what they are.
        self.outer: dict[tuple[Any, ...], Node] = {}
        self.outer_cells: list[Cell] = []

    # ------------------------------------------------------------------------------------ what ends it

    def effect(self, what: str) -> None:
        raise Effect(what)

    def watch(self, cell: Cell) -> None:
        """Called before each write in place: only arrays made inside the trace may change."""
        if LOCAL.state is self and not self.made_here(cell.ref):
            raise Effect("an array that was not made in the body is written in place")

    # ------------------------------------------------------------------------------------ recording

    def next_draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Draws are numbered in the body; what runs it counts them on the stream."""
        if self.stream is not None and self.stream.device != context.device:
            raise Untraceable("its draws come from several streams")
        self.stream = context
        self.drawn += draws
        return 0, self.drawn - draws

    def parameter(self, type: Type) -> Cell:
        """An array that stands for a value of ``type`` to come."""
        self.parameters.append(leaf(type))
        cell = Cell(self.parameters[-1])
        cell.history = self.entry, 0
        return cell

    def made_here(self, ref: Ref) -> bool:
        node = ref.node
        return node is not None and node.region is self.region

    def taped(
        self,
        spec: Specialization,
        refs: Sequence[Ref],
        sources: Sequence[Source | None],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[tuple[Ref, ...], Source | None]:
        """An operation under ``record()``, whose operands know where they came from."""
        inputs = tuple([self.enter(ref, where) for ref, where in zip(refs, sources, strict=True)])
        node = append(self, spec, inputs, scalars, code, lasti)
        results = further(node, spec) if len(spec.out_types) > 1 else (node,)
        return results, (self.entry, 0) if any(sources) else None

    def enter(self, ref: Ref, where: Source | None) -> Ref:
        """``ref`` as an operand in the body: its gradient goes to ``where``."""
        if where is not None and where[0] is self.entry:
            return ref
        if where is None and (self.made_here(ref) or ref in self.parameters):
            spec = PRIMITIVES["stop_gradient"].specialize((ref.type,), {})
            return append(self, spec, (ref,), (), None, -1)
        return self.from_outside(ref, where)

    def from_outside(self, ref: Ref, where: Source | None) -> Node:
        """The parameter that stands for a value from outside; one for each history that it is read with."""
        key = (ref, *(where or ()))
        found = self.outer.get(key)
        if found is None:
            found = self.outer[key] = leaf(ref.type)
            cell = Cell(ref)
            cell.history = where
            self.outer_cells.append(cell)
        return found

    def result(self, cell: Cell) -> Ref:
        """What the body returns in ``cell``."""
        ref = cell.ref
        return self.enter(ref, source(cell)) if self.recording else ref

    # ------------------------------------------------------------------------------------ the graph

    def graphs(self, results: Sequence[Sequence[Ref]]) -> Traced:
        """A graph for each list of results, all on the same parameters."""
        return _Assembly(self).traced(results)

    def close(self) -> None:
        """What is left of the trace has no value, and says so."""
        self.entry.consumed = True
        reason = Lost(
            "this array stood for a value inside a traced body, and has none: return it from the body instead"
        )
        for item in (*self.region.items, *self.parameters, *self.outer.values()):
            if isinstance(item, Node):
                item.region = reason


class Traced:
    """Graphs whose parameters are those of the trace, then ``cells`` from outside, then numbers, then a draw."""

    __slots__ = ("cells", "draws", "graphs", "numbers", "stream")

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.cells: list[Cell] = []
        self.numbers: tuple[Any, ...] = ()
        #: Draws in one run of the body, and their context.
        self.draws = 0
        self.stream: Context | None = None


class _Assembly:
    """Makes graphs of what a trace recorded."""

    def __init__(self, trace: Tracing) -> None:
        self.trace = trace
        self.made: dict[Ref, Ref] = {node: node for node in (*trace.parameters, *trace.outer.values())}
        self.numbers: list[tuple[Node, Any]] = []
        #: Parameters for the seed and the number of the first draw.
        self.words: tuple[Node, ...] = ()
        if trace.stream is not None:
            word = Type((), UINT32, trace.stream)
            self.words = leaf(word), leaf(word)

    def traced(self, results: Sequence[Sequence[Ref]]) -> Traced:
        order = self._order([ref for refs in results for ref in refs])
        for node in order:
            self._place(node)
        returned = [[self._ref(ref) for ref in refs] for refs in results]
        made = Traced()
        made.cells = self.trace.outer_cells
        made.numbers = tuple(value for _, value in self.numbers)
        made.draws, made.stream = self.trace.drawn, self.trace.stream
        parameters = [*self.trace.parameters, *self.trace.outer.values(), *(node for node, _ in self.numbers)]
        parameters += self.words
        made.graphs = [Graph(parameters, refs) for refs in returned]
        if len({node.type.context for node in (*parameters, *order)}) > 1:
            raise Untraceable("it computes on several contexts")
        return made

    def _order(self, roots: Sequence[Ref]) -> list[Node]:
        """The nodes of the trace that ``roots`` need, in the order in which they were recorded."""
        needed: set[Node] = set()
        stack = [ref.node for ref in roots if self.trace.made_here(ref)]
        while stack:
            node = stack.pop()
            if node not in needed:
                needed.add(node)
                stack += [ref.node for ref in node.inputs or () if self.trace.made_here(ref)]
        return [item for item in self.trace.region.items if isinstance(item, Node) and item in needed]

    def _ref(self, ref: Ref) -> Ref:
        known = self.made.get(ref)
        if known is None:  # not recorded under record(): an outer value as it is
            if self.trace.made_here(ref):
                known = Output(self.made[ref.node].node, ref.index, ref.type)
            else:
                known = self.trace.from_outside(ref, None)
            self.made[ref] = known
        return known

    def _place(self, node: Node) -> None:
        assert node.spec is not None and node.inputs is not None
        inputs = [self._ref(ref) for ref in node.inputs]
        draws = iter(self.words)
        for slot, value in zip(node.spec.slots, node.scalars, strict=True):
            if slot.kind != "draw":
                self.numbers.append((leaf(slot.type), value))
                inputs.append(self.numbers[-1][0])
                continue
            word = next(draws)
            inputs.append(word if word is self.words[0] or not value else _plus(word, value))
        self.made[node] = apply(node.spec, inputs, node.code, node.lasti)


def _plus(word: Node, offset: int) -> Node:
    type = word.type
    value = np.asarray(offset).astype(type.dtype)
    number = PRIMITIVES["constant"].specialize((), {"value": value, "context": type.context})
    return apply(PRIMITIVES["add"].specialize((type, type), {}), [word, apply(number, ())])


@contextmanager
def tracing() -> Iterator[Tracing]:
    """Trace what the thread does inside."""
    before = LOCAL.state
    trace = Tracing(before)
    LOCAL.state = trace
    try:
        with watching(trace.watch):
            yield trace
    finally:
        LOCAL.state = before
        trace.close()
