"""Tracing a function that is compiled: it may read and write arrays from outside, record, differentiate and update.

All that it does to them it does to what stands for them, so that the trace changes nothing outside, however it ends.
Afterwards the trace says what a call does: which arrays it reads and writes, what it draws, what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...ir.node import Node
from ...ir.specialization import Specialization
from .cell import Cell, Detached, ReadOnly, Ref, Variable
from .numbers import HOST, Keep, Ledger
from .recorder import Operand
from .standing import ARGUMENT, GRADIENT, ITSELF, ROOT, Beyond, Capture, Origin, Restart, Standing, live, root_of
from .tape import Entry, Source, source
from .tape import Origin as Version
from .tracing import BaseTracer
from .views import View

if TYPE_CHECKING:
    from ..thread import State


class CallTracer(BaseTracer):
    """Records the body of a call. ``read_numbers``: arguments whose value Python needed."""

    __slots__ = (
        "_entries", "_given", "_placeholders", "_reals", "_roots", "_snapshots", "_twins", "_variables", "aliased",
        "captures", "fenced", "fences", "ledger", "local", "read_numbers", "recorded", "taken", "undo",
    )  # fmt: skip

    def __init__(self, state: State, undo: list[Callable[[], None]]) -> None:
        super().__init__(state)
        #: By what stands for the array.
        self.captures: dict[Cell, Capture] = {}
        self._reals: dict[Cell, Cell] = {}
        #: Whether it reads an array that a trace around it made: it is good for nothing but that one.
        self.local = False
        self.ledger = Ledger(self._asked)
        self.read_numbers: set[int] = set()
        #: What puts back on the host what the functions of the host changed comes to its end.
        self.undo = undo
        #: Nodes on the tape: the operator that was called, on what, and which inputs had a history.
        self.taken: dict[Node, tuple[Specialization, tuple[Ref, ...], tuple[bool, ...]]] = {}
        #: Whether anything was read while recording.
        self.recorded = False
        #: Whether there was a fence, and whether nothing was recorded since the last.
        self.fences = self.fenced = False
        #: Arrays that are arguments and were found by another way too.
        self.aliased: dict[Cell, Origin] = {}
        #: What stands for arrays from outside, and for arguments, with what they are.
        self._twins: dict[Cell, Cell] = {}
        self._given: dict[Cell, tuple[Origin, Cell]] = {}
        self._placeholders: set[Cell] = set()
        #: Memory of which arguments are parts.
        self._roots: set[Cell] = set()
        #: Stand for memory that others see.
        self._snapshots: set[Cell] = set()
        self._variables: dict[Variable, Standing] = {}
        self._entries: dict[Entry, Entry] = {}

    # ------------------------------------------------------------------------------------ what ends it

    def needs_tape(self, what: str) -> None:
        """There is one."""

    def new_variable(self, cell: Cell, what: str) -> None:
        if cell in self._placeholders or not self.owns(cell):
            self.leaves(f"{what} of an array from outside")

    def reaches(self, entry: Entry) -> None:
        self.leaves("a backward pass goes to what was recorded before the call")

    def _asked(self, roots: frozenset[int]) -> None:
        if HOST in roots:
            self.leaves("a number that the host says anew for each call is needed")
        self.read_numbers |= roots

    def host(self, function: Callable[[], Any], keep: Keep | None = None) -> Any:
        if keep is not None:
            self.undo.append(keep())
        return self.ledger.host(function, self.ask(function), keep)

    def fence(self, what: str) -> None:
        self.fences = self.fenced = True

    def leave_record(self) -> None:
        """What is recorded by a call has no budget."""

    # ------------------------------------------------------------------------------------ cells

    def argument(self, number: int, cell: Cell, parted: bool) -> Cell:
        """What stands for the argument ``cell``. ``parted``: it shares memory with others."""
        seen, cell = self.parent.at(cell), self.real(cell)
        root = root_of(cell)
        if parted and root is not cell:
            if root not in self._given:
                self._give(root, (ROOT, number))
            placeholder = self._stand_in(cell)
            self.aliased.clear()  # it is no argument's affair that its memory was looked up
            self._given[cell] = (ARGUMENT, number), placeholder
        else:
            placeholder = self._give(cell, (ARGUMENT, number))
        self._placeholders.add(placeholder)
        owner = seen.variable
        if owner is not None:
            grad = None if owner.grad is None else self._give(self.real(owner.grad), (GRADIENT, number))
            placeholder.variable = self._variables[owner] = Standing(owner, number, grad)
        self._tell_history(placeholder, seen)
        return placeholder

    def _give(self, cell: Cell, origin: Origin) -> Cell:
        """What stands for ``cell``, which is found by way of an argument."""
        twin = self._capture(cell, origin)
        self._given[cell] = origin, twin
        root = root_of(cell)
        if root is not cell:
            self._roots.add(root)
        return twin

    def at(self, cell: Cell) -> Cell:
        found = self._twins.get(cell)
        if found is not None:
            return found
        if self.owns(cell):
            return cell
        outer = self.parent.real(cell)
        given = self._given.get(outer)
        if given is not None:
            self.aliased[outer], found = given
            return found
        found = self._twins.get(outer)
        if found is None:
            if root_of(outer) in self._roots:
                raise Restart(self)
            seen = self.parent.at(outer)
            found = self._stand_in(outer)
            if seen.variable is not None:
                found.variable = self.standing(seen.variable)
            self._tell_history(found, seen)
            self._twins[outer] = found
        self._twins[cell] = found
        return found

    def peek(self, cell: Cell) -> Ref:
        twin = self._twins.get(cell)
        return super().peek(cell if twin is None else twin)

    def real(self, cell: Cell) -> Cell:
        known = self._reals.get(cell)
        return self.parent.real(cell if known is None else known)

    def standing(self, variable: Variable) -> Variable:
        found = self._variables.get(variable)
        if found is None:
            seen = self.parent.standing(variable)
            found = self._variables.get(seen)
            if found is None:
                found = self._variables[seen] = Standing(seen, None, seen.grad)
            self._variables[variable] = found
        return found

    def _stand_in(self, outer: Cell) -> Cell:
        if isinstance(outer, ReadOnly):
            return ReadOnly(self.at(outer.base), outer.reason)
        if isinstance(outer, Detached):
            return Detached(self.at(outer.base))
        if isinstance(outer, View):
            return View(self.at(outer.base), outer.offset, outer.type)
        self.local = self.local or self.parent.owned(outer)
        return self._capture(outer, (ITSELF, outer))

    def _capture(self, outer: Cell, origin: Origin) -> Cell:
        parameter = self.leaf(outer.type)
        twin = Cell(parameter)
        self.captures[twin] = Capture(origin, twin, parameter)
        self._reals[twin] = outer
        if root_of(outer).volatile:
            self._snapshots.add(twin)
        return twin

    def _tell_history(self, twin: Cell, outer: Cell) -> None:
        """Give ``twin`` a history where ``outer`` has one."""
        if not live(outer):
            return
        assert outer.history is not None
        entry, number = outer.history
        if twin.__class__ is not Cell:  # a view of what is seen elsewhere: its history is beside the memory's
            self.leaves("a view that was recorded before the call is read")
        inner = self._entries.get(entry)
        if inner is None:
            known = isinstance(entry, Version) and twin.variable is not None
            inner = Version(twin.variable) if known and twin.variable else Beyond()
            self._entries[entry] = inner
        twin.history = inner, number
        self.captures[twin].entry = inner

    def load(self, cell: Cell) -> Ref:
        ref: Ref = cell.content
        if ref in self.constants:
            return self.at_constant(ref)
        return ref

    def at_constant(self, ref: Ref) -> Ref:
        """The parameter for data that was made inside."""
        holder = self.constants[ref]
        found = self._twins.get(holder)
        if found is None:
            found = self._twins[holder] = self._capture(holder, (ITSELF, holder))
        content: Ref = found.content
        return content

    def store(self, cell: Cell, ref: Ref) -> None:
        assert ref.type is cell.type
        if cell in self._snapshots:
            self.leaves("memory that others share is written")
        cell.content = ref
        cell.version += 1

    def source(self, cell: Cell) -> Source | None:
        self.recorded = True
        twin = self.at(cell)
        found = source(twin)
        if found is not None and (capture := self.captures.get(twin)) is not None and capture.entry is None:
            capture.entry = found[0]
        return found

    # ------------------------------------------------------------------------------------ operations

    def apply(
        self, spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
    ) -> Cell:
        operands: list[Operand] = [self.operand(each) for each in cells]
        ref, history = self.apply_to(spec, operands, scalars, code, lasti)[0]
        cell = Cell(ref)
        cell.history = history
        return cell

    def append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        self.fenced = False
        return super().append(spec, refs, scalars, code, lasti)

    def taped(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        parents: tuple[Source | None, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[tuple[Ref, ...], Source | None]:
        results, history = super().taped(spec, refs, parents, scalars, code, lasti)
        if history is not None:
            self.taken[results[0].node] = spec, refs, tuple([parent is not None for parent in parents])
        return results, history

    # ------------------------------------------------------------------------------------ what was done

    def holder(self, cell: Cell) -> Origin | None:
        """How a call finds the array from outside whose cell is ``cell``; None for one made inside."""
        if self.owns(cell):
            found = self.captures.get(cell)
            if found is not None:
                return found.origin
            return next((origin for origin, twin in self._given.values() if twin is cell), None)
        self.at(cell)  # tells whether it is an argument too
        outer = self.parent.real(cell)
        given = self._given.get(outer)
        return (ITSELF, outer) if given is None else given[0]

    @property
    def variables(self) -> list[Standing]:
        """What stands for variables from outside, each once."""
        return list(dict.fromkeys(self._variables.values()))
