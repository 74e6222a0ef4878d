"""Making a batch of examples: on the host, at once, with one copy of the data where that can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ...nd import NDArray
from ...nd.host import adopted, at_once, lent
from .dataset import Dataset, _LazyTransformDataset, _SampledDataset, _TransformFirst
from .memory import AVAILABLE, shared

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
    return shared(shape, dtype) if AVAILABLE and size >= WORTH_SHARING else np.empty(shape, dtype)


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
        if make is not None and are_numbers(indices):
            parts = _taken_whole(dataset, np.asarray(indices, np.intp), make)
            if parts is not None:
                return parts if len(parts) > 1 else parts[0]
        return batchify_fn([dataset[i] for i in indices])


#: The functions that only stack, and what makes their arrays.
_MAKERS: Final[dict[Any, Maker]] = {default_batchify_fn: np.empty, default_mp_batchify_fn: _shared_if_large}


def are_numbers(indices: Any) -> bool:
    """Whether what a sampler gives for a batch are the numbers of examples."""
    return isinstance(indices, Sequence) and all(
        isinstance(i, int | np.integer) and not isinstance(i, bool) for i in indices
    )


def _taken_whole(dataset: Any, numbers: Array, make: Maker) -> list[NDArray] | None:
    """The batch of these examples, part by part, without making each of them; None where that cannot be.

    It can where the examples are rows of arrays, chosen or not, and what transforms them does the same to a batch.
    """
    if type(dataset) is _SampledDataset:
        sampled: Any = dataset
        within = _within(numbers, len(sampled))
        return _taken_whole(sampled._dataset, np.asarray(sampled._indices, np.intp)[within], make)
    if type(dataset) is _LazyTransformDataset:
        return _transformed_whole(dataset, numbers, make)
    kind = type(dataset)
    if not isinstance(dataset, Dataset) or _definer(kind, "_columns") is not _definer(kind, "__getitem__"):
        return None
    columns = [_column(part) for part in dataset._columns() or ()]
    known = [column for column in columns if column is not None]
    if not known or len(known) < len(columns):
        return None
    return [_taken(values, numbers, make, kind) for values, kind in known]


def _transformed_whole(dataset: Any, numbers: Array, make: Maker) -> list[NDArray] | None:
    fn, first = dataset._fn, type(dataset._fn) is _TransformFirst
    if not takes_batches(fn._fn if first else fn):
        return None
    parts = _taken_whole(dataset._data, numbers, make)
    if parts is None or (len(parts) > 1 and not first):
        return None
    return [(fn._fn if first else fn)(parts[0]), *parts[1:]]


def takes_batches(fn: Any) -> bool:
    """Whether ``fn`` does to a batch what it does to each example; its class says so, subclasses anew."""
    says = type(fn).__dict__.get("_takes_batches", False)
    return bool(says(fn) if callable(says) else says)


def _definer(kind: type, name: str) -> type | None:
    """The class among the bases of ``kind`` that has ``name``: who overrides one of two methods is told by it."""
    return next((base for base in kind.__mro__ if name in base.__dict__), None)


def _column(part: Any) -> tuple[Array, type[NDArray]] | None:
    """The values of an array of examples and the class of its batches; None if they are not on the host."""
    if isinstance(part, NDArray):
        return None if part.context.device_type == "gpu" else (lent(part), type(part))
    plain = type(part) is np.ndarray and part.dtype.kind in "fiub" and part.ndim > 0
    return (part, NDArray) if plain else None


def _within(numbers: Array, length: int) -> Array:
    wrong = numbers[(numbers < -length) | (numbers >= length)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of bounds for axis 0 with size {length}")
    return numbers


def _taken(values: Array, numbers: Array, make: Maker, kind: type[NDArray]) -> NDArray:
    """Some rows of ``values``, copied once."""
    made = make((len(numbers), *values.shape[1:]), values.dtype)
    # "wrap", unlike "raise", writes to ``made`` without a copy in between.
    np.take(values, _within(numbers, len(values)), 0, out=made, mode="wrap")
    return kind(_checked(made, ())._cell)
