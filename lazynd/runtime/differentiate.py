"""``backward``: adds the graph of the gradients, one node an operator. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..ir.errors import MXNetError
from ..ir.specialization import Specialization
from ..ir.types import Type
from ..ops import OPERATORS
from .cell import Cell, Variable
from .interrupt import DeferInterrupt
from .location import user_location
from .record import call, call_many
from .state import LOCAL
from .tape import Entry, source

NOT_IN_GRAPH = (
    "Check failed: !AGInfo::IsNone(*i): Cannot differentiate node because it is not in a computational graph. "
    "You need to set is_recording to true or use autograd.record() to save computational graphs for backward. "
    "If you want to differentiate the same graph twice, you need to pass retain_graph=True to backward."
)
NO_INPUTS = "Check failed: xs.size() > 0 (0 vs. 0) : There are no inputs in computation graph that require gradients."
FREED = (
    "part of this graph was freed by an earlier backward through it: to differentiate what two heads share twice, pass "
    "retain_graph=True to the first backward, or both heads to one backward."
)
UNREACHABLE = (
    "Check failed: output_grads.find(xs[i].node.get()) != output_grads.end(): Cannot differentiate with respect to "
    "the {}-th variable because it is unreachable from the outputs."
)
NOT_A_VARIABLE = (
    "Check failed: !AGInfo::IsNone(*variables[i]) && AGInfo::IsVariable(variables[i]->entry_.node): Cannot "
    "differentiate with respect to the {}-th variable because it does not require gradient."
)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """The thread's recording flag set for a while, without opening a region."""
    state = LOCAL.state
    before = state.recording
    state.recording = on
    try:
        yield
    finally:
        state.recording = before


def backward(heads: Sequence[Cell], head_gradients: Sequence[Cell | None] | None, retain_graph: bool) -> None:
    """Move the gradient cells of every variable that ``heads`` depend on."""
    with recording(False):
        gradients, order = _sweep(heads, head_gradients)
        if not gradients:
            raise MXNetError(NO_INPUTS)
        totals = _totals(gradients)
        with DeferInterrupt():  # all gradients move, and the tape is consumed, or nothing happened
            for buffer, total in totals.items():
                buffer.write(total.ref)
            if not retain_graph:
                for entry in order:
                    entry.consume()


def grad(
    heads: Sequence[Cell],
    variables: Sequence[Cell],
    head_gradients: Sequence[Cell | None] | None,
    retain_graph: bool,
    create_graph: bool,
) -> list[Cell]:
    """The gradients of ``variables`` as new cells; on the tape themselves if ``create_graph``."""
    for i, cell in enumerate(variables):
        if cell.variable is None:
            raise MXNetError(NOT_A_VARIABLE.format(i + 1))
    with recording(create_graph):
        gradients, order = _sweep(heads, head_gradients)
        for i, cell in enumerate(variables):
            if cell.variable not in gradients:
                raise MXNetError(UNREACHABLE.format(i + 1))
        found = [_handle(_sum(gradients[c.variable], c.type)) for c in variables if c.variable is not None]
        if not retain_graph and not create_graph:
            for entry in order:
                entry.consume()
    return found


def _totals(gradients: dict[Variable, list[Cell]]) -> dict[Cell, Cell]:
    """What each gradient cell moves to. Variables may share one: then they write or add to it in turn."""
    totals: dict[Cell, Cell] = {}
    for variable, contributions in reversed(gradients.items()):
        buffer = variable.grad
        assert buffer is not None
        total = _sum(contributions, buffer.type)
        if variable.request == "add":
            total = _apply("elemwise_add", totals.get(buffer, buffer), total)
        totals[buffer] = total
    return totals


def _handle(cell: Cell) -> Cell:
    """A cell of its own with the content and history of ``cell``, which may be another array's: a head gradient."""
    made = Cell(cell.ref)
    made.tape, made.position = cell.tape, cell.position
    return made


def _sum(contributions: list[Cell], type: Type) -> Cell:
    if not contributions:
        return filled(type, 0)
    total = contributions[0]
    for each in contributions[1:]:
        total = _apply("elemwise_add", total, each)
    return total


def _apply(name: str, *cells: Cell) -> Cell:
    spec, _ = OPERATORS[name].bind(tuple(c.type for c in cells), {})
    return call(spec, cells, (), *user_location())


_fills: dict[tuple[Type, int], tuple[Specialization, list[Any]]] = {}


def filled(type: Type, value: int) -> Cell:
    """An array of ``type`` with ``value`` everywhere."""
    found = _fills.get((type, value))
    if found is None:
        attributes = {"shape": type.shape, "dtype": type.dtype, "ctx": type.context, "value": value}
        found = _fills[type, value] = OPERATORS["_full"].bind((), attributes)
    spec, slots = found
    return call(spec, (), tuple(slots), *user_location())


def _sweep(
    heads: Sequence[Cell], head_gradients: Sequence[Cell | None] | None
) -> tuple[dict[Variable, list[Cell]], list[Entry]]:
    """Gradient contributions by variable, and all entries visited, latest first."""
    given: list[Cell | None] = list(head_gradients) if head_gradients is not None else [None] * len(heads)
    if len(given) != len(heads):
        raise MXNetError(f"{len(heads)} heads but {len(given)} head gradients")
    starts: dict[tuple[Entry, int], Cell] = {}  # as in MXNet a head given again replaces the first
    for head, gradient in zip(heads, given, strict=True):
        tape = _history(head)
        if gradient is not None and gradient.type is not head.type:
            raise MXNetError(
                f"the head gradient must have the type of its head: expected {head.type}, got {gradient.type}"
            )
        if tape is not None:
            starts[tape] = filled(head.type, 1) if gradient is None else gradient
    order = _reachable([entry for entry, _ in starts])
    pending: dict[Entry, dict[int, list[Cell]]] = {}
    for (entry, position), seed in starts.items():
        pending.setdefault(entry, {})[position] = [seed]
    gradients: dict[Variable, list[Cell]] = {}
    for entry in order:
        arrived = pending.pop(entry, {})
        if entry.variable is not None:
            gradients.setdefault(entry.variable, []).extend(arrived.get(0, ()))
        elif entry.pull is not None:
            seeds = [_sum(arrived.get(k, []), type) for k, type in enumerate(entry.out_types)]
            _hand_over(entry, range(len(entry.parents)), entry.pull(seeds), pending)
        else:
            _visit(entry, arrived, pending)
    return gradients, order


def _history(head: Cell) -> tuple[Entry, int] | None:
    """The entry that a head hangs on, a variable being its own head; None for a variable without gradient."""
    del_ref = head.ref  # a view's history is found by reading it
    del del_ref
    found = source(head)
    if found is None and (head.variable is None or head.tape is not None):
        raise MXNetError(NOT_IN_GRAPH)
    return found


def _reachable(starts: list[Entry]) -> list[Entry]:
    """All entries behind ``starts``, latest first. One consumed since it was read for them is an error."""
    seen: set[Entry] = set(starts)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent[0] not in seen:
                if parent[0].consumed:
                    raise MXNetError(FREED)
                seen.add(parent[0])
                stack.append(parent[0])
    return sorted(seen, key=lambda entry: entry.serial, reverse=True)


def _visit(entry: Entry, arrived: dict[int, list[Cell]], pending: dict[Entry, dict[int, list[Cell]]]) -> None:
    """Record the backward operator of ``entry`` and hand its results to the parents."""
    linear = entry.linear
    assert linear is not None
    count = len(linear.spec.out_types)
    present = tuple(k in arrived for k in range(count))
    step = linear.backward(present)
    if step.spec is None:
        return
    seeds = [_sum(arrived[k], linear.spec.out_types[k]) for k in range(count) if present[k]]
    cells = [_residual(entry, k) for k in step.residuals] + seeds
    _hand_over(entry, step.targets, _call(step.spec, cells, entry), pending)


def _hand_over(
    entry: Entry, targets: Iterable[int], cotangents: Iterable[Cell], pending: dict[Entry, dict[int, list[Cell]]]
) -> None:
    for target, cotangent in zip(targets, cotangents, strict=True):
        parent = entry.parents[target]
        if parent is not None:
            pending.setdefault(parent[0], {}).setdefault(parent[1], []).append(cotangent)


def _call(spec: Specialization, cells: list[Cell], entry: Entry) -> tuple[Cell, ...]:
    return call_many(spec, cells, entry.scalars if spec.slots else (), entry.code, entry.lasti)


def _residual(entry: Entry, source: int) -> Cell:
    """Source ``source`` of an entry as a cell that carries the history it had, for gradients of gradients."""
    linear: Any = entry.linear
    cell = Cell(entry.residuals[linear.kept.index(source)])
    n_inputs = len(linear.origin.in_types)
    if source < n_inputs:
        parent = entry.parents[source]
        if parent is not None:
            cell.tape, cell.position = parent
    else:
        cell.tape, cell.position = entry, source - n_inputs
    return cell
