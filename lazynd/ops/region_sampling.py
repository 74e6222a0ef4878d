"""Regions of images as means of samples between pixels.

How many samples a part of a region has depends on its size, if no number is given. The parts are products of rows and
columns: what each row and each column counts for is added up in a loop without a gradient, and two products of matrices
give all parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan, while_
from ..ir.types import INT32, is_floating, require
from .boxes import numbers
from .kinds import Shape, Wide
from .operator import floats as _f
from .operator import op
from .precision import wide

SCALE: Final = {"spatial_scale": (0.0, 1.0)}
#: A row and a column of pixels [...], and what its pixel counts for.
Tap = tuple[Value, Value, Value]


def require_regions(data: Value, rois: Value, columns: int) -> None:
    require(data.ndim == 4, f"data should be a 4D tensor, got {data.type}")
    require(
        rois.ndim == 2 and rois.shape[1] == columns,
        f"bbox should be a 2D tensor of shape [batch, {columns}], got {rois.type}",
    )
    require(is_floating(data.dtype), f"This operation only supports floating point types, not {data.dtype}")
    require(rois.dtype == data.dtype, f"expected rois of {data.dtype} as data, got {rois.type}")


def require_size(pooled_size: Shape) -> None:
    require(len(pooled_size) == 2 and min(pooled_size) > 0, f"pooled_size is two numbers above 0, got {pooled_size}")


def image_number(given: Value, images: int) -> Value:
    """The numbers of regions' images, checked."""
    return ir.convert(ir.check_index(ir.floor(given), 0, images, negative=False), INT32)


def _axis_weights(place: Value, extent: int) -> tuple[Value, Value, Value]:
    """Between which two of ``extent`` pixels a ``place`` lies, and how near it is to the second; beyond the first and
    the last pixel it is on them."""
    held = ir.maximum(place, 0)
    low = ir.minimum(ir.floor(held), extent - 1)
    high = ir.minimum(low + 1, extent - 1)
    return low, high, ir.select(low >= extent - 1, 0, held - low)


def _inside(place: Value, extent: int) -> Value:
    """Whether a ``place`` is at most one pixel away from an image; NaN is."""
    return ~((place < -1) | (place > extent))


def taps_around(y: Value, x: Value, height: int, width: int) -> list[Tap]:
    """The four pixels around places, and what each counts for there: nothing, farther than a pixel from the image."""
    top, bottom, down = _axis_weights(y, height)
    left, right, across = _axis_weights(x, width)
    inside = _inside(y, height) & _inside(x, width)
    made = []
    for row, of_row in ((top, 1 - down), (bottom, down)):
        for column, of_column in ((left, 1 - across), (right, across)):
            known = (row >= 0) & (column >= 0)  # not NaN
            at = [ir.convert(ir.select(known, each, 0), INT32) for each in (row, column)]
            made.append((at[0], at[1], ir.stop_gradient(ir.select(inside, of_row * of_column, 0))))
    return made


def seen(images: Value, lead: Sequence[Value], taps: Sequence[Tap]) -> Value:
    """``images`` [..., height, width, channel] under the taps [r, p, q] of those at ``lead``: [r, p, q, channel]."""
    total: Value | None = None
    for row, column, weight in taps:
        at = [*(ir.broadcast_to(each, row.shape) for each in lead), row, column]
        part = ir.gather(images, at, tuple(range(len(at)))) * ir.expand_dims(weight, -1)
        total = part if total is None else total + part
    assert total is not None
    return total


def spread(images: Value, lead: Sequence[Value], taps: Sequence[Tap], g: Value) -> Value:
    """The converse of ``seen``: ``images`` with ``g`` [r, p, q, channel] added where it was seen."""
    for row, column, weight in taps:
        at = [*(ir.broadcast_to(each, row.shape) for each in lead), row, column]
        images = ir.scatter(images, g * ir.expand_dims(weight, -1), at, tuple(range(len(at))), "add")
    return images


def part_starts(start: Value, part: Value, parts: int) -> Value:
    """[r, parts]: where the parts of regions begin."""
    number = ir.iota((1, parts), 1, start.dtype, start.context)
    return ir.expand_dims(start, 1) + number * ir.expand_dims(part, 1)


def grid_of(part: Value, ratio: int) -> Value:
    """How many samples along an axis a part of each region has: one for each pixel, unless ``ratio`` says."""
    return ir.full_like(part, ratio) if ratio > 0 else ir.maximum(ir.ceil(part), 0)


def reach(starts: Value, part: Value, grid: Value, middle: Value, radius: float) -> tuple[Value, Value]:
    """The first sample of each part [r, parts] that may lie in the image, and how many there are at most [] in one.

    The image ends ``radius`` before and behind its ``middle``. So a region beyond all bounds takes no longer.
    """
    part, grid, middle = (ir.expand_dims(each, 1) for each in (part, grid, middle))
    before = ir.floor((middle - radius - starts) / (part / grid)) - 1
    first = ir.select(before > 0, before, 0)
    most = most_samples(radius)
    left = grid - first
    counts = ir.reshape(ir.select(left > 0, ir.minimum(left, most), 0), (-1,))
    none = ir.full((1,), 0, counts.dtype, counts.context)  # the most of no regions
    return first, ir.convert(ir.max(ir.concatenate([counts, none], 0)), INT32)


def most_samples(radius: float) -> int:
    """How many samples, at least half a pixel apart, reach through an image, with some to spare."""
    return math.ceil(4 * radius) + 8


def _axis_parts(start: Value, part: Value, parts: int, extent: int) -> Value:
    """[r, parts, extent]: what each of ``extent`` pixels counts for in each part of regions along an axis."""
    starts = part_starts(start, part, parts)
    grid = grid_of(part, 0)
    radius = extent / 2 + 2
    first, count = reach(starts, part, grid, ir.full_like(part, extent / 2), radius)

    def more(state: Any, given: Any) -> Any:
        return state[0] < given[-1]

    def step(state: Any, given: Any) -> Any:
        (number, total), (starts, part, grid, first, _) = state, given
        sample = first + ir.convert(number, first.dtype)
        part, grid = (ir.expand_dims(each, 1) for each in (part, grid))
        place = starts + (sample + 0.5) * part / grid
        low, high, nearness = (ir.expand_dims(each, 2) for each in _axis_weights(place, extent))
        pixel = ir.iota((1, 1, extent), 2, place.dtype, place.context)
        weight = ir.select(pixel == low, 1 - nearness, 0) + ir.select(pixel == high, nearness, 0)
        counts = ir.expand_dims((sample < grid) & _inside(place, extent), 2)
        return (number + 1, total + ir.select(counts, weight, 0)), ()

    shape = (*starts.shape, extent)
    begin = (ir.full((), 0, INT32, part.context), ir.full(shape, 0, part.dtype, part.context))
    (_, total), _ = while_(more, step, begin, (starts, part, grid, first, count), limit=most_samples(radius))
    return total / ir.reshape(ir.maximum(grid, 1), (-1, 1, 1))


def by_rows_and_columns(data: Value, number: Value, rows: Value, columns: Value, sensitive: bool) -> Value:
    """Parts [r, channel, p, q] of the images ``number`` [r], weighted by ``rows`` [r, p, height] and ``columns``.

    If ``sensitive``, the channels of ``data`` are [channel, p, q], and each part has channels of its own.
    """
    p, q = rows.shape[1], columns.shape[1]
    height, width = data.shape[2:]

    def step(state: Any, given: Any, constants: Any) -> Any:
        number, rows, columns = given
        image = ir.gather(constants[0], [number], (0,))
        if sensitive:
            image = ir.reshape(image, (-1, p, q, height, width))
            made = ir.dot_general(rows, image, ((1,), (3,)), ((0,), (1,)))  # p, channel, q, width
            made = ir.dot_general(columns, made, ((1,), (3,)), ((0,), (2,)))  # q, p, channel
            return (), (ir.transpose(made, (2, 1, 0)),)
        made = ir.dot_general(rows, image, ((1,), (1,)))  # p, channel, width
        return (), (ir.transpose(ir.dot_general(made, columns, ((2,), (1,))), (1, 0, 2)),)

    return scan(step, (), (number, rows, columns), (data,))[1][0]


def _sampled(
    data: Value, number: Value, starts: tuple[Value, Value], part: tuple[Value, Value], shape: Shape, ratio: int,
    sensitive: bool,
) -> Value:  # fmt: skip
    """[r, channel, p, q]: means of ``ratio`` times ``ratio`` samples in each part, a sample after the other."""
    n, channels, height, width = data.shape
    (p, q), r = shape, number.shape[0]
    if sensitive:
        images = ir.transpose(ir.reshape(data, (n, channels // (p * q), p, q, height, width)), (0, 2, 3, 4, 5, 1))
    else:
        images = ir.transpose(data, (0, 2, 3, 1))
    tops, lefts = (part_starts(start, size, parts) for start, size, parts in zip(starts, part, shape, strict=True))

    def step(state: Any, sample: Any, given: Any) -> Any:
        images, number, tops, lefts, *sizes = given
        y, x = (
            starts + (at + 0.5) * ir.expand_dims(size, 1) / ratio
            for starts, at, size in zip((tops, lefts), sample, sizes, strict=True)
        )
        y, x = ir.broadcast_to(ir.expand_dims(y, 2), (r, p, q)), ir.broadcast_to(ir.expand_dims(x, 1), (r, p, q))
        lead = [ir.reshape(number, (r, 1, 1))]
        if sensitive:
            lead += [ir.iota((r, p, q), axis, INT32, number.context) for axis in (1, 2)]
        return (state[0] + seen(images, lead, taps_around(y, x, height, width)),), ()

    zero = ir.full((r, p, q, images.shape[-1]), 0, data.dtype, data.context)
    samples = [ir.reshape(ir.iota((ratio, ratio), axis, data.dtype, data.context), (-1,)) for axis in (0, 1)]
    (total,), _ = scan(step, (zero,), samples, (images, number, tops, lefts, *part))
    return ir.moveaxis(total / ratio**2, 3, 1)


def _region_samples(rng: Any) -> list[Any]:
    x = _f(rng, 1, 2, 3, 3)
    boxes = np.array([[0, 0, 0, 3, 2], [-1, 0, 0, 3, 3]], "float32")
    given = {"pooled_size": (2, 1), "spatial_scale": 0.9}
    return [
        ((x, boxes), given),
        ((x, boxes), {**given, "sample_ratio": 2, "aligned": True}),
        ((x, boxes), {**given, "position_sensitive": True}),
        ((x, boxes), {**given, "sample_ratio": 1, "position_sensitive": True}),
    ]


@op(name="_contrib_ROIAlign", method=False, samples=_region_samples, bounds=SCALE)
def ROIAlign(
    data: Value,
    rois: Value,
    *,
    pooled_size: Shape,
    spatial_scale: Wide,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
) -> Value:
    """The means of ``pooled_size`` parts of boxes in images ``data`` [n, channel, height, width].

    ``rois`` [count, 5]: the number of an image, and the corners (left, top, right, bottom) of a box, which are
    multiplied by ``spatial_scale``; with ``aligned`` half a pixel is taken off then, otherwise boxes are widened to
    one pixel. Gives [count, channel, *pooled_size]. A part has ``sample_ratio`` samples along each axis, or as many as
    it has pixels, if that is not above 0; each is interpolated between four pixels, and 0 farther than a pixel from
    the image. With ``position_sensitive`` the channels are [channel, *pooled_size], one of them for each part. Boxes
    of an image below 0 give 0. ``IndexError`` for images that there are not. Floats only. The boxes have no gradient.
    He et al., Mask R-CNN, 2017.

    >>> from lazynd import nd
    >>> image = nd.arange(16).reshape((1, 1, 4, 4))
    >>> nd.contrib.ROIAlign(image, nd.array([[0, 0, 0, 2, 2]]), pooled_size=(2, 2), spatial_scale=1).asnumpy()
    array([[[[2.5, 3.5],
             [6.5, 7.5]]]], dtype=float32)
    """
    require_regions(data, rois, 5)
    require_size(pooled_size)
    count = math.prod(pooled_size)
    divides = not position_sensitive or data.shape[1] % count == 0
    require(divides, f"position_sensitive needs channels that {count} parts divide, got {data.type}")
    number, *corners = numbers(ir.stop_gradient(wide(rois)), 5)
    left, top, right, bottom = (each * spatial_scale - (0.5 if aligned else 0) for each in corners)
    width, height = (extent if aligned else ir.maximum(extent, 1) for extent in (right - left, bottom - top))
    part = (height / pooled_size[0], width / pooled_size[1])
    absent = number < 0
    number = image_number(ir.select(absent, 0, number), data.shape[0])
    x = wide(data)
    if sample_ratio > 0:
        made = _sampled(x, number, (top, left), part, pooled_size, sample_ratio, position_sensitive)
    else:
        rows = _axis_parts(top, part[0], pooled_size[0], data.shape[2])
        columns = _axis_parts(left, part[1], pooled_size[1], data.shape[3])
        made = by_rows_and_columns(x, number, rows, columns, position_sensitive)
    return ir.convert(ir.select(ir.reshape(absent, (-1, 1, 1, 1)), 0, made), data.dtype)
