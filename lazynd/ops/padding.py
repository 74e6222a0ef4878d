"""Padding, and diagonals of arrays."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, normalize_axis, require
from .kinds import Scalar, Shape, one_of
from .linalg import linalg_makediag
from .operator import floats as _f
from .operator import op


def _pad_samples(rng: Any) -> list[Any]:
    x = _f(rng, 1, 2, 3, 4)
    width = (0, 0, 0, 0, 1, 2, 2, 1)
    return [((x,), {"mode": m, "pad_width": width, "constant_value": 1.5}) for m in ("constant", "edge", "reflect")]


@op(samples=_pad_samples)
def Pad(data: Value, *, mode: str, pad_width: Shape, constant_value: Scalar = 0.0) -> Value:
    """A 4-d or 5-d array with ``pad_width`` (before and after each axis, in one tuple; 0 for the first two axes).

    ``mode``: "constant" puts ``constant_value``, "edge" repeats the border, "reflect" mirrors without it.
    """
    require(data.ndim in (4, 5), "Current implementation only supports 4-D or 5-D input.")
    require(len(pad_width) == 2 * data.ndim, f"pad_width needs {2 * data.ndim} numbers, got {len(pad_width)}")
    require(pad_width[:4] == (0, 0, 0, 0), "the first two axes cannot be padded: pad_width must begin with four zeros")
    require(min(pad_width) >= 0, f"pad_width must not be negative, got {pad_width}")
    low, high = pad_width[::2], pad_width[1::2]
    if mode == "constant":
        return ir.pad(data, constant_value, low, high, [0] * data.ndim)
    one_of(mode, "constant", "edge", "reflect")
    for axis in range(2, data.ndim):
        data = _extended(data, axis, low[axis], high[axis], mode)
    return data


def _extended(data: Value, axis: int, low: int, high: int, mode: str) -> Value:
    extent = data.shape[axis]
    if mode == "reflect":
        require(max(low, high) < extent, f"axis {axis} of {extent} cannot be reflected by {max(low, high)}")
    parts = []
    if low:
        parts.append(_border(data, axis, 0, low) if mode == "edge" else _mirror(data, axis, 1, low))
    parts.append(data)
    if high:
        last = extent - 1
        parts.append(_border(data, axis, last, high) if mode == "edge" else _mirror(data, axis, last - high, high))
    return ir.concatenate(parts, axis)


def _cut(data: Value, axis: int, start: int, count: int) -> Value:
    low, high = [0] * data.ndim, list(data.shape)
    low[axis], high[axis] = start, start + count
    return ir.slice_(data, low, high)


def _border(data: Value, axis: int, at: int, count: int) -> Value:
    shape = [count if i == axis else n for i, n in enumerate(data.shape)]
    return ir.broadcast_to(_cut(data, axis, at, 1), tuple(shape))


def _mirror(data: Value, axis: int, start: int, count: int) -> Value:
    return ir.reverse(_cut(data, axis, start, count), (axis,))


@op(
    samples=lambda r: (
        [((_f(r, 3, 4),), {"k": k}) for k in (0, 1, -1, 4)]
        + [((_f(r, 3),), {"k": 1}), ((_f(r, 2, 3, 3),), {"axis1": 1, "axis2": 2})]
    )
)
def diag(data: Value, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The diagonal ``k`` in the plane of two axes; of a vector, the matrix that has it as that diagonal.

    The diagonal next to the last one is empty; those further out do not exist.
    """
    if data.ndim == 1:
        made = linalg_makediag(data, offset=k)
        assert isinstance(made, Value)
        return made
    a, b = normalize_axis(axis1, data.ndim), normalize_axis(axis2, data.ndim)
    require(a != b, f"axis1 and axis2 must differ, both are {a}")
    count = min(data.shape[a] - max(-k, 0), data.shape[b] - max(k, 0))
    require(count >= 0, f"Diagonal does not exist: {k} lies outside {data.type}")  # just outside, it is empty
    at = ir.iota((count,), 0, INT32, data.context)
    made = ir.gather(data, [at + max(-k, 0), at + max(k, 0)], (a, b))
    return ir.transpose(made, [*range(1, made.ndim), 0])
