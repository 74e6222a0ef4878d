"""What MXNet has for sparse arrays alone, of any array: there is no sparse storage."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, INT64, require
from .operator import floats as _f
from .operator import op
from .partial import giving, like


@op(
    name="_sparse_retain",
    method=False,
    shapes=like(0),
    dtypes=like(0),
    samples=lambda r: [
        ((_f(r, 4, 3), np.array([2, 0, 2, 9, -1], "float32")), {}),
        ((_f(r, 4, 2, 3), np.array([3], "int64")), {}),
    ],
)
def retain(data: Value, indices: Value) -> Value:
    """``data`` with the slices of its first axis at ``indices``, and zeros elsewhere.

    Indices that are none of ``data``, negative ones too, retain nothing.
    """
    require(data.ndim > 0, "data has no axis to retain slices of")
    extent = data.shape[0]
    index = ir.convert(ir.reshape(indices, (-1,)), INT64)
    inside = ir.select((index >= 0) & (index < extent), index, extent)
    marks = ir.full((extent + 1,), 0, FLOAT32, data.context)
    found = ir.scatter(marks, ir.full(index.shape, 1, FLOAT32, data.context), [inside], (0,), "set")
    kept = ir.reshape(ir.slice_(found, (0,), (extent,)) != 0, (extent, *(1,) * (data.ndim - 1)))
    return ir.select(kept, data, 0)


@op(
    name="_contrib_getnnz",
    method=False,
    differentiable=False,
    dtypes=giving("int64"),
    samples=lambda r: [
        ((np.array([[1, 0, 2], [0, 0, np.nan]], "float32"),), each) for each in ({}, {"axis": 0}, {"axis": 1})
    ],
)
def getnnz(data: Value, *, axis: int | None = None) -> Value:
    """How many numbers of a matrix are not 0, as int64: in all, in each column (``axis`` 0), or in each row (1)."""
    require(data.ndim == 2, f"getnnz is of matrices, got {data.type}")
    require(axis in (None, 0, 1), f"Unexpected value for axis({axis}). Candidates are None, 0, and 1")
    made: Any = ir.sum(ir.convert(data != 0, INT64), axis)
    return made if made.ndim else ir.reshape(made, (1,))
