"""Random streams: a draw's numbers depend on the seed and on how many draws came before it on its context."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from ...ir.types import Context

_lock = threading.RLock()  # a finalizer may come to it in the same thread
_seeds: dict[tuple[str, int], int] = {}
_counters: defaultdict[tuple[str, int], int] = defaultdict(int)
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


def take(context: Context, draws: int) -> tuple[int, int]:
    """Seed and number of the next draw on ``context``, the first of ``draws``."""
    device = context.device
    with _lock:
        count = _counters[device]  # no call between the two, so no handler of a signal either, which might draw
        _counters[device] = count + draws
        number = _seeds.get(device)
        return (_default_seed if number is None else number), count & 0xFFFFFFFF


@contextmanager
def rewound() -> Iterator[None]:
    """At the end of the block all streams are where they were at its beginning, so another block draws the same."""
    global _default_seed
    with _lock:
        before = _default_seed, dict(_seeds), dict(_counters)
    try:
        yield
    finally:
        with _lock:
            _default_seed = before[0]
            for present, earlier in ((_seeds, before[1]), (_counters, before[2])):
                present.clear()
                present.update(earlier)
