"""Convolutions whose kernels look at places that are computed: deformable convolutions, and modulated ones."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.primitives.convolution import reach
from ..ir.types import FLOAT32, FLOAT64, INT32, require
from .convolution import check_convolution, convolution_shapes, filters, joined, spatial_numbers
from .kinds import Shape, one_of
from .nn import has_bias
from .operator import floats as _f
from .operator import op
from .sampling import bilinear

Ints = tuple[int, ...]


def _places(offset: Value, kernel: Ints, stride: Ints, dilate: Ints, pad: Ints, groups: int) -> tuple[Value, Value]:
    """Rows and columns [n, group, kernel position, down, across] that each output looks at."""
    n, _, height, width = offset.shape
    shape = (n, groups, kernel[0] * kernel[1], height, width)
    moved = ir.moveaxis(ir.reshape(offset, (n, groups, kernel[0] * kernel[1], 2, height, width)), 3, 0)
    tap = ir.iota(shape, 2, INT32, offset.context)
    taps = (tap / kernel[1], ir.remainder(tap, kernel[1]))
    made = []
    for k in (0, 1):
        start = ir.iota(shape, 3 + k, INT32, offset.context) * stride[k] - pad[k]
        made.append(ir.convert(start + taps[k] * dilate[k], offset.dtype) + ir.row(moved, k))
    return made[0], made[1]


def _within(images: Value, y: Value, x: Value) -> Value:
    """``bilinear`` with another border, MXNet's here: 0 before the first pixel, the last pixel itself behind it."""
    height, width = images.shape[2:]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    y, x = ir.minimum(height - 1, y), ir.minimum(width - 1, x)  # no slope on the last pixel
    return ir.select(ir.expand_dims(inside, -1), bilinear(images, y, x), 0)


def _deformed(
    data: Value, offset: Value, mask: Value | None, weight: Value, bias: Value | None, *, kernel: Ints, stride: Ints,
    dilate: Ints, pad: Ints, num_filter: int, num_group: int, num_deformable_group: int, no_bias: bool,
    layout: str | None,
) -> Value:  # fmt: skip
    one_of(layout, None, "NCW", "NCHW", "NCDHW")
    require(len(kernel) == 2, f"only 2D deformable convolutions are supported, got kernel {list(kernel)}")
    require(data.dtype in (FLOAT32, FLOAT64), f"only float32 and float64 are supported, got {data.dtype}")
    check_convolution(data, weight, bias, kernel, num_filter, num_group, no_bias, None, None)
    stride, dilate = spatial_numbers("stride", stride, 2, 1, 1), spatial_numbers("dilate", dilate, 2, 1, 1)
    pad = spatial_numbers("pad", pad, 2, 0, 0)
    n, channels, *extents = data.shape
    divides = num_deformable_group >= 1 and channels % num_deformable_group == 0
    require(divides, f"the {channels} channels do not make {num_deformable_group} of num_deformable_group")
    weight = filters(weight, 1, num_filter, channels // num_group, kernel)
    room = [extents[k] + 2 * pad[k] - reach(kernel[k], dilate[k]) for k in (0, 1)]
    require(min(room) >= 0, f"kernel {list(kernel)} with dilate {list(dilate)} does not fit into {data.type}")
    height, width = (r // s + 1 for r, s in zip(room, stride, strict=True))
    groups, count = num_deformable_group, kernel[0] * kernel[1]
    for name, each, wanted in (("offset", offset, 2 * groups * count), ("mask", mask, groups * count)):
        expected = (n, wanted, height, width)
        if each is not None:
            require(each.shape == expected, f"{name} must be {list(expected)}, got {each.type}")
    rows, columns = _places(offset, kernel, stride, dilate, pad, groups)
    # Each deformable group of channels as an image of its own.
    images = ir.reshape(data, (n * groups, channels // groups, *extents))
    flat = [ir.reshape(each, (n * groups, count, height, width)) for each in (rows, columns)]
    if mask is None:
        seen = _within(images, *flat)
    else:
        seen = bilinear(images, *flat)
        seen = seen * ir.expand_dims(ir.reshape(mask, (n * groups, count, height, width)), -1)
    seen = ir.moveaxis(seen, 4, 1)  # n * group, channel, kernel position, down, across
    seen = ir.reshape(seen, (n, num_group, channels // num_group * count, height * width))
    rows_of_weights = ir.reshape(weight, (num_group, num_filter // num_group, -1))
    made = ir.dot_general(rows_of_weights, seen, ((2,), (2,)), ((0,), (1,)))  # group, filter, n, place
    made = ir.moveaxis(made, 2, 0)
    return joined(ir.reshape(made, (*made.shape[:3], height, width)), bias, 1)


def _samples(rng: Any) -> list[Any]:
    x, w, b = _f(rng, 2, 4, 5, 4), _f(rng, 4, 2, 2, 3), _f(rng, 4)
    offset = (rng.random((2, 24, 4, 2)) * 1.4 - 0.7).astype("float32")
    given = {"kernel": (2, 3), "num_filter": 4, "num_group": 2, "num_deformable_group": 2}
    return [
        ((x, offset, w, b), given),
        ((x[:1], offset[:1, :12], w), {**given, "num_deformable_group": 1, "no_bias": True}),
    ]


@op(
    name="_contrib_DeformableConvolution",
    samples=_samples,
    method=False,
    shapes=convolution_shapes,
    optional={"bias": has_bias},
)
def DeformableConvolution(
    data: Value,
    offset: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    layout: str | None = None,
) -> Value:
    """A convolution of images [n, channel, height, width] that looks at places displaced from those of its kernel.

    ``offset`` [n, 2 * num_deformable_group * kernel positions, down, across] says by how many rows and columns, in
    turns; between pixels the image is interpolated, outside it is 0. ``weight`` [num_filter, channel / num_group,
    *kernel], ``bias`` [num_filter] and the other parameters are those of ``Convolution``. Each of the
    ``num_deformable_group`` groups of channels has offsets of its own. float32 and float64. ``workspace`` changes
    nothing. Dai et al., 2017.

    >>> from lazynd import nd
    >>> image, one = nd.arange(9).reshape((1, 1, 3, 3)), nd.ones((1, 1, 1, 1))
    >>> right = nd.concat(nd.zeros((1, 1, 3, 3)), nd.ones((1, 1, 3, 3)), dim=1)
    >>> nd.contrib.DeformableConvolution(image, right, one, kernel=(1, 1), num_filter=1, no_bias=True).asnumpy()[0, 0]
    array([[1., 2., 0.],
           [4., 5., 0.],
           [7., 8., 0.]], dtype=float32)
    """
    return _deformed(
        data, offset, None, weight, bias, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter,
        num_group=num_group, num_deformable_group=num_deformable_group, no_bias=no_bias, layout=layout,
    )  # fmt: skip


def _modulated_samples(rng: Any) -> list[Any]:
    masks = [rng.random((2, 12, 4, 2)).astype("float32"), rng.random((1, 6, 4, 2)).astype("float32")]
    return [
        ((*given[:2], mask, *given[2:]), attributes)
        for (given, attributes), mask in zip(_samples(rng), masks, strict=True)
    ]


@op(
    name="_contrib_ModulatedDeformableConvolution",
    samples=_modulated_samples,
    method=False,
    shapes=convolution_shapes,
    optional={"bias": has_bias},
)
def ModulatedDeformableConvolution(
    data: Value,
    offset: Value,
    mask: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    im2col_step: int = 64,
    layout: str | None = None,
) -> Value:
    """``DeformableConvolution`` with a factor for each place that is looked at.

    ``mask`` [n, num_deformable_group * kernel positions, down, across] are the factors. ``im2col_step`` changes
    nothing. Zhu et al., 2019.

    >>> from lazynd import nd
    >>> image, still, one = nd.ones((1, 1, 1, 3)), nd.zeros((1, 2, 1, 3)), nd.ones((1, 1, 1, 1))
    >>> half = nd.full((1, 1, 1, 3), 0.5)
    >>> kept = nd.contrib.ModulatedDeformableConvolution(
    ...     image, still, half, one, kernel=(1, 1), num_filter=1, no_bias=True)
    >>> kept.asnumpy()[0, 0]
    array([[0.5, 0.5, 0.5]], dtype=float32)
    """
    return _deformed(
        data, offset, mask, weight, bias, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter,
        num_group=num_group, num_deformable_group=num_deformable_group, no_bias=no_bias, layout=layout,
    )  # fmt: skip
