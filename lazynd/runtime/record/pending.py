"""Pending work: one node for each operation, kept until a value is needed. This is the hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from time import perf_counter_ns
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...config import config
from ...ir.linearize import Linearized
from ...ir.node import Node, Output, leaf
from ...ir.specialization import BYTES_PER_COST, Specialization
from ...ir.types import Context, Type
from ...speed import MODULE
from ..run.fence import fence, overflow
from ..run.force import force
from ..run.regions import Region, Regions
from ..tell.location import USERS, user_location
from ..tell.sites import current_site
from ..tell.stats import stats
from ..tell.tracing import TRACING
from . import streams, tape
from .cell import Cell, Ref, Variable
from .numbers import Keep
from .recorder import Operand, Recorder
from .tape import Operation, source, sources

if TYPE_CHECKING:
    from ..thread import State


class PendingWork(Recorder):
    """Records operations into the regions of its thread. In eager mode each runs at once, at its own line."""

    __slots__ = ("regions",)

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.regions = state.regions

    # ------------------------------------------------------------------------------------ cells

    def load(self, cell: Cell) -> Ref:
        ref: Ref = cell.content
        return ref

    def store(self, cell: Cell, ref: Ref) -> None:
        assert ref.type is cell.type
        cell.content = ref
        cell.version += 1

    # Most cells are of the plain kind: these do for them what the cell would ask of ``load`` and ``store``, without
    # two more calls.

    def read(self, cell: Cell) -> Ref:
        ref: Ref = cell.content if cell.__class__ is Cell else cell.read(self)
        return ref

    def operand(self, cell: Cell) -> Operand:
        ref: Ref = cell.content if cell.__class__ is Cell else cell.read(self)
        return ref, source(cell) if self.state.recording else None

    def write(self, cell: Cell, ref: Ref) -> None:
        if cell.__class__ is Cell:
            assert ref.type is cell.type
            cell.content = ref
            cell.version += 1
        else:
            cell.write(self, ref)

    def read_all(self, cells: Sequence[Cell]) -> tuple[Ref, ...]:
        return tuple([each.content if each.__class__ is Cell else each.read(self) for each in cells])

    def write_all(self, cells: Iterable[Cell], refs: Iterable[Ref]) -> None:
        for cell, ref in zip(cells, refs, strict=True):
            if cell.__class__ is Cell:
                cell.content = ref
                cell.version += 1
            else:
                cell.write(self, ref)

    def needs(self, cell: Cell, cause: str) -> Ref:
        ref: Ref = cell.content if cell.__class__ is Cell else cell.read(self)
        ban = self.state.forbid_sync
        if ban is not None and ref.value is None:
            ban.refuse(cause)
        return ref

    def is_pending(self, cell: Cell) -> bool:
        return self.read(cell).value is None

    def data(self, type: Type, value: Any) -> Cell:
        self.hold(type)
        return Cell(leaf(type, value))

    def hold(self, type: Type) -> None:
        self.regions.open.hold(type.nbytes // BYTES_PER_COST)

    # ------------------------------------------------------------------------------------ operations

    def apply(
        self, spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
    ) -> Cell:
        count = len(cells)  # one and two are spelt out: a comprehension costs as much as the rest of a call
        if count == 1:
            first = cells[0]
            refs: tuple[Ref, ...] = (first.content if first.__class__ is Cell else first.read(self),)
        elif count == 2:
            first, second = cells
            refs = (
                first.content if first.__class__ is Cell else first.read(self),
                second.content if second.__class__ is Cell else second.read(self),
            )
        else:
            refs = tuple([each.read(self) for each in cells])
        cell = Cell.__new__(Cell)
        cell.type = spec.out_types[0]
        cell.variable = None
        cell.version = 0
        cell.history = None
        region = self.regions.open
        if self.state.recording:
            results, cell.history = self.taped(spec, refs, sources(cells), scalars, code, lasti)
            cell.content = results[0]
        elif region.credit < 0 or spec.pruned is not None or len(spec.out_types) > 1 or config.eager:
            cell.content = self.append(spec, refs, scalars, code, lasti)[0]
        else:  # most calls: what ``append`` does for one output, without another call
            if code is not None and code.co_filename not in USERS:
                code, lasti = self.users_line(code, lasti)
            cell.content = node = Node()
            node.spec = spec
            node.inputs = refs
            node.scalars = scalars
            node.type = cell.type
            node.value = None
            node.region = region
            node.code = code
            node.lasti = lasti
            node.scope = self.scope
            region.items.append(node)
            region.credit -= spec.cost
        return cell

    @property
    def idle(self) -> bool:
        return not (self.regions.open.items or config.eager or stats.per_node is not None)

    def note(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
        return self.append(spec, refs, scalars, *user_location())[0].node

    def moves(self) -> None:
        self.regions.open.moves = True

    def draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        stats.draws += draws
        return streams.take(context, draws)

    def leaves(self, what: str) -> None:
        """Pending work can wait for whatever comes."""

    needs_tape = leaves

    def ask(self, function: Callable[[], Any]) -> Any:
        given = self.state.given
        if given:  # what was asked already, by a trace that was given up
            asked, made = given.pop(0)
            if asked is function or getattr(asked, "__code__", asked) is getattr(function, "__code__", None):
                return made
            given.clear()
        return function()

    def host(self, function: Callable[[], Any], keep: Keep | None = None) -> Any:
        return self.ask(function)

    def new_variable(self, cell: Cell, what: str) -> None:
        """Any array may be one."""

    def fence(self, what: str) -> None:
        if TRACING.now is not None:
            TRACING.now.add("i", what, "fence", current_site(), perf_counter_ns())
        fence(self.regions, bool(self.state.record_depth))

    def leave_record(self) -> None:
        self.regions.leave_record()

    # ------------------------------------------------------------------------------------ nodes

    def append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        """All outputs of a new node at the end of the open region."""
        region = self.regions.open
        if region.credit < 0:
            overflow(self.regions)
            region = self.regions.open
        if code is not None and code.co_filename not in USERS:
            code, lasti = self.users_line(code, lasti)
        if spec.pruned is not None:
            spec, live = spec.pruned
            refs = tuple([refs[i] for i in live])
        node = Node()
        node.spec = spec
        node.inputs = refs
        node.scalars = scalars
        node.type = spec.out_types[0]
        node.value = None
        node.region = region
        node.code = code
        node.lasti = lasti
        node.scope = self.scope
        region.items.append(node)
        region.credit -= spec.cost
        results: tuple[Ref, ...] = (node,)
        if len(spec.out_types) > 1:
            types = spec.out_types[1:]
            further = list(map(Output, repeat(node), range(1, len(types) + 1), types))
            region.items.extend(further)
            results = (node, *further)
        if config.eager:
            force(node, self.regions, "value")
        return results


def region_of(cell: Cell) -> Region | None:
    """The region in which what ``cell`` holds is pending."""
    while not hasattr(cell, "content") or cell.content is None:  # a view, or a handle of another kind
        cell = cell.base  # type: ignore[attr-defined]  # all of these have one
    ref = cell.content
    found = None if ref.value is not None or ref.node is None else ref.node.region
    return found if isinstance(found, Region) else None


def _speed_up() -> None:
    """Give ``PendingWork`` methods of the C module, which ask those above for all but the plain case."""
    if MODULE is not None:
        PendingWork.apply_in_python = PendingWork.apply  # type: ignore[attr-defined]
        PendingWork.append_in_python = PendingWork.append  # type: ignore[attr-defined]
        classes = (PendingWork, Cell, Operation, Specialization, Linearized, Region, Regions, Recorder, Variable)
        MODULE.prepare_record(
            *classes, USERS, config, tape.serials, tape.CONSTANT, PendingWork.apply, PendingWork.append
        )
        MODULE.install(PendingWork)


_speed_up()
