"""Forbidding what a program should not do: reads that have to run something, and values that are not numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..config import config
from ..runtime import waitall
from ..runtime.run.force import Ban
from ..runtime.run.nans import BadValue
from ..runtime.thread import LOCAL

__all__ = ["BadValue", "debug_nans", "no_sync"]


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


@contextmanager
def debug_nans(inf: bool = False) -> Iterator[None]:
    """Inside, what gives NaN is searched for, with ``inf`` also what gives infinity: ``BadValue`` names it.

    The results of everything that runs are looked at. If one has NaN, what gave it runs again in the interpreter,
    operator by operator, through compiled calls, loops and gradients; the first operator that makes NaN of numbers and
    that the result depends on is named, with its inputs and the user's line. The error, an ``MXNetError`` and a
    ``FloatingPointError``, is raised by the read that had it run; for what runs unread, by the next read or the next
    beginning or end of a step. What is pending when the block ends runs there. Nothing is lost: all arrays have their
    values and can be read. Everything runs slower, in all threads.

    A context manager and a decorator; ``lazynd.config.debug_nans`` ("off", "nan", "inf") is the same for good.

    >>> import lazynd
    >>> from lazynd import nd
    >>> x = nd.array([1.0, -1.0])
    >>> try:
    ...     with lazynd.debug_nans():
    ...         y = nd.log(x) * 2
    ...         y.asnumpy()
    ... except lazynd.MXNetError as error:
    ...     print(str(error).splitlines()[0])
    [log] gave nan: 1 of 2 numbers of float32[2], from inputs without
    >>> y.asnumpy()
    array([ 0., nan], dtype=float32)
    """
    try:
        with config.using(debug_nans="inf" if inf else "nan"):
            yield
            waitall()
    finally:
        LOCAL.state.regions.bad = None  # where something else was raised before it
