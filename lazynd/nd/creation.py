"""Making arrays, and functions of arrays or numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import runtime
from ..ir.errors import MXNetError
from ..ir.types import FLOAT32, Context, Type, as_dtype
from ..ops import OPERATORS
from ..runtime.location import calling_frame
from ..runtime.record import data
from ..runtime.state import LOCAL
from .invoke import invoke
from .ndarray import NDArray
from .np_shape import is_np_shape
from .refusal import reports

Shape = int | Sequence[int]


def _shape(shape: Shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)


def _context(ctx: Context | None) -> Context:
    try:
        context = LOCAL.state.context if ctx is None else Context(ctx)
    except KeyError:
        raise MXNetError(f"Invalid context string {ctx}") from None
    return runtime.existing(context)


@reports("array")
def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array of the values of anything array-like, which is copied.

    ``dtype``: float32 by default, whatever the source's; an ``NDArray`` keeps its own.

    >>> from lazynd import nd
    >>> nd.array([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    context = _context(ctx)
    if isinstance(source_array, NDArray):
        wanted = source_array._cell.type.dtype if dtype is None else as_dtype(dtype)
        made = source_array.as_in_context(context) if context is not source_array.context else source_array.copy()
        return made.astype(wanted, copy=False)
    if isinstance(source_array, str) or (
        isinstance(source_array, list | tuple) and any(isinstance(s, NDArray) for s in source_array)
    ):
        raise TypeError("source_array must be array like object")
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    values = runtime.host_array(source_array, wanted)
    return NDArray(data(Type(values.shape, wanted, context), values))


@reports("from_numpy")
def from_numpy(ndarray: np.ndarray[Any, Any], zero_copy: bool = True) -> NDArray:
    """An array of the values of a NumPy array, with its shape and dtype; always a copy here.

    >>> import numpy as np
    >>> from lazynd import nd
    >>> nd.from_numpy(np.array([[1, 2]], "int8")).dtype
    <class 'numpy.int8'>
    """
    return array(ndarray, dtype=ndarray.dtype)


def _filled(shape: Shape, value: float, ctx: Context | None, dtype: Any) -> NDArray:
    extents = _shape(shape)
    if not is_np_shape() and (not extents or 0 in extents):
        raise MXNetError(f"Operator _zeros inferring shapes failed: {extents} is no known shape here")
    if any(n < 0 for n in extents):
        raise MXNetError(f"shape {extents} has a negative extent")
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    attributes = (extents, _context(ctx), wanted, value)
    return NDArray(invoke(OPERATORS["_full"], (), attributes, calling_frame())[0])


@reports("full")
def full(
    shape: Shape, val: float, ctx: Context | None = None, dtype: Any = np.float32, out: NDArray | None = None
) -> NDArray:
    """An array of ``shape`` filled with ``val``, cast to ``dtype``, or ``out`` filled with it.

    >>> from lazynd import nd
    >>> nd.full((2,), 7).asnumpy()
    array([7., 7.], dtype=float32)
    """
    made = _filled(shape, val, ctx, dtype)
    if out is not None:
        out[:] = made
        return out
    return made


@reports("zeros")
def zeros(shape: Shape, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ``shape`` of zeros, float32 and on the default context unless given.

    ``MXNetError`` where an extent is 0 or negative.

    >>> from lazynd import nd
    >>> nd.zeros((2, 3), dtype="int32").asnumpy()
    array([[0, 0, 0],
           [0, 0, 0]], dtype=int32)
    """
    return _filled(shape, 0, ctx, dtype)


@reports("ones")
def ones(shape: Shape, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ``shape`` of ones, float32 and on the default context unless given.

    ``MXNetError`` where an extent is 0 or negative.

    >>> from lazynd import nd
    >>> nd.ones(3).asnumpy()
    array([1., 1., 1.], dtype=float32)
    """
    return _filled(shape, 1, ctx, dtype)


@reports("empty")
def empty(shape: Shape, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array of ``shape`` whose values do not matter: zeros, float32 unless given.

    >>> from lazynd import nd
    >>> nd.empty((2, 3)).shape
    (2, 3)
    """
    return _filled(shape, 0, ctx, dtype)


@reports("eye")
def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Ones on the ``k``-th diagonal of an ``N`` by ``M`` matrix (square if ``M`` is 0), float32 unless given.

    >>> from lazynd import nd
    >>> nd.eye(2, 3, k=1).asnumpy()
    array([[0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    return NDArray(invoke(OPERATORS["_eye"], (), (N, M, k, _context(ctx), wanted), calling_frame())[0])


@reports("arange")
def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool | None = None,
    ctx: Context | None = None,
    dtype: Any = np.float32,
) -> NDArray:
    """Numbers from ``start`` (0 if only one is given) up to ``stop``, ``step`` apart, each ``repeat`` times.

    >>> from lazynd import nd
    >>> nd.arange(3).asnumpy()
    array([0., 1., 2.], dtype=float32)
    """
    low, high = (0, start) if stop is None else (start, stop)
    if step == 0 or (high - low) / step <= 0:
        raise MXNetError(f"Invalid range (start, stop, step) = ({low},{high},{step:g})")
    count = math.ceil((high - low) / step) * repeat
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    attributes = (count, low, step, repeat, _context(ctx), wanted)
    return NDArray(invoke(OPERATORS["_arange"], (), attributes, calling_frame())[0])


@reports("linspace")
def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, ctx: Context | None = None, dtype: Any = np.float32
) -> NDArray:
    """``num`` numbers evenly spaced from ``start`` to ``stop`` (included if ``endpoint``), float32 unless given.

    >>> from lazynd import nd
    >>> nd.linspace(0, 1, 5).asnumpy()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    step = (stop - start) / max(num - bool(endpoint), 1)
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    return NDArray(invoke(OPERATORS["_arange"], (), (num, start, step, 1, _context(ctx), wanted), calling_frame())[0])


@reports("concatenate")
def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Arrays of one dtype joined along ``axis``; the other extents must agree (``MXNetError``).

    >>> from lazynd import nd
    >>> nd.concatenate([nd.zeros((1, 3)), nd.ones((2, 3))]).shape
    (3, 3)
    """
    return NDArray(invoke(OPERATORS["Concat"], [a._cell for a in arrays], (axis,), calling_frame())[0])


@reports("moveaxis")
def moveaxis(tensor: NDArray, source: int, destination: int) -> NDArray:
    """The array with dimension ``source`` moved to position ``destination``; both count from the end if negative.

    >>> from lazynd import nd
    >>> nd.moveaxis(nd.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    axes = [i for i in range(tensor.ndim) if i != source % tensor.ndim]
    axes.insert(destination % tensor.ndim, source % tensor.ndim)
    return NDArray(invoke(OPERATORS["transpose"], (tensor._cell,), (tuple(axes),), calling_frame())[0])


@reports("onehot_encode")
def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Fills ``out``, a matrix, with one-hot codes: 1 in each row at the index that ``indices`` says, else 0.

    >>> from lazynd import nd
    >>> nd.onehot_encode(nd.array([1, 0]), nd.zeros((2, 3))).asnumpy()
    array([[0., 1., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    cells = invoke(OPERATORS["_onehot_encode"], (indices._cell, out._cell), (), calling_frame())
    out[:] = NDArray(cells[0])
    return out


@reports("histogram")
def histogram(a: NDArray, bins: int | NDArray = 10, range: tuple[float, float] | None = None) -> list[NDArray]:
    """Counts (int64) and edges of ``bins`` equal bins over ``range``, or of the bins between given edges.

    Without ``range`` the extremes of ``a`` are used, which forces it.

    >>> from lazynd import nd
    >>> nd.histogram(nd.array([1, 2, 2]), bins=3, range=(0, 3))[0].asnumpy()
    array([0, 1, 2])
    """
    frame = calling_frame()
    if isinstance(bins, NDArray):
        cells = invoke(OPERATORS["_histogram_edges"], (a._cell, bins._cell), (), frame)
        return [NDArray(cell) for cell in cells]
    low, high = (a.min().item(), a.max().item()) if range is None else range
    return [NDArray(cell) for cell in invoke(OPERATORS["_histogram"], (a._cell,), (bins, low, high), frame)]


@reports("split_v2")
def split_v2(
    ary: NDArray, indices_or_sections: int | Sequence[int], axis: int = 0, squeeze_axis: bool = False
) -> NDArray | list[NDArray]:
    """Parts along ``axis``: so many equal ones, or those between the given positions; a list, or the only part.

    ``squeeze_axis`` drops the axis, which must have length 1 in each part. ``MXNetError`` where equal parts are asked
    for and the extent does not divide.

    >>> from lazynd import nd
    >>> [part.shape for part in nd.split_v2(nd.zeros((6, 2)), (1, 4))]
    [(1, 2), (3, 2), (2, 2)]
    """
    if isinstance(indices_or_sections, int):
        attributes = (indices_or_sections, axis, squeeze_axis)
        made = [NDArray(c) for c in invoke(OPERATORS["SliceChannel"], (ary._cell,), attributes, calling_frame())]
        return made if len(made) > 1 else made[0]
    bounds = [0, *indices_or_sections, None]
    pieces = [
        NDArray(invoke(OPERATORS["slice_axis"], (ary._cell,), (axis, low, high), calling_frame())[0])
        for low, high in itertools.pairwise(bounds)
    ]
    return [p.squeeze(axis=axis) for p in pieces] if squeeze_axis else pieces


def waitall() -> None:
    """Compute everything that is pending.

    >>> from lazynd import nd
    >>> nd.waitall()
    """
    runtime.waitall()
