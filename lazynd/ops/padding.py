"""Padding, borders of images, and diagonals of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT32, is_floating, normalize_axis, require
from .kinds import Real, Reals, Scalar, Shape, one_of
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


#: OpenCV's numbers for what a border is made of.
CONSTANT, REPLICATE, REFLECT, WRAP, REFLECT_101 = range(5)


def _border_samples(rng: Any) -> list[Any]:
    x, sides = _f(rng, 2, 3, 3), {"top": 1, "bot": 4, "left": 0, "right": 2}
    values = {"values": (1.5, 2.5, 3.5)}
    return [((x,), {**sides, **values}), *(((x,), {**sides, "type": kind}) for kind in range(5))]


@op(name="_cvcopyMakeBorder", samples=_border_samples, method=False)
def cvcopyMakeBorder(
    src: Value, *, top: int, bot: int, left: int, right: int, type: int = 0, value: Real = 0.0, values: Reals = ()
) -> Value:
    """An image [height, width, channel] with ``top``, ``bot``, ``left`` and ``right`` pixels more on its sides.

    ``type`` numbers what these are, as OpenCV does: 0 the number ``value``, or ``values`` of one to four channels, 0
    in those without one; 1 repeats the outermost pixel, 2 mirrors the image with it, 4 without it, 3 begins the image
    again. float32, float64, uint8 and int32; numbers are rounded, and held within what the dtype has.

    >>> from lazynd import image, nd
    >>> image.copyMakeBorder(nd.array([[[1], [2], [3]]]), 0, 0, 2, 2, type=2).asnumpy()[0, :, 0]
    array([2., 1., 1., 2., 3., 3., 2.], dtype=float32)
    """
    require(src.ndim == 3, f"expected one image [height, width, channel], got {src.type}")
    known = src.dtype in (FLOAT32, FLOAT64, INT32, np.dtype("uint8"))
    require(known, f"only float32, float64, uint8 and int32 are supported, got {src.dtype}")
    require(min(top, bot, left, right) >= 0, f"a border is not negative, got {[top, bot, left, right]}")
    require(CONSTANT <= type <= REFLECT_101, f"Unknown/unsupported border type {type}: it is from 0 to 4")
    require(src.size > 0, f"an image of no pixels has no border, got {src.type}")
    if type != CONSTANT:
        return _bordered(_bordered(src, 0, top, bot, type), 1, left, right, type)
    inside = ir.pad(src, 0, (top, left, 0), (bot, right, 0))
    fill = _color(src, list(values) or [value] * 4)
    rows, columns = (ir.iota(inside.shape, axis, INT32, src.context) for axis in (0, 1))
    image = (rows >= top) & (rows < top + src.shape[0]) & (columns >= left) & (columns < left + src.shape[1])
    return ir.select(image, inside, fill)


def _color(src: Value, given: list[Value]) -> Value:
    """One pixel of the ``given`` numbers in the dtype of ``src``; channels without one have 0."""
    channels = src.shape[2]
    numbers = [ir.reshape(each, (1,)) for each in given[: min(channels, 4)]]
    made = ir.pad(ir.concatenate(numbers, 0), 0, (0,), (channels - len(numbers),))
    if not is_floating(src.dtype):
        limits = np.iinfo(src.dtype)
        made = ir.minimum(ir.maximum(ir.round_half_even(made), limits.min), limits.max)
    return ir.convert(made, src.dtype)


def _bordered(x: Value, axis: int, low: int, high: int, kind: int) -> Value:
    """``x`` with ``low`` and ``high`` elements more along ``axis``, each one of those that there are."""
    extent = x.shape[axis]
    place = ir.iota((low + extent + high,), 0, INT32, x.context) - low
    if kind == REPLICATE or extent == 1:
        at = ir.minimum(ir.maximum(place, 0), extent - 1)
    else:
        period = {REFLECT: 2 * extent, WRAP: extent, REFLECT_101: 2 * extent - 2}[kind]
        once = ir.remainder(ir.remainder(place, period) + period, period)
        at = ir.select(once < extent, once, (2 * extent - 1 if kind == REFLECT else period) - once)
    return ir.moveaxis(ir.gather(x, [at], (axis,)), 0, axis)


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
