"""Recording: one node for each operation. This is the hot path; everything else waits until a force."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import CodeType
from typing import Any

from ...config import config
from ...ir.errors import MXNetError
from ...ir.linearize import linearize
from ...ir.node import Node, Output, leaf
from ...ir.specialization import BYTES_PER_COST, Specialization
from ...ir.types import Type
from ...ops import OPERATORS
from ..guard.sections import DeferSignals
from ..run.force import force, overflow
from ..tell.location import user_location
from ..thread import LOCAL, State
from .cell import READ, WRITE, Cell, Ref, View
from .tape import Source, make_entry, marked, source, sources

#: A value, and what it hangs on while this is recorded.
Traced = tuple[Ref, Source | None]

IN_GRAPH = (
    "Assigning to NDArrays that are already in a computational graph will cause undefined behavior when "
    "evaluating gradients. Please call backward first to clear the graph or do this out side of a record section. "
    "Also note that you cannot use inplace operations like +=, *=, relu(x, out=x), y[idx]=x, etc inside a record "
    "section."
)

NOT_IN_PLACE = "Inplace operations (+=, -=, x[:]=, etc) are not supported when recording: "


def append(
    state: State,
    spec: Specialization,
    refs: tuple[Ref, ...],
    scalars: tuple[Any, ...],
    code: CodeType | None,
    lasti: int,
) -> Node:
    """A new node at the end of the thread's open region."""
    region = state.regions.open
    if region.credit < 0:
        overflow(state.regions)
        region = state.regions.open
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
    return node


def further(node: Node, spec: Specialization) -> tuple[Ref, ...]:
    """All outputs of a new ``node``, the further ones put behind it in its region."""
    made = [Output(node, i, t) for i, t in enumerate(spec.out_types[1:], 1)]
    node.region.items.extend(made)
    return (node, *made)


def contents(cells: Sequence[Cell]) -> tuple[Ref, ...]:
    """What ``cells`` hold now. One and two are spelt out: a comprehension costs as much as the rest of a call."""
    count = len(cells)
    if count == 1:
        return (cells[0].ref,)
    if count == 2:
        return cells[0].ref, cells[1].ref
    return tuple([c.ref for c in cells])


def call(
    spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
) -> Cell:
    """Record an operation with one visible output on the content of ``cells``."""
    state = LOCAL.state
    refs = contents(cells)
    cell = Cell.__new__(Cell)
    cell.type = spec.out_types[0]
    cell.variable = None
    cell.version = 0
    if state.recording:
        results, cell.history = _taped(state, spec, refs, sources(cells), scalars, code, lasti)
        cell.ref = results[0]
    else:
        cell.history = None
        cell.ref = node = append(state, spec, refs, scalars, code, lasti)
        if len(spec.out_types) > 1:
            further(node, spec)
    if config.eager:
        force(cell.ref)
    return cell


def traced(cell: Cell) -> Traced:
    """The content of ``cell``, and its history while this is recorded."""
    return cell.ref, source(cell) if LOCAL.state.recording else None


def cell_of(value: Traced) -> Cell:
    """A new cell with the content and history of ``value``."""
    cell = Cell(value[0])
    cell.history = value[1]
    return cell


def call_many(
    spec: Specialization, inputs: Sequence[Traced], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
) -> list[Traced]:
    """Record an operation with any number of visible outputs."""
    state = LOCAL.state
    refs = (inputs[0][0],) if len(inputs) == 1 else tuple([ref for ref, _ in inputs])
    history = None
    if state.recording:
        results, history = _taped(state, spec, refs, tuple([parent for _, parent in inputs]), scalars, code, lasti)
    else:
        node = append(state, spec, refs, scalars, code, lasti)
        results = further(node, spec) if len(spec.out_types) > 1 else (node,)
    if config.eager:
        force(results[0])
    if history is None:
        return [(ref, None) for ref in results]
    return [(ref, (history[0], i)) for i, ref in enumerate(results[: len(spec.out_types)])]


def _taped(
    state: State,
    spec: Specialization,
    refs: tuple[Ref, ...],
    parents: tuple[Source | None, ...],
    scalars: tuple[Any, ...],
    code: CodeType | None,
    lasti: int,
) -> tuple[tuple[Ref, ...], Source | None]:
    """Record under ``record()``: in linearised form, with an entry on the tape, if an input needs a gradient.

    Gives all outputs, hidden ones last, and what the first hangs on.
    """
    if state.taped is not None:
        found: tuple[tuple[Ref, ...], Source | None] = state.taped(spec, refs, parents, scalars, code, lasti)
        return found
    linear = None
    if any(parents):
        needs = marked(parents)
        linear = spec.linearized.get(needs) or linearize(spec, needs)
        spec = linear.spec
    node = append(state, spec, refs, scalars, code, lasti)
    results = further(node, spec) if len(spec.out_types) > 1 else (node,)
    return results, None if linear is None else (make_entry(linear, parents, refs + results, node), 0)


def guard_write(cell: Cell) -> None:
    """Refuse an in-place write under ``record()`` to what is on the tape. Handles count, as in MXNet, not memory."""
    if not LOCAL.state.recording:
        return
    history = cell.history
    if cell.variable is not None or (history is not None and not history[0].consumed):
        LOCAL.state.effect("an array with a history is written in place")
        raise MXNetError(f"{NOT_IN_PLACE}{IN_GRAPH}")


def guard_part(value: Cell) -> None:
    """Refuse to write a recorded ``value`` into part of an array: the gradient could not find its way back."""
    if LOCAL.state.recording and source(value) is not None:
        LOCAL.state.effect("a recorded value is written into part of an array")
        raise MXNetError(f"{NOT_IN_PLACE}{IN_GRAPH}")


def move(cell: Cell, source_cell: Cell) -> None:
    """Give ``cell`` the content (and, under ``record()``, the history) of ``source_cell``."""
    ref = source_cell.ref
    history = source(source_cell) if LOCAL.state.recording else None
    if history is None:
        cell.write(ref)
        return
    with DeferSignals():  # content and history move together
        cell.write(ref)
        if isinstance(cell, View):
            cell.remember(ref, history)
        else:
            cell.history = history


def data(type: Type, value: Any) -> Cell:
    """A cell on a buffer."""
    LOCAL.state.regions.open.hold(type.nbytes // BYTES_PER_COST)
    return Cell(leaf(type, value))


_VIEW = OPERATORS["_view"]
_WRITE_VIEW = OPERATORS["_write_view"]


@functools.cache
def _read_spec(base: Type, view: Type) -> Specialization:
    return _VIEW.bind((base,), {"shape": view.shape, "offset": 0})[0]


@functools.cache
def _write_spec(base: Type, view: Type) -> Specialization:
    return _WRITE_VIEW.bind((base, view), {"offset": 0})[0]


@functools.cache
def _whole_spec(base: Type, view: Type) -> Specialization:
    return OPERATORS["_reshape_to"].bind((view,), {"shape": base.shape})[0]


def _on_base(view: View, spec: Specialization, *others: Ref) -> Node:
    """Record ``spec`` on the base of ``view`` at its offset, off the tape."""
    return _off_tape(spec, (view.base.ref, *others), (view.offset,))


def _off_tape(spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> Node:
    node = append(LOCAL.state, spec, refs, scalars, *user_location())
    if config.eager:
        force(node)
    return node


def make_view(cell: Cell, offset: int, type: Type) -> View:
    """A view of ``cell``; under ``record()`` it has the history of ``cell``, otherwise none."""
    if isinstance(cell, View):
        made = View(cell.base, cell.offset + offset, type)
    else:
        made = View(cell, offset, type)
    state = LOCAL.state
    if state.recording and source(cell) is not None:
        refs, parents = (cell.ref,), (source(cell),)
        results, history = _taped(state, _read_spec(cell.type, type), refs, parents, (offset,), *user_location())
        if config.eager:
            force(results[0])
        made.remember(results[0], history)
    return made


def _read_view(view: View) -> Ref:
    return _on_base(view, _read_spec(view.base.type, view.type))


def _write_view(view: View, ref: Ref) -> None:
    base = view.base
    if view.type is base.type:
        base.write(ref)
    elif view.type.size == base.type.size:  # nothing is left of what was there
        base.write(_off_tape(_whole_spec(base.type, view.type), (ref,), ()))
    else:
        base.write(_on_base(view, _write_spec(base.type, view.type), ref))


READ.append(_read_view)
WRITE.append(_write_view)
