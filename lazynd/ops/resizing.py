"""Images resized as OpenCV does: each axis for itself, a pixel of the result being a few of the image, weighted.

Bytes are interpolated in OpenCV's fixed point, so that results are those of MXNet bit for bit, or next to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT32, Context, is_floating, require
from .image import UINT8, axes_of
from .kinds import Shape
from .operator import op

NEAREST, LINEAR, CUBIC, AREA, LANCZOS = range(5)
#: Weights of bytes are whole numbers of 2^-11.
_BITS: Final = 11
#: The cubic convolution of Keys, 1981, with the slope that OpenCV has chosen.
_SLOPE: Final = -0.75
#: Parts of a pixel below this do not count when areas are averaged.
_SLIVER: Final = 1e-3

#: Positions in the image and their weights: a pair for each pixel that a pixel of the result is made of.
Taps = list[tuple[Value, Value]]


def resized(x: Value, height: int, width: int, interp: int) -> Value:
    """``x`` with its height and width changed."""
    require(NEAREST <= interp <= LANCZOS, f"interp must be from 0 to 4, got {interp}")
    down, right = axes_of(x)
    require(interp == NEAREST or x.dtype == UINT8 or is_floating(x.dtype), f"interp {interp} needs uint8 or floats")
    # As OpenCV computes it: 1 / (new / old) may differ from old / new in its last bit, and then in what is nearest.
    ratios = (1 / (height / x.shape[down]), 1 / (width / x.shape[right]))
    whole = all(ratio == round(ratio) for ratio in ratios)
    if interp == NEAREST:
        return _nearest(_nearest(x, down, height, ratios[0]), right, width, ratios[1])
    if whole and (interp == AREA or (interp == LINEAR and ratios == (2, 2))) and min(ratios) >= 1:
        return _block_means(x, height, width)
    averaged = interp == AREA and min(ratios) >= 1
    across, along = (
        _taps(x, axis, size, ratio, interp, averaged)
        for axis, size, ratio in ((right, width, ratios[1]), (down, height, ratios[0]))
    )
    if x.dtype != UINT8 or averaged:
        y = ir.convert(x, FLOAT64 if x.dtype == FLOAT64 else FLOAT32)
        y = _weighted(_weighted(y, right, across), down, along)
        return _saturated(y) if x.dtype == UINT8 else ir.convert(y, x.dtype)
    y = _weighted(ir.convert(x, INT32), right, _fixed(across))
    return _linear_bytes(y, down, along) if len(along) == 2 else _bytes(_weighted(y, down, _fixed(along)))


def picked(x: Value, axis: int, index: Value) -> Value:
    """``x`` with the elements of ``axis`` at ``index``, held within the array."""
    held = ir.minimum(ir.maximum(index, 0), x.shape[axis] - 1)
    return ir.moveaxis(ir.gather(x, [held], (axis,)), 0, axis)


def _nearest(x: Value, axis: int, size: int, ratio: float) -> Value:
    return picked(x, axis, ir.convert(ir.floor(_numbers(size, x.context) * ratio), INT32))


def _numbers(size: int, context: Context) -> Value:
    """0, 1, ... as float64."""
    return ir.iota((size,), 0, FLOAT64, context)


def _block_means(x: Value, height: int, width: int) -> Value:
    """The mean of each block of pixels where a whole number of them makes one."""
    down, right = axes_of(x)
    rows, columns = x.shape[down] // height, x.shape[right] // width
    blocks = ir.reshape(x, (*x.shape[:down], height, rows, width, columns, x.shape[-1]))
    if x.dtype != UINT8:
        wide = ir.convert(blocks, np.result_type(x.dtype, FLOAT32))
        return ir.convert(ir.mean(wide, (down + 1, right + 2)), x.dtype)
    total = ir.sum(ir.convert(blocks, INT32), (down + 1, right + 2))
    if rows == columns == 2:
        return ir.convert(ir.shift_right(total + 2, 2), UINT8)
    return _saturated(ir.convert(total, FLOAT32) * float(np.float32(1 / (rows * columns))))


def _saturated(y: Value) -> Value:
    """Floats as bytes: rounded to the nearest, halves to the even one."""
    return ir.convert(ir.minimum(ir.maximum(ir.round_half_even(y), 0), 255), UINT8)


def _taps(x: Value, axis: int, new: int, ratio: float, interp: int, averaged: bool) -> Taps:
    """What each of ``new`` pixels along ``axis`` is made of: int32 positions, and weights.

    These are float64 for an image in float64, float32 for all others.
    """
    number, old = _numbers(new, x.context), x.shape[axis]
    dtype = FLOAT64 if x.dtype == FLOAT64 else FLOAT32
    if averaged:
        return [(index, ir.convert(weight, dtype)) for index, weight in _areas(number, old, ratio)]
    if interp == AREA:
        start = ir.floor(number * ratio)
        part = ir.convert((number + 1) - (start + 1) * (new / old), dtype)
        part = ir.select(part <= 0, 0, part - ir.floor(part))
    else:
        place = ir.convert((number + 0.5) * ratio - 0.5, dtype)
        start = ir.floor(place)
        part = place - start
    weights: Sequence[Value]
    if interp in (AREA, LINEAR):
        weights = (1 - part, part)
    else:
        weights = _cubic(part) if interp == CUBIC else _lanczos(part)
    first = ir.convert(start, INT32)
    return [(first + (k + 1 - len(weights) // 2), weight) for k, weight in enumerate(weights)]


def _cubic(part: Value) -> list[Value]:
    """Weights of four pixels for a place ``part`` behind the second."""
    a = _SLOPE
    far, near, behind = part + 1, part, 1 - part
    first = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    second, third = (((a + 2) * t - (a + 3)) * t * t + 1 for t in (near, behind))
    return [first, second, third, 1 - first - second - third]


def _lanczos(part: Value) -> list[Value]:
    """Weights of eight pixels for a place ``part`` behind the fourth: sinc(t) sinc(t / 4), brought to a sum of 1."""
    wide = ir.convert(part, FLOAT64)
    raw = []
    for k in range(8):
        t = (wide + float(3 - k)) * math.pi
        at_zero = ir.abs(t) < 1e-6
        safe = ir.select(at_zero, 1, t)
        raw.append(ir.select(at_zero, 1, 4 * ir.sin(safe) * ir.sin(safe / 4) / (safe * safe)))
    total = raw[0]
    for each in raw[1:]:
        total = total + each
    return [ir.convert(each / total, part.dtype) for each in raw]


def _areas(number: Value, old: int, ratio: float) -> Taps:
    """How much of each pixel lies under each pixel of a smaller image, relative to all that does."""
    begin = number * ratio
    size = ir.minimum(float(old) - begin, ratio)
    start = ir.floor(begin)
    made = []
    for k in range(math.ceil(ratio) + 1):
        pixel = start + float(k)
        covered = ir.minimum(pixel + 1, begin + ratio) - ir.maximum(pixel, begin)
        kept = (covered > _SLIVER) & (pixel < float(old))
        made.append((ir.convert(pixel, INT32), ir.select(kept, covered, 0) / size))
    return made


def _fixed(taps: Taps) -> Taps:
    return [(index, ir.convert(ir.round_half_even(weight * float(1 << _BITS)), INT32)) for index, weight in taps]


def _spread(weight: Value, x: Value, axis: int) -> Value:
    """``weight`` in the dtype of ``x``, to be multiplied with it along ``axis``."""
    return ir.reshape(ir.convert(weight, x.dtype), (-1, *(1,) * (x.ndim - 1 - axis)))


def _weighted(x: Value, axis: int, taps: Taps) -> Value:
    parts = [picked(x, axis, index) * _spread(weight, x, axis) for index, weight in taps]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _linear_bytes(x: Value, axis: int, taps: Taps) -> Value:
    """The second axis of linear interpolation in 16-bit products, whose low bits are dropped one by one."""
    total = None
    for index, weight in _fixed(taps):
        product = ir.shift_right(picked(x, axis, index), 4) * _spread(weight, x, axis)
        part = ir.shift_right(product, 16)
        total = part if total is None else total + part
    assert total is not None
    return ir.convert(ir.shift_right(total + 2, 2), UINT8)


def _bytes(x: Value) -> Value:
    """Sums of products of two weights in fixed point as bytes, rounded to the nearest; float64 holds them exactly."""
    unit = float(1 << 2 * _BITS)
    rounded = ir.floor((ir.convert(x, FLOAT64) + unit / 2) / unit)
    return ir.convert(ir.minimum(ir.maximum(rounded, 0), 255), UINT8)


def _samples(rng: Any) -> list[Any]:
    x = rng.uniform(0, 1, (3, 4, 2)).astype("float32")
    sizes = [{"size": (5, 2), "interp": interp} for interp in range(5)]
    image = rng.integers(0, 256, (2, 4, 6, 3)).astype("uint8")
    return [
        *(((x,), each) for each in sizes),
        ((image,), {"size": 3, "keep_ratio": True}),
        ((image,), {"size": (3, 2)}),
    ]


@op(name="_image_resize", method=False, samples=_samples)
def resize(data: Value, *, size: Shape, keep_ratio: bool = False, interp: int = 1) -> Value:
    """Images [height, width, channel], alone or in a batch, with another width and height.

    ``size`` is both, or one number for both; that is the shorter side, and the other follows, if ``keep_ratio``.
    ``interp``: 0 takes the nearest pixel, 1 interpolates linearly, 2 cubically over 4 pixels, 3 averages the area when
    both sides shrink, and 4 is Lanczos' window over 8 pixels. uint8 or floats, and any dtype for 0.
    """
    down, right = axes_of(data)
    require(len(size) in (1, 2), f"size must be one or two numbers, got {list(size)}")
    require(min(size) > 0, f"size must be positive, got {list(size)}")
    height, width = data.shape[down], data.shape[right]
    if len(size) == 2:
        return resized(data, size[1], size[0], interp)
    if not keep_ratio:
        return resized(data, size[0], size[0], interp)
    short = min(height, width)
    return resized(data, height * size[0] // short, width * size[0] // short, interp)


@op(
    name="_cvimresize",
    method=False,
    bounds={"w": (1, math.inf), "h": (1, math.inf)},
    samples=lambda r: [((r.uniform(0, 1, (3, 4, 3)).astype("float32"),), {"w": 2, "h": 5})],
)
def cvimresize(src: Value, *, w: int, h: int, interp: int = 1) -> Value:
    """The image [height, width, channel] with width ``w`` and height ``h``; ``interp`` as in ``resize``."""
    require(src.ndim == 3, f"expected one image [height, width, channel], got {src.type}")
    return resized(src, h, w, interp)
