"""Rows of arrays joined to a batch: ``nd.stack(*[x[i] for i in chosen])`` is recorded as one gather.

A row such as ``x[i]`` is a view, for which nothing is recorded until it is read. So joining hundreds of rows need not
record a read of each: one ``_rows`` does, with the positions of all rows as an array beside the ``x`` that they are
from. Which rows, and how many of which array, is data then; the graph, and with it the program, stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from types import CodeType
from typing import Any, Final

import numpy as np

from ...ir.errors import OperatorError
from ...ir.node import Node
from ...ir.specialization import Specialization
from ...ir.types import INT32, INT64, Type
from ...ops import OPERATORS, Operator
from ..run.moves import MANY
from .cell import Cell, Detached, Ref
from .recorder import Operand, Recorder, cell_of
from .tape import Operation, Source
from .views import View

_STACK, _CONCAT = OPERATORS["stack"], OPERATORS["Concat"]
_ROWS, _VIEW = OPERATORS["_rows"], OPERATORS["_view"]
#: Operators that join arrays, and their parameter for the axis.
JOINS: Final = {_STACK: "axis", _CONCAT: "dim"}
#: The cells that may be rows.
_VIEWS: Final = {View, Detached}
#: So many rows an array at least, or gathering from each would cost more than it saves.
_ROWS_EACH: Final = 3
_TYPE, _HISTORY, _VARIABLE, _BASE, _OFFSET = map(attrgetter, ("type", "history", "variable", "base", "offset"))

Ints = tuple[int, ...]
Array = np.ndarray[Any, Any]
#: A specialization, the numbers that travel with it, and the cells that it is applied to.
Call = tuple[Specialization, tuple[Any, ...], Sequence[Cell]]
#: Of what a row is one: of what a cell holds, as a constant, or of a recorded value with its history.
Origin = Cell | Operand


def joined(
    recorder: Recorder,
    operator: Operator,
    cells: Sequence[Cell],
    attributes: Sequence[Any],
    code: CodeType | None,
    lasti: int,
) -> Call | None:
    """What to record for ``operator``, one of ``JOINS``, on ``cells``; None if that is no gather, or is refused."""
    cells = list(map(recorder.at, cells)) if recorder.traces else cells
    laid = _laid(operator, cells, attributes)
    found = None if laid is None else _found(recorder, cells)
    if laid is None or found is None:
        return None
    axis, shape = laid
    if len(found.rest) < MANY:
        found.take_rest()
    else:  # these are joined first
        spec = _together(tuple(map(_TYPE, found.rest)))
        found.sources.append(recorder.apply(spec, found.rest, (), code, lasti))
    found.sort()
    unit, lines = _lines(cells, found)
    where = recorder.data(Type(lines.shape, lines.dtype, cells[0].type.context), lines)
    given = {
        "unit": unit, "shape": shape, "axis": axis, "count": len(cells) if axis else 1,
        "data_alone": not (recorder.state.recording and any(map(recorder.source, found.sources))),
    }  # fmt: skip
    operands = [*found.sources, where]
    return _ROWS.bind(tuple(map(_TYPE, operands)), given)[0], (), operands


def _laid(operator: Operator, cells: Sequence[Cell], attributes: Sequence[Any]) -> tuple[int, Ints] | None:
    """The axis along which ``cells`` are joined, and the shape that is made; None if this is refused or uneven."""
    type, count = cells[0].type, len(cells)
    names = [p.name for p in operator.visible]
    try:
        given = operator.canonical(dict(zip(names, attributes, strict=False)))
    except (OperatorError, TypeError, ValueError):
        return None  # it is told by whoever records it in the usual way
    axis, ndim, shape = given[JOINS[operator]], type.ndim + (operator is _STACK), type.shape
    if given["num_args"] not in (None, count) or not shape or not -ndim <= axis < ndim:
        return None
    axis %= ndim
    types = list(map(_TYPE, cells))
    if types.count(type) == count:
        made = (count,) if operator is _STACK else (shape[axis] * count,)
        return axis, (*shape[:axis], *made, *shape[axis + (operator is _CONCAT) :])
    alike = len({(each.shape[1:], each.dtype, each.context, each.ndim) for each in types}) == 1
    if operator is _STACK or axis or not alike:
        return None
    return 0, (sum(each.shape[0] for each in types), *shape[1:])


class _Found:
    """Where rows are: for each the number of its source, and its offset in that.

    The ``rest`` are no rows of anything, or have a history that does not lead to another array. One of them has the
    number -1, as if the last source was all of them joined.
    """

    __slots__ = ("offsets", "rest", "sources", "which")

    def __init__(self) -> None:
        self.which: list[int] = []
        self.offsets: list[int] = []
        #: As what each source is read.
        self.sources: list[Cell] = []
        self.rest: list[Cell] = []

    def take_rest(self) -> None:
        """Make a source of each of the rest."""
        rest = iter(self.rest)
        for at, number in enumerate(self.which):
            if number < 0:
                self.which[at], self.offsets[at] = len(self.sources), 0
                self.sources.append(next(rest))

    def sort(self) -> None:
        """Put the sources into an order that does not depend on which row comes first."""
        if len(self.sources) > 1:
            before = range(len(self.sources))
            order = sorted(before, key=lambda number: self.sources[number].type.shape)
            places = sorted(before, key=order.__getitem__)
            self.sources = [self.sources[number] for number in order]
            self.which = [places[number] for number in self.which]


def _found(recorder: Recorder, cells: Sequence[Cell]) -> _Found | None:
    """Where ``cells`` are; None if they are not many rows of few arrays."""
    recording, found, kinds = recorder.state.recording, _Found(), set(map(type, cells))
    if not kinds & _VIEWS:
        return None
    if kinds == {View} and {None} == set(map(_HISTORY, cells)) == set(map(_VARIABLE, cells)):
        bases = set(map(_BASE, cells))
        if len(bases) == 1:  # most batches, made quickly of thousands of rows
            base = bases.pop()
            found.sources.append(Detached(base) if recording else base)
            found.offsets = list(map(_OFFSET, cells))
            return found
    numbers: dict[Origin | None, int] = {}
    before = 0
    for cell in cells:
        key, offset = _origin(recorder, cell)
        if key is None:
            found.which.append(-1)
            found.offsets.append(before)
            found.rest.append(cell)
            before += cell.type.size
            continue
        number = numbers.get(key)
        if number is None:
            number = numbers[key] = len(numbers)
            if isinstance(key, Cell):
                found.sources.append(Detached(key) if recording else key)
            else:
                found.sources.append(cell_of(key))
        found.which.append(number)
        found.offsets.append(offset)
    return found if numbers and len(numbers) * _ROWS_EACH <= len(cells) else None


def _origin(recorder: Recorder, cell: Cell) -> tuple[Origin | None, int]:
    """Of what ``cell`` is a row, and from where on; None if it is none."""
    if isinstance(cell, Detached) and isinstance(cell.base, View):
        return cell.base.base, cell.base.offset
    if not isinstance(cell, View) or cell.variable is not None:
        return None, 0
    if recorder.state.recording and cell.history is not None and not cell.history[0].consumed:
        return _followed(*recorder.operand(cell))
    return cell.base, cell.offset


def _followed(ref: Ref, history: Source | None) -> tuple[Operand | None, int]:
    """The array that ``ref``, a recorded read of a view, reads, with its own history; and from where on."""
    offset, found = 0, None
    while isinstance(ref, Node) and ref.inputs and ref.spec is not None and ref.spec.op is _VIEW:
        entry = None if history is None else history[0]
        if not isinstance(entry, Operation) or entry.scalars is not ref.scalars:  # the history of another value
            break
        offset += ref.scalars[0]
        ref, history = ref.inputs[0], entry.parents[0]
        found = None if history is None or history[0].consumed else (ref, history)
    return found, offset


def _together(types: tuple[Type, ...]) -> Specialization:
    """What joins arrays of ``types`` one after the other."""
    even = types.count(types[0]) == len(types)
    return _STACK.bind(types, {"axis": 0})[0] if even else _CONCAT.bind(types, {"dim": 0})[0]


def _lines(cells: Sequence[Cell], found: _Found) -> tuple[int, Array]:
    """The unit, and for each line of the result its number in its source, below that of the source if several."""
    offsets, extents = np.array(found.offsets, np.int64), [each.type.size for each in found.sources]
    sizes = [each.size for each in dict.fromkeys(map(_TYPE, cells))]
    unit = math.gcd(*sizes, *extents, int(np.gcd.reduce(offsets)))
    counts: Any = sizes[0] // unit  # lines of a row
    if len(sizes) > 1:
        counts = np.array([each.type.size // unit for each in cells])
    lines = offsets // unit
    if sizes != [unit]:
        ends = np.cumsum(np.broadcast_to(counts, lines.shape))
        lines = np.repeat(lines - ends + counts, counts) + np.arange(ends[-1])
    if len(extents) > 1:
        lines = np.stack([np.repeat(found.which, counts), lines])
    return unit, lines.astype(INT32 if max(extents) < 2**31 else INT64)
