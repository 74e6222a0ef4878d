"""Looking at what the engine did, and forbidding what it should not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .runtime.state import LOCAL
from .runtime.stats import Stats
from .runtime.stats import stats as _stats


def stats() -> Stats:
    """The engine's counters: forces, programs compiled, cache hits and more; a live object.

    >>> import lazynd
    >>> lazynd.stats().programs >= 0
    True
    """
    return _stats


def report() -> str:
    """The counters as text, a line each.

    >>> import lazynd
    >>> "programs" in lazynd.report()
    True
    """
    return "\n".join(f"{name:>10} {value}" for name, value in _stats.snapshot().items())


@contextmanager
def no_sync(mode: str = "raise") -> Iterator[None]:
    """Inside, a read that has to run something raises ``MXNetError``, or warns if ``mode`` is "warn".

    >>> import lazynd
    >>> from lazynd import nd
    >>> with lazynd.no_sync():
    ...     y = nd.ones((2,)) + 1
    """
    if mode not in ("raise", "warn"):
        raise ValueError(f"mode must be 'raise' or 'warn', not {mode!r}")
    state = LOCAL.state
    before = state.forbid_sync
    state.forbid_sync = mode
    try:
        yield
    finally:
        state.forbid_sync = before
