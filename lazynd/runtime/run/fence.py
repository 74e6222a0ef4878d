"""Fences: the ends of regions, and what runs because of them."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import Any

from ...backends import finish_all
from ...config import config
from ...ir.node import Node
from ...ir.specialization import NODE_COST
from ..guard.leaving import INSIDE
from ..guard.sections import Undivided
from ..tell.ledger import NOTED, begin, end, waited
from ..tell.stats import logger, stats
from .drive import drive
from .failure import ProgramError, reason
from .plan import live
from .regions import Region, Regions, Window, after
from .repeats import beginning, period_of
from .runs import RegionRun


def fence(regions: Regions, under_record: bool) -> None:
    """Close the open region: what is recorded later shares no program with what was recorded before."""
    regions.under_record = under_record
    regions.window = None
    if regions.open.items:
        with Undivided():
            regions.open.kept = live(regions.open)
        close(regions)
    else:  # its credit is that of the scope before
        regions.open = regions.new()
    regions.accuse()


def close(regions: Regions) -> None:
    """Close the open region. If more closed ones wait than the window allows, the oldest run."""
    region, following = regions.open, regions.new()
    region.closed = True  # no call between this and the last assignment, so no interrupt either
    regions.open = following
    regions.closed.append(region)
    _run_oldest(regions)


def _run_oldest(regions: Regions) -> None:
    """Run the oldest closed regions, if more wait than the window allows."""
    while len(regions.closed) > config.window:
        oldest = regions.closed[0]
        stats.windows += 1
        ledger = begin()
        try:
            drive(RegionRun(oldest, None), regions, "window")
        except ProgramError as error:
            # Nobody asked for these values yet: whoever reads one gets the error, at that line.
            logger.warning("%s", error, extra={"event": "failure", "cause": "window"})
            regions.closed.remove(oldest)
        finally:
            end("window", ledger)
        _keep_pace(regions, oldest)


def _keep_pace(regions: Regions, ran: Region) -> None:
    """Wait for what runs, once a budget of data was given to runs: recording may be quicker than they are."""
    regions.dispatched += sum(cost for _, cost in ran.held)
    if regions.dispatched > config.budget_nodes * NODE_COST:
        regions.dispatched = 0
        started = perf_counter()
        with INSIDE, suppress(Exception):  # whoever reads what failed is told
            finish_all()
        _note(started)


def overflow(regions: Regions) -> None:
    """The open region's credit is used up: close it where the recorded sequence repeats, so that regions are alike.

    Without a repetition it may grow to 16 budgets; to 4 if most of its cost is bytes, not nodes.
    """
    with Undivided():
        full = _is_full(regions)
    if full:
        _run_oldest(regions)


def _is_full(regions: Regions) -> bool:
    """Close the open region, or let it grow: whether it is closed."""
    region = regions.open
    if region.under_record or region.unit >= config.hard_limit * NODE_COST:
        regions.split(len(region.items))
        return True
    specs = [item.spec for item in region.items if item.__class__ is Node]
    bulky = len(specs) * NODE_COST * 2 < region.unit
    start = _start_of_window(regions, specs, bulky)
    window = regions.window
    if start is None or window is None:
        if region.unit < (4 if bulky else 16) * config.budget_nodes * NODE_COST:
            region.grow(region.unit)
            return False
        regions.window = None
        regions.split(len(region.items))
        return True
    missing = start + len(window.specs) - len(specs)
    if missing > 0:
        region.grow(missing * window.credit // len(window.specs))
        return False
    regions.split(after(region.items, start + len(window.specs)))
    return True


def _start_of_window(regions: Regions, specs: list[Any], bulky: bool) -> int | None:
    """After how many nodes of the open region, which has nodes of ``specs``, a window begins; None if none does."""
    if regions.window is not None:
        start = regions.window.start_in(specs)
        if start is not None:
            return start
    period = period_of(specs, 2) if bulky else period_of(specs)
    if not period:
        return None
    start = beginning(specs, period)
    cost = regions.open.cost_of_last(period)
    # What shows that a loop goes on has to fit into a window: two periods. If arrays are large, one must do.
    count = max(config.budget_nodes * NODE_COST // cost, 1 if bulky else 2)
    regions.window = Window((specs[start : start + period]) * count, count * cost)
    return start


def waitall(regions: Regions) -> None:
    """Run all regions, and wait for everything that runs. Then the first failure is raised."""
    failure: ProgramError | None = None
    if regions.open.items:
        close(regions)
    if regions.closed:
        ledger = begin()
        try:
            failure = _run_all(regions)
        finally:
            end("waitall", ledger)
    started = perf_counter()
    try:
        with INSIDE:
            finish_all()
    except Exception as error:
        failure = failure or ProgramError(f"waiting for what runs failed{reason(error)}")
    _note(started)
    if failure is not None:
        raise failure
    regions.accuse()


def _note(started: float) -> None:
    seconds = perf_counter() - started
    if seconds > NOTED:
        waited(seconds)


def _run_all(regions: Regions) -> ProgramError | None:
    """Run the closed regions; the first failure."""
    failure: ProgramError | None = None
    while regions.closed:
        oldest = regions.closed[0]
        try:
            drive(RegionRun(oldest, None), regions, "waitall")
        except ProgramError as error:
            failure = failure or error
            regions.closed.remove(oldest)
    return failure
