"""Windows of arrays side by side and put back: columns of images, and blocks of pixels as channels."""

from __future__ import annotations

import math
from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.primitives.convolution import reach
from ..ir.types import require, require_floats
from .convolution import spatial_numbers
from .kinds import Shape
from .operator import floats as _f
from .operator import op

Ints = tuple[int, ...]

#: Windows of so few elements are taken apart place by place, for which a compiler copies whole lines: a fifth of the
#: time of lines read anew. Larger ones would be too many operations.
_FEW: Final = 16


def unfolded(x: Value, axis: int, window: int, stride: int, dilation: int = 1, place: int | None = None) -> Value:
    """``x`` with windows in place of the elements of ``axis``, and an axis more for the place in a window.

    That is put before ``axis``, or to ``place``, which lies before it too. Nothing is computed, only moved.
    """
    place = axis if place is None else place
    extent = x.shape[axis]
    last = reach((extent - reach(window, dilation)) // stride + 1, stride)
    if window <= _FEW:
        starts = range(0, window * dilation, dilation)
        return ir.concatenate([ir.expand_dims(_part(x, axis, k, k + last, stride), place) for k in starts], place)
    # Copies behind one another, read in lines that are longer by the dilation: each begins that much later in its line.
    before, behind = x.shape[:axis], x.shape[axis + 1 :]
    copies = ir.broadcast_to(ir.expand_dims(x, axis), (*before, window, extent, *behind))
    line = ir.reshape(copies, (*before, window * extent, *behind))
    line = ir.pad(line, 0, [0] * line.ndim, [window * dilation if i == axis else 0 for i in range(line.ndim)])
    lines = ir.reshape(line, (*before, window, extent + dilation, *behind))
    return ir.moveaxis(_part(lines, axis + 1, 0, last, stride), axis, place)


def _part(x: Value, axis: int, start: int, limit: int, stride: int) -> Value:
    low, high, strides = [0] * x.ndim, list(x.shape), [1] * x.ndim
    low[axis], high[axis], strides[axis] = start, limit, stride
    return ir.slice_(x, low, high, strides)


def folded(x: Value, axis: int, extent: int, stride: int, dilation: int = 1, place: int | None = None) -> Value:
    """The transpose of ``unfolded``: windows are added up along ``axis`` of the result, which has ``extent``."""
    x = ir.moveaxis(x, axis if place is None else place, axis)
    before, (window, count), behind = x.shape[:axis], x.shape[axis : axis + 2], x.shape[axis + 2 :]
    room = extent - reach(count, stride)

    def spread(part: Value, low: int, high: int) -> Value:
        """``part`` with its windows ``stride`` apart, and zeros around them."""
        widths = ([n if i == axis + 1 else 0 for i in range(x.ndim)] for n in (low, high, stride - 1))
        return ir.pad(part, 0, *widths)

    if window <= _FEW:
        total = None
        for k in range(window):
            each = ir.squeeze(spread(_part(x, axis, k, k + 1, 1), k * dilation, room - k * dilation), (axis,))
            total = each if total is None else total + each
        assert total is not None
        return total
    line = ir.reshape(spread(x, 0, room + dilation), (*before, window * (extent + dilation), *behind))
    line = _part(line, axis, 0, window * extent, 1)
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
    for i in range(n):  # the places of the windows before all axes of space
        x = unfolded(x, 2 + 2 * i, kernel[i], stride[i], dilate[i], 2 + i)
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
    for i in reversed(range(n)):
        x = folded(x, 2 + 2 * i, output_size[i] + 2 * pad[i], stride[i], dilate[i], 2 + i)
    border = (0, 0, *(-p for p in pad))
    return ir.pad(x, 0, border, border)


@im2col.gradient
def _im2col_gradient(g: Value, y: Value, data: Value, **how: Any) -> Any:
    return col2im(g, output_size=data.shape[2:], **how)


@col2im.gradient
def _col2im_gradient(g: Value, y: Value, data: Value, *, output_size: Ints, **how: Any) -> Any:
    return im2col(g, **how)


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
