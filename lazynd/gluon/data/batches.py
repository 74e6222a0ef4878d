"""Making a batch of examples: on the host, at once, with one copy of the data where that can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ...nd import NDArray
from ...nd.host import adopted, at_once, lent
from .dataset import ArrayDataset
from .memory import shared

Array = np.ndarray[Any, Any]
Batchify = Callable[[Sequence[Any]], Any]
#: Makes the array that a batch is written to: (shape, dtype) to array.
Maker = Callable[[tuple[int, ...], np.dtype[Any]], Array]
#: Below so many bytes an array is sent to another process rather than shared with it.
WORTH_SHARING: Final = 1 << 14


def default_batchify_fn(data: Sequence[Any]) -> Any:
    """The examples ``data`` as a batch: arrays stacked, tuples part by part as a list of batches, numbers as an array.

    ``NDArray`` give an ``NDArray`` of their dtype, everything else one of the dtype that NumPy finds for it. Raises
    what stacking raises where shapes differ, ``KeyError`` for what no array has (texts, dicts).

    >>> from lazynd.gluon.data.dataloader import default_batchify_fn
    >>> x, y = default_batchify_fn([([1.0, 2.0], 0), ([3.0, 4.0], 1)])
    >>> x.asnumpy(), y.asnumpy()
    (array([[1., 2.],
           [3., 4.]]), array([0, 1]))
    """
    with at_once():
        return _joined(data, np.empty)


def default_mp_batchify_fn(data: Sequence[Any]) -> Any:
    """The same, made in memory that a worker shares with whoever gets the batch.

    >>> from lazynd.gluon.data.dataloader import default_mp_batchify_fn
    >>> default_mp_batchify_fn([1, 2]).asnumpy()
    array([1, 2])
    """
    with at_once():
        return _joined(data, _shared_if_large)


def _shared_if_large(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    return shared(shape, dtype) if size >= WORTH_SHARING else np.empty(shape, dtype)


def _joined(data: Sequence[Any], make: Maker) -> Any:
    first = data[0]
    if isinstance(first, NDArray):
        return _stacked([_values(each) for each in data], make, type(first))
    if isinstance(first, tuple):
        return [_joined(part, make) for part in zip(*data, strict=False)]
    if all(isinstance(each, np.ndarray) for each in data):
        return _stacked(list(data), make)
    try:
        values = np.asarray(data)
    except ValueError as error:  # NumPy 1 made an array of objects
        raise KeyError(f"{_kinds(data)} make no batch: {error}") from None
    return _checked(values, data)


def _checked(values: Array, data: Sequence[Any]) -> NDArray:
    try:
        return adopted(values)
    except KeyError:
        text = f"{_kinds(data)} make no batch, as an array it would have dtype {values.dtype}: give batchify_fn"
        raise KeyError(text) from None


def _kinds(data: Sequence[Any]) -> str:
    kinds = sorted({type(each).__name__ for each in data})
    return f"examples of type {' and '.join(kinds)}"


def _values(example: Any) -> Array:
    return lent(example) if isinstance(example, NDArray) else np.asarray(example)


def _stacked(parts: list[Array], make: Maker, kind: type[NDArray] = NDArray) -> NDArray:
    shape, dtype = parts[0].shape, parts[0].dtype
    for part in parts:
        if part.shape != shape:
            raise ValueError(
                f"the examples of a batch have shapes {shape} and {part.shape}: give batchify_fn, or a transform that "
                "makes them alike"
            )
        if part.dtype != dtype:
            dtype = np.result_type(dtype, part.dtype)
    made = make((len(parts), *shape), dtype)
    np.stack(parts, out=made)
    return kind(_checked(made, parts)._cell)


# ---------------------------------------------------------------------------------------------------- whole batches


def make_batch(dataset: Any, indices: Sequence[Any], batchify_fn: Batchify) -> Any:
    """The examples ``indices`` of ``dataset`` as ``batchify_fn`` puts them together."""
    with at_once():
        make = _MAKERS.get(batchify_fn)
        if make is not None and type(dataset) is ArrayDataset and _are_numbers(indices):
            columns = [_column(part) for part in dataset._data]
            if all(column is not None for column in columns):
                numbers = np.asarray(indices, np.intp)
                made = [_taken(column, numbers, make, kind) for column, kind in filter(None, columns)]
                return made if len(made) > 1 else made[0]
        return batchify_fn([dataset[i] for i in indices])


_MAKERS: Final[dict[Any, Maker]] = {default_batchify_fn: np.empty, default_mp_batchify_fn: _shared_if_large}


def _are_numbers(indices: Sequence[Any]) -> bool:
    return all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in indices)


def _column(part: Any) -> tuple[Array, type[NDArray]] | None:
    """The values of a part of an ``ArrayDataset`` and the class of its batches; None if they are not on the host."""
    if isinstance(part, NDArray):
        return None if part.context.device_type == "gpu" else (lent(part), type(part))
    plain = type(part) is np.ndarray and part.dtype.kind in "fiub" and part.ndim > 0
    return (part, NDArray) if plain else None


def _taken(values: Array, numbers: Array, make: Maker, kind: type[NDArray]) -> NDArray:
    """Some rows of ``values``, copied once."""
    made = make((len(numbers), *values.shape[1:]), values.dtype)
    if len(numbers) and (numbers.min() < -len(values) or numbers.max() >= len(values)):
        raise IndexError(f"index {numbers.max()} is out of bounds for axis 0 with size {len(values)}")
    np.take(values, numbers, 0, out=made, mode="wrap")  # which, unlike "raise", writes to ``made`` without a copy
    return kind(_checked(made, ())._cell)


