"""Reading and writing contiguous stretches of arrays: what views of storage record."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from .kinds import Index, Shape
from .operator import op


@op(
    method=False,
    samples=lambda r: [
        ((r.random((4, 3)).astype("float32"),), {"shape": s, "offset": o}) for s, o in (((2, 3), 3), ((2,), 7))
    ],
)
def _view(data: Value, *, shape: Shape, offset: Index) -> Value:
    """The elements of ``data`` from flat position ``offset``, as an array of ``shape``."""
    flat = ir.reshape(data, (-1,))
    return ir.reshape(ir.dynamic_slice(flat, [offset], [math.prod(shape)]), shape)


def _write_samples(rng: Any) -> list[Any]:
    data, part = rng.random((4, 3)).astype("float32"), rng.random((2, 3)).astype("float32")
    return [((data, part), {"offset": 3})]


@op(method=False, samples=_write_samples)
def _write_view(data: Value, part: Value, *, offset: Index) -> Value:
    """``data`` with ``part`` in place of its elements from flat position ``offset``."""
    flat = ir.reshape(data, (-1,))
    return ir.reshape(ir.dynamic_update_slice(flat, ir.reshape(part, (-1,)), [offset]), data.shape)


def _rows_samples(rng: Any) -> list[Any]:
    data, more = rng.random((4, 3, 2)).astype("float32"), rng.random((2, 2)).astype("float32")
    lines, mixed = np.array([3, 0, 3, 11], "int32"), np.array([[0, 1, 1], [7, 0, 1]], "int32")
    return [
        ((data, lines), {"unit": 2, "shape": (4, 2), "count": 4}),
        ((data, lines // 4), {"unit": 6, "shape": (3, 8), "axis": 1, "count": 4}),
        ((data, more, mixed), {"unit": 2, "shape": (2, 3), "axis": 1, "count": 3, "data_alone": True}),
    ]


@op(method=False, samples=_rows_samples, dtypes=None)
def _rows(*data: Value, unit: int, shape: Shape, count: int, axis: int = 0, data_alone: bool = False) -> Value:
    """``count`` equal stretches of arrays, joined along ``axis`` to an array of ``shape``.

    The last array says where they are. Seen as lines of ``unit`` elements, it names for each line of the result one
    of the only source, or has two rows: which source, and which of its lines. ``data_alone``: no gradient goes
    through it.
    """
    *sources, lines = data
    line = shape[1:] if axis == 0 and math.prod(shape[1:]) == unit else (unit,)
    tables = [ir.reshape(each, (each.size // unit, *line)) for each in sources]
    if len(tables) == 1:
        made = ir.gather(tables[0], [lines], (0,))
    else:
        which, at = (ir.reshape(ir.slice_(lines, (i, 0), (i + 1, lines.shape[1])), (-1,)) for i in (0, 1))
        made = ir.gather(tables[0], [ir.minimum(at, tables[0].shape[0] - 1)], (0,))
        for number, table in enumerate(tables[1:], 1):
            other = ir.gather(table, [ir.minimum(at, table.shape[0] - 1)], (0,))
            chosen = ir.reshape(which == number, (-1, *(1,) * len(line)))
            made = ir.select(chosen, other, made)
    if axis:
        stretch = (*shape[:axis], shape[axis] // count, *shape[axis + 1 :])
        made = ir.moveaxis(ir.reshape(made, (count, *stretch)), 0, axis)
    return ir.reshape(made, shape)
