"""What compiled functions take from the host at each call, and what they make outside of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.thread import LOCAL


def host_number(function: Callable[[], Any]) -> Any:
    """What ``function`` says: a number, or several in a tuple or list. A compiled function asks it at each call.

    It is called with nothing, in the order of tracing, before the call is recorded; what it does happens each time. The
    numbers may enter arithmetic with arrays and numbers, and be given to operators; Python cannot branch on them.

    >>> import lazynd
    >>> from lazynd.compiled import host_number
    >>> rates = iter([0.5, 0.25])
    >>> scaled = lazynd.compile(lambda x: x * host_number(lambda: next(rates)))
    >>> scaled(lazynd.nd.ones(1)).asscalar(), scaled(lazynd.nd.ones(1)).asscalar(), scaled.traces
    (np.float32(0.5), np.float32(0.25), 1)
    """
    return LOCAL.state.recorder.host(function)


@contextmanager
def untraced() -> Iterator[None]:
    """Inside, this thread records as if no function were traced, and not for gradients.

    For arrays that a compiled function makes at its first call and keeps, such as the states of an optimizer: made
    inside, they are real, and inputs of every call. Arrays of the trace have no value there.

    >>> import lazynd
    >>> from lazynd.compiled import untraced
    >>> kept = {}
    >>> @lazynd.compile
    ... def counted(x):
    ...     if not kept:
    ...         with untraced():
    ...             kept["calls"] = lazynd.nd.zeros(1)
    ...     kept["calls"][:] = kept["calls"] + 1
    ...     return x
    >>> for _ in range(3):
    ...     _ = counted(lazynd.nd.ones(2))
    >>> kept["calls"].asscalar(), counted.traces
    (np.float32(3.0), 1)
    """
    state = LOCAL.state
    with state.preserved():
        state.recorder = state.recorder.outermost
        state.recording = False
        yield


def is_tracing() -> bool:
    """Whether this thread traces a function, so that arrays have no values.

    >>> import lazynd
    >>> from lazynd.compiled import is_tracing
    >>> traced = []
    >>> _ = lazynd.compile(lambda x: traced.append(is_tracing()))(lazynd.nd.ones(1))
    >>> traced, is_tracing()
    ([True], False)
    """
    return LOCAL.state.recorder.traces
