"""Whether 0-d arrays are scalars (NumPy's shapes) or of unknown shape, which no operator takes (MXNet's own)."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from ..ir.errors import OperatorError
from ..ir.types import Type

_F = TypeVar("_F", bound=Callable[..., Any])


class _Flag(threading.local):
    on = False


_FLAG = _Flag()


def is_np_shape() -> bool:
    """Whether this thread has NumPy's shapes on: off by default.

    >>> import lazynd
    >>> lazynd.util.is_np_shape()
    False
    """
    return _FLAG.on


def set_np_shape(active: bool) -> bool:
    """Switch NumPy's shapes on or off in this thread; returns what it was.

    >>> import lazynd
    >>> lazynd.util.set_np_shape(True), lazynd.util.set_np_shape(False)
    (False, True)
    """
    before, _FLAG.on = _FLAG.on, bool(active)
    return before


class np_shape:
    """NumPy's shapes inside a ``with`` block: 0-d arrays are scalars, extents may be 0.

    >>> import lazynd
    >>> with lazynd.util.np_shape():
    ...     lazynd.nd.zeros(()).shape
    ()
    """

    def __init__(self, active: bool = True) -> None:
        self._active = active
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(set_np_shape(self._active))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        set_np_shape(self._before.pop())


def use_np_shape(function: _F) -> _F:
    """``function`` with NumPy's shapes on while it runs.

    >>> import lazynd
    >>> @lazynd.util.use_np_shape
    ... def scalar():
    ...     return lazynd.nd.ones(()).shape
    >>> scalar()
    ()
    """

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with np_shape():
            return function(*args, **kwargs)

    return wrapped  # type: ignore[return-value]  # same signature


def has_scalar(name: str, types: Sequence[Type]) -> bool:
    """Whether a 0-d array is among ``types``, which is MXNet's error without NumPy's shapes.

    What is bound to such types is not memoised: it depends on the flag.
    """
    found = any(not t.shape for t in types)
    if found and not _FLAG.on:
        raise OperatorError(
            f"Operator {name} inferring shapes failed: an array of shape () has no known shape here. "
            "Reshape it to (1,), or use it under lazynd.util.np_shape()"
        )
    return found
