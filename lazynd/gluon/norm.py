"""Gradients scaled to a common norm, and that norm as a number that is computed when somebody looks at it."""

from __future__ import annotations

import operator
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final
from warnings import warn

import numpy as np

from .. import nd
from ..nd import NDArray
from ..nd.host import is_pending, traces

__all__ = ["Norm", "clip_global_norm"]


def clip_global_norm(arrays: Sequence[NDArray], max_norm: float, check_isfinite: bool = True) -> Norm | NDArray:
    """Scale ``arrays`` in place so that the norm of all their elements together is at most ``max_norm``.

    Returns the norm before, in float32: a number that is computed when it is looked at, so that a training step which
    does not look costs no read; with ``check_isfinite=False``, and inside what is compiled, an ``NDArray`` of shape
    (1,). Where it is infinite or NaN there is a ``UserWarning``, when it is looked at or else in one of the next calls;
    all elements are NaN or 0 then. ``AssertionError`` without arrays. Pascanu, Mikolov and Bengio, 2013.

    >>> from lazynd import gluon, nd
    >>> gradients = [nd.array([3.0]), nd.array([4.0])]
    >>> norm = gluon.utils.clip_global_norm(gradients, 1.0)
    >>> round(float(norm), 3), [round(float(g), 3) for g in gradients]
    (5.0, [0.6, 0.8])
    """
    assert len(arrays) > 0, "there are no arrays to clip"
    context = arrays[0].context
    squares = []
    for array in arrays:
        flat = array.reshape((-1,)).astype("float32", copy=False)
        squares.append(nd.dot(flat, flat).reshape((1,)).as_in_context(context))
    total = nd.sqrt(nd.add_n(*squares))
    scale = nd.minimum(max_norm / (total + 1e-8), 1.0)
    for array in arrays:
        array *= scale.as_in_context(array.context).astype(array.dtype, copy=False)
    if not check_isfinite or traces():
        return total
    _Unread.check()
    return Norm(total)


_WARNING: Final = "nan or inf is detected. Clipping results will be undefined."


class Norm:
    """A float32 that is computed when somebody looks at it: it prints, compares and calculates as that."""

    def __init__(self, array: NDArray) -> None:
        self._array: NDArray | None = array
        self._value: Any = None
        _Unread.of_thread().waiting.append(self)

    @property
    def value(self) -> np.float32:
        """The number, as NumPy has it."""
        return self.look(4)

    def look(self, level: int) -> np.float32:
        """The number; the warning is for the caller ``level`` calls up."""
        if self._array is not None:
            self._value, self._array = self._array.asscalar(), None
            if not np.isfinite(self._value):
                warn(_WARNING, UserWarning, stacklevel=level)
        found: np.float32 = self._value
        return found

    @property
    def is_known(self) -> bool:
        """Whether it is computed, or somebody has looked."""
        return self._array is None or not is_pending(self._array)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.value, name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.value, dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return np.float32, (self.value,)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __hash__(self) -> int:
        return hash(self.value)


def _delegate(name: str, function: Callable[..., Any]) -> None:
    def method(self: Norm, *others: Any) -> Any:
        return function(self.look(3), *[each.look(3) if isinstance(each, Norm) else each for each in others])

    setattr(Norm, name, method)


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda value, other: function(other, value)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _delegate(f"__{_name}__", getattr(operator, _name))
    _delegate(f"__r{_name}__", _swapped(getattr(operator, _name)))
for _name in ("lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs"):
    _delegate(f"__{_name}__", getattr(operator, _name))
_CONVERSIONS: tuple[Callable[..., Any], ...] = (float, int, bool, round, repr, str)
for _function in _CONVERSIONS:
    _delegate(f"__{_function.__name__}__", _function)


class _Unread(threading.local):
    """The last norms of this thread that nobody looked at."""

    _found: Any = None

    def __init__(self) -> None:
        self.waiting: deque[Norm] = deque(maxlen=4)

    @staticmethod
    def of_thread() -> _Unread:
        return _UNREAD

    @staticmethod
    def check() -> None:
        """Look at those that are computed by now; the last one's step may not have begun."""
        waiting = _UNREAD.waiting
        while len(waiting) > 1 and waiting[0].is_known:
            waiting.popleft().look(4)


_UNREAD: Final = _Unread()
