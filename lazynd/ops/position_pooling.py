"""Pooling by position: each part of a region has channels of its own, upright or displaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.types import INT32, require
from .boxes import numbers
from .kinds import Wide
from .operator import floats as _f
from .operator import op
from .precision import wide
from .region_sampling import SCALE, by_rows_and_columns, image_number, require_regions
from .unary import away

#: Regions are at least so large.
_LEAST = 0.1


def _require_parts(data: Value, output_dim: int, group_size: int, pooled_size: int) -> None:
    for name, value in (("output_dim", output_dim), ("pooled_size", pooled_size), ("group_size", group_size)):
        require(value > 0, f"{name} must be above 0, got {value}")
    channels = output_dim * group_size**2
    require(data.shape[1] == channels, f"data must have output_dim * group_size^2 = {channels} channels: {data.type}")


def _groups(parts: int, groups: int, like: Value) -> Value:
    """[parts]: which of ``groups`` each part belongs to."""
    return ir.iota((parts,), 0, INT32, like.context) * groups / parts


def _by_part(data: Value, groups: int, parts: int) -> Value:
    """``data`` [n, channel * group * group, ...] with the channels of the group that each part belongs to.

    [n, channel * part * part, ...]
    """
    if groups == parts:
        return data
    n, channels, height, width = data.shape
    x = ir.reshape(data, (n, channels // groups**2, groups, groups, height, width))
    at = _groups(parts, groups, data)
    for axis in (2, 3):
        x = ir.moveaxis(ir.gather(x, [at], (axis,)), 0, axis)
    return ir.reshape(x, (n, -1, height, width))


def _pixels(start: Value, part: Value, parts: int, extent: int) -> tuple[Value, Value]:
    """[r, parts, extent]: 1 for the pixels of each part along an axis, else 0; and how many they are [r, parts]."""
    number = ir.iota((1, parts), 1, start.dtype, start.context)
    start, part = ir.expand_dims(start, 1), ir.expand_dims(part, 1)
    low, high = ir.floor(number * part + start), ir.ceil((number + 1) * part + start)
    low, high = (ir.expand_dims(ir.minimum(ir.maximum(each, 0), extent), 2) for each in (low, high))
    pixel = ir.iota((1, 1, extent), 2, start.dtype, start.context)
    within = ir.convert((pixel >= low) & (pixel < high), start.dtype)
    return within, ir.reshape(high - low, within.shape[:2])


def _position_samples(rng: Any) -> list[Any]:
    boxes = np.array([[0, 0, 0, 2, 3], [0, 1, 0, 3, 1]], "float32")
    given = {"spatial_scale": 0.9, "output_dim": 2, "pooled_size": 2}
    return [
        ((_f(rng, 1, 8, 3, 3), boxes), given),
        ((_f(rng, 1, 2, 3, 3), boxes), {**given, "group_size": 1}),
    ]


@op(name="_contrib_PSROIPooling", method=False, samples=_position_samples, bounds=SCALE)
def PSROIPooling(
    data: Value, rois: Value, *, spatial_scale: Wide, output_dim: int, pooled_size: int, group_size: int = 0
) -> Value:
    """The means of the parts of boxes in images ``data`` [n, output_dim * group_size^2, height, width].

    ``rois`` [count, 5]: the number of an image, and the corners (left, top, right, bottom) of a box, which are rounded,
    the last two with their pixel, and multiplied by ``spatial_scale``. Gives [count, output_dim, pooled_size,
    pooled_size]: of each of ``pooled_size``^2 parts the mean of its pixels in the channel of its place among
    ``group_size``^2 (``pooled_size`` by default); 0 for a part without pixels. ``IndexError`` for images that there are
    not. Floats only. The boxes have no gradient. Dai et al., R-FCN, 2016.

    >>> from lazynd import nd
    >>> image = nd.arange(16).reshape((1, 4, 2, 2))
    >>> box = nd.array([[0, 0, 0, 1, 1]])
    >>> nd.contrib.PSROIPooling(image, box, spatial_scale=1, output_dim=1, pooled_size=2).asnumpy()
    array([[[[ 0.,  5.],
             [10., 15.]]]], dtype=float32)
    """
    require_regions(data, rois, 5)
    groups = group_size or pooled_size
    _require_parts(data, output_dim, groups, pooled_size)
    number, *corners = numbers(ir.stop_gradient(wide(rois)), 5)
    left, top = (away(each) * spatial_scale for each in corners[:2])
    right, bottom = ((away(each) + 1) * spatial_scale for each in corners[2:])
    axes = []
    for start, end, extent in ((top, bottom, data.shape[2]), (left, right, data.shape[3])):
        axes.append(_pixels(start, ir.maximum(end - start, _LEAST) / pooled_size, pooled_size, extent))
    (rows, down), (columns, across) = axes
    x = _by_part(wide(data), groups, pooled_size)
    total = by_rows_and_columns(x, image_number(number, data.shape[0]), rows, columns, sensitive=True)
    counts = ir.expand_dims(ir.maximum(ir.expand_dims(down, 2) * ir.expand_dims(across, 1), 0), 1)
    return ir.convert(ir.select(counts > 0, total / ir.select(counts > 0, counts, 1), 0), data.dtype)


def _has_displacements(attributes: Mapping[str, Any]) -> bool:
    return not attributes["no_trans"]


def _between(images: Value, lead: list[Value], y: Value, x: Value) -> Value:
    """``images`` [..., height, width, channel] at ``lead`` and between pixels at ``y`` and ``x``, which lie inside."""
    height, width = images.shape[-3:-1]
    top, left = (ir.stop_gradient(ir.floor(each)) for each in (y, x))
    down, across = y - top, x - left
    total: Value | None = None
    for row, of_row in ((top, 1 - down), (ir.minimum(top + 1, height - 1), down)):
        for column, of_column in ((left, 1 - across), (ir.minimum(left + 1, width - 1), across)):
            at = [*lead, *(ir.convert(each, INT32) for each in (row, column))]
            part = ir.gather(images, at, tuple(range(len(at)))) * ir.expand_dims(of_row * of_column, -1)
            total = part if total is None else total + part
    assert total is not None
    return total


def _displaced_samples(rng: Any) -> list[Any]:
    boxes = np.array([[0, 0, 0, 2, 3], [0, 1, 0, 3, 1]], "float32")
    given = {"spatial_scale": 0.85, "pooled_size": 2, "sample_per_part": 2, "trans_std": 0.3}
    moves = _f(rng, 2, 4, 2, 2) - 0.5
    return [
        (
            (_f(rng, 1, 2, 3, 3), boxes, moves[:, :, :1, :1]),
            {**given, "output_dim": 2, "group_size": 1, "part_size": 1},
        ),
        ((_f(rng, 1, 4, 3, 3), boxes, moves[:, :2]), {**given, "output_dim": 1, "group_size": 2}),
        ((_f(rng, 1, 4, 3, 3), boxes), {**given, "output_dim": 1, "group_size": 2, "no_trans": True}),
    ]


@op(
    name="_contrib_DeformablePSROIPooling",
    method=False,
    samples=_displaced_samples,
    bounds={**SCALE, "trans_std": (0.0, 1.0)},
    optional={"trans": _has_displacements},
)
def DeformablePSROIPooling(
    data: Value,
    rois: Value,
    trans: Value | None = None,
    *,
    spatial_scale: Wide,
    output_dim: int,
    group_size: int,
    pooled_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: Wide = 0,
    no_trans: bool = False,
) -> Value:
    """``PSROIPooling`` with parts that are displaced, as means of ``sample_per_part``^2 samples between pixels.

    ``data`` [n, output_dim * group_size^2, height, width] and ``rois`` [count, 5] as there; corners are moved by half a
    pixel. ``trans`` [count, 2 * classes, part_size, part_size] says by how much a part moves across and down, times
    ``trans_std`` and the width and height of its box; ``part_size`` is ``pooled_size`` by default, and classes share
    ``output_dim`` among them. With ``no_trans`` it is left out. Samples farther than half a pixel from the image do not
    count; a part without any is 0. Gives [count, output_dim, pooled_size, pooled_size]. ``IndexError`` for images that
    there are not. Floats only. The boxes have no gradient. Dai et al., Deformable Convolutional Networks, 2017.

    >>> from lazynd import nd
    >>> image, box = nd.arange(9).reshape((1, 1, 3, 3)), nd.array([[0, 0, 0, 1, 1]])
    >>> given = {"spatial_scale": 1, "output_dim": 1, "group_size": 1, "pooled_size": 1, "trans_std": 0.5}
    >>> right = nd.array([[[[1]], [[0]]]])
    >>> nd.contrib.DeformablePSROIPooling(image, box, no_trans=True, **given).asnumpy().item()
    0.0
    >>> nd.contrib.DeformablePSROIPooling(image, box, right, **given).asnumpy().item()
    0.5
    """
    require_regions(data, rois, 5)
    _require_parts(data, output_dim, group_size, pooled_size)
    parts = part_size or pooled_size
    require(sample_per_part > 0, f"sample_per_part must be above 0, got {sample_per_part}")
    require((trans is None) == no_trans, "trans must be given, unless no_trans, and not with it")
    r, size = rois.shape[0], pooled_size
    number, *corners = numbers(ir.stop_gradient(wide(rois)), 5)
    left, top = (away(each) * spatial_scale - 0.5 for each in corners[:2])
    right, bottom = ((away(each) + 1) * spatial_scale - 0.5 for each in corners[2:])
    extents = [ir.maximum(bottom - top, _LEAST), ir.maximum(right - left, _LEAST)]
    starts = _displaced_starts((top, left), extents, trans, trans_std, (r, output_dim, size, parts), rois)
    x = wide(data)
    n, _, height, width = x.shape
    images = ir.transpose(ir.reshape(x, (n, output_dim, group_size, group_size, height, width)), (0, 2, 3, 4, 5, 1))
    classes = starts[0].shape[1]
    images = ir.reshape(images, (*images.shape[:5], classes, output_dim // classes))
    made = _mean_of_samples(ir.moveaxis(images, 5, 1), image_number(number, n), starts, extents, sample_per_part)
    return ir.convert(ir.reshape(ir.moveaxis(made, 4, 2), (r, output_dim, size, size)), data.dtype)


def _displaced_starts(
    corner: tuple[Value, Value], extents: list[Value], trans: Value | None, trans_std: Value,
    shape: tuple[int, int, int, int], rois: Value,
) -> list[Value]:  # fmt: skip
    """Where parts begin, down and across: each [r, class, p, q]."""
    r, output_dim, size, parts = shape
    moves: list[Value | float] = [0.0, 0.0]
    classes = 1
    if trans is not None:
        classes = trans.shape[1] // 2 if trans.ndim == 4 else 0
        expected = (r, 2 * classes, parts, parts)
        require(
            trans.ndim == 4 and trans.shape == expected,
            f"trans must be [{r},2 * classes,{parts},{parts}]: {trans.type}",
        )
        require(classes > 0 and output_dim % classes == 0, f"{classes} classes do not share {output_dim} of output_dim")
        require(trans.dtype == rois.dtype, f"expected trans of {rois.dtype} as data, got {trans.type}")
        x = ir.reshape(wide(trans), (r, classes, 2, parts, parts))
        at = _groups(size, parts, x)
        for axis in (3, 4):
            x = ir.moveaxis(ir.gather(x, [at], (axis,)), 0, axis)
        across, down = (ir.row(ir.moveaxis(x, 2, 0), k) for k in (0, 1))
        moves = [down * trans_std, across * trans_std]
    made = []
    for axis in (0, 1):
        place = ir.iota((1, 1, size, size), 2 + axis, extents[0].dtype, rois.context)
        start, extent = (ir.reshape(each, (r, 1, 1, 1)) for each in (corner[axis], extents[axis]))
        at = place * (extent / size) + start + moves[axis] * extent
        made.append(ir.broadcast_to(at, (r, classes, size, size)))
    return made


def _mean_of_samples(images: Value, number: Value, starts: list[Value], extents: list[Value], samples: int) -> Value:
    """[r, class, p, q, channel] of ``images`` [n, class, group, group, height, width, channel], the samples in turn."""
    shape = starts[0].shape
    r, size = shape[0], shape[2]
    groups, (height, width) = images.shape[2], images.shape[4:6]

    def step(state: Any, sample: Any, given: Any) -> Any:
        images, number, top, left, tall, wide_ = given
        steps = (ir.reshape(each / (size * samples), (r, 1, 1, 1)) for each in (tall, wide_))
        y, x = (start + at * each for start, at, each in zip((top, left), sample, steps, strict=True))
        inside = (y >= -0.5) & (y <= height - 0.5) & (x >= -0.5) & (x <= width - 0.5)
        y, x = (
            ir.select(inside, ir.minimum(ir.maximum(each, 0), extent - 1), 0)
            for each, extent in ((y, height), (x, width))
        )
        lead = [ir.broadcast_to(ir.reshape(number, (r, 1, 1, 1)), shape), ir.iota(shape, 1, INT32, number.context)]
        lead += [ir.iota(shape, axis, INT32, number.context) * groups / size for axis in (2, 3)]
        seen = ir.select(ir.expand_dims(inside, 4), _between(images, lead, y, x), 0)
        return (state[0] + seen, state[1] + ir.convert(inside, state[1].dtype)), ()

    zeros = [ir.full(each, 0, images.dtype, images.context) for each in ((*shape, images.shape[-1]), shape)]
    at = [ir.reshape(ir.iota((samples, samples), axis, images.dtype, images.context), (-1,)) for axis in (0, 1)]
    (total, count), _ = scan(step, zeros, at, (images, number, *starts, *extents))
    return total / ir.expand_dims(ir.maximum(ir.stop_gradient(count), 1), 4)
