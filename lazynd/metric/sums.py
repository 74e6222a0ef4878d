"""Sums that metrics add up without reading them, so that an update may be a part of a compiled step.

What is summed up lives in an array that stays the same array from update to update and over ``reset``: a step that was
traced once finds it again. Numbers of the host, counts of labels, are added by a function that each call asks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import nd
from ..autograd import pause
from ..compiled import untraced
from ..nd import NDArray
from ..stages import each_call, untraceable


class Kept:
    """A float64 array of zeros that is made when it is first needed, and written in place."""

    def __init__(self) -> None:
        self.array: NDArray | None = None

    def on(self, ctx: Any, shape: tuple[int, ...] = (1,)) -> NDArray:
        """The array, on the device where it is; it grows to ``shape``, with zeros behind."""
        array = self.array
        if array is None:
            array = self.array = _zeros(ctx, shape)
        elif array.shape != shape:
            untraceable("a metric has more classes than before")
            more = [(0, new - old) for old, new in zip(array.shape, shape, strict=True)]
            array = self.array = nd.array(np.pad(array.asnumpy(), more), ctx=array.context, dtype="float64")
        return array

    def clear(self) -> None:
        """All zeros."""
        untraceable("a metric is reset")
        if self.array is not None:
            self.array[:] = _zeros(self.array.context, self.array.shape)

    def read(self) -> Any:
        """The values, of NumPy; 0 where there are none. Forces where they are not computed yet."""
        untraceable("a metric is read")
        return 0.0 if self.array is None else self.array.asnumpy()


def _zeros(ctx: Any, shape: tuple[int, ...]) -> NDArray:
    """Data, not an operation: what is added first is added by the same program as what follows."""
    with untraced():
        return nd.array(np.zeros(shape), ctx=ctx, dtype="float64")


class Sum:
    """A sum whose terms may be arrays that are not computed yet; ``read`` asks for its value."""

    __slots__ = ("_known", "kept")

    def __init__(self, value: Any = 0.0) -> None:
        self._known = value
        self.kept = Kept()

    def add(self, term: Any) -> None:
        """Add a number, or the only element of an array."""
        if isinstance(term, NDArray):
            total = self.kept.on(term.context)
            total[:] = total + term.reshape((1,)).astype("float64").as_in_context(total.context)
            return
        number = term.item() if isinstance(term, np.generic) else term
        self.count_on(number)

    def count_on(self, number: Any) -> Any:
        """Add a number of the host; what it was before, of such numbers."""

        def count() -> tuple[Any]:
            before = self._known
            self._known = before + number
            return (before,)

        return each_call(count, lambda: partial(setattr, self, "_known", self._known))[0]

    def set(self, value: Any = 0.0) -> None:
        """From now on it is ``value``."""
        self.kept.clear()
        self._known = value

    def take(self, other: Sum) -> None:
        """Add what ``other`` has."""
        self._known = self._known + other._known
        if other.kept.array is not None:
            with pause():
                self.add(other.kept.array)

    def read(self) -> Any:
        """The value. Forces where terms are not computed yet."""
        if self.kept.array is None:
            untraceable("a metric is read")
            return self._known
        return self._known + float(self.kept.read()[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return Sum, (self.read(),)


class Totals:
    """A sum since ``reset_local`` and one since ``reset``. The second counts what the first had, and the first itself.

    Subclasses that users write set both on their own: from then on they are ``apart``.
    """

    def __init__(self, zero: float = 0.0) -> None:
        self._zero = zero
        self.local, self.before = Sum(zero), Sum(zero)
        self.apart = False

    def add(self, term: Any) -> None:
        """Add to both."""
        self.local.add(term)
        if self.apart:
            self.before.add(term)

    def reset(self) -> None:
        """Both begin anew."""
        self.local.set(self._zero)
        self.before.set(self._zero)
        self.apart = False

    def reset_local(self) -> None:
        """The first begins anew."""
        if not self.apart:
            self.before.take(self.local)
        self.local.set(self._zero)

    def set_local(self, value: Any) -> None:
        """The first is ``value``, and the second what it was."""
        self.reset_local()
        self.local.set(value)
        self.apart = True

    def read_all(self) -> Any:
        """The second. Forces where terms are not computed yet."""
        return self.before.read() if self.apart else self.before.read() + self.local.read()

    def set_all(self, value: Any) -> None:
        """The second is ``value``."""
        self.before.set(value)
        self.apart = True


def parts(totals: list[Totals]) -> list[Sum]:
    """The sums that adding to ``totals`` adds to."""
    return [part for each in totals for part in ([each.local, each.before] if each.apart else [each.local])]
