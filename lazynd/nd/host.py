"""What makes data on the host: for ``gluon.data``, which has batches ready before a step begins. Not MXNet's."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .. import runtime
from ..ir.types import CPU, Context, Type, as_dtype
from ..runtime.record import host, streams
from ..runtime.record.pending import PendingWork
from ..runtime.thread import LOCAL
from .ndarray import NDArray

Array = np.ndarray[Any, Any]

__all__ = ["adopted", "at_once", "fence", "fresh_seed", "is_pending", "lent", "traces"]


def at_once() -> AbstractContextManager[None]:
    """A context in which this thread's operations are computed at once, in NumPy, so that nothing is left pending.

    >>> from lazynd import nd
    >>> from lazynd.nd import host
    >>> with host.at_once():
    ...     x = nd.ones((2, 3)) + 1
    >>> x.shape
    (2, 3)
    """
    return host.at_once(LOCAL.state)


def fence(what: str) -> None:
    """What this thread records from now on, because of ``what``, shares no program with what it recorded before."""
    runtime.fence(what)


def adopted(values: Array, ctx: Context = CPU) -> NDArray:
    """An array on the memory of ``values``, which nobody writes any more. ``KeyError`` for a dtype that there is not.

    >>> import numpy as np
    >>> from lazynd import nd
    >>> from lazynd.nd import host
    >>> host.adopted(np.ones((2, 3), "float32")).shape
    (2, 3)
    """
    return NDArray(runtime.data(Type(values.shape, as_dtype(values.dtype), ctx), np.asarray(values, order="C")))


def lent(array: NDArray) -> Array:
    """The values of ``array`` as a NumPy array that must not be written: on its memory, where that is the host's.

    >>> from lazynd import nd
    >>> from lazynd.nd import host
    >>> host.lent(nd.ones((2,))).shape
    (2,)
    """
    return runtime.lent(array._cell, "a batch is made")


def is_pending(array: NDArray) -> bool:
    """Whether the values of ``array`` are still to be computed."""
    return LOCAL.state.recorder.is_pending(array._cell)


def traces() -> bool:
    """Whether this thread's operations become a graph of their own, as those of a function that is compiled do."""
    return not isinstance(LOCAL.state.recorder, PendingWork)


def fresh_seed() -> int:
    """A seed that follows from the seed of the random stream and from what was drawn before; a draw itself."""
    position = streams.take(CPU, 1)
    return int.from_bytes(hashlib.blake2b(repr(position).encode(), digest_size=4).digest(), "little")
