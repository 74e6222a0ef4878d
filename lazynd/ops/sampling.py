"""Images sampled between their pixels: at a grid, through an affine map or a flow, and from boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.types import FLOAT32, FLOAT64, INT32, Type, counting, finfo, is_floating, require
from .boxes import numbers
from .kinds import Shape, one_of
from .operator import floats as _f
from .operator import op
from .unary import away


def bilinear(images: Value, y: Value, x: Value) -> Value:
    """The images [n, channel, height, width] at the places ``y`` and ``x`` [n, ...] of each; 0 outside.

    Gives [n, ..., channel]: the mean of four pixels by nearness.
    """
    number = ir.iota(y.shape, 0, INT32, y.context)
    height, width = images.shape[2:]
    top, left = ir.floor(y), ir.floor(x)
    made = None
    for row, down in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, right in ((left, 1 - (x - left)), (left + 1, x - left)):
            inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
            at = [number, *(ir.convert(ir.select(inside, each, 0), INT32) for each in (row, column))]
            weight = ir.select(inside, down * right, 0)
            part = ir.gather(images, at, (0, 2, 3)) * ir.expand_dims(weight, -1)
            made = part if made is None else made + part
    assert made is not None
    return made


def _require_images(data: Value) -> None:
    require(data.ndim == 4, f"input data should be 4D in batch-num_filter-y-x, got {data.type}")
    require(data.dtype in (FLOAT32, FLOAT64), f"only float32 and float64 are supported, got {data.dtype}")


def _sampled(data: Value, grid: Value) -> Value:
    height, width = data.shape[2:]
    x, y = (ir.row(ir.moveaxis(grid, 1, 0), k) for k in (0, 1))
    made = bilinear(data, (y + 1) * ((height - 1) / 2), (x + 1) * ((width - 1) / 2))
    return ir.moveaxis(made, 3, 1)


def _span(extent: int, shape: Shape, axis: int, like: Type) -> Value:
    """Coordinates from -1 to 1 along ``axis``, rounded once so that pixels are met; 0 if there is but one."""
    place = ir.iota(shape, axis, FLOAT64, like.context)
    return ir.convert(place * 2 / (extent - 1) - 1 if extent > 1 else place, like.dtype)


def _affine(theta: Value, shape: Shape) -> Value:
    """The grid [n, 2, height, width] that the maps ``theta`` [n, 6] make of the pixels of an image of ``shape``."""
    one = ir.full(shape, 1, theta.dtype, theta.context)
    pixels = [_span(shape[1], shape, 1, theta.type), _span(shape[0], shape, 0, theta.type), one]
    places = ir.concatenate([ir.reshape(each, (1, -1)) for each in pixels], 0)
    made = ir.dot_general(ir.reshape(theta, (-1, 2, 3)), places, ((2,), (0,)))
    return ir.reshape(made, (theta.shape[0], 2, *shape))


def _target(shape: Shape) -> Shape:
    require(len(shape) == 2 and min(shape) > 0, f"incorrect target_shape: {list(shape)}; it is a height and a width")
    return shape


@op(
    samples=lambda r: [((_f(r, 2, 3, 4, 5), (r.random((2, 2, 3, 2)) * 2.4 - 1.2).astype("float32")), {})],
    method=False,
)
def BilinearSampler(data: Value, grid: Value, *, cudnn_off: bool | None = None) -> Value:
    """The images ``data`` [n, channel, height, width] at the places in ``grid`` [n, 2, rows, columns].

    ``grid[:, 0]`` are places across and ``grid[:, 1]`` down, -1 and 1 being the middles of the outermost pixels. A
    value is the mean of the four pixels around by nearness; outside of the image pixels are 0. float32 and float64.
    ``cudnn_off`` changes nothing. The sampler of spatial transformer networks (Jaderberg et al., 2015).

    >>> from lazynd import nd
    >>> image = nd.array([[[[0, 1], [2, 3]]]])
    >>> nd.BilinearSampler(image, nd.array([[[[-1, 0]], [[-1, 0]]]])).asnumpy()
    array([[[[0. , 1.5]]]], dtype=float32)
    """
    _require_images(data)
    require(grid.ndim == 4, f"Sampler grid should be 4D in batch-2-y-x, got {grid.type}")
    require(grid.shape[0] == data.shape[0], f"{data.type} and {grid.type} are not as many")
    require(grid.shape[1] == 2, f"incorrect grid shape[1], should be 2, got {grid.type}")
    require(grid.dtype == data.dtype, f"expected a grid of {data.dtype} as data, got {grid.type}")
    return _sampled(data, grid)


@op(
    samples=lambda r: [
        ((_f(r, 2, 6),), {"transform_type": "affine", "target_shape": (2, 3)}),
        ((_f(r, 2, 2, 3, 4),), {"transform_type": "warp"}),
    ],
    method=False,
)
def GridGenerator(data: Value, *, transform_type: str, target_shape: Shape = (0, 0)) -> Value:
    """The grid [n, 2, height, width] for a ``BilinearSampler``.

    "affine": of the maps ``data`` [n, 6], two rows of three numbers each, for an image of ``target_shape``. "warp": of
    the flow ``data`` [n, 2, height, width], which says by how many pixels across and down each place is moved.
    float32 and float64.

    >>> from lazynd import nd
    >>> nd.GridGenerator(nd.array([[1, 0, 0, 0, 1, 0]]), transform_type="affine", target_shape=(1, 3)).asnumpy()
    array([[[[-1.,  0.,  1.]],
    <BLANKLINE>
            [[ 0.,  0.,  0.]]]], dtype=float32)
    """
    one_of(transform_type, "affine", "warp")
    require(data.dtype in (FLOAT32, FLOAT64), f"only float32 and float64 are supported, got {data.dtype}")
    if transform_type == "affine":
        require(data.ndim == 2 and data.shape[1] == 6, f"an affine map is [n, 6], got {data.type}")
        return _affine(data, _target(target_shape))
    require(data.ndim == 4, f"if transform_type is warp, data is an optical flow [n, 2, y, x], got {data.type}")
    require(data.shape[1] == 2, f"incorrect data shape[1], should be 2, got {data.type}")
    height, width = data.shape[2:]
    shape = (1, 1, height, width)
    places = [ir.iota(shape, axis, data.dtype, data.context) for axis in (3, 2)]
    halves = [ir.full((1, 1, 1, 1), max(n - 1, 1) / 2, data.dtype, data.context) for n in (width, height)]
    return (data + ir.concatenate(places, 1)) / ir.concatenate(halves, 1) - 1


@op(
    samples=lambda r: [
        (
            (_f(r, 2, 3, 4, 5), (np.array([1, 0, 0, 0, 1, 0]) + r.random((2, 6)) * 0.4).astype("float32")),
            {"target_shape": (3, 2), "transform_type": "affine", "sampler_type": "bilinear"},
        )
    ],
    method=False,
)
def SpatialTransformer(
    data: Value,
    loc: Value,
    *,
    target_shape: Shape = (0, 0),
    transform_type: str,
    sampler_type: str,
    cudnn_off: bool | None = None,
) -> Value:
    """The images ``data`` [n, channel, height, width] seen through the affine maps ``loc`` [n, 6], as ``target_shape``.

    ``BilinearSampler`` at the grid of ``GridGenerator``: "affine" and "bilinear" are the only choices. float32 and
    float64. ``cudnn_off`` changes nothing. Spatial transformer networks (Jaderberg et al., 2015).

    >>> from lazynd import nd
    >>> image, mirror = nd.arange(9).reshape((1, 1, 3, 3)), nd.array([[-1, 0, 0, 0, 1, 0]])
    >>> seen = nd.SpatialTransformer(image, mirror, (3, 3), transform_type="affine", sampler_type="bilinear")
    >>> seen.asnumpy()[0, 0]
    array([[2., 1., 0.],
           [5., 4., 3.],
           [8., 7., 6.]], dtype=float32)
    """
    one_of(transform_type, "affine")
    one_of(sampler_type, "bilinear")
    _require_images(data)
    require(loc.dtype == data.dtype, f"Non-uniform data type in SpatialTransformer: {data.type} and {loc.type}")
    require(loc.shape == (data.shape[0], 6), f"loc must be [{data.shape[0]},6], got {loc.type}")
    return _sampled(data, _affine(loc, _target(target_shape)))


def _roi_samples(rng: Any) -> list[Any]:
    boxes = np.array([[0, 0, 0, 4, 3], [1, 2, 1, 5, 5], [0, 5, 4, 3, 3]], "float32")
    x = (rng.permutation(2 * 2 * 5 * 6).reshape(2, 2, 5, 6) * 0.25).astype("float32")
    return [((x, boxes), {"pooled_size": (2, 3), "spatial_scale": 1.0})]


def _spans(first: Value, last: Value, bins: int, extent: int) -> Value:
    """[n, bins, extent]: which of ``extent`` positions belong to which part of those from ``first`` to ``last``."""
    part = ir.expand_dims(ir.maximum(last - first + 1, 1) / bins, 1)
    number = ir.iota((first.shape[0], bins), 1, first.dtype, first.context)
    start = ir.expand_dims(first, 1)
    low, high = ir.floor(number * part) + start, -ir.floor(-((number + 1) * part)) + start
    place = ir.iota((1, 1, extent), 2, first.dtype, first.context)
    return (place >= ir.expand_dims(low, 2)) & (place < ir.expand_dims(high, 2))


def _count(spans: Value) -> Value:
    return ir.sum(ir.convert(spans, INT32), 2)


def _place_of_maximum(image: Value, rows: Value, columns: Value) -> tuple[Value, Value]:
    """Where in an image [channel, height, width] the first maximum of each bin [i, height], [j, width] is."""
    least = float(finfo(image.dtype).min)
    within = ir.reshape(columns, (1, 1, *columns.shape))
    across = ir.select(within, ir.expand_dims(image, 2), least)  # channel, height, j, width
    column, value = ir.argmax(across, 3), ir.max(across, 3)
    down = ir.select(ir.reshape(rows, (1, *rows.shape, 1)), ir.expand_dims(value, 1), least)  # channel, i, height, j
    row = ir.argmax(down, 2)
    at = [ir.iota(row.shape, 0, INT32, image.context), row, ir.iota(row.shape, 2, INT32, image.context)]
    return row, ir.gather(column, at, (0, 1, 2))


@op(samples=_roi_samples, method=False)
def ROIPooling(data: Value, rois: Value, *, pooled_size: Shape, spatial_scale: float) -> Value:
    """The maxima of ``pooled_size`` parts of boxes in images ``data`` [n, channel, height, width].

    ``rois`` [count, 5]: the number of an image, and the columns and rows of two opposite corners of a box,
    (left, top, right, bottom), which are multiplied by ``spatial_scale`` and rounded. Gives [count, channel,
    *pooled_size]; parts outside of the image are 0. NaN is passed over: a part of nothing else gives the least finite
    number. Floats only. The boxes have no gradient. Girshick, 2015.

    >>> from lazynd import nd
    >>> image = nd.arange(16).reshape((1, 1, 4, 4))
    >>> nd.ROIPooling(image, nd.array([[0, 0, 0, 3, 3]]), pooled_size=(2, 2), spatial_scale=1).asnumpy()
    array([[[[ 5.,  7.],
             [13., 15.]]]], dtype=float32)
    """
    require(data.ndim == 4 and is_floating(data.dtype), f"data should be a 4D tensor of floats, got {data.type}")
    require(rois.ndim == 2 and rois.shape[1] == 5, f"bbox should be a 2D tensor of shape [batch, 5], got {rois.type}")
    require(rois.dtype == data.dtype, f"expected rois of {data.dtype} as data, got {rois.type}")
    require(len(pooled_size) == 2 and min(pooled_size) > 0, f"pooled_size is two numbers above 0, got {pooled_size}")
    require(0 < spatial_scale <= 1, f"spatial_scale must lie in (0, 1], got {spatial_scale}")
    boxes = ir.stop_gradient(ir.convert(rois, counting(rois.dtype)))
    number, *corners = numbers(boxes, 5)
    left, top, right, bottom = (away(each * spatial_scale) for each in corners)
    rows = _spans(top, bottom, pooled_size[0], data.shape[2])
    columns = _spans(left, right, pooled_size[1], data.shape[3])
    number = ir.convert(ir.check_index(number, 0, data.shape[0], negative=False), INT32)

    least = ir.constant(float(finfo(data.dtype).min), data.type)

    def step(state: Any, row: Any, constants: Any) -> Any:
        image = ir.gather(constants[0], [row[0]], (0,))
        return (), _place_of_maximum(image, row[1], row[2])

    seen = ir.select(data > least, ir.stop_gradient(data), least)
    _, (down, across) = scan(step, (), (number, rows, columns), (seen,))
    at = [
        ir.broadcast_to(ir.reshape(number, (-1, 1, 1, 1)), down.shape),
        ir.iota(down.shape, 1, INT32, data.context), down, across,
    ]  # fmt: skip
    counts = ir.expand_dims(_count(rows), 2) * ir.expand_dims(_count(columns), 1)
    found = ir.gather(data, at, (0, 1, 2, 3))
    return ir.select(ir.expand_dims(counts, 1) > 0, ir.select(found > least, found, least), 0)
