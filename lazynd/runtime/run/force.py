"""Forcing: the value of one array, after running what it needs."""

from __future__ import annotations

import time
from typing import Any

from ...ir.errors import MXNetError
from ..tell.location import asking_location, describe
from ..tell.stats import logger, stats
from .drive import drive
from .liveness import Ref
from .regions import Regions
from .runs import run_for


def force(ref: Ref, regions: Regions, cause: str) -> Any:
    """The buffer of ``ref``, after running what it needs; asked by the thread that has ``regions``.

    Of a closed region of that thread everything that is live runs; of its open region what is connected with ``ref``;
    of another thread's region ``ref`` and what it needs.
    """
    if ref.value is None:
        stats.forces += 1
        if logger.isEnabledFor(20):
            _force_and_log(ref, regions, cause)
        else:
            drive(run_for(ref, regions), regions, cause)
        if ref.value is None:  # it is lost, or the driver would have raised
            raise ref.node.region.error()
    return ref.value


def _force_and_log(ref: Ref, regions: Regions, cause: str) -> None:
    before = stats.snapshot()
    started = time.perf_counter()
    drive(run_for(ref, regions), regions, cause)
    seconds = time.perf_counter() - started
    found = {name: count - before[name] for name, count in stats.snapshot().items()}
    site = describe(*asking_location()[:2])
    logger.info(
        "forced by %s at %s: %d operators in %d programs, %d compiled, %.4f s",
        cause, site, found["executed"], found["runs"] + found["interpreted"], found["programs"], seconds,
        extra={"event": "force", "cause": cause, "site": site, "seconds": seconds, **found},
    )  # fmt: skip


def refuse_sync(mode: str, cause: str) -> None:
    """Raise (``mode`` "raise") or warn ("warn"): a value is needed where ``lazynd.no_sync`` forbids it."""
    code, lasti, _ = asking_location()
    text = f"a value was needed ({cause}) at {describe(code, lasti, True)}, where lazynd.no_sync forbids it"
    if mode == "raise":
        raise MXNetError(text)
    logger.warning(text, extra={"event": "sync", "cause": cause, "site": describe(code, lasti)})
