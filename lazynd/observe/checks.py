"""Forbidding what a program should not do: reads that have to run something, and values that are not numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..runtime.run.force import Ban
from ..runtime.thread import LOCAL


@contextmanager
def no_sync(mode: str = "raise") -> Iterator[None]:
    """Inside, a read of this thread that has to run something raises ``MXNetError``; ``mode`` "warn" only says so.

    A context manager and a decorator. What counts is running: a read whose value was computed, or is being computed by
    a program that was started before, is allowed, though it may wait; ``waitall`` counts if something is pending.
    Nothing is lost: what was to be read stays pending. A line is warned about once in each block.

    >>> import lazynd
    >>> from lazynd import nd
    >>> x = nd.ones((2,))
    >>> @lazynd.no_sync()
    ... def step(x):
    ...     y = x * 2
    ...     return y if y.sum() > 0 else -y
    >>> try:
    ...     step(x)
    ... except lazynd.MXNetError as error:
    ...     print(str(error).partition(" at ")[0])
    a value was needed (bool)
    """
    if mode not in ("raise", "warn"):
        raise ValueError(f"mode must be 'raise' or 'warn', not {mode!r}")
    state = LOCAL.state
    before = state.forbid_sync
    state.forbid_sync = Ban(mode)
    try:
        yield
    finally:
        state.forbid_sync = before
