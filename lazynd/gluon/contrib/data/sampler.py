"""``gluon.contrib.data.sampler``: a sampler in strides."""

from __future__ import annotations

from collections.abc import Iterator

from ....reference import fronts
from ...data.sampler import Sampler

__all__ = ["IntervalSampler"]


class IntervalSampler(Sampler):
    """The numbers below ``length`` in strides of ``interval``, from 0; with ``rollover`` then from 1, and so on.

    ``AssertionError`` if the interval is longer than the length. The length of the sampler is ``length`` either way.

    >>> from lazynd.gluon.contrib.data import IntervalSampler
    >>> list(IntervalSampler(7, 3)), list(IntervalSampler(7, 3, rollover=False))
    ([0, 3, 6, 1, 4, 2, 5], [0, 3, 6])
    """

    def __init__(self, length: int, interval: int, rollover: bool = True) -> None:
        assert interval <= length, f"Interval {interval} must be smaller than or equal to length {length}"
        self._length = length
        self._interval = interval
        self._rollover = rollover

    def __iter__(self) -> Iterator[int]:
        for start in range(self._interval if self._rollover else 1):
            yield from range(start, self._length, self._interval)

    def __len__(self) -> int:
        return self._length


__getattr__, __dir__ = fronts(__name__)
