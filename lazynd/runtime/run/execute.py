"""Running programs and publishing their results: every array is before or after, never between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from ...backends import Backend
from ...ir.errors import MXNetError, OutOfBounds
from ...ir.node import Node, Output
from ..tell.location import describe
from ..tell.stats import stats
from .plan import Plan, Ref
from .program import Program, dead_leaf

_TAKEN = "the value of this array was lost with a buffer that a failed program took over"
Finish = Callable[[], None]


class ProgramError(MXNetError):
    """A program that could not be compiled or run. The arrays that it should have computed are still pending."""


class IndexProgramError(ProgramError, IndexError):
    """A program in which an index, known only when it ran, was out of bounds: an ``IndexError`` to its readers."""


IndexProgramError.__name__ = IndexProgramError.__qualname__ = "IndexError"


class Lost:
    """Stands in a node's ``region`` for a value that can no longer be computed, and says why."""

    __slots__ = ("kind", "reason")

    def __init__(self, reason: str, kind: type[MXNetError] = MXNetError) -> None:
        self.reason = reason
        self.kind = kind

    def error(self) -> MXNetError:
        """What whoever asks for the value gets."""
        return self.kind(self.reason)


def failed(ref: Ref, what: str, error: BaseException) -> ProgramError:
    """``error`` as the user should read it: operator, reason and the line that recorded it."""
    node = ref.node
    if node is None or node.spec is None:  # an output that ran forgot its node; a leaf never had an operator
        return ProgramError(f"{what} failed: {type(error).__name__}: {error}")
    name, place = node.spec.op.name, f"  recorded at {describe(node.code, node.lasti, True)}"
    kind = IndexProgramError if isinstance(error, OutOfBounds) else ProgramError
    return kind(f"[{name}] {what} failed: {type(error).__name__}: {error}\n{place}")


def out_of_bounds(node: Node, error: OutOfBounds) -> IndexProgramError:
    """``error`` of the one operator ``node``, as the user should read it."""
    assert node.spec is not None
    return IndexProgramError(f"[{node.spec.op.name}] {error}\n  recorded at {describe(node.code, node.lasti, True)}")


def execute(plan: Plan, program: Program, backend: Backend, finish: Finish) -> None:
    """Run ``program`` on the plan's leaves and publish its results; undivided."""
    items = plan.items
    donated: dict[int, Any] = {}
    try:
        buffers = _buffers(plan, program, backend, donated)
        scalars = plan.scalars
        if program.scalar_positions is not None:
            scalars = [scalars[i] for i in program.scalar_positions]
        results = program.executable(buffers, scalars)
        del buffers
        publish([items[i] for i in plan.outputs], results, items)
    except Exception as error:
        last = items[plan.outputs[-1]].node
        wrapped = failed(last, "running the program that ends in it", error)
        consumed = {id(plan.leaves[i]) for i, buffer in donated.items() if backend.consumed(buffer)}
        if consumed:
            lose(items, consumed, Lost(f"{_TAKEN}:\n{wrapped}"))
        raise wrapped from error
    stats.runs += 1
    count(items)
    finish()


def transfer(items: Sequence[Ref], backend: Backend) -> None:
    """Move buffers to the devices of ``items``, which are copies from one device to another; undivided."""
    for item in items:
        assert item.node.inputs is not None
        moved = backend.put(item.node.inputs[0].value, item.type.context)
        publish([item], [moved], [item])
    count(items)


def count(items: Sequence[Ref]) -> None:
    """Note that ``items`` ran."""
    stats.executed += len(items)
    if stats.per_node is not None:
        for item in items:
            if item.__class__ is Node and item.spec is not None:
                stats.per_node[item.spec.op.name, item.code, item.lasti] += 1


def publish(outputs: Sequence[Ref], results: Sequence[Any], items: Sequence[Ref]) -> None:
    """Give results to their nodes and drop the history of all that ran; no step of it can be interrupted."""
    deque(map(setattr, outputs, repeat("value"), results), maxlen=0)
    for item in items:
        if item.__class__ is Output:
            item.node = None  # type: ignore[assignment]  # an output that ran needs its node no more
        else:
            item.inputs = None  # type: ignore[union-attr]  # a Node


def _buffers(plan: Plan, program: Program, backend: Backend, donated: dict[int, Any]) -> list[Any]:
    """The leaves' buffers on the device; NumPy arrays are moved there once. Fills ``donated`` by leaf number."""
    donate = program.donate
    context = plan.items[0].type.context
    buffers = []
    for number, ref in enumerate(plan.leaves):
        buffer = ref.value
        if buffer.__class__ is not backend.buffer_class:
            buffer = ref.value = backend.put(buffer, context)
        if number in donate:
            buffer = None  # the test counts references
            if dead_leaf(ref, donate[number]):
                buffer = donated[number] = ref.value
                stats.donated += 1
            else:
                buffer = backend.copy(ref.value)
                stats.copied += 1
        buffers.append(buffer)
    return buffers


def lose(items: Sequence[Ref], lost: set[int], loss: Lost) -> None:
    """Mark ``items`` that are in ``lost`` (by identity), or need one of it or a lost value, as never to be had."""
    for item in items:
        if item.__class__ is not Node:
            continue
        if id(item) in lost or any(id(ref) in lost or is_lost(ref) for ref in item.inputs or ()):
            item.region.touched = True  # its list of items is no longer all pending
            item.inputs = None
            item.region = loss


def is_lost(ref: Ref) -> bool:
    return ref.value is None and ref.node is not None and ref.node.region.__class__ is Lost
