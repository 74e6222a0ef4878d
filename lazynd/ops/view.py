"""Reading and writing a contiguous stretch of an array: what views of storage record."""

from __future__ import annotations

import math
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from .kinds import Index, Shape
from .operator import op


def _size(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


@op(
    method=False,
    samples=lambda r: [
        ((r.random((4, 3)).astype("float32"),), {"shape": s, "offset": o}) for s, o in (((2, 3), 3), ((2,), 7))
    ],
)
def _view(data: Value, *, shape: Shape, offset: Index) -> Value:
    """The elements of ``data`` from flat position ``offset``, as an array of ``shape``."""
    flat = ir.reshape(data, (-1,))
    return ir.reshape(ir.dynamic_slice(flat, [offset], [_size(shape)]), shape)


def _write_samples(rng: Any) -> list[Any]:
    data, part = rng.random((4, 3)).astype("float32"), rng.random((2, 3)).astype("float32")
    return [((data, part), {"offset": 3})]


@op(method=False, samples=_write_samples)
def _write_view(data: Value, part: Value, *, offset: Index) -> Value:
    """``data`` with ``part`` in place of its elements from flat position ``offset``."""
    flat = ir.reshape(data, (-1,))
    return ir.reshape(ir.dynamic_update_slice(flat, ir.reshape(part, (-1,)), [offset]), data.shape)
