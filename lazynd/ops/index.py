"""Gathering by index, one-hot codes, selection and ordering. Indices may be float arrays, as in MXNet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, INT64, counting, finfo, is_floating, normalize_axis, position_dtype, require
from .kinds import DType, Real, Shape, one_of
from .operator import floats as _f
from .operator import numbered, op
from .partial import DTypes, Shapes, giving, like, without
from .reduce import one


def _i(rng: Any, high: int, *shape: int) -> Any:
    return rng.integers(0, high, shape).astype("float32")


def bounded(index: Value, extent: int, mode: str) -> Value:
    """An index array as positions in ``extent``: clipped or wrapped around in a dtype that holds it, then converted."""
    one_of(mode, "clip", "wrap")
    dtype = position_dtype(extent)
    whole = index if index.dtype.kind in "iu" and index.dtype.itemsize >= dtype.itemsize else _whole(index, mode, dtype)
    if mode == "clip":
        return ir.convert(ir.minimum(ir.maximum(whole, 0), max(extent - 1, 0)), dtype)
    r = ir.remainder(whole, max(extent, 1))
    return ir.convert(ir.select(r < 0, r + extent, r), dtype)


def _whole(index: Value, mode: str, dtype: np.dtype[Any]) -> Value:
    """Floats and narrow integers as integers of ``dtype``, truncated; for "clip" with far ones moved nearer."""
    if is_floating(index.dtype) and mode == "clip":
        far = min(2.0 ** (8 * dtype.itemsize - 2), float(finfo(index.dtype).max))
        index = ir.minimum(ir.maximum(index, -1.0), far)
    return ir.convert(index, INT64 if is_floating(index.dtype) and mode == "wrap" else dtype)


def counted(index: Value, axis: int, data: Value) -> Value:
    """An index array as positions along ``axis`` of ``data``, negative ones counted from the end.

    An ``IndexError`` if one is out of bounds.
    """
    extent = data.shape[axis]
    whole = ir.convert(ir.check_index(index, axis, extent, negative=True), position_dtype(data.size))
    return ir.select(whole < 0, whole + extent, whole)


@op(
    samples=lambda r: [
        ((_f(r, 4, 3), _i(r, 4, 2, 5)), {}),
        ((_f(r, 4, 3), _i(r, 3, 5)), {"axis": 1}),
        ((_f(r, 4, 3), np.array([-1, 9], "float32")), {"mode": "wrap"}),
        ((_f(r, 4, 3), _i(r, 3, 2)), {"axis": 1, "mode": "raise"}),
    ],
    dtypes=like(0),
)
def take(a: Value, indices: Value, *, axis: int = 0, mode: str = "clip") -> Value:
    """Slices of ``a`` along ``axis`` at ``indices``, whose dimensions replace the axis.

    Indices out of bounds are clipped, wrapped around ("wrap"), or an error when a value is asked for ("raise").
    """
    one_of(mode, "clip", "raise", "wrap")
    at = normalize_axis(axis, a.ndim)
    if mode == "raise":
        index = ir.convert(ir.check_index(indices, at, a.shape[at], negative=False), position_dtype(a.shape[at]))
    else:
        index = bounded(indices, a.shape[at], mode)
    made = ir.gather(a, [index], (at,))
    n = indices.ndim
    return ir.transpose(made, [*range(n, n + at), *range(n), *range(n + at, made.ndim)])


def _pick_shapes(known: Shapes, *, axis: int | None, keepdims: bool, **_: Any) -> None:
    data = known["data"]
    if data is None or axis is None:
        return
    rest, at = without(data, axis), normalize_axis(axis, len(data))
    if known["index"] is None or len(known["index"]) == len(rest):
        known.learn("index", rest)
    known.learn_output((*rest[:at], 1, *rest[at:]) if keepdims else rest or (1,))


@op(
    samples=lambda r: [
        ((_f(r, 4, 3), _i(r, 3, 4)), {}),
        ((_f(r, 4, 3), _i(r, 4, 3)), {"axis": 0, "keepdims": True}),
    ],
    shapes=_pick_shapes,
    dtypes=like(0),
)
def pick(data: Value, index: Value, *, axis: int | None = -1, keepdims: bool = False, mode: str = "clip") -> Value:
    """One element of each line along ``axis``, at the position that ``index`` says."""
    if axis is None:
        data, axis = ir.reshape(data, (-1,)), 0
    at = normalize_axis(axis, data.ndim)
    rest = (*data.shape[:at], *data.shape[at + 1 :])
    require(index.size == math.prod(rest), f"index {index.type} does not pick from {data.type} along axis {at}")
    chosen = ir.reshape(bounded(index, data.shape[at], mode), rest)
    others = iter([ir.iota(rest, i, chosen.dtype, data.context) for i in range(len(rest))])
    where = [chosen if i == at else next(others) for i in range(data.ndim)]
    made = ir.gather(data, where, range(data.ndim))
    return ir.reshape(made, (*data.shape[:at], 1, *data.shape[at + 1 :])) if keepdims else one(made)


def _taken_dtypes(known: DTypes, **_: Any) -> None:
    known.learn_same((0,), (0,))
    if known["indices"] is None:
        known.learn("indices", INT32)


@op(samples=lambda r: [((_f(r, 4, 3), _i(r, 3, 4)), {})], method=False, dtypes=_taken_dtypes)
def batch_take(a: Value, indices: Value) -> Value:
    """One element of each row of a matrix, at the position that ``indices`` says; clipped."""
    made = pick(a, indices)
    assert isinstance(made, Value)
    return made


@op(
    samples=lambda r: [
        ((_i(r, 4, 3, 2),), {"depth": 4}),
        ((np.array([-1, 7, 1], "float32"),), {"depth": 3, "on_value": 2.5}),
        ((np.array([2, 0], "int32"),), {"depth": 3, "on_value": 2.5, "off_value": -1.5, "dtype": "int32"}),
    ],
    differentiable=False,
    static_values={"on_value": (1.0,), "off_value": (0.0,)},
    dtypes=giving(),
)
def one_hot(
    indices: Value, *, depth: int, on_value: Real = 1.0, off_value: Real = 0.0, dtype: DType = "float32"
) -> Value:
    """``on_value`` at the index, ``off_value`` elsewhere, along a new last axis; indices out of range give off rows."""
    shape = (*indices.shape, depth)
    hit = ir.iota(shape, indices.ndim, INT32, indices.context) == ir.broadcast_to(
        ir.expand_dims(ir.convert(indices, INT32), -1), shape
    )
    like = indices.type.with_dtype(dtype)
    on, off = (ir.convert(v, dtype) if isinstance(v, Value) else ir.constant(v, like) for v in (on_value, off_value))
    return ir.select(hit, on, off)


def coordinates(indices: Value, data: Value) -> list[Value]:
    """The rows of ``indices`` as positions along the first axes of ``data``; an ``IndexError`` if one is outside."""
    return [counted(ir.row(indices, k), k, data) for k in range(indices.shape[0])]


def one_per_row(index: Value, matrix: Value) -> Value:
    """A mask of ``matrix``: true at the one element of each row that the row's index points at."""
    fits = matrix.ndim == 2 and index.shape == matrix.shape[:1]
    require(fits, f"expected [n,k] and [n], got {matrix.type} and {index.type}")
    columns = ir.iota(matrix.shape, 1, INT32, matrix.context)
    return columns == ir.expand_dims(ir.convert(index, INT32), 1)


@op(samples=lambda r: [((_f(r, 4, 3), np.array([[0, 3], [2, 1]], "float32")), {})], dtypes=like(0))
def gather_nd(data: Value, indices: Value) -> Value:
    """Elements of ``data`` at the coordinates in the columns of ``indices``, negative ones counted from the end."""
    n = indices.shape[0]
    require(n <= data.ndim, f"indices of {n} coordinates for {data.type}")
    return one(ir.gather(data, coordinates(indices, data), range(n)))


def _where_samples(rng: Any) -> list[Any]:
    a, b = _f(rng, 3, 4), _f(rng, 3, 4)
    return [((_i(rng, 2, 3, 4), a, b), {}), ((_i(rng, 2, 3), a, b), {})]


def _where_shapes(known: Shapes, **_: Any) -> None:
    if known["condition"] is not None:
        known.learn_same((1, 2), (0,))


@op(samples=_where_samples, method=False, shapes=_where_shapes, dtypes=like(1, 2))
def where(condition: Value, x: Value, y: Value) -> Value:
    """``x`` where ``condition`` is not 0, else ``y``; a 1-d condition chooses rows."""
    require(x.type is y.type, f"Incompatible attr in node  at 2-th input: expected {x.type}, got {y.type}")
    if condition.shape != x.shape:
        require(
            condition.ndim == 1 and condition.shape[:1] == x.shape[:1],
            f"condition {condition.type} does not fit {x.type}",
        )
        condition = ir.reshape(condition, (*condition.shape, *(1,) * (x.ndim - 1)))
    return ir.select(condition != 0, x, y)


def _order_samples(rng: Any) -> list[Any]:
    return [
        (((rng.permutation(12).reshape(3, 4) + 0.25).astype("float32"),), c)
        for c in ({}, {"axis": 0, "is_ascend": False})
    ]


def _ordered(data: Value, axis: int | None, is_ascend: bool) -> tuple[Value, Value, int]:
    """Values and positions in order along ``axis`` (flattened if None), stable in both directions."""
    x, at = (ir.reshape(data, (-1,)), 0) if axis is None else (data, normalize_axis(axis, data.ndim))
    position = ir.iota(x.shape, at, INT32, x.context)
    if is_ascend:
        values, order = ir.sort(x, position, axis=at)
        return values, order, at
    # Descending and stable: sort the reversed line, then reverse.
    turned = x.shape[at] - 1 - position
    values, order = ir.sort(ir.reverse(x, (at,)), turned, axis=at)
    return ir.reverse(values, (at,)), ir.reverse(order, (at,)), at


@op(samples=_order_samples, outputs=("output0",))
def sort(data: Value, *, axis: int | None = -1, is_ascend: bool = True) -> Value:
    """The elements in order along ``axis``, of the flattened array if None."""
    return _ordered(data, axis, is_ascend)[0]


@op(samples=_order_samples, differentiable=False, dtypes=giving())
def argsort(data: Value, *, axis: int | None = -1, is_ascend: bool = True, dtype: DType = "float32") -> Value:
    """The positions that ``sort`` takes elements from."""
    return ir.convert(_ordered(data, axis, is_ascend)[1], dtype)


def _topk_samples(rng: Any) -> list[Any]:
    x = (rng.permutation(12).reshape(3, 4) + 0.25).astype("float32")
    cases: list[dict[str, Any]] = [
        {},
        {"k": 2, "ret_typ": "value"},
        {"k": 2, "ret_typ": "both", "axis": 0, "is_ascend": True},
    ]
    return [((x,), c) for c in [*cases, {"k": 2, "ret_typ": "mask"}, {"axis": None, "k": 3}]]


def _topk_dtypes(known: DTypes, *, ret_typ: str, dtype: np.dtype[Any], **_: Any) -> None:
    """Values and marks are like the data, indices of ``dtype``."""
    if ret_typ != "indices":
        known.learn_output(known["data"])
    if ret_typ in ("indices", "both"):
        known.learn_output(dtype, int(ret_typ == "both"))


def _topk_names(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    kind = attributes["ret_typ"]
    return ("output0",) if kind == "value" else numbered(1 + (kind == "both"))


@op(samples=_topk_samples, dtypes=_topk_dtypes, outputs=_topk_names)
def topk(
    data: Value,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: DType = "float32",
) -> Value | tuple[Value, Value]:
    """The ``k`` largest (smallest if ``is_ascend``) elements along ``axis``; all for ``k`` below 1.

    ``ret_typ``: "indices" (as ``dtype``), "value", "both", or "mask" (ones at the places).
    """
    values, order, at = _ordered(data, axis, is_ascend)
    extent = values.shape[at]
    require(k <= extent, f"k must be smaller than {extent}, get k = {k}")
    k = k if k > 0 else extent
    high = [k if i == at else n for i, n in enumerate(values.shape)]
    first = [ir.slice_(v, [0] * values.ndim, high) for v in (values, order)]
    if ret_typ == "value":
        return first[0]
    if ret_typ == "indices":
        return ir.convert(first[1], dtype)
    if ret_typ == "both":
        return first[0], ir.convert(first[1], dtype)
    require(ret_typ == "mask", f"Invalid Input: '{ret_typ}', valid values are: {{'both', 'indices', 'mask', 'value'}}")
    zeros = ir.full(values.shape, 0, data.dtype, data.context)
    where_ = [first[1] if i == at else ir.iota(high, i, INT32, data.context) for i in range(values.ndim)]
    ones = ir.full(high, 1, data.dtype, data.context)
    return ir.reshape(ir.scatter(zeros, ones, where_, range(values.ndim), "set"), data.shape)


def _embedding_shapes(known: Shapes, *, input_dim: int, output_dim: int, **_: Any) -> None:
    data = known["data"]
    if data is not None:
        known.learn("weight", (input_dim, output_dim))
        known.learn_output((*data, output_dim))


def _embedding_dtypes(known: DTypes, *, dtype: np.dtype[Any], **_: Any) -> None:
    if known["data"] is not None and known["weight"] is None:
        known.learn("weight", dtype)
    known.learn_output(known["weight"])


@op(
    samples=lambda r: [((_i(r, 5, 2, 3), _f(r, 5, 4)), {"input_dim": 5, "output_dim": 4})],
    method=False,
    shapes=_embedding_shapes,
    dtypes=_embedding_dtypes,
)
def Embedding(
    data: Value, weight: Value, *, input_dim: int, output_dim: int, dtype: DType = "float32", sparse_grad: bool = False
) -> Value:
    """Rows of ``weight`` (``input_dim`` by ``output_dim``) at the indices ``data``, which are clipped."""
    require(weight.shape == (input_dim, output_dim), f"weight must be [{input_dim},{output_dim}], got {weight.type}")
    return ir.gather(weight, [bounded(data, input_dim, "clip")], (0,))


@op(
    name="_contrib_SparseEmbedding",
    samples=lambda r: [((_i(r, 5, 2, 3), _f(r, 5, 4)), {"input_dim": 5, "output_dim": 4})],
    method=False,
    shapes=_embedding_shapes,
    dtypes=_embedding_dtypes,
)
def SparseEmbedding(
    data: Value, weight: Value, *, input_dim: int, output_dim: int, dtype: DType = "float32", sparse_grad: bool = False
) -> Value:
    """``Embedding``: there is no sparse storage of weights or gradients."""
    made = Embedding(data, weight, input_dim=input_dim, output_dim=output_dim, dtype=dtype, sparse_grad=sparse_grad)
    assert isinstance(made, Value)
    return made


@op(samples=lambda r: [((np.array([4, 5], "float32"),), {"shape": (2, 3)})], method=False, differentiable=False)
def unravel_index(data: Value, *, shape: Shape = ()) -> Value:
    """Coordinates, one row a dimension of ``shape``, of flat positions; of bfloat16 as float32.

    The first extent limits nothing, and may be -1.
    """
    require(bool(shape), "Empty shape parameter for unravel operator.")
    require(min(shape[1:], default=1) > 0, f"all extents but the first must be above 0, got {shape}")
    rows = []
    left = ir.convert(data, INT32)
    for extent in reversed(shape[1:]):
        rows.append(ir.expand_dims(ir.remainder(left, extent), 0))
        left = left / extent
    rows.append(ir.expand_dims(left, 0))  # whatever the first extent is, which may be -1
    return ir.convert(ir.concatenate(rows[::-1], 0), counting(data.dtype))
