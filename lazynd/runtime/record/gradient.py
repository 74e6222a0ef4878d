"""``backward``: adds the graph of the gradients, one node an operator. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...ir.errors import MXNetError
from ...ir.linearize import Backward
from ...ir.specialization import Specialization
from ...ir.types import Type
from ...ops import OPERATORS
from ..guard.sections import DeferSignals
from ..tell.location import user_location
from .cell import Cell, Variable
from .function import once_only
from .recorder import Operand, Recorder, cell_of
from .tape import CONSTANT, Entry, Operation, Origin, Pulled, Slope, Source

if TYPE_CHECKING:
    from ..thread import State

#: The sum of the cotangents that have arrived, by the output that they are of.
Arrived = dict[Source, Operand]

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
def recording(state: State, on: bool) -> Iterator[None]:
    """The recording flag of ``state`` set for a while, without opening a region; the scope may change meanwhile."""
    before, recorder = state.recording, state.recorder
    scope = recorder.scope
    state.recording = on
    try:
        yield
    finally:
        state.recording = before
        recorder.scope = scope


def backward(
    state: State, heads: Sequence[Cell], head_gradients: Sequence[Cell | None] | None, retain_graph: bool
) -> None:
    """Move the gradient cells of every variable that ``heads`` depend on."""
    recorder = state.recorder
    with recording(state, False):
        sweep = Sweep(recorder, heads, head_gradients)
        if not sweep.gradients:
            raise MXNetError(NO_INPUTS)
        totals = _totals(recorder, sweep.gradients)
        with DeferSignals():  # all gradients move, and the tape is consumed, or nothing happened
            for buffer, (total, _) in totals.items():
                recorder.write(buffer, total)
            for variable in sweep.gradients:
                variable.fresh = True
            if not retain_graph:
                sweep.consume()


def grad(
    state: State,
    heads: Sequence[Cell],
    variables: Sequence[Cell],
    head_gradients: Sequence[Cell | None] | None,
    retain_graph: bool,
    create_graph: bool,
) -> list[Cell]:
    """The gradients of ``variables`` as new cells; on the tape themselves if ``create_graph``."""
    recorder = state.recorder
    variables = list(map(recorder.at, variables))
    for i, cell in enumerate(variables):
        if cell.variable is None:
            raise MXNetError(NOT_A_VARIABLE.format(i + 1))
    with recording(state, create_graph):
        sweep = Sweep(recorder, heads, head_gradients)
        for i, cell in enumerate(variables):
            if cell.variable not in sweep.gradients:
                raise MXNetError(UNREACHABLE.format(i + 1))
        found = [_sum(recorder, sweep.gradients[c.variable], c.type) for c in variables if c.variable is not None]
        if create_graph:
            origins = [(entry, 0) for entry in sweep.order if isinstance(entry, Origin)]
            found = [(ref, (Slope(history, origins), 0)) for ref, history in found]
        if not retain_graph and not create_graph:
            sweep.consume()
    return list(map(cell_of, found))


def _totals(recorder: Recorder, gradients: dict[Variable, list[Operand]]) -> dict[Cell, Operand]:
    """What each gradient cell moves to. Variables may share one: then they write or add to it in turn."""
    totals: dict[Cell, Operand] = {}
    for variable, contributions in reversed(gradients.items()):
        buffer = variable.grad
        assert buffer is not None
        if contributions and (node := contributions[-1][0].node) is not None:
            recorder.scope = node.scope
        total = _sum(recorder, contributions, buffer.type)
        if variable.request == "add":
            total = _add(recorder, totals.get(buffer) or recorder.operand(buffer), total)
        totals[buffer] = total
    return totals


def _sum(recorder: Recorder, contributions: Sequence[Operand], type: Type) -> Operand:
    if not contributions:
        return recorder.operand(filled(recorder, type, 0))
    total = contributions[0]
    for each in contributions[1:]:
        total = _add(recorder, total, each)
    return total


def _add(recorder: Recorder, a: Operand, b: Operand, line: tuple[CodeType | None, int] | None = None) -> Operand:
    return recorder.apply_to(_add_spec(a[0].type, b[0].type), (a, b), (), *(line or user_location()))[0]


@functools.lru_cache(1024)
def _add_spec(a: Type, b: Type) -> Specialization:
    return OPERATORS["elemwise_add"].bind((a, b), {})[0]


@functools.lru_cache(1024)
def _fill(type: Type, value: int) -> tuple[Specialization, tuple[Any, ...]]:
    attributes = {"shape": type.shape, "dtype": type.dtype, "ctx": type.context, "value": value}
    spec, slots = OPERATORS["_full"].bind((), attributes)
    return spec, tuple(slots)


def filled(recorder: Recorder, type: Type, value: int) -> Cell:
    """An array of ``type`` with ``value`` everywhere."""
    spec, slots = _fill(type, value)
    return recorder.apply(spec, (), slots, *user_location())


class Sweep:
    """One walk back from heads: ``gradients`` are the contributions that came to each variable.

    ``order`` holds all entries that were visited, latest first.
    """

    __slots__ = ("_arrived", "_line", "_plain", "_recorder", "gradients", "order")

    def __init__(self, recorder: Recorder, heads: Sequence[Cell], head_gradients: Sequence[Cell | None] | None) -> None:
        recorder.needs_tape("a backward pass")
        self._recorder = recorder
        #: Whether gradients have no histories: they are not recorded themselves, nor traced.
        self._plain = not (recorder.state.recording or recorder.traces)
        #: The user's line, which is one for the whole sweep: finding it costs as much as an addition.
        self._line = user_location()
        self._arrived: Arrived = {}
        self.gradients: dict[Variable, list[Operand]] = {}
        given: list[Cell | None] = list(head_gradients) if head_gradients is not None else [None] * len(heads)
        if len(given) != len(heads):
            raise MXNetError(f"{len(heads)} heads but {len(given)} head gradients")
        for head, gradient in zip(heads, given, strict=True):  # as in MXNet a head given again replaces the first
            self._begin(head, gradient)
        self.order = _reachable([entry for entry, _ in self._arrived])
        for entry in self.order:
            if isinstance(entry, Operation):
                self._pass_operation(entry)
            elif isinstance(entry, Origin):
                gradients = self.gradients.setdefault(entry.variable, [])
                if (arrived := self._arrived.pop((entry, 0), None)) is not None:
                    gradients.append(arrived)
            elif isinstance(entry, Pulled):
                self._pass_function(entry)
            elif not isinstance(entry, Slope):
                recorder.reaches(entry)
            elif (arrived := self._arrived.pop((entry, 0), None)) is not None:
                self._hand_over(entry, (0,), [arrived])

    def consume(self) -> None:
        """Drop what the entries hold: they are constants from now on."""
        for entry in self.order:
            entry.consume()

    def _begin(self, head: Cell, gradient: Cell | None) -> None:
        recorder = self._recorder
        history = _history(recorder, head)
        if gradient is not None and gradient.type is not head.type:
            raise MXNetError(
                f"the head gradient must have the type of its head: expected {head.type}, got {gradient.type}"
            )
        if history is not None:
            seed = filled(recorder, head.type, 1) if gradient is None else gradient
            self._arrived[history] = recorder.operand(seed)

    def _pass_operation(self, entry: Operation) -> None:
        """Record the backward operator of ``entry`` and hand its results to the parents."""
        linear = entry.linear
        self._recorder.scope = entry.scope
        inputs: list[Operand] = []
        present = []
        for k in range(len(linear.spec.out_types)):
            each = self._arrived.pop((entry, k), None)
            present.append(each is not None)
            if each is not None:
                inputs.append(each)
        step = linear.step(tuple(present))
        made = self._computed(entry, step.computed, inputs)
        if len(made) < len(step.targets):
            rest = iter(made)
            made = [next(rest) if seed < 0 else inputs[seed] for seed in step.handed]
        self._hand_over(entry, step.targets, made)

    def _computed(self, entry: Operation, step: Backward, cotangents: list[Operand]) -> list[Operand]:
        """The results of the backward pass ``step`` of ``entry``, recorded."""
        spec = step.spec
        if spec is None:
            return []
        scalars = entry.scalars if spec.slots else ()
        if self._plain:
            kept, place = entry.residuals, entry.linear.place
            refs = (*[kept[place[k]] for k in step.residuals], *[ref for ref, _ in cotangents])
            results = self._recorder.append(spec, refs, scalars, entry.code, entry.lasti)
            return [(ref, None) for ref in results]
        operands = [_residual(entry, k) for k in step.residuals] + cotangents
        return self._recorder.apply_to(spec, operands, scalars, entry.code, entry.lasti)

    def _pass_function(self, entry: Pulled) -> None:
        """Call the backward pass of ``entry``, which is Python."""
        assert entry.pull is not None
        recorder = self._recorder
        recorder.scope = entry.scope
        arrived = [self._arrived.pop((entry, k), None) for k in range(len(entry.out_types))]
        seeds = [
            filled(recorder, type, 0) if each is None else cell_of(each)
            for each, type in zip(arrived, entry.out_types, strict=True)
        ]
        pulled = once_only(recorder, entry, seeds, entry.pull(seeds))
        self._hand_over(entry, range(len(entry.parents)), list(map(recorder.operand, pulled)))

    def _hand_over(self, entry: Entry, targets: Iterable[int], cotangents: Sequence[Operand]) -> None:
        """Add ``cotangents`` to what the parents have, at once: so the sums are part of a loop that is differentiated,
        and no step's contribution outlives the step."""
        arrived = self._arrived
        for target, cotangent in zip(targets, cotangents, strict=True):
            parent = entry.parents[target]
            if parent is not None:
                before = arrived.get(parent)
                arrived[parent] = cotangent if before is None else self._sum_of(before, cotangent)

    def _sum_of(self, a: Operand, b: Operand) -> Operand:
        if not self._plain:
            return _add(self._recorder, a, b, self._line)
        return self._recorder.append(_add_spec(a[0].type, b[0].type), (a[0], b[0]), (), *self._line)[0], None


def _history(recorder: Recorder, head: Cell) -> Source | None:
    """The history of a head, which for a variable is its own entry.

    None for a variable without gradient, and for a constant that was read while recording.
    """
    head = recorder.at(head)
    recorder.read(head)  # a view finds out by it whether its history still counts
    unread = head.history is None and head.variable is None
    found = None if unread else recorder.source(head)
    if found is None and head.history is not CONSTANT:
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


def _residual(entry: Operation, source: int) -> Operand:
    """Source ``source`` of an entry with the history it had, for gradients of gradients."""
    linear = entry.linear
    n_inputs = len(linear.origin.in_types)
    history = entry.parents[source] if source < n_inputs else (entry, source - n_inputs)
    return entry.residuals[linear.place[source]], history
