"""Tracing the body of a loop or a choice: it computes, and does nothing outside of itself.

An array from outside that the body reads becomes a parameter of the graph, whatever it holds then. A write to an array
from outside, a backward pass or a fence end the trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from ...ir.node import Node
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import Specialization
from ...ir.types import Type
from .cell import Cell, Ref
from .closure import Assembly, Captured, Closure
from .recorder import Operand
from .tape import Entry, Source, source
from .tracing import BaseTracer, Effect, Untraceable

if TYPE_CHECKING:
    from ..thread import State

__all__ = ["Closure", "Effect", "Tracer", "Untraceable", "tracing"]

#: Bodies inside bodies: a recursion of choices would go on for ever.
_DEEPEST: Final = 8


class Tracer(BaseTracer):
    """Records the operations of one body of a loop or a choice."""

    __slots__ = ("_given", "_untracked", "depth", "entry", "outside", "parameters")

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.depth: int = getattr(state.recorder, "depth", 0) + 1
        if self.depth > _DEEPEST:
            raise Untraceable(f"it is a trace inside {_DEEPEST} others")
        #: The history of everything inside the trace that has one.
        self.entry = Entry()
        self.entry.serial, self.entry.parents, self.entry.consumed = -1, (), False
        self.parameters: list[Node] = []
        #: The arrays that stand for the parameters. They are the caller's: the body may not write them.
        self._given: set[Cell] = set()
        #: Arrays from outside, by cell and history: what stands for each, which is what it holds when the body runs.
        self.outside: dict[tuple[Any, ...], Captured] = {}
        #: Parameters for arrays that are read without history: no gradient comes to them.
        self._untracked: set[Ref] = set()

    # ------------------------------------------------------------------------------------ what ends it

    needs_tape = BaseTracer.leaves

    def new_variable(self, cell: Cell, what: str) -> None:
        self.leaves(what)

    def fence(self, what: str) -> None:
        self.leaves(what)

    def leave_record(self) -> None:
        """It was not entered here."""

    # ------------------------------------------------------------------------------------ cells

    def load(self, cell: Cell) -> Ref:
        ref: Ref = cell.content
        if ref is not None and self.made_here(ref):
            return ref
        return self._parameter_for(self.constants.get(ref, cell), None)

    def store(self, cell: Cell, ref: Ref) -> None:
        held = cell.content
        if cell in self._given or not (self.made_here(held) or held in self.constants):
            self.leaves("an array that was not made in the body is written in place")
        assert ref.type is cell.type
        cell.content = ref
        cell.version += 1

    def operand(self, cell: Cell) -> Operand:
        """Under ``record()`` an operand's gradient goes to its history, which inside the trace is the trace's entry."""
        if not self.state.recording:
            return self.read(cell), None
        cell = self.at(cell)
        history = source(cell)
        if history is None:
            return self._stopped(self.read(cell)), None
        if history[0] is self.entry:
            return self.read(cell), history
        return self._parameter_for(cell, history), (self.entry, 0)

    def parameter(self, type: Type) -> Cell:
        """An array that stands for a value of ``type`` to come."""
        node = self.leaf(type)
        self.parameters.append(node)
        cell = Cell(node)
        cell.history = self.entry, 0
        self._given.add(cell)
        return cell

    def _parameter_for(self, cell: Cell, history: Source | None) -> Node:
        """The parameter that stands for an array from outside; one for each history that it is read with."""
        key = (cell, *(history or ()))
        found = self.outside.get(key)
        if found is None:
            found = self.outside[key] = Captured(cell, history, self.leaf(cell.type))
            if history is None:
                self._untracked.add(found.parameter)
        return found.parameter

    def _stopped(self, ref: Ref) -> Ref:
        """``ref``, through which no gradient goes. Arrays from outside that are read without history need no more."""
        if ref in self._untracked:
            return ref
        spec = PRIMITIVES["stop_gradient"].specialize((ref.type,), {})
        return self.append(spec, (ref,), (), None, -1)[0]

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
        results = self.append(spec, tuple([ref for ref, _ in operands]), scalars, code, lasti)
        history = (self.entry, 0) if any(parent for _, parent in operands) else None
        return [(ref, history) for ref in results]

    def call(
        self,
        spec: Specialization,
        cells: Sequence[Cell],
        needs: tuple[bool, ...] | None,
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Sequence[Ref], Entry | None]:
        operands = list(map(self.operand, cells))
        if needs is not None:
            marked = zip(operands, needs, strict=True)
            operands = [(ref, parent) if need else (self._stopped(ref), None) for (ref, parent), need in marked]
        results = self.apply_to(spec, operands, scalars, code, lasti)
        return [ref for ref, _ in results], None if needs is None or results[0][1] is None else self.entry

    # ------------------------------------------------------------------------------------ the graph

    def result(self, cell: Cell) -> Ref:
        """What the body returns in ``cell``."""
        return self.operand(cell)[0]

    def close_over(self, results: Sequence[Sequence[Ref]]) -> Closure:
        """A graph for each list of results, all on the same parameters."""
        for each in self.outside.values():
            if each.moved():
                self.leaves("another thread writes an array that the body reads")
        return Assembly(self).closure(results)


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
