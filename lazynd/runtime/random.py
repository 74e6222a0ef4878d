"""Random streams: a draw's numbers depend on the seed and on how many draws came before it on its context."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator

from ..ir.types import Context
from .stats import stats

_lock = threading.Lock()
_seeds: dict[tuple[str, int], int] = {}
_counters: dict[tuple[str, int], Iterator[int]] = {}
#: As MXNet, a process that does not seed draws the same numbers each time.
_default_seed = int(os.environ.get("MXNET_SEED", "0")) & 0xFFFFFFFF


def seed(value: int, context: Context | None = None) -> None:
    """Restart the stream of ``context`` (of every context if None) from ``value``."""
    global _default_seed
    value = int(value) & 0xFFFFFFFF
    with _lock:
        if context is None:
            _default_seed = value
            _seeds.clear()
            _counters.clear()
        else:
            _seeds[context.device] = value
            _counters[context.device] = itertools.count()


def next_draw(context: Context) -> tuple[int, int]:
    """Seed and number of the next draw on ``context``."""
    device = context.device
    counter = _counters.get(device)
    if counter is None:
        with _lock:
            counter = _counters.setdefault(device, itertools.count())
    stats.draws += 1
    number = _seeds.get(device)
    return (_default_seed if number is None else number), next(counter) & 0xFFFFFFFF
