"""Forcing: which regions run, and as which programs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...backends import Backend, finish_all, get_backend, is_loaded
from ...config import config
from ...ir.errors import MXNetError
from ...ir.node import Node
from ...ir.specialization import NODE_COST
from ..guard.leaving import INSIDE, leave_quietly
from ..guard.sections import DeferSignals, Undivided
from ..tell.location import describe, user_location
from ..tell.sites import current_site
from ..tell.stats import logger, stats
from .compile import PROGRAMS, compile_program
from .execute import IndexProgramError, Lost, ProgramError, execute, is_lost, lose, transfer
from .kernels import prepare, run_kernels
from .partition import Part, device_part, first_piece, several_devices, too_big
from .period import period_of
from .plan import Plan, Ref, ancestors, linearize_items, live, missing, unfinished, vanished
from .program import Family
from .regions import Region, Regions

__all__ = ["PROGRAMS", "close", "current_backend", "fence", "force", "overflow", "waitall"]


def current_backend() -> Backend:
    name = "numpy" if config.eager else config.backend
    if is_loaded(name):
        return get_backend(name)
    with DeferSignals():  # a library that is imported by half stays so
        leave_quietly()
        with INSIDE:
            found = get_backend(name)
        leave_quietly()  # again: before what the library does then
        return found


# ---------------------------------------------------------------------------------------------------- regions


def fence(regions: Regions, under_record: bool) -> None:
    """Close the open region: what comes after shares no program with what came before."""
    regions.under_record = under_record
    regions.period_credit = 0
    if regions.open.items:
        with Undivided():
            regions.open.kept = live(regions.open)
        close(regions)
    else:  # it is empty, but what it may hold was counted for the scope before
        regions.open = regions.new()


def close(regions: Regions) -> None:
    """Close the open region and, if more than the window waits, run the oldest."""
    region, following = regions.open, regions.new()
    region.closed = True  # an interrupt comes with a call: before all of this, or after it
    regions.open = following
    regions.closed.append(region)
    while len(regions.closed) > config.window:
        oldest = regions.closed[0]
        stats.windows += 1
        try:
            run_region(oldest, "window")
        except ProgramError as error:
            # Nobody asked for these values yet: whoever reads one gets the error, at that line.
            logger.warning("%s", error, extra={"event": "failure", "cause": "window"})
            regions.closed.remove(oldest)


def overflow(regions: Regions) -> None:
    """The open region's credit is used up: cut it where the recorded sequence repeats, so that cuts look alike.

    Without a repetition it grows, to 16 budgets; to 4 if bytes, not nodes, are what it is full of.
    """
    region = regions.open
    if config.hard_limit * NODE_COST > region.unit and not region.under_record:
        specs = [item.spec for item in region.items if item.__class__ is Node]
        bulky = len(specs) * NODE_COST * 2 < region.unit
        period = period_of(specs, 2) if bulky else period_of(specs)
        if period:  # also when one is known already: another loop may run by now
            cost = _cost_of_last(region, period)
            regions.period_credit = max(config.budget_nodes * NODE_COST // cost, 1) * cost - 1
        elif regions.period_credit:
            regions.period_credit = 0
        elif region.unit < (4 if bulky else 16) * config.budget_nodes * NODE_COST:
            region.credit += region.unit
            region.unit *= 2
            return
    close(regions)


def _cost_of_last(region: Region, nodes: int) -> int:
    """What the last ``nodes`` nodes of a region cost, and the arrays made from data among them."""
    cost, at = 0, len(region.items)
    while nodes:
        at -= 1
        item = region.items[at]
        if isinstance(item, Node) and item.spec is not None:
            cost += item.spec.cost
            nodes -= 1
    return cost + sum(each for position, each in region.held if position > at)


# ---------------------------------------------------------------------------------------------------- forcing


def force(ref: Ref, regions: Regions, cause: str) -> Any:
    """The buffer of ``ref``, after running what it needs; ``regions`` are those of the thread that asks."""
    if ref.value is None:
        _force(ref, regions, cause)
    return ref.value


def _force(ref: Ref, regions: Regions, cause: str) -> None:
    stats.forces += 1
    if not logger.isEnabledFor(20):
        _run_for(ref, regions, cause)
        return
    before = stats.snapshot()
    started = time.perf_counter()
    _run_for(ref, regions, cause)
    seconds = time.perf_counter() - started
    found = {name: count - before[name] for name, count in stats.snapshot().items()}
    site = describe(*user_location())
    logger.info(
        "forced by %s at %s: %d operators in %d programs, %d compiled, %.4f s",
        cause, site, found["executed"], found["runs"] + found["one_shot"], found["compiles"], seconds,
        extra={"event": "force", "cause": cause, "site": site, "seconds": seconds, **found},
    )  # fmt: skip


def _run_for(ref: Ref, regions: Regions, cause: str) -> None:
    if vanished(ref):
        raise missing(ref)
    node = ref.node
    region = None if node is None else node.region  # None: it ran meanwhile
    if region.__class__ is Region:
        if region.owner is not regions:
            run_ancestors(ref, cause)
        elif region.closed:
            run_region(region, cause, ref)
        else:
            run_component(region, ref, cause)
    if ref.value is None:
        if not is_lost(ref):
            raise missing(ref)
        raise ref.node.region.error()


def refuse_sync(mode: str, cause: str) -> None:
    """A read that has to run something comes where ``lazynd.no_sync`` forbids it."""
    code, lasti = user_location()
    text = f"a value was needed ({cause}) at {describe(code, lasti, True)}, where lazynd.no_sync forbids it"
    if mode == "raise":
        raise MXNetError(text)
    logger.warning(text, extra={"event": "sync", "cause": cause, "site": describe(code, lasti)})


def run_region(region: Region, cause: str, root: Ref | None = None) -> None:
    """Run all that is live of a closed region, as one program."""

    def plan() -> Plan:
        return linearize_items(_items(region), None, False)

    def finish() -> None:
        region.items.clear()
        region.kept.clear()
        if region in region.owner.closed:
            region.owner.closed.remove(region)

    try:
        _run(plan, finish, cause, region, None)
    except ProgramError as error:
        if root is not None:
            _run_alone(root, cause, error)
            return
        if isinstance(error, IndexProgramError):
            _run_by_kernels(plan)
        raise


def run_component(region: Region, root: Ref, cause: str) -> None:
    """Run the connected component of ``root`` in the open region, as one program."""

    def plan() -> Plan:
        return linearize_items(_items(region), root, True)

    def finish() -> None:
        region.items[:] = unfinished(region.items)
        used = sum(i.spec.cost for i in region.items if i.__class__ is Node and i.spec is not None)
        region.credit = region.unit - used
        region.held.clear()

    try:
        _run(plan, finish, cause, region, root)
    except ProgramError as error:
        _run_alone(root, cause, error)


def run_ancestors(root: Ref, cause: str) -> None:
    """Run ``root`` and what it needs, no more: work of another thread, or what failed together with others."""
    node = root.node
    if node is None:
        return  # it ran meanwhile
    region: Region = node.region

    def plan() -> Plan:
        region.touched = True
        return linearize_items(ancestors(root), root, False)

    try:
        _run(plan, _nothing, cause, region, root)
    except IndexProgramError:
        _run_by_kernels(plan)  # which names the culprit
        raise


def _run_alone(root: Ref, cause: str, error: ProgramError) -> None:
    """After a failure: ``root`` without the others; failing that, operator by operator, which names the culprit."""
    if root.value is not None:
        return
    if root.node.region.__class__ is Lost:
        raise error
    logger.info("retrying alone after: %s", error, extra={"event": "retry", "cause": cause})
    try:
        run_ancestors(root, cause)
    except ProgramError:
        if root.node.region.__class__ is Lost:
            raise
        root.node.region.touched = True
        if not _run_by_kernels(lambda: linearize_items(ancestors(root), root, False)):
            raise


def _run_by_kernels(make_plan: Callable[[], Plan]) -> bool:
    """Run what is planned operator by operator, unless it needs another region or several devices."""
    with Undivided():
        plan = make_plan()
        if plan.foreign or several_devices(plan):
            return False
        run_kernels(plan, current_backend(), _nothing)
    return True


def _items(region: Region) -> list[Ref]:
    return unfinished(region.items) if region.touched else list(region.items)


class _Ready:
    """What a run has compiled and not run yet: the key of a program; and of a graph for kernels."""

    __slots__ = ("kernels", "program")

    def __init__(self) -> None:
        self.program: Any = None
        self.kernels: Any = None


def _run(
    make_plan: Callable[[], Plan], finish: Callable[[], None], cause: str, region: Region, root: Ref | None
) -> None:
    """Plan, compile outside the lock if need be, then run and publish in one section; in parts if need be."""
    ready = _Ready()
    while True:
        with Undivided():
            if root is not None and (root.value is not None or root.node.region.__class__ is Lost):
                finish()  # a part of the plan was enough, or what it needs can never be had
                return
            plan = make_plan()
            needed = plan.foreign[0] if plan.foreign else None
            if needed is not None and is_lost(needed):
                lose(plan.items, set(), needed.node.region)
                continue
            if needed is None:
                if not plan.outputs:
                    finish()
                    return
                backend = current_backend()
                family = PROGRAMS.get(plan.key, backend)
                part = _next_part(plan, known=family is not None)
                if part is not None:
                    plan = _part_of(plan, part, root, region)
                    family = None if plan.transfer else PROGRAMS.get(plan.key, backend)
                if _attempt(plan, family, backend, ready, finish if part is None else _nothing):
                    if part is None:
                        return
                    continue
        if needed is not None:
            del plan
            _force_foreign(needed, region, cause)
            continue
        site = current_site()
        if site.one_shot(plan.key) and PROGRAMS.get(plan.key, backend) is None:
            prepare(plan, backend)
            ready.kernels = plan.key
        elif compile_program(plan, backend, cause, site):
            ready.program = plan.key
        del plan  # Its lists would count as references when the next plan is made.


def _attempt(plan: Plan, family: Family | None, backend: Backend, ready: _Ready, finish: Callable[[], None]) -> bool:
    """Run ``plan``, whose programs are ``family``, if all that it needs is compiled; undivided."""
    if plan.transfer:
        transfer(plan.items, backend)
        return True
    program = family.match(plan.scalars) if family is not None else None
    if family is not None and program is not None:
        family.used(ready.program != plan.key)
        ready.program = None  # the next piece with this key finds its program
        execute(plan, program, backend, finish)
        return True
    if config.eager or ready.kernels == plan.key:
        run_kernels(plan, backend, finish)
        return True
    return False


def _nothing() -> None:
    """What is to be done after a part that is not the last."""


def _next_part(plan: Plan, known: bool) -> Part | None:
    """The part of ``plan`` that runs next; None if it runs whole, as one whose program is ``known`` does."""
    if too_big(plan):
        return first_piece(plan)
    return device_part(plan) if not known and several_devices(plan) else None


def _part_of(plan: Plan, part: Part, root: Ref | None, region: Region) -> Plan:
    """The plan of ``part``; ``plan`` itself is used up."""
    region.touched = True
    items = [plan.items[i] for i in part.positions]
    plan.items = plan.leaves = []  # they would count as references to what the part computes
    if part.transfer:
        plan.items, plan.transfer = items, True
        return plan
    return linearize_items(items, root if root in items else None, False)


def _force_foreign(ref: Ref, region: Region, cause: str) -> None:
    """Run ``ref``, of another region, to a value or to its loss: the caller's loop counts on one of them."""
    if vanished(ref):
        raise missing(ref)
    node = ref.node
    if node is not None and node.region.owner is region.owner and node.region.closed:
        run_region(node.region, cause, ref)
    else:
        run_ancestors(ref, cause)
    if ref.value is None and not is_lost(ref):
        raise missing(ref)


def waitall(regions: Regions) -> None:
    """Run everything that is pending in ``regions``, and wait for all that runs. The first failure is raised then."""
    failure: ProgramError | None = None
    if regions.open.items:
        close(regions)
    while regions.closed:
        oldest = regions.closed[0]
        try:
            run_region(oldest, "waitall")
        except ProgramError as error:
            failure = failure or error
            regions.closed.remove(oldest)
    try:
        with INSIDE:
            finish_all()
    except Exception as error:
        failure = failure or ProgramError(f"waiting for what runs failed: {type(error).__name__}: {error}")
    if failure is not None:
        raise failure
