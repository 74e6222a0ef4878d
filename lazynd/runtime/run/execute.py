"""Running a program and publishing its results: afterwards all its outputs have their values, or none has."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import repeat
from operator import attrgetter
from time import perf_counter
from typing import Any, Final

from ...backends import Backend
from ...ir.node import Node, Output
from ..tell.sites import current_site
from ..tell.stats import DONE, stats
from ..tell.tracing import TRACING, Trace
from .failure import ProgramError, failed, lose, lost_with_buffer
from .history import HISTORY, milliseconds_since
from .late import computed
from .liveness import Ref, dead_leaves
from .plan import Plan
from .program import Program

_VALUE: Final = attrgetter("value")


def execute(plan: Plan, program: Program, backend: Backend) -> None:
    """Run ``program`` on the plan's leaves and publish its results; called with the lock held."""
    items, scalars = plan.items, plan.scalars
    program.recorded.ran(items)
    HISTORY.last = program.recorded
    trace = TRACING.now
    started = perf_counter() if HISTORY.timed or trace is not None else 0.0
    if program.scalar_positions is not None:
        scalars = list(map(scalars.__getitem__, program.scalar_positions))
    try:
        results = program.executable(buffers_of(plan.leaves, program.donate, program), scalars)
        if started:
            note_run(trace, program, backend, results, items, started)
        publish(list(map(items.__getitem__, plan.outputs)), results, items)
    except Exception as error:
        raise failure(plan, program, backend, error) from error
    stats.runs += 1
    count(items, program.result_bytes)


def note_run(
    trace: Trace | None,
    program: Program,
    backend: Backend,
    results: Sequence[Any],
    items: Sequence[Ref],
    started: float,
) -> None:
    """Note a run of ``program`` that began at ``started``, once its ``results`` are computed: when it ends matters."""
    for each in results:
        backend.wait(each)
    program.milliseconds = milliseconds_since(started)
    if trace is None:
        return
    told = {"operators": len(items), "bytes": program.result_bytes, "program": id(program)}
    trace.span("program", "program", current_site(), started, **told)


def buffers_of(leaves: Sequence[Ref], uses: Mapping[int, int], program: Program) -> list[Any]:
    """The buffers of ``leaves`` as ``program`` takes them.

    Those that it takes over, with the numbers in ``uses``, are copied if something else wants them; ``uses`` tells how
    often the nodes of a plan read each.
    """
    # Asked before ``buffers`` refers to them, and before ``_place`` gives one of two leaves a buffer of its own.
    dead = dead_leaves(leaves, uses)
    _place(leaves, program)
    buffers = list(map(_VALUE, leaves))
    if len(dead) < len(uses):
        for number in uses.keys() - set(dead):
            buffers[number] = program.backend.copy(buffers[number])
            stats.copied += 1
    stats.donated += len(dead)
    return buffers


def _place(leaves: Sequence[Ref], program: Program) -> None:
    """Have the values of ``leaves`` where ``program`` reads them, and as it does. They stay so."""
    backend = program.backend
    buffer_class, kernel_class = backend.buffer_class, backend.kernel_class
    for ref in leaves:
        if ref.value.__class__ is not buffer_class and ref.value.__class__ is not kernel_class:
            ref.value = backend.put(ref.value, ref.type.context)  # a NumPy array, which is moved there once
    for number in program.executable.kernels:
        leaves[number].value = backend.as_kernel(leaves[number].value)


def failure(plan: Plan, program: Program, backend: Backend, error: Exception) -> ProgramError:
    """``error`` as the user should read it. Values that need a buffer which the program consumed are lost."""
    wrapped = failed(plan.items[plan.outputs[-1]], "running the program that ends in it", error)
    donated = [plan.leaves[number] for number in program.donate]
    consumed = {id(leaf) for leaf in donated if backend.consumed(leaf.value)}
    if consumed:
        lose(plan.items, consumed, lost_with_buffer(wrapped))
    for leaf in plan.leaves:  # one may have failed before, on its way: then what needs it is lost, and the others run
        if id(leaf) not in consumed:
            with suppress(ProgramError):
                computed(leaf, leaf.value, backend)
    return wrapped


def transfer(plan: Plan, backend: Backend) -> None:
    """Move buffers to the devices of the plan's items, which are copies between devices; with the lock held."""
    for item in plan.items:
        assert item.node.inputs is not None
        moved = backend.put(item.node.inputs[0].value, item.type.context)
        publish([item], [moved], [item])
    count(plan.items, 0)


def publish(outputs: Sequence[Ref], results: Sequence[Any], items: Sequence[Ref]) -> None:
    """Give ``results`` to their nodes, and drop the history of all ``items`` that ran."""
    deque(map(setattr, outputs, repeat("value"), results), maxlen=0)
    for item in items:
        if item.__class__ is Output:
            item.node = None  # type: ignore[assignment]  # an output that ran needs its node no more
        else:
            item.inputs = None  # type: ignore[union-attr]  # a Node


def count(items: Sequence[Ref], nbytes: int) -> None:
    """Note that ``items`` ran, and gave so many bytes of results."""
    DONE.work.ran(len(items), nbytes)
    if stats.per_node is not None:
        for item in items:
            if item.__class__ is Node and item.spec is not None:
                stats.per_node[item.spec.op.name, item.code, item.lasti] += 1
