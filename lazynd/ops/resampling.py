"""Images made larger, and cut out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.errors import OperatorError
from ..ir.types import FLOAT32, INT32, is_floating, require, require_floats
from .convolution import Deconvolution
from .kinds import Shape, check_count, one_of
from .operator import floats as _f
from .operator import op
from .partial import DTypes, Shapes
from .precision import wide
from .resizing import picked

Ints = tuple[int, ...]


def _upsampling_samples(rng: Any) -> list[Any]:
    small, large = _f(rng, 2, 1, 2, 3), _f(rng, 2, 2, 4, 6)
    return [
        ((small, large), {"scale": 4, "sample_type": "nearest"}),
        ((small, _f(rng, 2, 1, 4, 6)), {"scale": 2, "sample_type": "nearest", "multi_input_mode": "sum"}),
        ((_f(rng, 1, 2, 2, 3), _f(rng, 2, 1, 5, 5)), {"scale": 3, "sample_type": "bilinear", "num_filter": 2}),
    ]


def _upsampling_shapes(known: Shapes, *, scale: int, sample_type: str, **_: Any) -> None:
    """The weight of a bilinear one."""
    data = known.inputs[0]
    if sample_type == "bilinear" and data is not None and len(data) == 4 and len(known.inputs) == 2:
        size = 2 * scale - scale % 2
        known.learn_input(1, (data[1], 1, size, size))


@op(samples=_upsampling_samples, method=False, shapes=_upsampling_shapes)
def UpSampling(
    *data: Value,
    scale: int,
    num_filter: int = 0,
    sample_type: str,
    multi_input_mode: str = "concat",
    num_args: int | None = None,
    workspace: int = 512,
) -> Value:
    """Images [batch, channel, height, width] made ``scale`` times as high and wide.

    ``sample_type`` "nearest" repeats elements. Of several images, all come to the size that the first one gets, then
    their channels are joined, or added up by ``multi_input_mode`` "sum". "bilinear" takes an image and a weight
    [channel, 1, k, k] with k = 2 scale - scale % 2, and is the ``Deconvolution`` by it, each of the ``num_filter``
    channels for itself. Floats only. ``num_args`` is the number of arrays; ``workspace`` changes nothing.
    """
    one_of(sample_type, "bilinear", "nearest")
    one_of(multi_input_mode, "concat", "sum")
    check_count(data, num_args)
    require(scale >= 1, f"value {scale} for Parameter scale should be greater equal to 1")
    for each in data:
        require(each.ndim == 4, f"Input data should be 4D in (batch, channel, y, x), got {each.type}")
        require(is_floating(each.dtype), f"only floating point types are supported, got {each.dtype}")
        require(each.dtype == data[0].dtype, f"expected {data[0].dtype} as in the first array, got {each.type}")
    if sample_type == "bilinear":
        return _bilinear(data, scale, num_filter)
    height, width = data[0].shape[2] * scale, data[0].shape[3] * scale
    made = []
    for each in data:
        require(each.shape[0] == data[0].shape[0], f"batches differ: {data[0].type} and {each.type}")
        fits = height % each.shape[2] == 0 and width % each.shape[3] == 0
        require(fits, f"{each.type} does not divide an image of {height} by {width}")
        made.append(_repeated(each, height // each.shape[2], width // each.shape[3]))
    if multi_input_mode == "concat":
        return ir.concatenate(made, 1)
    total = made[0]
    for each in made[1:]:
        require(each.shape == total.shape, "Number of channels must be the same when multi_input_mode==sum")
        total = total + each
    return total


def _repeated(x: Value, down: int, right: int) -> Value:
    """Each element of the images ``down`` times below one another and ``right`` times side by side."""
    n, c, h, w = x.shape
    wide = ir.broadcast_to(ir.reshape(x, (n, c, h, 1, w, 1)), (n, c, h, down, w, right))
    return ir.reshape(wide, (n, c, h * down, w * right))


def _bilinear(data: tuple[Value, ...], scale: int, num_filter: int) -> Value:
    require(len(data) == 2, f"bilinear takes an image and a weight, got {len(data)} arrays")
    require(num_filter >= 1, "num_filter must be the number of channels for bilinear")
    size = 2 * scale - scale % 2
    made = Deconvolution(
        *data, kernel=(size, size), stride=(scale, scale), pad=(scale // 2, scale // 2), num_filter=num_filter,
        num_group=num_filter, no_bias=True,
    )  # fmt: skip
    assert isinstance(made, Value)
    return made


def _resize_samples(rng: Any) -> list[Any]:
    x = _f(rng, 1, 2, 3, 4)
    return [
        ((x,), {"height": 5, "width": 3}),
        ((x,), {"height": 2, "width": 7, "align_corners": False}),
        ((x,), {"scale_height": 1.5, "scale_width": 0.5}),
        ((x,), {"scale_height": 2, "scale_width": 0.5, "mode": "odd_scale"}),
        ((x, _f(rng, 1, 1, 2, 5)), {"mode": "like"}),
        ((x,), {"mode": "to_even_up"}),
    ]


def _resize_dtypes(known: DTypes, **attributes: Any) -> None:
    known.learn_same([0], (0,))
    if len(known.inputs) == 2 and known.inputs[1] is None:  # what is known of it may be another
        known.learn_input(1, known.inputs[0])


#: What becomes of a height or a width where the image decides.
_PARITY = {
    "to_even_down": lambda n: n - n % 2,
    "to_even_up": lambda n: n + n % 2,
    "to_odd_down": lambda n: n - (n + 1) % 2,
    "to_odd_up": lambda n: n + (n + 1) % 2,
}


@op(
    name="_contrib_BilinearResize2D",
    samples=_resize_samples,
    method=False,
    bounds={"height": (1, math.inf), "width": (1, math.inf)},
    optional={"like": lambda attributes: attributes["mode"] == "like"},
    dtypes=_resize_dtypes,
)
def BilinearResize2D(
    data: Value,
    like: Value | None = None,
    *,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: str = "size",
    align_corners: bool = True,
) -> Value:
    """Images [batch, channel, height, width] with another height and width, interpolated linearly along both.

    ``mode`` "size" makes them ``height`` and ``width``, or those of ``data`` times ``scale_height`` and
    ``scale_width``, rounded down. "odd_scale" also scales, an odd extent n to int((n - 1) * scale) + 1. "like" takes
    those of a second array. "to_even_down", "to_even_up", "to_odd_down" and "to_odd_up" change an extent by 1 where it
    is not even, or odd. ``align_corners``: the outermost pixels of both images lie on each other; otherwise the images'
    edges do. Floats only; ``like`` has any dtype, and a gradient of zeros.

    >>> from lazynd import nd
    >>> image = nd.array([[[[0, 3]]]])
    >>> nd.contrib.BilinearResize2D(image, height=1, width=4).asnumpy()[0, 0]
    array([[0., 1., 2., 3.]], dtype=float32)
    >>> nd.contrib.BilinearResize2D(image, height=1, width=4, align_corners=False).asnumpy()[0, 0]
    array([[0.  , 0.75, 2.25, 3.  ]], dtype=float32)
    """
    one_of(mode, "like", "odd_scale", "size", *_PARITY)
    require(data.ndim == 4, f"expected images [batch, channel, height, width], got {data.type}")
    require_floats(data.type)
    require((like is not None) == (mode == "like"), f"mode {mode!r} takes {2 if mode == 'like' else 1} arrays")
    require(min(data.shape[2:]) > 0, f"an image of no pixels cannot be resized, got {data.type}")
    if like is not None:
        require(like.ndim >= 4, f"expected images [batch, channel, height, width], got {like.type}")
        sizes = like.shape[2:4]
    elif mode in _PARITY:
        sizes = tuple(map(_PARITY[mode], data.shape[2:]))
    elif mode == "size" and scale_height is None:
        sizes = (height, width)
    else:
        sizes = _scaled(data.shape[2:], scale_height, scale_width, mode)
    if sizes == data.shape[2:]:
        return data
    across = _line(wide(data), 3, sizes[1], align_corners)
    return ir.convert(_line(across, 2, sizes[0], align_corners), data.dtype)


def _scaled(extents: Ints, scale_height: float | None, scale_width: float | None, mode: str) -> Ints:
    """``extents`` times the scales, in float32 as MXNet computes them."""
    made = []
    for n, scale in zip(extents, (scale_height, scale_width), strict=True):
        if scale is None:
            raise OperatorError(f"mode {mode!r} with a scale needs scale_height and scale_width")
        odd = mode == "odd_scale" and n % 2 == 1
        require(0 <= scale < math.inf, f"scale_height and scale_width must not be negative, got {scale}")
        made.append(int(np.float32(scale) * np.float32(n - odd)) + odd)
    return tuple(made)


def _line(x: Value, axis: int, size: int, align_corners: bool) -> Value:
    """``axis`` brought to ``size`` elements, each of two neighbours by nearness; places are computed in float32."""
    extent = x.shape[axis]
    number = ir.iota((size,), 0, FLOAT32, x.context)
    if size <= 1:
        place = number * 0
    elif align_corners:
        place = number * float(np.float32(extent - 1) / np.float32(size - 1))
    else:
        place = ir.maximum((number + 0.5) * float(np.float32(extent) / np.float32(size)) - 0.5, 0)
    start = ir.floor(place)
    part = ir.reshape(ir.convert(place - start, x.dtype), (-1, *(1,) * (x.ndim - 1 - axis)))
    first = ir.convert(start, INT32)
    return picked(x, axis, first) * (1 - part) + picked(x, axis, first + 1) * part


def _crop_samples(rng: Any) -> list[Any]:
    x = _f(rng, 2, 3, 5, 4)
    return [
        ((x,), {"h_w": (2, 3), "offset": (1, 0), "num_args": 1}),
        ((x, _f(rng, 1, 1, 2, 2)), {"center_crop": True}),
    ]


@op(samples=_crop_samples, method=False)
def Crop(
    *data: Value, num_args: int | None = None, offset: Shape = (0, 0), h_w: Shape = (0, 0), center_crop: bool = False
) -> Value:
    """A part of each image of ``data`` [batch, channel, height, width], of the height and width of a second array, or
    of ``h_w``. It begins at ``offset``, or lies in the middle if ``center_crop``.
    """
    check_count(data, num_args)
    require(len(data) <= 2, f"one or two arrays are expected, got {len(data)}")
    require(len(h_w) == len(offset) == 2, f"offset and h_w are two numbers, got {list(offset)} and {list(h_w)}")
    for each in data:
        require(each.ndim == 4, f"Input data should be 4D in batch-num_filter-y-x, got {each.type}")
    x = data[0]
    size = data[1].shape[2:] if len(data) == 2 else h_w
    room = [n - m for n, m in zip(x.shape[2:], size, strict=True)]
    require(min(size) >= 1 and min(room) >= 0, f"a part of {list(size)} does not lie in {x.type}")
    begin = tuple(r // 2 for r in room) if center_crop else offset
    fits = all(0 <= b <= r for b, r in zip(begin, room, strict=True))
    require(fits, f"offset {list(begin)} leaves no room for {list(size)} in {x.type}")
    end = [b + m for b, m in zip(begin, size, strict=True)]
    return ir.slice_(x, (0, 0, *begin), (*x.shape[:2], *end))
