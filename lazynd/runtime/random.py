"""Random streams: a draw's numbers depend on the seed and on how many draws came before it on its context."""

from __future__ import annotations

import os
import threading

from ..ir.types import Context
from .stats import stats

_lock = threading.Lock()
_seeds: dict[tuple[str, int], int] = {}
_counters: dict[tuple[str, int], int] = {}
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
            _counters[context.device] = 0


def next_draw(context: Context) -> tuple[int, int]:
    """Seed and number of the next draw on ``context``."""
    device = context.device
    with _lock:
        count = _counters.get(device, 0)
        _counters[device] = count + 1
    stats.draws += 1
    number = _seeds.get(device)
    return (_default_seed if number is None else number), count & 0xFFFFFFFF


def skip(context: Context, draws: int) -> None:
    """Count ``draws`` on ``context`` that a loop makes in one operation."""
    with _lock:
        _counters[context.device] = _counters.get(context.device, 0) + draws


def positions() -> dict[tuple[str, int], int]:
    """How many draws were made on each device."""
    with _lock:
        return dict(_counters)


def rewind(counts: dict[tuple[str, int], int]) -> None:
    """Go back to where ``positions`` found the streams."""
    with _lock:
        _counters.clear()
        _counters.update(counts)
