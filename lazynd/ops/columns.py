"""Windows of arrays side by side and put back: columns of images, and blocks of pixels as channels."""

from __future__ import annotations

import math

from ..ir import build as ir
from ..ir.build import Value
from ..ir.primitives.convolution import reach
from ..ir.types import require, require_floats
from .convolution import spatial_numbers
from .kinds import Shape
from .operator import floats as _f
from .operator import op

Ints = tuple[int, ...]


def unfolded(x: Value, axis: int, window: int, stride: int, dilation: int = 1) -> Value:
    """``x`` with two axes in place of ``axis``: the place in a window, and the number of the window.

    Nothing is computed, only moved: ``window`` copies of the axis lie behind one another. Read in lines that are longer
    by ``dilation`` each copy begins that much later than the one before it.
    """
    before, extent, behind = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    count = (extent - reach(window, dilation)) // stride + 1
    copies = ir.broadcast_to(ir.expand_dims(x, axis), (*before, window, extent, *behind))
    line = ir.reshape(copies, (*before, window * extent, *behind))
    line = ir.pad(line, 0, [0] * line.ndim, [window * dilation if i == axis else 0 for i in range(line.ndim)])
    lines = ir.reshape(line, (*before, window, extent + dilation, *behind))
    limit, strides = list(lines.shape), [1] * lines.ndim
    limit[axis + 1], strides[axis + 1] = reach(count, stride), stride
    return ir.slice_(lines, [0] * lines.ndim, limit, strides)


def folded(x: Value, axis: int, extent: int, stride: int, dilation: int = 1) -> Value:
    """The transpose of ``unfolded``: what lies in several windows is added up along an axis of ``extent``."""
    before, (window, count), behind = x.shape[:axis], x.shape[axis : axis + 2], x.shape[axis + 2 :]
    high, interior = [0] * x.ndim, [0] * x.ndim
    high[axis + 1], interior[axis + 1] = extent + dilation - reach(count, stride), stride - 1
    lines = ir.pad(x, 0, [0] * x.ndim, high, interior)
    line = ir.reshape(lines, (*before, window * (extent + dilation), *behind))
    line = ir.slice_(line, [0] * line.ndim, (*before, window * extent, *behind))
    return ir.sum(ir.reshape(line, (*before, window, extent, *behind)), axis)


def _windows(kernel: Ints, stride: Ints, dilate: Ints, pad: Ints, extents: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Stride, dilation and padding for each spatial dimension, and how many windows there are."""
    n = len(kernel)
    stride, dilate = spatial_numbers("stride", stride, n, 1, 1), spatial_numbers("dilate", dilate, n, 1, 1)
    pad = spatial_numbers("pad", pad, n, 0, 0)
    spatial_numbers("kernel", kernel, n, 1, 1)
    counts = []
    for extent, k, s, d, p in zip(extents, kernel, stride, dilate, pad, strict=True):
        fits = reach(k, d) <= extent + 2 * p
        require(fits, f"kernel size exceed input: {reach(k, d)} in {extent} padded to {extent + 2 * p}")
        counts.append((extent + 2 * p - reach(k, d)) // s + 1)
    return stride, dilate, pad, tuple(counts)


def _check_kernel(kernel: Ints, data: Value) -> None:
    require(1 <= len(kernel) <= 3, f"{len(kernel)}D convolution not supported: kernel has 1 to 3 numbers")
    require_floats(data.type)


@op(
    samples=lambda r: [
        ((_f(r, 2, 1, 4, 3),), {"kernel": (3, 2), "stride": (2, 1), "dilate": (1, 2), "pad": (1, 0)}),
        ((_f(r, 2, 2, 7),), {"kernel": (3,), "stride": (2,)}),
        ((_f(r, 1, 2, 3, 2, 3),), {"kernel": (2, 1, 2), "pad": (0, 1, 1)}),
    ],
    method=False,
)
def im2col(data: Value, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()) -> Value:
    """The windows that a convolution looks at, as columns.

    Of ``data`` [batch, channel, *spatial], with one to three spatial dimensions, [batch, channel * product of
    ``kernel``, windows]. Windows lie ``stride`` apart (1 by default) and their elements ``dilate`` (1) apart; ``pad``
    zeros (0) stand on both sides. Floats only.

    >>> from lazynd import nd
    >>> nd.im2col(nd.arange(4).reshape((1, 1, 1, 4)), kernel=(1, 2)).asnumpy()[0]
    array([[0., 1., 2.],
           [1., 2., 3.]], dtype=float32)
    """
    n = len(kernel)
    _check_kernel(kernel, data)
    require(data.ndim == n + 2, f"Input data should be {n + 2}D for a kernel of {n} numbers, got {data.type}")
    stride, dilate, pad, counts = _windows(kernel, stride, dilate, pad, data.shape[2:])
    x = ir.pad(data, 0, (0, 0, *pad), (0, 0, *pad))
    for i in reversed(range(n)):
        x = unfolded(x, 2 + i, kernel[i], stride[i], dilate[i])
    x = ir.transpose(x, (0, 1, *range(2, 2 + 2 * n, 2), *range(3, 2 + 2 * n, 2)))
    return ir.reshape(x, (data.shape[0], data.shape[1] * math.prod(kernel), math.prod(counts)))


@op(
    samples=lambda r: [
        ((_f(r, 2, 12, 8),), {"output_size": (4, 3), "kernel": (3, 2), "stride": (1, 2), "pad": (1, 1)}),
        ((_f(r, 1, 6, 3),), {"output_size": (6,), "kernel": (3,), "stride": (2,), "dilate": (2,), "pad": (2,)}),
    ],
    method=False,
)
def col2im(
    data: Value, *, output_size: Shape, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()
) -> Value:
    """The transpose of ``im2col``: columns added up where windows overlap.

    Of ``data`` [batch, channel * product of ``kernel``, windows] it makes [batch, channel, *output_size]. There must be
    as many windows as ``im2col`` makes of ``output_size`` with the same parameters. Floats only.

    >>> from lazynd import nd
    >>> columns = nd.im2col(nd.ones((1, 1, 1, 4)), kernel=(1, 2))
    >>> nd.col2im(columns, output_size=(1, 4), kernel=(1, 2)).asnumpy()[0, 0]
    array([[1., 2., 2., 1.]], dtype=float32)
    """
    n = len(kernel)
    _check_kernel(kernel, data)
    require(data.ndim == 3, f"expected columns [batch, channel * kernel, windows], got {data.type}")
    spatial_numbers("output_size", output_size, n, 1, 1)
    stride, dilate, pad, counts = _windows(kernel, stride, dilate, pad, output_size)
    fits = data.shape[2] == math.prod(counts)
    require(fits, f"output size does not match convolution parameters: {math.prod(counts)} windows, got {data.type}")
    channels, rest = divmod(data.shape[1], math.prod(kernel))
    require(not rest, f"the {data.shape[1]} rows do not make channels of {math.prod(kernel)}, the size of the kernel")
    x = ir.reshape(data, (data.shape[0], channels, *kernel, *counts))
    pairs = [2 + axis for i in range(n) for axis in (i, n + i)]
    x = ir.transpose(x, (0, 1, *pairs))
    for i in range(n):
        x = folded(x, 2 + i, output_size[i] + 2 * pad[i], stride[i], dilate[i])
    border = (0, 0, *(-p for p in pad))
    return ir.pad(x, 0, border, border)


def _check_blocks(data: Value, block_size: int) -> None:
    require(data.ndim == 4, f"expected images [batch, channel, height, width], got {data.type}")
    require(block_size >= 1, f"block_size must be a positive integer value, got {block_size}")


@op(samples=lambda r: [((_f(r, 2, 8, 2, 3),), {"block_size": 2})])
def depth_to_space(data: Value, *, block_size: int) -> Value:
    """Channels of images as blocks of pixels: [n, c * block_size ** 2, h, w] becomes [n, c, h * block_size, w *
    block_size].

    The first axis of three that the channels are is the row in a block, the second the column.

    >>> from lazynd import nd
    >>> nd.arange(4).reshape((1, 4, 1, 1)).depth_to_space(2).asnumpy()[0, 0]
    array([[0., 1.],
           [2., 3.]], dtype=float32)
    """
    _check_blocks(data, block_size)
    n, channels, height, width = data.shape
    b = block_size
    require(channels % (b * b) == 0, f"the {channels} channels of {data.type} must be a multiple of block_size ** 2")
    x = ir.reshape(data, (n, b, b, channels // (b * b), height, width))
    return ir.reshape(ir.transpose(x, (0, 3, 4, 1, 5, 2)), (n, channels // (b * b), height * b, width * b))


@op(samples=lambda r: [((_f(r, 2, 3, 4, 6),), {"block_size": 2})])
def space_to_depth(data: Value, *, block_size: int) -> Value:
    """The converse of ``depth_to_space``: blocks of pixels become channels.

    [n, c, h, w] becomes [n, c * block_size ** 2, h / block_size, w / block_size].

    >>> from lazynd import nd
    >>> nd.arange(4).reshape((1, 1, 2, 2)).space_to_depth(2).shape
    (1, 4, 1, 1)
    """
    _check_blocks(data, block_size)
    n, channels, height, width = data.shape
    b = block_size
    fits = height % b == 0 and width % b == 0
    require(fits, f"height and width of {data.type} must be multiples of block_size {b}")
    x = ir.reshape(data, (n, channels, height // b, b, width // b, b))
    return ir.reshape(ir.transpose(x, (0, 3, 5, 1, 2, 4)), (n, channels * b * b, height // b, width // b))
