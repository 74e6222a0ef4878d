"""Samplers: in which order examples are taken, and which make a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...reference import fronts

__all__ = ["BatchSampler", "FilterSampler", "RandomSampler", "Sampler", "SequentialSampler"]


class Sampler:
    """Numbers of examples in the order in which they are taken: a subclass has ``__iter__`` and ``__len__``.

    >>> from lazynd import gluon
    >>> class Backwards(gluon.data.Sampler):
    ...     def __init__(self, length):
    ...         self._length = length
    ...     def __iter__(self):
    ...         return reversed(range(self._length))
    ...     def __len__(self):
    ...         return self._length
    >>> list(Backwards(3))
    [2, 1, 0]
    """

    def __len__(self) -> int:
        """How many numbers a pass gives."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        """A pass through them."""
        raise NotImplementedError


class SequentialSampler(Sampler):
    """``length`` numbers from ``start`` upwards.

    >>> from lazynd import gluon
    >>> list(gluon.data.SequentialSampler(3, start=5))
    [5, 6, 7]
    """

    def __init__(self, length: int, start: int = 0) -> None:
        self._length = length
        self._start = start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """The numbers below ``length`` in an order that NumPy's global generator shuffles, another in each pass.

    ``numpy.random.seed`` restarts it, as in MXNet, with the same orders as there.

    >>> import numpy as np
    >>> from lazynd import gluon
    >>> np.random.seed(1)
    >>> [int(i) for i in gluon.data.RandomSampler(7)]
    [6, 2, 1, 0, 4, 3, 5]
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[np.integer[Any]]:
        numbers = np.arange(self._length)
        np.random.shuffle(numbers)
        return iter(numbers)

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """The numbers of those examples of ``dataset`` for which ``fn`` gives something true, asked once, now.

    >>> from lazynd import gluon
    >>> list(gluon.data.FilterSampler(lambda x: x > 5, gluon.data.SimpleDataset([3, 9, 5, 7])))
    [1, 3]
    """

    def __init__(self, fn: Callable[[Any], Any], dataset: Any) -> None:
        self._fn = fn
        self._dataset = dataset
        self._indices = [i for i in range(len(dataset)) if fn(dataset[i])]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


#: What may become of the last numbers, if they do not fill a batch.
LAST_BATCH = ("keep", "discard", "rollover")


class BatchSampler(Sampler):
    """Lists of ``batch_size`` numbers out of ``sampler``.

    ``last_batch``: what fills no batch is a smaller one ("keep"), is left out ("discard"), or begins the first batch of
    the next pass ("rollover"). ``ValueError`` for anything else, when a pass begins.

    >>> from lazynd import gluon
    >>> list(gluon.data.BatchSampler(gluon.data.SequentialSampler(5), 2, "keep"))
    [[0, 1], [2, 3], [4]]
    >>> rolling = gluon.data.BatchSampler(gluon.data.SequentialSampler(5), 2, "rollover")
    >>> list(rolling), list(rolling)
    ([[0, 1], [2, 3]], [[4, 0], [1, 2], [3, 4]])
    """

    def __init__(self, sampler: Any, batch_size: int, last_batch: str = "keep") -> None:
        self._sampler = sampler
        self._batch_size = batch_size
        self._last_batch = last_batch
        self._prev: list[Any] = []

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._prev = self._prev, []
        for i in self._sampler:
            batch.append(i)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if not batch:
            return
        if self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._prev = batch
        elif self._last_batch != "discard":
            raise self._unknown()

    def __len__(self) -> int:
        count = len(self._sampler)
        if self._last_batch == "keep":
            return -(-count // self._batch_size)
        if self._last_batch == "discard":
            return count // self._batch_size
        if self._last_batch == "rollover":
            return (len(self._prev) + count) // self._batch_size
        raise self._unknown()

    def _unknown(self) -> ValueError:
        return ValueError(f"last_batch must be one of 'keep', 'discard', or 'rollover', but got {self._last_batch}")


__getattr__, __dir__ = fronts(__name__)
