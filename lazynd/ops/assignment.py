"""Copies of an array with some elements replaced, and one-hot codes in MXNet's older spelling."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .basic_index import _basic_assign
from .index import coordinates, one_per_row
from .kinds import Bounds, Scalar, Shape
from .operator import floats as _f
from .operator import op
from .partial import Shapes, like

Ints = tuple[int, ...]


def _block(shape: Ints, begin: Any, end: Any, step: Any) -> tuple[Ints, Ints, Ints]:
    """Extents, lowest positions and strides of the slice that the bounds, as Python's, describe in ``shape``."""
    n = len(begin)
    require(n <= len(shape), f"Slicing axis exceeds data dimensions ({n} vs. {len(shape)})")
    require(len(end) == n, f"begin and end must have the same length ({n} vs. {len(end)})")
    require(len(step) in (0, n), f"step and begin must have the same length ({len(step)} vs. {n})")
    steps = [1 if s is None else s for s in step] or [1] * n
    require(0 not in steps, "step must not be 0")
    parts = [builtins.slice(*part) for part in zip(begin, end, steps, strict=True)]
    ranges = [range(*p.indices(extent)) for p, extent in zip(parts, shape, strict=False)]
    ranges += [range(extent) for extent in shape[n:]]
    return tuple(map(len, ranges)), tuple(min(r[0], r[-1]) if r else 0 for r in ranges), tuple(r.step for r in ranges)


def _assign(data: Value, value: Value, starts: Ints, strides: Ints) -> Value:
    if value.size == 0:
        return data
    made = _basic_assign(data, value, starts=starts, strides=strides)
    assert isinstance(made, Value)
    return made


_BLOCK: dict[str, Any] = {"begin": (1, 0), "end": (3, 3), "step": (1, 2)}


def _slice_shapes(known: Shapes, *, begin: Any, end: Any, step: Any, **_: Any) -> None:
    data = known["lhs"]
    known.learn_output(data)
    if data is not None:
        made, _starts, _strides = _block(tuple(0 if n is None else n for n in data), begin, end, step)
        known.learn("rhs", tuple(None if n is None else m for n, m in zip(data, made, strict=True)))


@op(
    shapes=_slice_shapes,
    samples=lambda r: [
        ((_f(r, 4, 5), _f(r, 2, 2)), _BLOCK),
        ((_f(r, 4, 5), _f(r, 1, 5)), {"begin": (-1,), "end": (None,)}),
    ],
    method=False,
)
def _slice_assign(lhs: Value, rhs: Value, *, begin: Bounds, end: Bounds, step: Bounds = ()) -> Value:
    """``lhs`` with its elements ``begin`` to ``end`` (exclusive), ``step`` apart, replaced by ``rhs``."""
    require(rhs.dtype == lhs.dtype, f"Incompatible attr in node  at 1-th input: expected {lhs.dtype}, got {rhs.dtype}")
    shape, starts, strides = _block(lhs.shape, begin, end, step)
    require(rhs.shape == shape, f"Shape inconsistent, Provided = {list(rhs.shape)}, inferred shape={list(shape)}")
    return _assign(lhs, rhs, starts, strides)


@op(samples=lambda r: [((_f(r, 4, 5),), {"scalar": 1.5, **_BLOCK})], method=False)
def _slice_assign_scalar(data: Value, *, scalar: Scalar = 0.0, begin: Bounds, end: Bounds, step: Bounds = ()) -> Value:
    """``data`` with its elements ``begin`` to ``end`` (exclusive), ``step`` apart, replaced by a number."""
    shape, starts, strides = _block(data.shape, begin, end, step)
    return _assign(data, ir.broadcast_to(scalar, shape), starts, strides)


def _scattered_shapes(known: Shapes, *, shape: Ints, **_: Any) -> None:
    known.learn("lhs", shape)
    known.learn_output(shape)


@op(
    shapes=_scattered_shapes,
    samples=lambda r: [
        ((_f(r, 3, 4), _f(r, 2), np.array([[0, 2], [1, 3]], "float32")), {"shape": (3, 4)}),
        ((_f(r, 3, 4), _f(r, 2, 4), np.array([[0, 2]], "float32")), {"shape": (3, 4)}),
    ],
    method=False,
    dtypes=like(0, 1),
)
def _scatter_set_nd(lhs: Value, rhs: Value, indices: Value, *, shape: Shape) -> Value:
    """``lhs`` with ``rhs`` at the coordinates in the columns of ``indices``; of several at one place, one wins."""
    require(rhs.dtype == lhs.dtype, f"Incompatible attr in node  at 1-th input: expected {lhs.dtype}, got {rhs.dtype}")
    require(lhs.shape == shape, f"lhs must have shape {list(shape)}, got {lhs.type}")
    n = indices.shape[0]
    require(n <= lhs.ndim, f"indices of {n} coordinates for {lhs.type}")
    expected = (*indices.shape[1:], *lhs.shape[n:])
    require(rhs.shape == expected, f"rhs must have shape {list(expected)}, got {rhs.type}")
    return ir.scatter(lhs, rhs, coordinates(indices, lhs), range(n), "set")


@op(samples=lambda r: [((_f(r, 2, 3),), {"src": 1.5})], method=False, differentiable=False)
def _set_value(data: Value, *, src: Scalar) -> Value:
    """An array like ``data``, filled with a number."""
    return ir.broadcast_to(src, data.shape)


@op(
    samples=lambda r: [((_f(r, 3, 4), _f(r, 3), np.array([0, 3, 1], "float32")), {})],
    method=False,
    differentiable=False,
)
def fill_element_0index(lhs: Value, mhs: Value, rhs: Value) -> Value:
    """``lhs``, a matrix, with ``mhs`` at one place of each row, the one that ``rhs`` says; none if it is outside."""
    require(mhs.dtype == lhs.dtype, f"mhs must be {lhs.dtype}, got {mhs.type}")
    require(mhs.shape == rhs.shape, f"mhs must have shape {list(rhs.shape)}, got {mhs.type}")
    return ir.select(one_per_row(rhs, lhs), ir.expand_dims(mhs, 1), lhs)


@op(samples=lambda r: [((np.array([0, 3, 1], "float32"), _f(r, 3, 4)), {})], method=False, differentiable=False)
def _onehot_encode(lhs: Value, rhs: Value) -> Value:
    """An array like ``rhs``, a matrix, with 1 in each row at the index that ``lhs`` says, else 0."""
    return ir.convert(one_per_row(lhs, rhs), rhs.dtype)
