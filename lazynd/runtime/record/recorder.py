"""The seam between what users do and what becomes of it: a thread's recorder is told of every operation.

Two recorders implement it: ``PendingWork`` keeps operations until a value is needed, ``Tracer`` makes them the graph of
a body. Front ends, views and gradients speak to the recorder of their thread and do not know which one it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

from ...ir.errors import MXNetError
from ...ir.linearize import linearize
from ...ir.node import Node
from ...ir.specialization import Specialization
from ...ir.types import Context, Type
from ..guard.sections import DeferSignals
from ..tell.location import OURS, user_location
from .cell import Cell, Ref, Variable
from .numbers import Keep
from .scope import ROOT, Scope
from .tape import Entry, Source, make_entry, marked, source

if TYPE_CHECKING:
    from ..thread import State

#: A value and, while this is recorded, its history: the entry of the tape that it came from; None for a constant.
Operand = tuple[Ref, Source | None]
#: The two parts of it.
_REF, _HISTORY = itemgetter(0), itemgetter(1)

_IN_GRAPH = (
    "Assigning to NDArrays that are already in a computational graph will cause undefined behavior when "
    "evaluating gradients. Please call backward first to clear the graph or do this out side of a record section. "
    "Also note that you cannot use inplace operations like +=, *=, relu(x, out=x), y[idx]=x, etc inside a record "
    "section."
)
_NOT_IN_PLACE = "Inplace operations (+=, -=, x[:]=, etc) are not supported when recording: "


class Recorder(ABC):
    """What the operations of one thread are told to. ``state`` holds the thread's flags.

    ``within``: the call of a block that is recorded. ``scope``: what its nodes are told, ``within.path`` as a rule.
    ``caller``: code and instruction of the user's line that called a block of ours, or an optimizer. It is told of
    operations that our own code applies in there.
    """

    __slots__ = ("caller", "scope", "state", "within")
    #: Whether what is recorded becomes a graph, and does not run.
    traces: ClassVar[bool] = False
    #: Whether to print an array of the trace shows what it is, not its values, and so does not end the trace.
    blind = False

    def __init__(self, state: State) -> None:
        self.state = state
        self.within: Scope = ROOT
        self.scope = ""
        self.caller: tuple[CodeType, int] | None = None

    def users_line(self, code: CodeType, lasti: int) -> tuple[CodeType | None, int]:
        """The line that an operation at ``code`` counts for: of our own files the user's that called them."""
        return (self.caller or user_location()) if OURS[code.co_filename] else (code, lasti)

    # ------------------------------------------------------------------------------------ cells

    @abstractmethod
    def load(self, cell: Cell) -> Ref:
        """What ``cell`` itself holds; for kinds of cells, which say by it what reading them means."""

    @abstractmethod
    def store(self, cell: Cell, ref: Ref) -> None:
        """Have ``cell`` itself hold ``ref``."""

    def at(self, cell: Cell) -> Cell:
        """The cell that stands for ``cell`` in what is recorded: itself, but in a call one from outside has another.

        Whoever asks for the history or the variable of a cell asks the one that this gives.
        """
        return cell

    def real(self, cell: Cell) -> Cell:
        """What ``cell`` stands for, outside of all calls that are traced; itself if for nothing."""
        return cell

    def owned(self, cell: Cell) -> bool:
        """Whether a trace made ``cell``."""
        return False

    def standing(self, variable: Variable) -> Variable:
        """What stands for ``variable``, as ``at`` says of cells."""
        return variable

    def read(self, cell: Cell) -> Ref:
        """The content of ``cell`` as a constant: the gradient does not see where it came from."""
        return self.at(cell).read(self)

    def peek(self, cell: Cell) -> Ref:
        """What ``cell`` holds, for who only looks: nothing is recorded. Of a part of an array what the whole holds."""
        while (base := getattr(cell, "base", None)) is not None:
            cell = base
        found: Ref = cell.content
        return found

    def write(self, cell: Cell, ref: Ref) -> None:
        """Move ``cell`` to ``ref``."""
        self.at(cell).write(self, ref)

    def operand(self, cell: Cell) -> Operand:
        """The content of ``cell`` and, while this is recorded, its history."""
        ref = self.read(cell)  # first: a view finds out by it whether its history still counts
        return ref, self.source(cell) if self.state.recording else None

    def source(self, cell: Cell) -> Source | None:
        """Where the content of ``cell``, which was just read, came from; None for a constant."""
        return source(self.at(cell))

    def move(self, cell: Cell, other: Cell) -> None:
        """Give ``cell`` the content (and, under ``record()``, the history) of ``other``."""
        ref, history = self.operand(other)
        if history is None:
            self.write(cell, ref)
            return
        with DeferSignals():  # content and history move together
            self.write(cell, ref)
            self.at(cell).follow(ref, history)

    def read_all(self, cells: Sequence[Cell]) -> tuple[Ref, ...]:
        """``read`` of each of ``cells``."""
        return tuple(map(self.read, cells))

    def write_all(self, cells: Iterable[Cell], refs: Iterable[Ref]) -> None:
        """``write`` to each of ``cells``."""
        for cell, ref in zip(cells, refs, strict=True):
            self.write(cell, ref)

    @abstractmethod
    def needs(self, cell: Cell, cause: str) -> Ref:
        """The content of ``cell``, whose value is needed on the host because of ``cause``."""

    @abstractmethod
    def is_pending(self, cell: Cell) -> bool:
        """Whether the value of ``cell`` is still to be computed."""

    @property
    def outermost(self) -> Recorder:
        """What records where no function is traced."""
        return self

    @abstractmethod
    def data(self, type: Type, value: Any) -> Cell:
        """A new cell on a buffer, which is given away."""

    @abstractmethod
    def hold(self, type: Type) -> None:
        """An array of ``type`` made from data will be kept alive by what is recorded."""

    # ------------------------------------------------------------------------------------ operations

    @abstractmethod
    def apply(
        self, spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
    ) -> Cell:
        """Record an operation with one visible output on ``cells``; the user's line is ``code`` at ``lasti``."""

    def apply_to(
        self,
        spec: Specialization,
        operands: Sequence[Operand],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> list[Operand]:
        """Record an operation with any number of visible outputs on what ``operand`` gave."""
        refs = (operands[0][0],) if len(operands) == 1 else tuple(map(_REF, operands))
        if self.state.recording:
            parents = tuple(map(_HISTORY, operands))
            results, history = self.taped(spec, refs, parents, scalars, code, lasti)
            if history is not None:
                return [(ref, (history[0], i)) for i, ref in enumerate(results[: len(spec.out_types)])]
        else:
            results = self.append(spec, refs, scalars, code, lasti)
        return [(ref, None) for ref in results]

    @abstractmethod
    def append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        """All outputs of a new node, off the tape."""

    def taped(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        parents: tuple[Source | None, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[tuple[Ref, ...], Source | None]:
        """Record in linearised form, with an entry on the tape, if an input needs a gradient.

        Gives all outputs, hidden ones last, and the history of the first.
        """
        if not any(parents):
            return self.append(spec, refs, scalars, code, lasti), None
        needs = marked(parents)
        linear = spec.linearized.get(needs) or linearize(spec, needs)
        results = self.append(linear.spec, refs, scalars, code, lasti)
        node: Any = results[0]
        return results, (make_entry(linear, parents, refs + results, node), 0)

    def call(
        self,
        spec: Specialization,
        cells: Sequence[Cell],
        needs: tuple[bool, ...] | None,
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Sequence[Ref], Entry | None]:
        """Record a compiled call on ``cells``. All its outputs, and the entry of the tape that they are of.

        ``needs``: to which of ``cells`` gradients go, whether or not anything else is recorded now; None if to none.
        """
        refs = self.read_all(cells)
        if needs is None:
            return self.append(spec, refs, scalars, code, lasti), None
        parents = tuple([self.source(cell) if need else None for cell, need in zip(cells, needs, strict=True)])
        results, history = self.taped(spec, refs, parents, scalars, code, lasti)
        return results, None if history is None else history[0]

    @property
    def idle(self) -> bool:
        """Whether what is recorded next would run, and nothing is pending beside it."""
        return False

    @abstractmethod
    def note(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
        """Record an operation off the tape, at the user's line that is running; ``refs`` are what ``read`` gave."""

    @abstractmethod
    def moves(self) -> None:
        """Operations that move data may be recorded next: those that ``run/moves.py`` runs on the host."""

    @abstractmethod
    def draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        """Seed and number of the next draw on ``context``, the first of ``draws``."""

    @abstractmethod
    def leaves(self, what: str) -> None:
        """Called before ``what`` no graph can record: it ends a trace."""

    @abstractmethod
    def needs_tape(self, what: str) -> None:
        """Called before ``what`` only a recorder with a tape of its own can hold: it ends the trace of a body."""

    @abstractmethod
    def new_variable(self, cell: Cell, what: str) -> None:
        """Called before ``cell`` is made a variable by ``what``: one from outside ends a trace."""

    @abstractmethod
    def host(self, function: Callable[[], Any], keep: Keep | None = None) -> Any:
        """What ``function`` gives, one number or several, which a call asks anew each time.

        ``keep`` is called before, and gives what puts back on the host what ``function`` changes there, in case the
        call comes to nothing.
        """

    @abstractmethod
    def ask(self, function: Callable[[], Any]) -> Any:
        """What ``function`` gives, now."""

    @abstractmethod
    def fence(self, what: str) -> None:
        """What is recorded next, because of ``what``, shares no program with what was recorded before."""

    @abstractmethod
    def leave_record(self) -> None:
        """The outermost ``record()`` ends."""

    def reaches(self, entry: Entry) -> None:
        """A backward pass has come to ``entry``, of a kind that only ``at`` makes."""
        raise TypeError(f"there is no backward pass through {entry}")

    # ------------------------------------------------------------------------------------ what is refused

    def guard_write(self, cell: Cell) -> None:
        """Refuse an in-place write under ``record()`` to what is on the tape. As in MXNet handles count, not memory."""
        if not self.state.recording:
            return
        cell = self.at(cell)
        history = cell.history
        if cell.variable is not None or (history is not None and not history[0].consumed):
            self.needs_tape("an array with a history is written in place")
            raise MXNetError(f"{_NOT_IN_PLACE}{_IN_GRAPH}")

    def guard_value(self, value: Cell) -> None:
        """Refuse to write a recorded ``value`` into part of an array, or into an array that it was computed from.

        As in MXNet, whatever happened to the array before: ``b += a`` is refused the first time too.
        """
        if self.state.recording and self.source(value) is not None:
            self.needs_tape("a recorded value is written in place")
            raise MXNetError(f"{_NOT_IN_PLACE}{_IN_GRAPH}")


def cell_of(value: Operand) -> Cell:
    """A new cell with the content and history of ``value``."""
    cell = Cell(value[0])
    cell.history = value[1]
    return cell
