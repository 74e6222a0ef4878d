"""One process's part of a run."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Final

from . import aliasing, files, graphs
from .tally import Tally

#: Each suite: how a share of it is run, and the events that it must contain.
SUITES: Final[dict[str, tuple[Callable[..., Tally], tuple[str, ...]]]] = {
    "aliasing": (aliasing.fuzz, aliasing.EVENTS),
    "graphs": (graphs.fuzz, graphs.EVENTS),
    "files": (files.fuzz, files.EVENTS),
}


def quiet() -> None:
    """No warnings of compiles (programs here differ on purpose), and cheap collections."""
    logging.getLogger("lazynd").setLevel(logging.ERROR)
    gc.collect()
    gc.freeze()


def share(task: tuple[str, int, int, int, int]) -> Tally:
    """Every ``step``-th program from ``first``."""
    kind, seed, first, step, total = task
    quiet()
    return SUITES[kind][0](seed, range(first, total, step))
