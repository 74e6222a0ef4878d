"""Pending work: one node for each operation, kept until a value is needed. This is the hot path."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...config import config
from ...ir.linearize import linearize
from ...ir.node import Node, Output, leaf
from ...ir.specialization import BYTES_PER_COST, Specialization
from ...ir.types import Context, Type
from ..run.fence import overflow
from ..run.force import force, refuse_sync
from ..tell.location import user_location
from ..tell.stats import stats
from . import streams
from .cell import Cell, Ref
from .recorder import Operand, Recorder
from .tape import Source, make_entry, marked, source, sources

if TYPE_CHECKING:
    from ..thread import State


#: The two parts of an operand.
_REF, _HISTORY = itemgetter(0), itemgetter(1)


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

    def needs(self, cell: Cell, cause: str) -> Ref:
        ref = self.read(cell)
        mode = self.state.forbid_sync
        if mode and ref.value is None:
            refuse_sync(mode, cause)
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
            results, cell.history = self._taped(spec, refs, sources(cells), scalars, code, lasti)
            cell.content = results[0]
        elif region.credit < 0 or spec.pruned is not None or len(spec.out_types) > 1 or config.eager:
            cell.content = self._append(spec, refs, scalars, code, lasti)[0]
        else:  # most calls: what ``_append`` does for one output, without another call
            cell.content = node = Node()
            node.spec = spec
            node.inputs = refs
            node.scalars = scalars
            node.type = cell.type
            node.value = None
            node.region = region
            node.code = code
            node.lasti = lasti
            region.items.append(node)
            region.credit -= spec.cost
        return cell

    def apply_to(
        self,
        spec: Specialization,
        operands: Sequence[Operand],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> list[Operand]:
        refs = (operands[0][0],) if len(operands) == 1 else tuple(map(_REF, operands))
        if self.state.recording:
            parents = tuple(map(_HISTORY, operands))
            results, history = self._taped(spec, refs, parents, scalars, code, lasti)
            if history is not None:
                return [(ref, (history[0], i)) for i, ref in enumerate(results[: len(spec.out_types)])]
        else:
            results = self._append(spec, refs, scalars, code, lasti)
        return [(ref, None) for ref in results]

    def note(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
        return self._append(spec, refs, scalars, *user_location())[0].node

    def moves(self) -> None:
        self.regions.open.moves = True

    def draw(self, context: Context, draws: int = 1) -> tuple[int, int]:
        stats.draws += draws
        return streams.take(context, draws)

    def leaves(self, what: str) -> None:
        """Pending work can wait for whatever comes."""

    # ------------------------------------------------------------------------------------ nodes

    def _append(
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
        region.items.append(node)
        region.credit -= spec.cost
        results: tuple[Ref, ...] = (node,)
        if len(spec.out_types) > 1:
            further = [Output(node, i, t) for i, t in enumerate(spec.out_types[1:], 1)]
            region.items.extend(further)
            results = (node, *further)
        if config.eager:
            force(node, self.regions, "value")
        return results

    def _taped(
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
            return self._append(spec, refs, scalars, code, lasti), None
        needs = marked(parents)
        linear = spec.linearized.get(needs) or linearize(spec, needs)
        results = self._append(linear.spec, refs, scalars, code, lasti)
        node: Any = results[0]
        return results, (make_entry(linear, parents, refs + results, node), 0)
