"""Windows of neighbours summed up: pooling over space, and normalisation by neighbouring channels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, INT32, is_floating, require
from .kinds import Scalar, Shape, one_of
from .layout import channel_axis
from .operator import floats as _f
from .operator import op
from .precision import wide

Ints = tuple[int, ...]


def _pooling_samples(rng: Any) -> list[Any]:
    x, signal = rng.permutation(120).reshape(2, 3, 5, 4).astype("float32") / 9, _f(rng, 2, 2, 7)
    return [
        ((x,), {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 0)}),
        ((signal,), {"kernel": (3,), "stride": (2,), "pad": (1,), "pool_type": "avg", "pooling_convention": "full"}),
        ((signal,), {"kernel": (2,), "pad": (1,), "pool_type": "avg", "count_include_pad": False}),
        ((signal,), {"kernel": (3,), "stride": (3,), "pool_type": "sum", "pooling_convention": "same"}),
        ((x,), {"kernel": (2, 2), "pool_type": "lp", "p_value": 2, "layout": "NHWC"}),
        ((x,), {"global_pool": True, "pool_type": "lp", "p_value": 3}),
        ((x,), {"global_pool": True}),
        ((_f(rng, 1, 2, 3, 4, 3),), {"kernel": (2, 1, 2), "pool_type": "avg", "stride": (1, 2, 1)}),
    ]


@op(samples=_pooling_samples, method=False)
def Pooling(
    data: Value,
    *,
    kernel: Shape = (),
    pool_type: str = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: str = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
) -> Value:
    """One number for each window of the extent ``kernel``, or with ``global_pool`` for all of the spatial dimensions.

    ``data`` is [batch, channel, *spatial] with one to three spatial dimensions, or has its channels last by
    ``layout``. Windows lie ``stride`` apart (1 by default); ``pad`` elements (0) on both sides count for a "sum" as 0
    and for a "max" not at all. "avg" divides by the number of elements, those of the padding included unless
    ``count_include_pad`` is False. "lp" is the root of the sum of powers ``p_value``: 1, 2 or 3, without absolute
    values. Where windows do not fill the extent, ``pooling_convention`` "valid" leaves the rest out, "full" adds a
    window that sticks out; "same" (one dimension, no ``pad``) begins a window at every multiple of ``stride``.

    The maximum's gradient goes to the first of equal elements. NaN is never the maximum. Floats only.
    """
    one_of(pool_type, "avg", "lp", "max", "sum")
    one_of(pooling_convention, "full", "same", "valid")
    one_of(layout, None, "NCW", "NCHW", "NCDHW", "NWC", "NHWC", "NDHWC")
    require(3 <= data.ndim <= 5, f"Input data should be 3D, 4D or 5D, got {data.type}")
    require(is_floating(data.dtype), f"only floating point types are supported, got {data.dtype}")
    require(pool_type != "lp" or p_value in (1, 2, 3), f"p_value must be 1, 2 or 3 for lp, got {p_value}")
    channels = channel_axis(layout, data.ndim - 2)
    axes = tuple(i for i in range(1, data.ndim) if i != channels)
    extents = tuple(data.shape[a] for a in axes)
    if global_pool:
        kernel, stride, pad, pooling_convention = extents, (), (), "valid"
    windows = _windows(extents, kernel, stride, pad, pooling_convention)
    everywhere = windows.over(data.ndim, axes)
    if pool_type == "max":
        return ir.reduce_window_max(data, *everywhere)
    # A sum may be too much for half precision when its average or root is not.
    x = ir.convert(data, FLOAT32) if data.dtype.itemsize == 2 else data
    degree = (p_value or 1) if pool_type == "lp" else 1
    terms = x if degree == 1 else x * x if degree == 2 else x * x * x
    total = ir.sum(terms, axes, keepdims=True) if global_pool else ir.reduce_window_sum(terms, *everywhere)
    if degree > 1:
        total = _root(total, degree)
    if pool_type == "avg":
        total = total / _divisor(total, axes, extents, windows, count_include_pad is not False)
    return ir.convert(total, data.dtype)


@dataclass(frozen=True)
class _Windows:
    """The windows along each spatial dimension."""

    kernel: Ints
    stride: Ints
    low: Ints
    high: Ints

    def over(self, ndim: int, axes: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Window, strides and padding of all axes, of which ``axes`` are the spatial ones."""
        at = {axis: i for i, axis in enumerate(axes)}
        pairs = ((self.kernel, 1), (self.stride, 1), (self.low, 0), (self.high, 0))
        kernel, stride, low, high = (
            tuple(numbers[at[i]] if i in at else other for i in range(ndim)) for numbers, other in pairs
        )
        return kernel, stride, low, high


def _windows(extents: Ints, kernel: Ints, stride: Ints, pad: Ints, convention: str) -> _Windows:
    """The windows that a call asks for; the padding behind is as much as the last of them takes."""
    n = len(extents)
    require(len(kernel) == n, f"kernel needs {n} numbers for {n} spatial dimensions, got {list(kernel)}")
    stride, pad = stride or (1,) * n, pad or (0,) * n
    require(len(stride) == n, f"stride needs {n} numbers as kernel has, got {list(stride)}")
    require(min(*kernel, *stride) > 0, f"kernel and stride must be positive, got {list(kernel)} and {list(stride)}")
    if convention == "same":
        require(n == 1, f"the convention 'same' is for one spatial dimension, got {n}")
        require(not any(pad), f"the convention 'same' disables the use of pad, got {list(pad)}")
        counts = tuple(-(-e // s) for e, s in zip(extents, stride, strict=True))
        pad = (0,)
    else:
        require(len(pad) == n, f"pad needs {n} numbers as kernel has, got {list(pad)}")
        for e, k, p in zip(extents, kernel, pad, strict=True):
            require(0 <= p < k, f"pad must be from 0 to less than kernel, got {list(pad)} for {list(kernel)}")
            require(k <= e + 2 * p, f"kernel size ({k}) exceeds input ({e} padded to {e + 2 * p})")
        up = convention == "full"
        left = [(e + 2 * p - k, s) for e, k, p, s in zip(extents, kernel, pad, stride, strict=True)]
        counts = tuple((-(-n // s) if up else n // s) + 1 for n, s in left)
    ends = zip(counts, stride, kernel, extents, pad, strict=True)
    return _Windows(kernel, stride, pad, tuple((c - 1) * s + k - e - p for c, s, k, e, p in ends))


def _divisor(total: Value, axes: Ints, extents: Ints, windows: _Windows, include_pad: bool) -> Value | int:
    """How many elements each window has: those of ``data``, and of the padding if ``include_pad``."""
    border = windows.low if include_pad else (0,) * len(axes)
    low = tuple(lo - b for lo, b in zip(windows.low, border, strict=True))
    high = tuple(hi - b for hi, b in zip(windows.high, border, strict=True))
    if max(*low, *high) <= 0:
        return math.prod(windows.kernel)
    shape = [1] * total.ndim
    for axis, extent, b in zip(axes, extents, border, strict=True):
        shape[axis] = extent + 2 * b
    ones = ir.full(shape, 1, total.dtype, total.context)
    counted = ir.reduce_window_sum(ones, *replace(windows, low=low, high=high).over(total.ndim, axes))
    return ir.maximum(counted, 1)  # A window may lie beyond the padding.


def _root(total: Value, degree: int) -> Value:
    """The square or cube root; its slope at 0 is 0, as in MXNet."""
    zero = total == 0
    safe = ir.select(zero, 1, total)
    return ir.select(zero, 0, ir.sqrt(safe) if degree == 2 else ir.unary("cbrt", safe))


@op(
    name="_contrib_AdaptiveAvgPooling2D",
    samples=lambda r: [((_f(r, 1, 2, 5, 4),), {"output_size": size}) for size in ((3, 2), 7, ())],
    method=False,
)
def AdaptiveAvgPooling2D(data: Value, *, output_size: Shape = ()) -> Value:
    """Images [batch, channel, height, width] averaged to ``output_size``: a height and a width, or one number for both.

    Without it, the mean of each image. Row i of the result is the mean of the rows from floor(i h / n) to
    ceil((i + 1) h / n) of h, n being the new height, so that neighbours may share a row; columns likewise. The result
    may be larger than the image. Floats only; half precision is summed up in float32.

    >>> from lazynd import nd
    >>> nd.contrib.AdaptiveAvgPooling2D(nd.arange(5).reshape((1, 1, 1, 5)), output_size=(1, 2)).asnumpy()[0, 0]
    array([[1., 3.]], dtype=float32)
    """
    require(data.ndim == 4, f"expected images [batch, channel, height, width], got {data.type}")
    require(len(output_size) <= 2, f"output_size is one number or two, got {list(output_size)}")
    require(not output_size or min(output_size) > 0, f"output_size must be positive, got {list(output_size)}")
    require(min(data.shape[2:]) > 0, f"an image of no pixels has no mean, got {data.type}")
    height, width = (1, 1) if not output_size else (output_size[0], output_size[-1])
    return ir.convert(_averaged(_averaged(wide(data), 2, height), 3, width), data.dtype)


def _averaged(x: Value, axis: int, count: int) -> Value:
    """``axis`` brought to ``count`` elements, each the mean of those that lie under it in part."""
    extent = x.shape[axis]
    if extent % count == 0:
        apart = ir.reshape(x, (*x.shape[:axis], count, extent // count, *x.shape[axis + 1 :]))
        return ir.mean(apart, axis + 1)
    longest = -(-extent // count) + 1
    number = ir.iota((count, 1), 0, INT32, x.context)
    start, end = number * extent / count, ((number + 1) * extent + (count - 1)) / count
    place = start + ir.iota((count, longest), 1, INT32, x.context)
    picked = ir.gather(x, [ir.minimum(place, extent - 1)], (axis,))
    shape = (count, longest, *(1,) * (x.ndim - 1))
    total = ir.sum(ir.select(ir.reshape(place < end, shape), picked, 0), 1)
    return ir.moveaxis(total / ir.reshape(ir.convert(end - start, x.dtype), (count, *shape[2:])), 0, axis)


@op(
    samples=lambda r: [
        ((_f(r, 2, 5, 3),), {"nsize": 3, "alpha": 0.5}),
        ((_f(r, 2, 4, 1, 2),), {"nsize": 6, "beta": 2}),
    ],
    method=False,
)
def LRN(data: Value, *, alpha: Scalar = 1e-4, beta: Scalar = 0.75, knorm: Scalar = 2.0, nsize: int) -> Value:
    """``data`` divided by (``knorm`` + ``alpha`` m) to the power ``beta``: m is the sum of squares over ``nsize``
    neighbouring channels (axis 1), divided by ``nsize``. Beyond the borders are zeros; an even ``nsize`` takes one
    channel less, but divides by ``nsize``. Floats only.
    """
    require(data.ndim >= 2, f"expected a batch of channels, got {data.type}")
    require(nsize >= 1, f"nsize must be positive, got {nsize}")
    half = (nsize - 1) // 2
    ones, zeros = [1] * data.ndim, [0] * data.ndim
    window, around = [*ones], [*zeros]
    window[1], around[1] = 2 * half + 1, half
    squares = ir.reduce_window_sum(data * data, window, ones, around, around)
    return data * ir.power(knorm + alpha / nsize * squares, -beta)
