"""Convolutions over one to three spatial dimensions, and transposed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.primitive import PRIMITIVES
from ..ir.primitives.convolution import reach
from ..ir.types import is_floating, require
from .kinds import Shape, one_of
from .layout import channel_axis
from .nn import has_bias
from .operator import floats as _f
from .operator import op
from .partial import Shape as Partial
from .partial import Shapes, without

Ints = tuple[int, ...]


def check_convolution(
    data: Value, weight: Value, bias: Value | None, kernel: Ints, num_filter: int, num_group: int, no_bias: bool,
    layout: str | None, cudnn_tune: str | None,
) -> int:  # fmt: skip
    """Refuse what fits no convolution; gives the axis of the channels."""
    one_of(layout, None, "NCW", "NCHW", "NCDHW", "NWC", "NHWC", "NDHWC")
    one_of(cudnn_tune, None, "fastest", "limited_workspace", "off")
    n = len(kernel)
    require(1 <= n <= 3, f"{n}D convolution not supported: kernel has 1 to 3 numbers")
    require(data.ndim == n + 2, f"Input data should be {n + 2}D for a kernel of {n} numbers, got {data.type}")
    require(is_floating(data.dtype), f"only floating point types are supported, got {data.dtype}")
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None:
            require(each.dtype == data.dtype, f"expected '{data.dtype}' for {name} as for data, got '{each.dtype}'")
    require(num_filter >= 1, f"value {num_filter} for Parameter num_filter should be greater equal to 1")
    require(num_group >= 1, f"value {num_group} for Parameter num_group should be greater equal to 1")
    require(num_filter % num_group == 0, f"num_filter {num_filter} must be a multiple of num_group {num_group}")
    require(no_bias or bias is not None, "bias is missing: give one, or no_bias=True")
    require(not (no_bias and bias is not None), "a bias is given, but no_bias=True: leave one of them out")
    if bias is not None:
        require(bias.shape == (num_filter,), f"bias must be [{num_filter}], got {bias.type}")
    axis = channel_axis(layout, n)
    channels = data.shape[axis]
    require(channels % num_group == 0, f"the {channels} channels of {data.type} do not make {num_group} groups")
    return axis


def spatial_numbers(name: str, given: Ints, count: int, default: int, least: int) -> Ints:
    """One number for each spatial dimension."""
    made = given or (default,) * count
    require(len(made) == count, f"{name} needs {count} numbers as kernel has, got {list(made)}")
    require(min(made) >= least, f"{name} must be at least {least}, got {list(made)}")
    return made


def filters(weight: Value, axis: int, rows: int, columns: int, kernel: Ints) -> Value:
    """The weight as [rows, columns, *kernel], its shape checked."""
    expected = (rows, columns, *kernel) if axis == 1 else (rows, *kernel, columns)
    require(weight.shape == expected, f"Shape inconsistent, weight must be {list(expected)}, got {weight.type}")
    return ir.moveaxis(weight, axis, 1)


def _grouped(x: Value, axis: int, groups: int) -> Value:
    """``axis`` of ``x`` split into groups and what is in them."""
    return ir.reshape(x, (*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]))


def joined(y: Value, bias: Value | None, axis: int) -> Value:
    """Groups joined, the bias added, channels put back to their axis."""
    y = ir.reshape(y, (y.shape[0], y.shape[1] * y.shape[2], *y.shape[3:]))
    if bias is not None:
        y = y + ir.reshape(bias, (-1, *(1,) * (y.ndim - 2)))
    return ir.moveaxis(y, 1, axis)


def _spaces(known: Shapes, kernel: Ints, num_filter: int, layout: str | None) -> tuple[int, Partial]:
    """The axis of the channels, and ``data`` as far as it is known; learns the bias and how many results there are."""
    data, n = known["data"], len(kernel)
    axis = channel_axis(layout, n)
    if data is not None:
        text = f"Input data should be {n + 2}D for a kernel of {n} numbers, got {known.show(data)}"
        require(len(data) == n + 2, text)
        known.learn("bias", (num_filter,))
        known.learn_output(_with_channels(data[:1] + (None,) * n, num_filter, axis))
    return axis, data


def _with_channels(rest: Sequence[int | None], channels: int | None, axis: int) -> tuple[int | None, ...]:
    """Batch and spatial extents with the channels put to their axis."""
    return (*rest[:axis], channels, *rest[axis:])


def convolution_shapes(
    known: Shapes, *, kernel: Ints, stride: Ints, dilate: Ints, pad: Ints, num_filter: int, num_group: int,
    layout: str | None, **_: Any,
) -> None:  # fmt: skip
    axis, data = _spaces(known, kernel, num_filter, layout)
    if data is None:
        return
    n, channels = len(kernel), data[axis]
    columns = None if channels is None else channels // num_group
    known.learn("weight", _with_channels((num_filter, *kernel), columns, axis))
    strides, pads = spatial_numbers("stride", stride, n, 1, 1), spatial_numbers("pad", pad, n, 0, 0)
    windows = [reach(k, d) - 2 * p for k, d, p in zip(kernel, dilate or (1,) * n, pads, strict=True)]
    extents, made = without(data, axis)[1:], without(known.output() or (None,) * (n + 2), axis)
    found = [None if m is None else (m - w) // s + 1 for m, w, s in zip(extents, windows, strides, strict=True)]
    known.learn_output(_with_channels((data[0], *found), num_filter, axis))
    # With a stride of more than 1, several extents have the same result.
    back = [o - 1 + w if o is not None and s == 1 else None for o, w, s in zip(made[1:], windows, strides, strict=True)]
    known.learn("data", _with_channels((made[0], *back), channels, axis))


def _convolution_samples(rng: Any) -> list[Any]:
    return [
        ((_f(rng, 2, 3, 5, 4), _f(rng, 4, 3, 3, 2), _f(rng, 4)), {"kernel": (3, 2), "num_filter": 4, "pad": (1, 0)}),
        ((_f(rng, 2, 4, 7), _f(rng, 6, 2, 3)), {
            "kernel": (3,), "num_filter": 6, "num_group": 2, "stride": (2,), "dilate": (2,), "no_bias": True}),
        ((_f(rng, 1, 5, 4, 2), _f(rng, 3, 2, 2, 2), _f(rng, 3)), {
            "kernel": (2, 2), "num_filter": 3, "stride": (2, 1), "layout": "NHWC"}),
        ((_f(rng, 1, 2, 3, 4, 3), _f(rng, 2, 1, 2, 2, 1), _f(rng, 2)), {
            "kernel": (2, 2, 1), "num_filter": 2, "num_group": 2, "pad": (0, 1, 0)}),
    ]  # fmt: skip


@op(samples=_convolution_samples, method=False, shapes=convolution_shapes, optional={"bias": has_bias})
def Convolution(
    data: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Value:
    """``num_filter`` sums of products of ``data`` with each window of the extent ``kernel``, plus ``bias``.

    ``data`` is [batch, channel, *spatial] with one to three spatial dimensions, ``weight`` [num_filter,
    channel / num_group, *kernel]. Windows lie ``stride`` apart (1 by default) and their elements ``dilate`` (1) apart;
    ``pad`` zeros (0) stand on both sides. The channels of a group are seen by the filters of that group alone.
    ``layout`` "NWC", "NHWC" or "NDHWC" has the channels last, also in ``weight``. Floats only. ``workspace``,
    ``cudnn_tune`` and ``cudnn_off`` change nothing.
    """
    n = len(kernel)
    axis = check_convolution(data, weight, bias, kernel, num_filter, num_group, no_bias, layout, cudnn_tune)
    stride, dilate = spatial_numbers("stride", stride, n, 1, 1), spatial_numbers("dilate", dilate, n, 1, 1)
    pad = spatial_numbers("pad", pad, n, 0, 0)
    x = ir.moveaxis(data, axis, 1)
    for extent, k, p, d in zip(x.shape[2:], kernel, pad, dilate, strict=True):
        fits = 0 < reach(k, d) <= extent + 2 * p
        require(fits, f"kernel size exceed input: {reach(k, d)} in {extent} padded to {extent + 2 * p}")
    w = filters(weight, axis, num_filter, x.shape[1] // num_group, kernel)
    y = ir.convolution(
        _grouped(x, 1, num_group), _grouped(w, 0, num_group), strides=stride, low=pad, high=pad, spread=(1,) * n,
        dilation=dilate,
    )  # fmt: skip
    return joined(y, bias, axis)


@op(
    name="_spread_convolution",
    samples=lambda r: [
        ((_f(r, 2, 1, 3, 4), _f(r, 1, 2, 3, 3)), {"spread": (2,), "dilation": (1,), "low": (1,), "high": (2,)}),
    ],
    method=False,
)
def spread_convolution(x: Value, w: Value, *, spread: Shape, dilation: Shape, low: Shape, high: Shape) -> Value:
    """``ir.convolution`` of an operand with zeros put in and around, with which nothing is multiplied.

    A weight that is NaN or infinite makes NaN of what it reaches from elements of ``x``, and of nothing else.
    """
    how: dict[str, Any] = {"strides": (1,) * len(spread), "spread": spread, "dilation": dilation}
    how |= {"low": low, "high": high}
    finite = ir.abs(w) < math.inf
    made = ir.convolution(x, ir.select(finite, w, 0.0), **how)
    wrong = ir.max(ir.convert(~finite, w.dtype), 2, keepdims=True)
    everywhere = ir.full((1, x.shape[1], 1, *x.shape[3:]), 1, x.dtype, x.context)
    return ir.select(ir.convolution(everywhere, wrong, **how) > 0, math.nan, made)


@spread_convolution.gradient
def _spread_convolution_gradient(g: Value, y: Value, x: Value, w: Value, **how: Any) -> Any:
    return PRIMITIVES["convolution"].vjp(g, y, x, w, strides=(1,) * len(how["spread"]), **how)


def _deconvolution_samples(rng: Any) -> list[Any]:
    return [
        ((_f(rng, 2, 3, 4, 3), _f(rng, 3, 2, 3, 2)), {
            "kernel": (3, 2), "num_filter": 2, "stride": (2, 1), "pad": (1, 0), "adj": (1, 0)}),
        ((_f(rng, 2, 4, 5), _f(rng, 4, 3, 3), _f(rng, 6)), {
            "kernel": (3,), "num_filter": 6, "num_group": 2, "dilate": (2,), "no_bias": False}),
        ((_f(rng, 1, 3, 2, 2), _f(rng, 2, 2, 2, 3)), {
            "kernel": (2, 2), "num_filter": 3, "stride": (2, 3), "target_shape": (5, 4), "layout": "NHWC"}),
        ((_f(rng, 1, 2, 2, 3, 2), _f(rng, 2, 1, 2, 1, 2)), {"kernel": (2, 1, 2), "num_filter": 1, "stride": (1, 2, 2)}),
    ]  # fmt: skip


def _deconvolution_shapes(
    known: Shapes, *, kernel: Ints, stride: Ints, dilate: Ints, pad: Ints, adj: Ints, target_shape: Ints,
    num_filter: int, num_group: int, layout: str | None, **_: Any,
) -> None:  # fmt: skip
    axis, data = _spaces(known, kernel, num_filter, layout)
    if data is None:
        return
    n, channels = len(kernel), data[axis]
    known.learn("weight", _with_channels((channels, *kernel), num_filter // num_group, axis))
    extents = without(data, axis)[1:]
    if any(target_shape):
        found: Sequence[int | None] = [None if m is None else t for m, t in zip(extents, target_shape, strict=True)]
    else:
        one, none = (1,) * n, (0,) * n
        parts = zip(extents, stride or one, kernel, dilate or one, pad or none, adj or none, strict=True)
        found = [None if m is None else s * (m - 1) + reach(k, d) - 2 * p + a for m, s, k, d, p, a in parts]
    known.learn_output(_with_channels((data[0], *found), num_filter, axis))


@op(samples=_deconvolution_samples, method=False, shapes=_deconvolution_shapes, optional={"bias": has_bias})
def Deconvolution(
    data: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    adj: Shape = (),
    target_shape: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 512,
    no_bias: bool = True,
    cudnn_tune: str | None = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Value:
    """The transpose of ``Convolution``: every element of ``data`` adds its multiple of the kernel to the result.

    ``weight`` is [channel, num_filter / num_group, *kernel]. The result has (extent - 1) stride - 2 pad + kernel
    + ``adj`` elements along each dimension, where ``adj`` is less than ``stride``; or ``target_shape`` elements, which
    decides ``pad`` and ``adj``. There is no bias by default. The rest is as for ``Convolution``.
    """
    n = len(kernel)
    axis = check_convolution(data, weight, bias, kernel, num_filter, num_group, no_bias, layout, cudnn_tune)
    stride, dilate = spatial_numbers("stride", stride, n, 1, 1), spatial_numbers("dilate", dilate, n, 1, 1)
    require(min(kernel) > 0, f"kernel must be positive, got {list(kernel)}")
    x = ir.moveaxis(data, axis, 1)
    window = tuple(map(reach, kernel, dilate))
    whole = tuple(reach(m, s) + k - 1 for m, s, k in zip(x.shape[2:], stride, window, strict=True))
    if any(target_shape):
        target = spatial_numbers("target_shape", target_shape, n, 0, 1)
        surplus = [m - t for m, t in zip(whole, target, strict=True)]
        require(min(surplus) >= 0, f"too big target shape: at most {list(whole)}, got {list(target)}")
        pad, adj = tuple((s + 1) // 2 for s in surplus), tuple(s % 2 for s in surplus)
    else:
        pad, adj = spatial_numbers("pad", pad, n, 0, 0), spatial_numbers("adj", adj, n, 0, 0)
        require(all(map(int.__lt__, adj, stride)), f"adj {list(adj)} must be smaller than stride {list(stride)}")
    made = [m - 2 * p + a for m, p, a in zip(whole, pad, adj, strict=True)]
    require(min(made) > 0, f"pad {list(pad)} leaves nothing of {list(whole)}")
    w = _grouped(filters(weight, axis, x.shape[1], num_filter // num_group, kernel), 0, num_group)
    spatial = range(3, 3 + n)
    y = spread_convolution(
        _grouped(x, 1, num_group), ir.reverse(ir.transpose(w, (0, 2, 1, *spatial)), tuple(spatial)),
        spread=stride, dilation=dilate,
        low=[k - 1 - p for k, p in zip(window, pad, strict=True)],
        high=[k - 1 - p + a for k, p, a in zip(window, pad, adj, strict=True)],
    )  # fmt: skip
    assert isinstance(y, Value)
    return joined(y, bias, axis)
