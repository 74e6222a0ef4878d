"""``backward``: adds the graph of the gradients, one node an operator. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from ...ir.errors import MXNetError
from ...ir.specialization import Specialization
from ...ir.types import Type
from ...ops import OPERATORS
from ..guard.sections import DeferSignals
from ..tell.location import user_location
from ..thread import LOCAL
from .cell import Cell, Variable
from .function import once_only
from .pending import Traced, call, call_many, cell_of, traced
from .tape import Entry, Operation, Origin, Pulled, Source, source

#: Cotangents that have arrived, by the output that they are of.
Arrived = dict[Source, list[Traced]]

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
        with DeferSignals():  # all gradients move, and the tape is consumed, or nothing happened
            for buffer, (total, _) in totals.items():
                buffer.write(total)
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
        found = [cell_of(_sum(gradients[c.variable], c.type)) for c in variables if c.variable is not None]
        if not retain_graph and not create_graph:
            for entry in order:
                entry.consume()
    return found


def _totals(gradients: dict[Variable, list[Traced]]) -> dict[Cell, Traced]:
    """What each gradient cell moves to. Variables may share one: then they write or add to it in turn."""
    totals: dict[Cell, Traced] = {}
    for variable, contributions in reversed(gradients.items()):
        buffer = variable.grad
        assert buffer is not None
        total = _sum(contributions, buffer.type)
        if variable.request == "add":
            total = _add(totals.get(buffer) or traced(buffer), total)
        totals[buffer] = total
    return totals


def _sum(contributions: Sequence[Traced], type: Type) -> Traced:
    if not contributions:
        return traced(filled(type, 0))
    return contributions[0] if len(contributions) == 1 else functools.reduce(_add, contributions)


def _add(a: Traced, b: Traced) -> Traced:
    return call_many(_add_spec(a[0].type, b[0].type), (a, b), (), *user_location())[0]


@functools.cache
def _add_spec(a: Type, b: Type) -> Specialization:
    return OPERATORS["elemwise_add"].bind((a, b), {})[0]


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
) -> tuple[dict[Variable, list[Traced]], list[Entry]]:
    """Gradient contributions by variable, and all entries visited, latest first."""
    LOCAL.state.effect("a backward pass")
    given: list[Cell | None] = list(head_gradients) if head_gradients is not None else [None] * len(heads)
    if len(given) != len(heads):
        raise MXNetError(f"{len(heads)} heads but {len(given)} head gradients")
    arrived: Arrived = {}  # as in MXNet a head given again replaces the first
    for head, gradient in zip(heads, given, strict=True):
        history = _history(head)
        if gradient is not None and gradient.type is not head.type:
            raise MXNetError(
                f"the head gradient must have the type of its head: expected {head.type}, got {gradient.type}"
            )
        if history is not None:
            arrived[history] = [traced(filled(head.type, 1) if gradient is None else gradient)]
    order = _reachable([entry for entry, _ in arrived])
    gradients: dict[Variable, list[Traced]] = {}
    for entry in order:
        if isinstance(entry, Operation):
            _visit(entry, arrived)
        elif isinstance(entry, Origin):
            gradients.setdefault(entry.variable, []).extend(arrived.pop((entry, 0), ()))
        elif isinstance(entry, Pulled):
            assert entry.pull is not None
            seeds = [_sum(arrived.pop((entry, k), ()), type) for k, type in enumerate(entry.out_types)]
            cells = list(map(cell_of, seeds))
            pulled = once_only(entry, cells, entry.pull(cells))
            _hand_over(entry, range(len(entry.parents)), list(map(traced, pulled)), arrived)
    return gradients, order


def _history(head: Cell) -> Source | None:
    """The entry that a head hangs on, a variable being its own head; None for a variable without gradient."""
    _ = head.ref  # a view's history is found by reading it
    found = source(head)
    if found is None and (head.variable is None or head.history is not None):
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
    return sorted(seen, key=attrgetter("serial"), reverse=True)


def _visit(entry: Operation, arrived: Arrived) -> None:
    """Record the backward operator of ``entry`` and hand its results to the parents."""
    linear = entry.linear
    inputs: list[Traced] = []
    present = []
    for k, type in enumerate(linear.spec.out_types):
        each = arrived.pop((entry, k), None)
        present.append(each is not None)
        if each is not None:
            inputs.append(each[0] if len(each) == 1 else _sum(each, type))
    step = linear.backward(tuple(present))
    spec = step.spec
    if spec is None:
        return
    if step.residuals:
        inputs = [_residual(entry, k) for k in step.residuals] + inputs
    made = call_many(spec, inputs, entry.scalars if spec.slots else (), entry.code, entry.lasti)
    _hand_over(entry, step.targets, made, arrived)


def _hand_over(entry: Entry, targets: Iterable[int], cotangents: Sequence[Traced], arrived: Arrived) -> None:
    for target, cotangent in zip(targets, cotangents, strict=True):
        parent = entry.parents[target]
        if parent is not None:
            arrived.setdefault(parent, []).append(cotangent)


def _residual(entry: Operation, source: int) -> Traced:
    """Source ``source`` of an entry with the history it had, for gradients of gradients."""
    linear = entry.linear
    n_inputs = len(linear.origin.in_types)
    history = entry.parents[source] if source < n_inputs else (entry, source - n_inputs)
    return entry.residuals[linear.kept.index(source)], history
