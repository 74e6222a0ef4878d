"""Fences: the ends of regions, and what runs because of them."""

from __future__ import annotations

from contextlib import suppress

from ...backends import finish_all
from ...config import config
from ...ir.node import Node
from ...ir.specialization import NODE_COST
from ..guard.leaving import INSIDE
from ..guard.sections import Undivided
from ..tell.stats import logger, stats
from .drive import drive
from .failure import ProgramError, reason
from .partition import period_of
from .plan import live
from .regions import Region, Regions
from .runs import RegionRun


def fence(regions: Regions, under_record: bool) -> None:
    """Close the open region: what is recorded later shares no program with what was recorded before."""
    regions.under_record = under_record
    regions.period_credit = 0
    if regions.open.items:
        with Undivided():
            regions.open.kept = live(regions.open)
        close(regions)
    else:  # its credit is that of the scope before
        regions.open = regions.new()


def close(regions: Regions) -> None:
    """Close the open region. If more closed ones wait than the window allows, the oldest run."""
    region, following = regions.open, regions.new()
    region.closed = True  # no call between this and the last assignment, so no interrupt either
    regions.open = following
    regions.closed.append(region)
    while len(regions.closed) > config.window:
        oldest = regions.closed[0]
        stats.windows += 1
        try:
            drive(RegionRun(oldest, None), regions, "window")
        except ProgramError as error:
            # Nobody asked for these values yet: whoever reads one gets the error, at that line.
            logger.warning("%s", error, extra={"event": "failure", "cause": "window"})
            regions.closed.remove(oldest)
        _keep_pace(regions, oldest)


def _keep_pace(regions: Regions, ran: Region) -> None:
    """Wait for what runs, once a budget of data was given to runs: recording may be quicker than they are."""
    regions.dispatched += sum(cost for _, cost in ran.held)
    if regions.dispatched > config.budget_nodes * NODE_COST:
        regions.dispatched = 0
        with INSIDE, suppress(Exception):  # whoever reads what failed is told
            finish_all()


def overflow(regions: Regions) -> None:
    """The open region's credit is used up: close it where the recorded sequence repeats, so that regions are alike.

    Without a repetition it may grow to 16 budgets; to 4 if most of its cost is bytes, not nodes.
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
    regions.open.moves = region.moves  # said before what moves data is recorded


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


def waitall(regions: Regions) -> None:
    """Run all regions, and wait for everything that runs. Then the first failure is raised."""
    failure: ProgramError | None = None
    if regions.open.items:
        close(regions)
    while regions.closed:
        oldest = regions.closed[0]
        try:
            drive(RegionRun(oldest, None), regions, "waitall")
        except ProgramError as error:
            failure = failure or error
            regions.closed.remove(oldest)
    try:
        with INSIDE:
            finish_all()
    except Exception as error:
        failure = failure or ProgramError(f"waiting for what runs failed{reason(error)}")
    if failure is not None:
        raise failure
