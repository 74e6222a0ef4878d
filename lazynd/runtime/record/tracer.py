"""Tracing: Python that computes with arrays that have no value yet, recorded into the graph of a body.

While a thread traces, its recorder is a ``Tracer``: what is recorded stays there. The tracer sees every read and write
of an array. An array from outside that the body reads becomes a parameter of the graph, whatever it holds then. What a
graph cannot hold, a value that is needed or a write to an array from outside, ends the trace with ``Untraceable``; the
caller then runs the Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...ir.graph import Graph
from ...ir.node import Node, Output, apply, leaf
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import DRAW, Specialization
from ...ir.types import UINT32, Context, Type
from ..run.failure import Lost
from ..tell.location import user_location
from .cell import Cell, Ref
from .recorder import Operand, Recorder
from .tape import Entry, Source, source

if TYPE_CHECKING:
    from ..thread import State

#: Traces inside traces: a recursion of choices would go on for ever.
_DEEPEST: Final = 8
_NO_VALUE: Final = "this array stood for a value inside a traced body, and has none: return it from the body instead"


class Untraceable(BaseException):
    """The body did something that no graph can record. Not an ``Exception``: the body must not catch it."""


class Effect(Untraceable):
    """The body did something outside of itself, as it will at every call."""


class Tracer(Recorder):
    """Records the operations of one body. Its nodes have no value, and say so to whoever asks for one."""

    __slots__ = (
        "_given",
        "_inside",
        "_untracked",
        "constants",
        "depth",
        "draws",
        "entry",
        "nodes",
        "outside",
        "parameters",
        "stream",
    )

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.depth: int = getattr(state.recorder, "depth", 0) + 1
        if self.depth > _DEEPEST:
            raise Untraceable(f"it is a trace inside {_DEEPEST} others")
        #: What was recorded, in order.
        self.nodes: list[Node] = []
        #: Stands in the ``region`` of every node and parameter of this trace.
        self._inside = Lost(_NO_VALUE)
        #: The history of everything inside the trace that has one.
        self.entry = Entry()
        self.entry.serial, self.entry.parents, self.entry.consumed = -1, (), False
        self.parameters: list[Node] = []
        #: The arrays that stand for the parameters. They are the caller's: the body may not write them.
        self._given: set[Cell] = set()
        #: Data that was made inside: by its leaf, a cell that nothing else writes.
        self.constants: dict[Ref, Cell] = {}
        #: Arrays from outside, by cell and history: what stands for each, which is what it holds when the body runs.
        self.outside: dict[tuple[Any, ...], Captured] = {}
        #: Parameters for arrays that are read without history: no gradient comes to them.
        self._untracked: set[Ref] = set()
        #: Draws in the body, and the context of them all.
        self.draws = 0
        self.stream: Context | None = None

    # ------------------------------------------------------------------------------------ what ends it

    def leaves(self, what: str) -> None:
        raise Effect(what)

    def needs(self, cell: Cell, cause: str) -> Ref:
        """A value that was made inside, from no array, is the same in every run; any other ends the trace."""
        ref: Any = cell.content if cell.__class__ is Cell else None
        if ref in self.constants:
            return ref
        raise Effect(f"a value is needed: {cause}")

    def is_pending(self, cell: Cell) -> bool:
        return cell.__class__ is not Cell or cell.content not in self.constants

    # ------------------------------------------------------------------------------------ cells

    def made_here(self, ref: Ref) -> bool:
        node = ref.node
        return node is not None and node.region is self._inside

    def load(self, cell: Cell) -> Ref:
        ref: Ref = cell.content
        if ref is not None and self.made_here(ref):
            return ref
        return self._parameter_for(self.constants.get(ref, cell), None)

    def store(self, cell: Cell, ref: Ref) -> None:
        held = cell.content
        if cell in self._given or not (self.made_here(held) or held in self.constants):
            raise Effect("an array that was not made in the body is written in place")
        assert ref.type is cell.type
        cell.content = ref
        cell.version += 1

    def operand(self, cell: Cell) -> Operand:
        """Under ``record()`` an operand's gradient goes to its history, which inside the trace is the trace's entry."""
        if not self.state.recording:
            return self.read(cell), None
        history = source(cell)
        if history is None:
            return self._stopped(self.read(cell)), None
        if history[0] is self.entry:
            return self.read(cell), history
        return self._parameter_for(cell, history), (self.entry, 0)

    def parameter(self, type: Type) -> Cell:
        """An array that stands for a value of ``type`` to come."""
        node = self._leaf(type)
        self.parameters.append(node)
        cell = Cell(node)
        cell.history = self.entry, 0
        self._given.add(cell)
        return cell

    def data(self, type: Type, value: Any) -> Cell:
        ref = leaf(type, value)
        self.constants[ref] = Cell(ref)
        return Cell(ref)

    def hold(self, type: Type) -> None:
        """A body keeps nothing alive: its parameters have no values."""

    def _leaf(self, type: Type) -> Node:
        node = leaf(type)
        node.region = self._inside
        return node

    def _parameter_for(self, cell: Cell, history: Source | None) -> Node:
        """The parameter that stands for an array from outside; one for each history that it is read with."""
        key = (cell, *(history or ()))
        found = self.outside.get(key)
        if found is None:
            found = self.outside[key] = Captured(cell, history, self._leaf(cell.type))
            if history is None:
                self._untracked.add(found.parameter)
        return found.parameter

    def _stopped(self, ref: Ref) -> Ref:
        """``ref``, through which no gradient goes. Arrays from outside that are read without history need no more."""
        if ref in self._untracked:
            return ref
        spec = PRIMITIVES["stop_gradient"].specialize((ref.type,), {})
        return self._append(spec, (ref,), (), None, -1)[0]

    # ------------------------------------------------------------------------------------ operations

    def apply(
        self, spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
    ) -> Cell:
        operands = [self.operand(each) for each in cells]
        ref, history = self.apply_to(spec, operands, scalars, code, lasti)[0]
        cell = Cell(ref)
        cell.history = history
        return cell

    def apply_to(
        self,
        spec: Specialization,
        operands: Sequence[Operand],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> list[Operand]:
        results = self._append(spec, tuple([ref for ref, _ in operands]), scalars, code, lasti)
        history = (self.entry, 0) if any(parent for _, parent in operands) else None
        return [(ref, history) for ref in results]

    def note(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
        return self._append(spec, refs, scalars, *user_location())[0].node

    def moves(self) -> None:
        """What is traced runs in a program."""

    def draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Draws are numbered in the body; what runs it counts them on the stream."""
        if self.stream is not None and self.stream.device != context.device:
            raise Untraceable("its draws come from several streams")
        self.stream = context
        self.draws += draws
        return 0, self.draws - draws

    def _append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        """All outputs of a new node."""
        if spec.pruned is not None:
            spec, live = spec.pruned
            refs = tuple([refs[i] for i in live])
        node = apply(spec, refs, code, lasti, scalars)
        node.region = self._inside
        self.nodes.append(node)
        return (node, *[Output(node, i, t) for i, t in enumerate(spec.out_types[1:], 1)])

    # ------------------------------------------------------------------------------------ the graph

    def result(self, cell: Cell) -> Ref:
        """What the body returns in ``cell``."""
        return self.operand(cell)[0]

    def close_over(self, results: Sequence[Sequence[Ref]]) -> Closure:
        """A graph for each list of results, all on the same parameters."""
        for each in self.outside.values():
            if each.moved():
                raise Effect("another thread writes an array that the body reads")
        return _Assembly(self).closure(results)


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


class _Assembly:
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
        order = self._order([ref for refs in results for ref in refs])
        for node in order:
            self._place(node)
        returned = [[self._ref(ref) for ref in refs] for refs in results]
        parameters = [*self.tracer.parameters, *self.outside, *(node for node, _ in self.numbers), *self.words]
        if len({node.type.context for node in (*parameters, *order)}) > 1:
            raise Untraceable("it computes on several contexts")
        graphs = [Graph(parameters, refs) for refs in returned]
        return Closure(self.tracer, graphs, tuple(value for _, value in self.numbers))

    def _order(self, roots: Sequence[Ref]) -> list[Node]:
        """The nodes of the trace that ``roots`` need, in the order in which they were recorded."""
        needed: set[Node] = set()
        stack = [ref.node for ref in roots]
        while stack:
            node = stack.pop()
            if node not in needed:
                needed.add(node)
                stack += [ref.node for ref in node.inputs or ()]
        return [node for node in self.tracer.nodes if node in needed]

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
            inputs.append(word if word is self.words[0] or not value else _plus(word, value))
        self.made[node] = apply(node.spec, inputs, node.code, node.lasti)


def _plus(word: Node, offset: int) -> Node:
    type = word.type
    value = np.asarray(offset).astype(type.dtype)
    number = PRIMITIVES["constant"].specialize((), {"value": value, "context": type.context})
    return apply(PRIMITIVES["add"].specialize((type, type), {}), [word, apply(number, ())])


@contextmanager
def tracing(state: State) -> Iterator[Tracer]:
    """Trace what the thread of ``state`` does inside."""
    tracer = Tracer(state)
    with state.preserved():
        state.recorder = tracer
        try:
            yield tracer
        finally:
            tracer.entry.consumed = True
