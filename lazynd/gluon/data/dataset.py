"""Datasets: examples by number. What transforms, chooses or cuts them up does so when an example is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ... import recordio
from ...nd import NDArray
from ...reference import fronts
from . import sampler as samplers

__all__ = ["ArrayDataset", "Dataset", "RecordFileDataset", "SimpleDataset"]


class Dataset:
    """Examples by number: a subclass has ``__getitem__`` and ``__len__``.

    >>> from lazynd import gluon
    >>> class Squares(gluon.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, idx):
    ...         return idx * idx
    >>> list(Squares().filter(lambda n: n % 2))
    [1, 9]
    """

    def __getitem__(self, idx: Any) -> Any:
        """The example number ``idx``."""
        raise NotImplementedError

    def __len__(self) -> int:
        """How many examples there are."""
        raise NotImplementedError

    def _columns(self) -> Sequence[Any] | None:
        """The arrays of which an example has a row each; None where examples are something else."""
        return None

    def filter(self, fn: Callable[[Any], Any]) -> Dataset:
        """The examples for which ``fn`` gives something true. It is asked about each one now, once.

        >>> from lazynd import gluon
        >>> list(gluon.data.SimpleDataset([1, 2, 3, 4]).filter(lambda n: n > 2))
        [3, 4]
        """
        return _SampledDataset(self, samplers.FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Part number ``index`` of ``num_shards`` parts of neighbours; the first parts are longer by one if need be.

        ``AssertionError`` where there is no such part.

        >>> from lazynd import gluon
        >>> [list(gluon.data.SimpleDataset("abcde").shard(2, i)) for i in range(2)]
        [['a', 'b', 'c'], ['d', 'e']]
        """
        assert index >= 0, "Index must be non-negative"
        assert index < num_shards, f"Shard index of out bound: {index} out of {num_shards}"
        length, longer = divmod(len(self), num_shards)
        start = length * index + min(index, longer)
        return _SampledDataset(self, samplers.SequentialSampler(length + (index < longer), start))

    def take(self, count: int | None) -> Dataset:
        """The first ``count`` examples; all, if there are no more or ``count`` is None.

        >>> from lazynd import gluon
        >>> list(gluon.data.SimpleDataset("abc").take(2))
        ['a', 'b']
        """
        if count is None or count > len(self):
            count = len(self)
        return _SampledDataset(self, samplers.SequentialSampler(count))

    def sample(self, sampler: samplers.Sampler) -> Dataset:
        """The examples whose numbers ``sampler`` gives, which is asked now; ``TypeError`` for what is no ``Sampler``.

        >>> from lazynd import gluon
        >>> list(gluon.data.SimpleDataset("abcde").sample(gluon.data.SequentialSampler(2, start=1)))
        ['b', 'c']
        """
        if not isinstance(sampler, samplers.Sampler):
            raise TypeError(f"Invalid sampler type: {type(sampler)}. Expected gluon.data.Sampler instead.")
        return _SampledDataset(self, sampler)

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """The examples as ``fn`` makes them, which gets the parts of a tuple as arguments of their own.

        ``lazy``: each time that one is asked for; without it all are made now, once.

        >>> from lazynd import gluon
        >>> data = gluon.data.ArrayDataset([1, 2], [10, 20])
        >>> list(data.transform(lambda x, y: x + y))
        [11, 22]
        """
        made = _LazyTransformDataset(self, fn)
        return made if lazy else SimpleDataset(list(_each(made)))

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """The examples with their first part as ``fn`` makes it: images, and not their labels.

        >>> from lazynd import gluon
        >>> list(gluon.data.ArrayDataset([1, 2], [10, 20]).transform_first(lambda x: x * 3))
        [(3, 10), (6, 20)]
        """
        return self.transform(_TransformFirst(fn), lazy)


def _each(dataset: Dataset) -> Any:
    """Its examples, as many as it says that it has."""
    return (dataset[i] for i in range(len(dataset)))


class SimpleDataset(Dataset):
    """The examples of a list, or of anything else with a length and numbered elements.

    >>> from lazynd import gluon
    >>> gluon.data.SimpleDataset([5, 6, 7])[1]
    6
    """

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: Any) -> Any:
        return self._data[idx]


class _LazyTransformDataset(Dataset):
    """The examples of ``data`` as ``fn`` makes them when they are asked for."""

    def __init__(self, data: Any, fn: Callable[..., Any]) -> None:
        self._data = data
        self._fn = fn

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: Any) -> Any:
        item = self._data[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)


class _TransformFirst:
    """``fn`` applied to the first argument."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def __call__(self, x: Any, *args: Any) -> Any:
        return (self._fn(x), *args) if args else self._fn(x)


class _SampledDataset(Dataset):
    """The examples of ``dataset`` whose numbers ``sampler`` gives, in this order."""

    def __init__(self, dataset: Dataset, sampler: samplers.Sampler) -> None:
        self._dataset = dataset
        self._sampler = sampler
        self._indices = list(sampler)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, idx: Any) -> Any:
        return self._dataset[self._indices[idx]]


class ArrayDataset(Dataset):
    """Examples out of arrays or lists of one length: a tuple with an element of each, of one alone its element.

    Elements of ``NDArray`` are ``NDArray``; those of one dimension are read now, and give NumPy's numbers. Raises
    ``AssertionError`` without arrays, and where lengths differ.

    >>> from lazynd import gluon, nd
    >>> data = gluon.data.ArrayDataset(nd.arange(6).reshape((3, 2)), nd.array([7, 8, 9]))
    >>> x, y = data[1]
    >>> x.asnumpy(), y
    (array([2., 3.], dtype=float32), np.float32(8.0))
    """

    def __init__(self, *args: Any) -> None:
        assert len(args) > 0, "Needs at least 1 arrays"
        self._length = len(args[0])
        self._data: list[Any] = []
        for number, data in enumerate(args):
            assert len(data) == self._length, (
                "All arrays must have the same length; "
                f"array[0] has length {self._length} while array[{number}] has {len(data)}."
            )
            self._data.append(data.asnumpy() if isinstance(data, NDArray) and data.ndim == 1 else data)

    def __getitem__(self, idx: Any) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple([data[idx] for data in self._data])

    def _columns(self) -> Sequence[Any]:
        return self._data

    def __len__(self) -> int:
        return self._length


class RecordFileDataset(Dataset):
    """The records of a RecordIO file as bytes, by the index that lies beside it: ``a.rec`` has ``a.idx``.

    The file is open while the dataset lives; in another process it is opened anew. ``MXNetError`` where the file or
    its index cannot be read.

    >>> from lazynd import gluon, recordio
    >>> record = recordio.MXIndexedRecordIO("a.idx", "a.rec", "w")
    >>> record.write_idx(0, b"hello")
    >>> record.close()
    >>> gluon.data.RecordFileDataset("a.rec")[0]
    b'hello'
    """

    def __init__(self, filename: str | os.PathLike[str]) -> None:
        self.filename = os.fspath(filename)
        self.idx_file = os.path.splitext(self.filename)[0] + ".idx"
        self._record = recordio.MXIndexedRecordIO(self.idx_file, self.filename, "r")

    def __getitem__(self, idx: Any) -> Any:
        return self._record.read_idx(self._record.keys[idx])

    def __len__(self) -> int:
        return len(self._record.keys)


__getattr__, __dir__ = fronts(__name__)
