"""Rotated regions of images: the samples of all of them are added up one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import while_
from ..ir.types import INT32
from .boxes import numbers
from .kinds import Shape, Wide
from .operator import floats as _f
from .operator import op
from .precision import wide
from .region_sampling import (
    SCALE,
    Tap,
    grid_of,
    image_number,
    most_samples,
    part_starts,
    reach,
    require_regions,
    require_size,
    seen,
    spread,
    taps_around,
)


class _Rotated:
    """The samples of rotated regions in images of ``data``: constants of a loop, and what they are in its steps."""

    def __init__(self, data: Value, rois: Value, pooled_size: Shape, scale: Value, ratio: int) -> None:
        self.images, _, self.height, self.width = data.shape
        self.shape = (rois.shape[0], *pooled_size)
        self.radius = (self.height + self.width) / 2 + 4  # of a circle around the image
        number, *given = numbers(ir.stop_gradient(wide(rois)), 6)
        x, y, width, height = (each * scale for each in given[:4])
        width, height = ir.maximum(width, 1), ir.maximum(height, 1)
        angle = given[4] * (math.pi / 180)
        cosine, sine = ir.cos(angle), ir.sin(angle)
        to_x, to_y = self.width / 2 - x, self.height / 2 - y
        middles = (to_x * sine + to_y * cosine, to_x * cosine - to_y * sine)
        axes, counts = [], []
        for size, parts, middle in zip((height, width), pooled_size, middles, strict=True):
            part = size / parts
            starts, grid = part_starts(-size / 2, part, parts), grid_of(part, ratio)
            first, count = reach(starts, part, grid, middle, self.radius)
            axes += [starts, part, grid, first]
            counts.append(count)
        if ratio > 0:
            axes[3], axes[7] = (ir.zeros_like(each) for each in (axes[3], axes[7]))
            counts = [ir.full((), ratio, INT32, data.context)] * 2
        self.limit = (ratio if ratio > 0 else most_samples(self.radius)) ** 2
        self.number = image_number(number, self.images)
        self.constants = [self.number, x, y, cosine, sine, *axes, *counts]
        self.count = ir.reshape(axes[2] * axes[6], (-1, 1, 1, 1))

    def more(self, state: Any, given: Any) -> Any:
        return state[0] < given[13] * given[14]

    def taps(self, sample: Value, given: Sequence[Value]) -> tuple[list[Value], list[Tap]]:
        """The images of the parts, and the pixels of the sample of this number in each."""
        number, middle_x, middle_y, cosine, sine = (ir.reshape(each, (-1, 1, 1)) for each in given[:5])
        places, counts = [], []
        turns = ir.maximum(given[14], 1)
        for axis, turn in ((0, sample / turns), (1, ir.remainder(sample, turns))):
            starts, part, grid, first = given[5 + 4 * axis : 9 + 4 * axis]
            part, grid = ir.expand_dims(part, 1), ir.expand_dims(grid, 1)
            at = first + ir.convert(turn, first.dtype)
            places.append(ir.expand_dims(starts + (at + 0.5) * part / grid, 2 - axis))
            counts.append(ir.expand_dims(at < grid, 2 - axis))
        down, across = places
        x = across * cosine + down * sine + middle_x
        y = down * cosine - across * sine + middle_y
        counts_too = ir.broadcast_to(counts[0], x.shape) & counts[1]
        taps = taps_around(y, x, self.height, self.width)
        return [number], [(row, column, ir.stop_gradient(ir.select(counts_too, w, 0))) for row, column, w in taps]


def _rotated_samples(rng: Any) -> list[Any]:
    boxes = np.array([[0, 1, 2, 3, 2, 30], [1, 2, 1, 2, 3, -100]], "float32")
    x = _f(rng, 2, 1, 3, 3)
    given = {"pooled_size": (2, 1), "spatial_scale": 0.9}
    return [((x, boxes), {**given, "sampling_ratio": 2}), ((x, boxes), given)]


@op(name="_contrib_RROIAlign", method=False, samples=_rotated_samples, bounds=SCALE)
def RROIAlign(data: Value, rois: Value, *, pooled_size: Shape, spatial_scale: Wide, sampling_ratio: int = -1) -> Value:
    """``ROIAlign`` of rotated boxes in images ``data`` [n, channel, height, width].

    ``rois`` [count, 6]: the number of an image, the middle of a box across and down, its width and height, all four
    multiplied by ``spatial_scale``, and by how many degrees it is turned against the clock. Boxes are widened to one
    pixel. Gives [count, channel, *pooled_size], the means of ``sampling_ratio`` samples along each axis of a part, or
    of as many as it has pixels. ``IndexError`` for images that there are not. Floats only. The boxes have no gradient;
    in MXNet the images have none either. Ma et al., rotation region proposals, 2018.

    >>> from lazynd import nd
    >>> image = nd.arange(9).reshape((1, 1, 3, 3))
    >>> upright = nd.contrib.RROIAlign(image, nd.array([[0, 1, 1, 2, 1, 0]]), pooled_size=(1, 2), spatial_scale=1)
    >>> turned = nd.contrib.RROIAlign(image, nd.array([[0, 1, 1, 2, 1, 90]]), pooled_size=(1, 2), spatial_scale=1)
    >>> upright.asnumpy().ravel(), turned.asnumpy().ravel().round(4)
    (array([3.5, 4.5], dtype=float32), array([5.5, 2.5], dtype=float32))
    """
    require_regions(data, rois, 6)
    require_size(pooled_size)
    regions = _Rotated(data, rois, pooled_size, spatial_scale, sampling_ratio)
    images = ir.transpose(wide(data), (0, 2, 3, 1))

    def step(state: Any, given: Any) -> Any:
        return (state[0] + 1, state[1] + seen(given[-1], *regions.taps(state[0], given))), ()

    zero = ir.full((*regions.shape, data.shape[1]), 0, images.dtype, data.context)
    start = (ir.full((), 0, INT32, data.context), zero)
    (_, total), _ = while_(regions.more, step, start, [*regions.constants, images], limit=regions.limit)
    return ir.convert(ir.moveaxis(total / ir.maximum(regions.count, 1), 3, 1), data.dtype)


@RROIAlign.gradient
def _rroi_gradient(
    g: Value, y: Value, data: Value, rois: Value, *, pooled_size: Shape, spatial_scale: Value, sampling_ratio: int
) -> tuple[Value, None]:
    regions = _Rotated(data, rois, pooled_size, spatial_scale, sampling_ratio)
    shares = ir.moveaxis(wide(g), 1, 3) / ir.maximum(regions.count, 1)

    def step(state: Any, given: Any) -> Any:
        return (state[0] + 1, spread(state[1], *regions.taps(state[0], given), given[-1])), ()

    n, channels, height, width = data.shape
    zero = ir.full((n, height, width, channels), 0, shares.dtype, data.context)
    start = (ir.full((), 0, INT32, data.context), zero)
    (_, total), _ = while_(regions.more, step, start, [*regions.constants, shares], limit=regions.limit)
    return ir.convert(ir.moveaxis(total, 3, 1), data.dtype), None
