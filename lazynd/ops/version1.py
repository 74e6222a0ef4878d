"""Convolution and pooling in their first versions, which old symbols still name."""

from __future__ import annotations

import math
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .columns import unfolded
from .convolution import Convolution, convolution_shapes, spatial_numbers
from .kinds import Shape, one_of
from .nn import has_bias
from .operator import floats as _f
from .operator import op
from .precision import wide


@op(
    name="Convolution_v1",
    samples=lambda r: [
        (
            (_f(r, 1, 2, 4, 3), _f(r, 2, 1, 3, 2), _f(r, 2)),
            {"kernel": (3, 2), "num_filter": 2, "num_group": 2, "pad": (1, 0), "stride": (2, 1), "dilate": (1, 2)},
        )
    ],
    method=False,
    shapes=convolution_shapes,
    optional={"bias": has_bias},
)
def Convolution_v1(
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
    """``Convolution`` over two or three spatial dimensions, with the channels on axis 1: ``layout`` is of that kind."""
    one_of(layout, None, "NCDHW", "NCHW", "NDHWC", "NHWC")
    require(layout in (None, "NCHW", "NCDHW"), f"Only support NCHW and NCDHW layout, got {layout}")
    require(2 <= len(kernel) <= 3, f"{len(kernel)}D convolution not supported: kernel has 2 or 3 numbers")
    given = (data, weight) if bias is None else (data, weight, bias)
    made = Convolution(
        *given, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter,
        num_group=num_group, no_bias=no_bias, cudnn_tune=cudnn_tune, layout=layout,
    )  # fmt: skip
    assert isinstance(made, Value)
    return made


def _pooling_samples(rng: Any) -> list[Any]:
    x = rng.permutation(40).reshape(1, 2, 5, 4).astype("float32") / 9 + 0.1  # no ties, with the padding neither
    return [
        ((x,), {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 1)}),
        ((x,), {"kernel": (2, 3), "stride": (2, 2), "pooling_convention": "full", "pool_type": "avg"}),
        ((x,), {"kernel": (2, 2), "stride": (3, 3), "pooling_convention": "full"}),
        ((x,), {"global_pool": True, "pool_type": "sum"}),
    ]


@op(samples=_pooling_samples, method=False)
def Pooling_v1(
    data: Value,
    *,
    kernel: Shape = (),
    pool_type: str = "max",
    global_pool: bool = False,
    pooling_convention: str = "valid",
    stride: Shape = (),
    pad: Shape = (),
) -> Value:
    """``Pooling`` over two or three spatial dimensions, in its first version.

    It differs in these: padding counts as 0 for a maximum too, and may be as wide as one likes; "avg" always divides by
    the number of elements of ``kernel``; each of several equal maxima gets the gradient; NaN is the maximum where there
    is one; the maximum of a window that lies outside is -inf. Floats only.
    """
    one_of(pool_type, "avg", "max", "sum")
    one_of(pooling_convention, "full", "valid")
    require(4 <= data.ndim <= 5, f"Input data should be 4D or 5D, got {data.type}")
    x, extents, n = wide(data), data.shape[2:], data.ndim - 2
    if global_pool:
        kernel, stride, pad = extents, (), ()
    require(len(kernel) == n, f"kernel needs {n} numbers for {n} spatial dimensions, got {list(kernel)}")
    spatial_numbers("kernel", kernel, n, 1, 1)
    stride, pad = spatial_numbers("stride", stride, n, 1, 1), spatial_numbers("pad", pad, n, 0, 0)
    counts = []
    for extent, k, s, p in zip(extents, kernel, stride, pad, strict=True):
        left = extent + 2 * p - k
        require(left >= 0, f"kernel size ({k}) exceeds input ({extent} padded to {extent + 2 * p})")
        counts.append((-(-left // s) if pooling_convention == "full" else left // s) + 1)
    # How far the windows reach beyond the padding: what is left out counts negatively.
    ends = zip(counts, stride, kernel, extents, pad, strict=True)
    beyond = tuple((c - 1) * s + k - e - 2 * p for c, s, k, e, p in ends)
    x = ir.pad(x, 0, (0, 0, *pad), (0, 0, *pad))
    if pool_type == "max":
        x = ir.pad(x, -math.inf, [0] * x.ndim, (0, 0, *beyond))
        for i in range(n):
            x = ir.max(unfolded(x, 2 + i, kernel[i], stride[i]), 2 + i)
        return ir.convert(x, data.dtype)
    x = ir.reduce_window_sum(x, (1, 1, *kernel), (1, 1, *stride), [0] * x.ndim, (0, 0, *beyond))
    return ir.convert(x / math.prod(kernel) if pool_type == "avg" else x, data.dtype)
