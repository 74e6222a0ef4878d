"""One process's part of a run."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable

from . import aliasing, graphs
from .tally import Tally


def quiet() -> None:
    """No warnings of compiles (programs here differ on purpose), and cheap collections."""
    logging.getLogger("lazynd").setLevel(logging.ERROR)
    gc.collect()
    gc.freeze()


def share(task: tuple[str, int, int, int, int]) -> Tally:
    """Every ``step``-th program from ``first``."""
    kind, seed, first, step, total = task
    quiet()
    run: Callable[..., Tally] = {"aliasing": aliasing.fuzz, "graphs": graphs.fuzz}[kind]
    return run(seed, range(first, total, step))
