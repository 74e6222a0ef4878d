"""Positions as data, and arrays put together by positions."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, INT64, counting, normalize_axis, position_dtype, require
from .index import coordinates
from .kinds import Kind, Scalar, Shape
from .operator import floats as _f
from .operator import op
from .partial import Shapes, giving, like

#: A context that says nothing, since the result lives where the data does.
Somewhere = Annotated[str, Kind("string", str, "Context | str")]


@op(
    name="_contrib_arange_like",
    method=False,
    differentiable=False,
    samples=lambda r: [
        ((_f(r, 2, 3),), {"start": 1.5, "step": 0.5}),
        ((_f(r, 2, 5),), {"axis": -1, "repeat": 2}),
    ],
)
def arange_like(
    data: Value,
    *,
    start: Scalar = 0.0,
    step: Scalar = 1.0,
    repeat: int = 1,
    ctx: Somewhere = "",
    axis: int | None = None,
) -> Value:
    """Numbers from ``start``, ``step`` apart, each ``repeat`` times: as many as ``data`` has along ``axis``.

    As many as it has elements, in its shape, if ``axis`` is None. They have the dtype of ``data`` and live where it
    does: ``ctx`` changes nothing.
    """
    require(repeat > 0, f"repeat must be above 0, got {repeat}")
    shape = data.shape if axis is None else (data.shape[normalize_axis(axis, data.ndim)],)
    size = math.prod(shape)
    number = ir.iota((-(-size // repeat), repeat), 0, counting(data.dtype), data.context)
    start, step = (ir.convert(each, number.dtype) for each in (start, step))
    made = ir.slice_(ir.reshape(start + number * step, (-1,)), (0,), (size,))
    return ir.reshape(ir.convert(made, data.dtype), shape)


def _index_array_shapes(known: Shapes, *, axes: tuple[int, ...] | None) -> None:
    data = known["data"]
    if data is not None:
        known.learn_output((*data, len(data) if axes is None else len(axes)))


@op(
    name="_contrib_index_array",
    method=False,
    differentiable=False,
    shapes=_index_array_shapes,
    dtypes=giving("int64"),
    samples=lambda r: [((_f(r, 2, 3),), {}), ((_f(r, 2, 1, 3),), {"axes": (-1, 0)})],
)
def index_array(data: Value, *, axes: Shape | None = None) -> Value:
    """The position of each element of ``data``, along all axes or along ``axes``, in a new last axis; int64."""
    chosen = range(data.ndim) if axes is None else [normalize_axis(axis, data.ndim) for axis in axes]
    if not chosen:
        return ir.full((*data.shape, 0), 0, INT64, data.context)
    return ir.concatenate([ir.iota((*data.shape, 1), axis, INT64, data.context) for axis in chosen], data.ndim)


def put(old: Value, places: Value, rows: Value) -> Value:
    """``old`` with its rows at ``places`` [m] replaced by ``rows`` [m, ...]; of several for one place, the last stays.

    Those that do not stay go to a row behind all, which is cut off: so no gradient reaches them either, and the
    result does not depend on the order in which a device writes.
    """
    extent, count = old.shape[0], places.size
    if not count:
        return old
    ordered, order = ir.sort(places, ir.iota((count,), 0, INT32, places.context), axis=0)
    earlier, later = ir.slice_(ordered, (0,), (count - 1,)), ir.slice_(ordered, (1,), (count,))
    stays = ir.concatenate([earlier != later, ir.full((1,), True, np.dtype(bool), places.context)], 0)
    high = [1] + [0] * (old.ndim - 1)
    longer = ir.pad(old, 0, [0] * old.ndim, high)
    made = ir.scatter(longer, ir.gather(rows, [order], (0,)), [ir.select(stays, ordered, extent)], (0,), "set")
    return ir.slice_(made, [0] * old.ndim, old.shape)


def _index_copy_shapes(known: Shapes, **_: Any) -> None:
    known.learn_same((0,), (0,))


@op(
    name="_contrib_index_copy",
    method=False,
    shapes=_index_copy_shapes,
    dtypes=like(0, 2),
    samples=lambda r: [
        ((_f(r, 4, 2), np.array([3, 1], "int64"), _f(r, 2, 2)), {}),
        ((_f(r, 4), np.array([2, 0, 2], "float32"), _f(r, 3)), {}),
    ],
)
def index_copy(old_tensor: Value, index_vector: Value, new_tensor: Value) -> Value:
    """``old_tensor`` with the slices at ``index_vector`` of its first axis replaced by those of ``new_tensor``.

    Of several for one place the last stays. An ``IndexError`` for an index below 0 or past the end.
    """
    old, index, new = old_tensor, index_vector, new_tensor
    require(index.ndim == 1, f"index_vector must have one dimension, got {index.type}")
    require(new.dtype == old.dtype, f"new_tensor must be {old.dtype}, got {new.type}")
    fits = old.ndim > 0 and new.shape == (index.size, *old.shape[1:]) and index.size <= old.shape[0]
    require(
        fits, f"new_tensor must have the slices of old_tensor at index_vector: {old.type}, {index.type}, {new.type}"
    )
    whole = ir.check_index(ir.convert(index, INT64), 0, old.shape[0], negative=False)
    return put(old, ir.convert(whole, position_dtype(old.size)), new)


def _scattered_shapes(known: Shapes, *, shape: tuple[int, ...]) -> None:
    known.learn_output(shape)


@op(
    method=False,
    shapes=_scattered_shapes,
    dtypes=like(0),
    samples=lambda r: [
        ((_f(r, 3), np.array([[1, 1, 0], [0, 2, -1]], "float32")), {"shape": (2, 3)}),
        ((_f(r, 2, 4), np.array([[1, 1]], "int32")), {"shape": (3, 4)}),
    ],
)
def scatter_nd(data: Value, indices: Value, *, shape: Shape) -> Value:
    """Zeros of ``shape`` with the elements of ``data`` at the coordinates in the columns of ``indices``.

    The converse of ``gather_nd``: negative coordinates count from the end, an ``IndexError`` for one that is outside.
    Of several elements for one place the last stays.
    """
    require(indices.ndim > 1, "scatter_nd requires index tensor to have at least 2 dimensions")
    n = indices.shape[0]
    require(n <= len(shape), f"Number of indices exceeds output dimension in operator scatter_nd: {n}, {shape}")
    expected = (*indices.shape[1:], *shape[n:])
    require(data.shape == expected, f"data must have shape {list(expected)}, got {data.type}")
    zeros = ir.full(shape, 0, data.dtype, data.context)
    place = None
    for extent, each in zip(shape, coordinates(indices, zeros), strict=False):
        place = each if place is None else place * extent + each
    if place is None:
        place = ir.full(indices.shape[1:], 0, INT32, data.context)
    count, rest = math.prod(shape[:n]), shape[n:]
    made = put(ir.reshape(zeros, (count, *rest)), ir.reshape(place, (-1,)), ir.reshape(data, (place.size, *rest)))
    return ir.reshape(made, shape)


def _ravelled_shapes(known: Shapes, *, shape: tuple[int, ...]) -> None:
    data = known["data"]
    known.learn("data", (len(shape), None))
    if data is not None:
        known.learn_output(data[1:])


@op(
    name="_ravel_multi_index",
    method=False,
    differentiable=False,
    shapes=_ravelled_shapes,
    samples=lambda r: [
        ((np.array([[3, 6, 6], [4, 5, 1]], "float32"),), {"shape": (7, 6)}),
        ((np.array([[1], [2], [3]], "int64"),), {"shape": (-1, 3, 4)}),
    ],
)
def ravel_multi_index(data: Value, *, shape: Shape = ()) -> Value:
    """Flat positions in an array of ``shape`` from coordinates, one row a dimension; in the dtype of ``data``.

    The first extent limits nothing, and may be -1. Coordinates outside ``shape`` are counted like others.
    """
    require(bool(shape), "Empty shape parameter for ravel operator.")
    require(data.ndim == 2, f"Input to ravel operator must be two-dimensional, got {data.type}")
    require(
        data.shape[0] == len(shape),
        "First dimension of input of ravel operator does not match shape parameter dimension: "
        f"{data.shape[0]} and {len(shape)}",
    )
    whole = ir.convert(data, INT64)
    place = ir.row(whole, 0)
    for k in range(1, len(shape)):
        place = place * shape[k] + ir.row(whole, k)
    return ir.convert(place, data.dtype)
