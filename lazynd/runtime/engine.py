"""Forcing: which regions run, program by program, and how results are published."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from types import FrameType
from typing import Any

from ..backends import Backend, get_backend
from ..config import config
from ..ir.errors import MXNetError
from ..ir.node import Node, Output
from ..ir.specialization import NODE_COST
from .location import describe, user_location
from .period import period_of
from .program import IN_FLIGHT, Family, Program, ProgramCache, compile_plan, dead_leaf, leaf_uses, slot_positions
from .schedule import Plan, Ref, ancestors, linearize_items, unfinished
from .state import LOCAL, LOCK, Region, State
from .stats import logger, stats

PROGRAMS = ProgramCache()


def current_backend() -> Backend:
    return get_backend("numpy" if config.eager else config.backend)


# ---------------------------------------------------------------------------------------------------- regions


def fence() -> None:
    """Close the thread's open region: what comes after shares no program with what came before."""
    state = LOCAL.state
    if state.region.items:
        close(state)
    state.period_credit = 0
    state.region = Region(state, state.next_credit(), bool(state.record_depth))


def close(state: State) -> None:
    """Close the open region and, if more than the window waits, run the oldest."""
    region = state.region
    region.closed = True
    state.closed.append(region)
    state.region = Region(state, state.next_credit(), bool(state.record_depth))
    while len(state.closed) > config.window:
        run_region(state.closed[0], "window")


def overflow(state: State) -> None:
    """The open region's credit is used up: cut it where the recorded sequence repeats."""
    region = state.region
    if config.hard_limit * NODE_COST > region.unit and not region.under_record and not state.period_credit:
        specs = [item.spec for item in region.items if item.__class__ is Node]
        period = period_of(specs)
        if period:
            cost = sum(spec.cost for spec in specs[-period:] if spec is not None)
            state.period_credit = max(config.budget_nodes * NODE_COST // cost, 1) * cost - 1
        elif len(specs) < 16 * config.budget_nodes and region.unit < 16 * config.budget_nodes * NODE_COST:
            region.credit += region.unit
            region.unit *= 2
            return
    elif state.period_credit:
        specs = [item.spec for item in region.items if item.__class__ is Node]
        if not period_of(specs):
            state.period_credit = 0
    close(state)


# ---------------------------------------------------------------------------------------------------- forcing


def force(ref: Ref, cause: str = "value") -> Any:
    """The buffer of ``ref``, after running what it needs."""
    if ref.value is None:
        _force(ref, cause)
    return ref.value


def _force(ref: Ref, cause: str) -> None:
    state = LOCAL.state
    if state.forbid_sync:
        _forbidden(state.forbid_sync, cause)
    stats.forces += 1
    node = ref.node
    if node is None or node.inputs is None or node.region is None:
        raise MXNetError("the value of this array was lost: the program that took over its buffer failed")
    region: Region = node.region
    if region.owner is not state:
        run_ancestors(ref, cause)
    elif region.closed:
        run_region(region, cause, ref)
    else:
        run_component(region, ref, cause)


def _forbidden(mode: str, cause: str) -> None:
    code, lasti = user_location()
    text = f"a value was needed ({cause}) at {describe(code, lasti, True)}, where lazynd.no_sync forbids it"
    if mode == "raise":
        raise MXNetError(text)
    logger.warning(text)


def run_region(region: Region, cause: str, root: Ref | None = None) -> None:
    """Run all that is live of a closed region, as one program."""

    def plan() -> Plan:
        return linearize_items(_items(region), None, False)

    def finish(done: Plan) -> None:
        region.items.clear()
        if region in region.owner.closed:
            region.owner.closed.remove(region)

    if root is not None and root.value is not None:
        return
    try:
        _run(plan, finish, cause)
    except MXNetError:
        if root is None:
            raise
        run_ancestors(root, cause)


def run_component(region: Region, root: Ref, cause: str) -> None:
    """Run the connected component of ``root`` in the open region, as one program."""

    def plan() -> Plan:
        return linearize_items(_items(region), root, True)

    def finish(done: Plan) -> None:
        if len(done.items) == len(region.items):
            region.items.clear()
        else:
            region.items[:] = unfinished(region.items)
        region.credit = region.unit - sum(
            i.spec.cost for i in region.items if i.__class__ is Node and i.spec is not None
        )

    try:
        _run(plan, finish, cause)
    except MXNetError:
        if root.value is not None:
            raise
        run_ancestors(root, cause)


def run_ancestors(root: Ref, cause: str) -> None:
    """Run ``root`` and what it needs, no more: work of another thread, or what failed together with others."""

    def plan() -> Plan:
        root.node.region.touched = True
        return linearize_items(ancestors(root), root, False)

    _run(plan, lambda done: None, cause)


def _items(region: Region) -> list[Ref]:
    return unfinished(region.items) if region.touched else list(region.items)


def _run(make_plan: Callable[[], Plan], finish: Callable[[Plan], None], cause: str) -> None:
    """Plan, compile outside the lock if need be, then run and publish in one section."""
    while True:
        with LOCK:
            plan = make_plan()
            if plan.foreign:
                needed = plan.foreign[0]
                family = program = None
            elif not plan.outputs:
                finish(plan)
                return
            else:
                needed = None
                family = PROGRAMS.get(plan.key)
                program = family.match(plan.scalars) if family is not None else None
                if program is not None:
                    stats.hits += 1
                    _execute(plan, program, finish)
                    return
        if needed is not None:
            del plan
            _force_foreign(needed, cause)
            continue
        _compile(plan, cause)
        del plan  # Its lists would count as references when the next plan is made.


def _force_foreign(ref: Ref, cause: str) -> None:
    region: Region = ref.node.region
    if region.owner is LOCAL.state and region.closed:
        run_region(region, cause, ref)
    else:
        run_ancestors(ref, cause)


def _compile(plan: Plan, cause: str) -> None:
    """Compile the program of ``plan`` and keep it; one thread compiles, others that want the same wait."""
    with LOCK:
        waiting = IN_FLIGHT.get(plan.key)
        if waiting is None:
            mine = IN_FLIGHT[plan.key] = threading.Event()
    if waiting is not None:
        waiting.wait()
        return
    try:
        with LOCK:
            family = PROGRAMS.get(plan.key)
            if family is None:
                index = slot_positions(plan, "index")
                first = tuple([plan.scalars[i] for i in index])
                family = Family(index, first, user_location())
            elif family.match(plan.scalars) is not None:
                return
        bake = family.baked is None
        started = time.perf_counter()
        program, nbytes = compile_plan(plan, current_backend(), bake)
        seconds = time.perf_counter() - started
        with LOCK:
            PROGRAMS.add(plan.key, family)
            if bake:
                family.baked = program
                family.first = family.indices(plan.scalars)
            else:
                family.general = program
            PROGRAMS.grew(family, nbytes)
        if logger.isEnabledFor(20):
            code, lasti = user_location()
            logger.info(
                "compiled %d operators, %d outputs in %.3f s because of %s at %s",
                sum(i.__class__ is Node for i in plan.items), len(plan.outputs), seconds, cause, describe(code, lasti),
            )  # fmt: skip
    except MXNetError:
        raise
    except Exception as error:
        raise _failed(plan, "compiling", error) from error
    finally:
        with LOCK:
            del IN_FLIGHT[plan.key]
        mine.set()


def _failed(plan: Plan, what: str, error: BaseException) -> MXNetError:
    last = plan.items[plan.outputs[-1]].node
    name = last.spec.op.name if last.spec else "leaf"
    return MXNetError(
        f"[{name}] {what} the program that ends in it failed: {type(error).__name__}: {error}\n"
        f"  recorded at {describe(last.code, last.lasti, True)}"
    )


class DeferInterrupt:
    """Holds back SIGINT until the section ends, so that results are published whole or not at all."""

    __slots__ = ("_caught", "_previous")

    def __enter__(self) -> None:
        self._caught: list[tuple[int, FrameType | None]] = []
        self._previous: Any = None
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.getsignal(signal.SIGINT)
            if callable(self._previous):
                signal.signal(signal.SIGINT, lambda number, frame: self._caught.append((number, frame)))

    def __exit__(self, *_: object) -> None:
        if callable(self._previous):
            signal.signal(signal.SIGINT, self._previous)
            if self._caught:
                self._previous(*self._caught[-1])


def _execute(plan: Plan, program: Program, finish: Callable[[Plan], None]) -> None:
    """Run ``program`` and publish its results; inside the lock."""
    backend = current_backend()
    items = plan.items
    context = items[0].type.context
    with DeferInterrupt():
        try:
            buffers = _buffers(plan, program, backend, context)
            scalars = plan.scalars
            if program.scalar_positions is not None:
                scalars = [scalars[i] for i in program.scalar_positions]
            results = program.executable(buffers, scalars)
        except MXNetError:
            raise
        except Exception as error:
            raise _failed(plan, "running", error) from error
        stats.runs += 1
        stats.executed += len(items)
        publish([items[i] for i in plan.outputs], results, items)
        finish(plan)


def publish(outputs: Sequence[Ref], results: Sequence[Any], items: Sequence[Ref]) -> None:
    """Give results to their nodes and drop the history of all that ran; no step of it can be interrupted."""
    deque(map(setattr, outputs, repeat("value"), results), maxlen=0)
    for item in items:
        if item.__class__ is Output:
            item.node = None  # type: ignore[assignment]  # an output that ran needs its node no more
        else:
            item.inputs = None  # type: ignore[union-attr]  # a Node


def _buffers(plan: Plan, program: Program, backend: Backend, context: Any) -> list[Any]:
    """The leaves' buffers on the device; NumPy arrays are moved there once."""
    donate = program.donate
    buffers = []
    uses = leaf_uses(plan) if donate else {}
    for number, ref in enumerate(plan.leaves):
        value = ref.value
        put = backend.put(value, context)
        if put is not value:
            ref.value = put
        value = None
        if number in donate:
            del put
            if dead_leaf(ref, uses):
                put = ref.value
                stats.donated += 1
            else:
                put = backend.copy(ref.value)
                stats.copied += 1
        buffers.append(put)
    return buffers


def waitall() -> None:
    """Run everything that is pending in this thread, and wait for it.

    >>> from lazynd import nd
    >>> x = nd.ones((2, 3)) * 2
    >>> nd.waitall()
    """
    state = LOCAL.state
    if state.region.items:
        close(state)
    while state.closed:
        run_region(state.closed[0], "waitall")
