"""Forcing: the value of one array, after running what it needs."""

from __future__ import annotations

from typing import Any

from ...ir.errors import MXNetError
from ...ir.several import several
from ..tell.ledger import FORCES, Entry, begin, end
from ..tell.location import describe
from ..tell.sites import Site, current_site
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
        told = logger.isEnabledFor(20)
        before = stats.snapshot() if told else {}
        # From the user's line on there are a method, and what it calls; those that make text are told by their names.
        ledger = begin(3 if cause == "print" else 4)
        try:
            drive(run_for(ref, regions), regions, cause)
        finally:
            end(cause, ledger)
        if told:
            _log(Entry(*FORCES[-1]), before)
        regions.accuse()
        if ref.value is None:  # it is lost, or the driver would have raised
            raise ref.node.region.error()
    return ref.value


def _log(entry: Entry, before: dict[str, Any]) -> None:
    found = {name: count - before[name] for name, count in stats.snapshot().items()}
    site, seconds = str(entry.site), entry.seconds + entry.compiling
    logger.info(
        "forced by %s at %s: %s in %s, %d compiled, %.4f s", entry.cause, site, several(found["executed"], "operator"),
        several(found["runs"] + found["interpreted"], "program"), found["programs"], seconds,
        extra={"event": "force", "cause": entry.cause, "site": site, "seconds": seconds, **found},
    )  # fmt: skip


class Ban:
    """What a block of ``lazynd.no_sync`` forbids; ``mode`` is "raise" or "warn". A line is warned about once."""

    __slots__ = ("_told", "mode")

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._told: set[Site] = set()

    def refuse(self, cause: str) -> None:
        """Raise or warn: a value is needed because of ``cause``."""
        site = current_site()
        text = (
            f"a value was needed ({cause}) at {describe(site.code, site.lasti, True)}, where lazynd.no_sync forbids it"
        )
        if self.mode == "raise":
            raise MXNetError(text)
        if site not in self._told:
            self._told.add(site)
            logger.warning(text, extra={"event": "sync", "cause": cause, "site": str(site)})
