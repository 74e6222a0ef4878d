"""Making arrays, and functions of arrays or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import runtime
from ..ir.errors import MXNetError, OperatorError
from ..ir.types import CPU, DTYPE_NAMES, DTYPES, FLOAT32, FLOAT64, Context, Type, as_dtype, default_context, is_floating
from ..ops import OPERATORS
from ..ops.creation import count_of
from ..ops.kinds import as_context, as_number, as_shape, canonical_number
from ..runtime.record.shared import Frozen
from ..runtime.tell.location import calling_frame
from .invoke import invoke
from .ndarray import NDArray
from .np_shape import is_np_shape
from .out import Out
from .refusal import reports

Shape = int | Sequence[int]


def as_extents(shape: Shape, name: str = "shape") -> tuple[int, ...]:
    """``shape``, the parameter called ``name``, as a tuple of Python's integers; ``MXNetError`` where it is none."""
    try:
        return as_shape(shape)
    except OperatorError as error:
        raise MXNetError(
            f"Invalid Parameter format for {name} expect Shape(tuple) but value='{shape}': {error}"
        ) from None


def _context(ctx: Context | str | None) -> Context:
    return runtime.existing(default_context() if ctx is None or ctx == "" else as_context(ctx))


def _dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype of what is made; like other parameters of operators, one that there is not is ``MXNetError``."""
    try:
        return as_dtype(dtype)
    except KeyError:
        raise MXNetError(f"Invalid Input: '{np.dtype(dtype)}', valid values are: {', '.join(DTYPE_NAMES)}") from None


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
    if isinstance(source_array, str):
        raise TypeError("source_array must be array like object")
    if isinstance(source_array, list | tuple) and any(isinstance(s, NDArray) for s in source_array):
        raise TypeError("source_array must be array like object: nd.stack and nd.concat join a list of NDArrays")
    wanted = FLOAT32 if dtype is None else as_dtype(dtype)
    values = runtime.host_array(source_array, wanted)
    return NDArray(runtime.data(Type(values.shape, wanted, context), values))


@reports("from_numpy")
def from_numpy(ndarray: np.ndarray[Any, Any], zero_copy: bool = True, array_cls: type[NDArray] = NDArray) -> NDArray:
    """An array with the shape and dtype of a NumPy array, on the same memory; a copy if not ``zero_copy``.

    The NumPy array is read-only from then on. What is written to the result, it shows; such writes are computed at
    once. ``ValueError`` where memory cannot be shared: it is not C-contiguous, or of a dtype that there is not. Memory
    that may not be written at all, as that of bytes, is copied. ``array_cls``: the class of the result.

    >>> import numpy as np
    >>> from lazynd import nd
    >>> values = np.array([[1, 2]], "int8")
    >>> x = nd.from_numpy(values)
    >>> x[:] = 5
    >>> values, values.flags.writeable
    (array([[5, 5]], dtype=int8), False)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy takes an array of NumPy, not {type(ndarray).__name__}: nd.array takes others")
    if not zero_copy:
        return array_cls(array(ndarray, dtype=ndarray.dtype)._cell)
    if not ndarray.flags.c_contiguous:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy; zero_copy=False copies")
    if ndarray.dtype not in DTYPES.values():
        raise ValueError(f"{ndarray.dtype} is not supported for zero-copy; zero_copy=False copies")
    shared = ndarray.flags.writeable or _may_be_written(ndarray)
    ndarray.flags.writeable = False
    kind = Type(ndarray.shape, DTYPES[ndarray.dtype.name], CPU)
    return array_cls(Frozen(kind, ndarray) if shared else runtime.data(kind, np.array(ndarray)))


def _may_be_written(values: np.ndarray[Any, Any]) -> bool:
    """Whether the memory of an array that is read-only could be written nevertheless, without harm."""
    owner: Any = values
    while isinstance(owner, np.ndarray):
        if owner.flags.owndata or owner.flags.writeable:
            return True
        owner = owner.base
    try:
        return not memoryview(owner).readonly
    except TypeError:
        return False


def _made(name: str, operator: str, attributes: tuple[Any, ...], possible: str, given: dict[str, Any]) -> NDArray:
    """What ``operator`` makes of nothing, in ``out`` if that is among ``given``: what else the caller of ``name`` said.

    ``name`` among them means nothing, as in every operator.
    """
    frame = calling_frame()
    if not given:
        return NDArray(invoke(OPERATORS[operator], (), attributes, frame)[0])
    unknown, out = sorted(given.keys() - {"out", "name"}), given.get("out")
    if unknown:
        raise MXNetError(f"Cannot find argument '{unknown[0]}', Possible Arguments: {possible}")
    into = None if out is None else Out(name, out, (), frame)
    cells = invoke(OPERATORS[operator], (), attributes, frame)
    made: NDArray = NDArray(cells[0]) if into is None else into.write(cells)
    return made


def _filled(name: str, shape: Shape, value: float, ctx: Context | None, dtype: Any, given: dict[str, Any]) -> NDArray:
    if given.get("stype", "default") in ("default", None):
        given.pop("stype", None)
    extents = as_extents(shape)
    if not is_np_shape() and (not extents or 0 in extents):
        raise MXNetError(f"Operator _zeros inferring shapes failed: {extents} is no known shape here")
    return _made(name, "_full", (extents, _context(ctx), _dtype(dtype), value), "shape, ctx, dtype", given)


@reports("full")
def full(
    shape: Shape, val: float, ctx: Context | None = None, dtype: Any = np.float32, out: NDArray | None = None
) -> NDArray:
    """An array of ``shape`` filled with ``val``, cast to ``dtype``, or ``out``, whatever its shape, filled with it.

    >>> from lazynd import nd
    >>> nd.full((2,), 7).asnumpy()
    array([7., 7.], dtype=float32)
    """
    if out is None and isinstance(val, int | float | np.number):
        return _filled("full", shape, canonical_number(val), ctx, dtype, {})
    made = empty(shape, ctx, dtype) if out is None else out
    made[:] = val
    return made


@reports("zeros")
def zeros(shape: Shape, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ``shape`` of zeros, float32 and on the default context unless given, or ``out`` filled with them.

    ``MXNetError`` where an extent is 0 or negative, or ``out`` has another shape or dtype.

    >>> from lazynd import nd
    >>> nd.zeros((2, 3), dtype="int32").asnumpy()
    array([[0, 0, 0],
           [0, 0, 0]], dtype=int32)
    """
    return _filled("zeros", shape, 0, ctx, dtype, kwargs)


@reports("ones")
def ones(shape: Shape, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ``shape`` of ones, float32 and on the default context unless given, or ``out`` filled with them.

    ``MXNetError`` where an extent is 0 or negative, or ``out`` has another shape or dtype.

    >>> from lazynd import nd
    >>> nd.ones(3).asnumpy()
    array([1., 1., 1.], dtype=float32)
    """
    return _filled("ones", shape, 1, ctx, dtype, kwargs)


@reports("empty")
def empty(shape: Shape, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array of ``shape`` whose values do not matter: zeros, float32 unless given.

    >>> from lazynd import nd
    >>> nd.empty((2, 3)).shape
    (2, 3)
    """
    return _filled("empty", shape, 0, ctx, dtype, {})


@reports("eye")
def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Ones on the ``k``-th diagonal of an ``N`` by ``M`` matrix (square if ``M`` is 0), float32 unless given.

    ``out`` is written and returned if given: of this shape and dtype, else ``MXNetError``.

    >>> from lazynd import nd
    >>> nd.eye(2, 3, k=1).asnumpy()
    array([[0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    return _made("eye", "_eye", (N, M, k, _context(ctx), _dtype(dtype)), "N, M, k, ctx, dtype", kwargs)


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
    start, step = as_number(start), as_number(step)
    size, low = count_of(start, stop if stop is None else as_number(stop), step, repeat)
    attributes = (size, low, step, repeat, _context(ctx), _dtype(dtype))
    return NDArray(invoke(OPERATORS["_evenly_spaced"], (), attributes, calling_frame())[0])


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
    wanted = _dtype(dtype)
    exact = wanted if is_floating(wanted) else FLOAT64  # steps are fractions also where the numbers are not
    attributes = (num, start, step, 1, _context(ctx), exact)
    return NDArray(invoke(OPERATORS["_evenly_spaced"], (), attributes, calling_frame())[0]).astype(wanted, copy=False)


@reports("concatenate")
def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Arrays of one dtype joined along ``axis``; the other extents must agree (``MXNetError``).

    A single array is copied, unless not ``always_copy``. ``AssertionError`` where there is none.

    >>> from lazynd import nd
    >>> nd.concatenate([nd.zeros((1, 3)), nd.ones((2, 3))]).shape
    (3, 3)
    """
    if not arrays:
        raise AssertionError("concatenate needs at least one array")
    if len(arrays) == 1 and not always_copy:
        return arrays[0]
    return NDArray(invoke(OPERATORS["Concat"], [a._cell for a in arrays], (axis,), calling_frame())[0])


def _positions(name: str, axes: int | Sequence[int], ndim: int) -> list[int]:
    """Dimensions counted from the front."""
    listed = [axes] if isinstance(axes, int | np.integer) else list(axes)
    for axis in listed:
        if not -ndim <= axis < ndim:
            raise ValueError(f"{name} should verify -{ndim} <= axis < {ndim}, got {axis}")
    made = [int(axis) % ndim for axis in listed]
    if len(set(made)) < len(made):
        raise ValueError(f"repeated axis in {name}: {axes}")
    return made


@reports("moveaxis")
def moveaxis(tensor: NDArray, source: int | Sequence[int], destination: int | Sequence[int]) -> NDArray:
    """The array with dimension ``source`` moved to position ``destination``, or several; negative counts from the end.

    ``ValueError`` where there is no such dimension, where one is named twice, or where there are not as many of both.

    >>> from lazynd import nd
    >>> nd.moveaxis(nd.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    moved, places = _positions("source", source, tensor.ndim), _positions("destination", destination, tensor.ndim)
    if len(moved) != len(places):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    axes = [i for i in range(tensor.ndim) if i not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        axes.insert(place, axis)
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
def histogram(a: NDArray, bins: int | NDArray = 10, range: tuple[float, float] | None = None) -> Sequence[NDArray]:
    """Counts (int64) and edges of ``bins`` equal bins over ``range``, or of the bins between given edges.

    Without ``range`` NumPy decides, by the extremes of ``a``, which is forced: both are float32 then, in a tuple.
    ``ValueError`` where ``bins`` is no array and no number above 0.

    >>> from lazynd import nd
    >>> nd.histogram(nd.array([1, 2, 2]), bins=3, range=(0, 3))[0].asnumpy()
    array([0, 1, 2])
    """
    frame = calling_frame()
    if isinstance(bins, NDArray):
        cells = invoke(OPERATORS["_histogram_edges"], (a._cell, bins._cell), (), frame)
        return [NDArray(cell) for cell in cells]
    if not isinstance(bins, int | np.integer):
        raise ValueError("bins argument should be either an integer or an NDArray")
    if bins <= 0:
        raise ValueError("`bins` must be positive, when an integer")
    if range is None:
        counts, edges = np.histogram(a.asnumpy(), bins=bins)
        return array(counts, ctx=a.context), array(edges, ctx=a.context)
    low, high = range
    return [NDArray(cell) for cell in invoke(OPERATORS["_histogram"], (a._cell,), (bins, low, high), frame)]


@reports("split_v2")
def split_v2(
    ary: NDArray, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
) -> NDArray | list[NDArray]:
    """Parts along ``axis``: so many equal ones, or those between the given positions; a list, or the only part.

    ``squeeze_axis`` drops the axis, which must have length 1 in each part. ``ValueError`` where equal parts are asked
    for and the extent does not divide.

    >>> from lazynd import nd
    >>> [part.shape for part in nd.split_v2(nd.zeros((6, 2)), (1, 4))]
    [(1, 2), (3, 2), (2, 2)]
    """
    return ary.split_v2(indices_or_sections, axis, squeeze_axis)


def waitall() -> None:
    """Compute everything that is pending in this thread, and wait for all that runs; then raise the first failure.

    >>> from lazynd import nd
    >>> nd.waitall()
    """
    runtime.waitall()
