"""Images [height, width, channel], alone or (where it says so) in a batch: cut out, turned to tensors, recoloured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import Values, cond, scan
from ..ir.types import FLOAT32, INT32, is_floating, require
from .kinds import Draw, Wide, Wides
from .operator import floats, op
from .partial import giving
from .random import normal, uniform

UINT8: Final = np.dtype("uint8")
#: How bright the eye sees red, green and blue (ITU-R BT.601).
_LUMA: Final = (0.299, 0.587, 0.114)
#: Principal components of the colours of ImageNet, each times its standard deviation: Krizhevsky et al., 2012.
_DEVIATIONS: Final = (55.46, 4.794, 1.148)
_COMPONENTS: Final = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
_NOT_NEGATIVE: Final = (0.0, math.inf)


def axes_of(data: Value) -> tuple[int, int]:
    """The axes of height and width of an image, or of several."""
    require(data.ndim in (3, 4), f"expected an image [height, width, channel] or a batch of them, got {data.type}")
    require(data.size > 0, f"the image is empty: {data.type}")
    return data.ndim - 3, data.ndim - 2


def _require_colours(data: Value) -> None:
    require(data.ndim == 3, f"expected one image [height, width, channel], got {data.type}")
    require(data.shape[2] in (1, 3), f"expected 1 or 3 channels, got {data.type}")
    require(data.size > 0, f"the image is empty: {data.type}")


def _wide(data: Value) -> Value:
    """The numbers of an image as the floats that colours are computed in."""
    return ir.convert(data, np.result_type(data.dtype, FLOAT32) if is_floating(data.dtype) else FLOAT32)


def _narrow(x: Value, dtype: np.dtype[Any]) -> Value:
    """Computed colours in the image's own dtype: bytes are held within their range, and truncated."""
    if dtype == UINT8:
        x = ir.minimum(ir.maximum(x, 0), 255)
    return ir.convert(x, dtype)


def _image(rng: Any, *shape: int) -> Any:
    return rng.uniform(0.1, 0.9, shape).astype("float32")


def _to_tensor_samples(rng: Any) -> list[Any]:
    # The result is float32 always, too coarse for finite differences: whole numbers are left out of these.
    x = rng.integers(0, 256, (2, 3, 4, 1)).astype("float32")
    return [((x[0],), {}), ((x.astype("uint8"),), {})]


@op(name="_image_to_tensor", method=False, smooth=False, samples=_to_tensor_samples, dtypes=giving("float32"))
def to_tensor(data: Value) -> Value:
    """Images [height, width, channel], alone or in a batch, as float32 [channel, height, width], divided by 255."""
    axes_of(data)
    return ir.moveaxis(ir.convert(data, FLOAT32) / 255.0, data.ndim - 1, data.ndim - 3)


@op(
    name="_image_normalize",
    method=False,
    samples=lambda r: [
        ((floats(r, 3, 2, 4),), {"mean": (0.1, 0.2, 0.3), "std": (2, 3, 4)}),
        ((floats(r, 2, 1, 3, 2),), {"mean": 0.5}),
    ],
)
def normalize(data: Value, *, mean: Wides = (0.0,), std: Wides = (1.0,)) -> Value:
    """``data`` [channel, height, width], alone or in a batch, less ``mean`` and divided by ``std``.

    Each is one number, or one a channel, of which there are 1 or 3. The dtype stays.
    """
    require(data.ndim in (3, 4), f"expected a tensor [channel, height, width] or a batch of them, got {data.type}")
    channels = data.shape[data.ndim - 3]
    require(channels in (1, 3), f"expected 1 or 3 channels in front, got {data.type}")
    x = _wide(data)
    shift, scale = (_one_each(numbers, name, channels, x) for name, numbers in (("mean", mean), ("std", std)))
    return ir.convert((x - shift) / scale, data.dtype)


def _one_each(numbers: Sequence[Value], name: str, channels: int, x: Value) -> Value:
    require(len(numbers) in (1, channels), f"{name} must be 1 or {channels} numbers, got {len(numbers)}")
    return ir.concatenate([ir.reshape(ir.convert(each, x.dtype), (1, 1, 1)) for each in numbers], 0)


@op(
    name="_image_crop",
    method=False,
    samples=lambda r: [
        ((_image(r, 4, 5, 3),), {"x": 1, "y": 2, "width": 3, "height": 2}),
        ((_image(r, 2, 3, 4, 1),), {"x": 0, "y": 1, "width": 4, "height": 1}),
    ],
)
def crop(data: Value, *, x: int, y: int, width: int, height: int) -> Value:
    """The part of images, alone or in a batch, that begins at column ``x`` and row ``y``."""
    down, right = axes_of(data)
    require(width > 0 and height > 0, f"width and height must be positive, got {width} and {height}")
    inside = x >= 0 and y >= 0 and y + height <= data.shape[down] and x + width <= data.shape[right]
    require(inside, f"{height} rows from {y} and {width} columns from {x} do not lie in {data.type}")
    begin, end = [0] * data.ndim, list(data.shape)
    begin[down], begin[right], end[down], end[right] = y, x, y + height, x + width
    return ir.slice_(data, begin, end)


def _declare_flips(side: str, axis: int, text: str) -> None:
    def flip(data: Value) -> Value:
        _require_colours(data)
        return ir.reverse(data, (axis,))

    def random_flip(data: Value, *, draw: Draw) -> Value:
        _require_colours(data)
        return ir.select(uniform(draw, (), FLOAT32) < 0.5, ir.reverse(data, (axis,)), data)

    flip.__doc__ = f"The image with its {text}."
    random_flip.__doc__ = f"The image, with its {text} in one of two cases."

    def samples(rng: Any) -> list[Any]:
        return [((_image(rng, 3, 4, 3),), {}), ((rng.integers(0, 256, (2, 3, 1)).astype("uint8"),), {})]

    op(name=f"_image_flip_{side}", method=False, samples=samples)(flip)
    op(name=f"_image_random_flip_{side}", method=False, samples=samples)(random_flip)


_declare_flips("left_right", 1, "columns in reverse order")
_declare_flips("top_bottom", 0, "rows in reverse order")


def _brightness(x: Value, factor: Value) -> Value:
    return x * factor


def _grey(x: Value) -> Value:
    """How bright each pixel is, as one channel."""
    if x.shape[2] == 1:
        return x
    parts = [ir.slice_(x, [0, 0, c], [*x.shape[:2], c + 1]) * _LUMA[c] for c in range(3)]
    return parts[0] + parts[1] + parts[2]


def _contrast(x: Value, factor: Value) -> Value:
    return x * factor + (1 - factor) * ir.mean(_grey(x), keepdims=True)


def _saturation(x: Value, factor: Value) -> Value:
    """MXNet 1.9.1 takes the last channel's part alone for the grey of a pixel, and so do we."""
    blue = ir.slice_(x, [0, 0, 2], x.shape)
    return x * factor + (1 - factor) * (blue * _LUMA[2])


def _hue(x: Value, turn: Value) -> Value:
    """Colours turned by ``turn``, 1 for all around, at the lightness and saturation that they have."""
    x = x / 255.0
    red, green, blue = (ir.slice_(x, [0, 0, c], [*x.shape[:2], c + 1]) for c in range(3))
    high, low = ir.max(x, 2, keepdims=True), ir.min(x, 2, keepdims=True)
    total, spread = high + low, high - low
    lightness = total * 0.5
    coloured = spread > float(np.finfo(np.float32).eps)
    unit = ir.select(coloured, spread, 1)
    saturation = spread / ir.select(coloured, ir.select(lightness < 0.5, total, 2 - total), 1)
    sixths = ir.select(
        high == red, (green - blue) / unit, ir.select(high == green, (blue - red) / unit + 2, (red - green) / unit + 4)
    )
    sixths = sixths + turn * 6
    top = lightness + saturation * ir.select(lightness <= 0.5, lightness, 1 - lightness)
    bottom = 2 * lightness - top
    made = []
    for offset in (0.0, 4.0, 2.0):
        place = (sixths + offset) / 6.0
        place = (place - ir.floor(place)) * 6
        part = ir.minimum(ir.maximum(ir.abs(place - 3) - 1, 0), 1)
        made.append(bottom + (top - bottom) * part)
    grey = ir.broadcast_to(lightness, x.shape)
    return ir.select(coloured, ir.concatenate(made, 2), grey) * 255.0


Change = Callable[[Value, Value], Value]
#: What an image of one channel has no part in.
_OF_COLOURS: Final = (_saturation, _hue)


def _changed(change: Change, data: Value, factor: Value) -> Value:
    if data.shape[2] == 1 and change in _OF_COLOURS:
        return data
    x = _wide(data)
    return _narrow(change(x, ir.convert(factor, x.dtype)), data.dtype)


def _declare_random_change(name: str, change: Change, text: str) -> None:
    def function(data: Value, *, min_factor: Wide, max_factor: Wide, draw: Draw) -> Value:
        _require_colours(data)
        factor = min_factor + uniform(draw, (), min_factor.dtype) * (max_factor - min_factor)
        return _changed(change, data, factor)

    function.__doc__ = (
        f"{text} drawn between ``min_factor`` and ``max_factor``.\n\n"
        "The factors are not negative. Bytes are held from 0 to 255 and truncated; the dtype stays."
    )

    def samples(rng: Any) -> list[Any]:
        drawn = {"min_factor": 0.3, "max_factor": 0.9}
        return [((_image(rng, 2, 4, 3) * np.float32(200),), drawn), ((_image(rng, 3, 2, 1),), drawn)]

    bounds = {"min_factor": _NOT_NEGATIVE, "max_factor": _NOT_NEGATIVE}
    op(name=f"_image_random_{name}", method=False, samples=samples, bounds=bounds)(function)


_declare_random_change("brightness", _brightness, "The image [height, width, channel] times a factor")
_declare_random_change(
    "contrast", _contrast, "The image [height, width, channel], its distance from its mean grey times a factor"
)
_declare_random_change(
    "saturation",
    _saturation,
    "The image [height, width, channel], the distance of each pixel from 0.114 times its last channel times a factor",
)
_declare_random_change(
    "hue", _hue, "The image [height, width, channel] with its hues turned, 1 for all around, by a number"
)


@op(
    name="_image_random_color_jitter",
    method=False,
    samples=lambda r: [
        ((_image(r, 2, 4, 3) * np.float32(200),), {"brightness": 0.3, "contrast": 0.4, "saturation": 0.5, "hue": 0.1}),
        ((_image(r, 3, 2, 1),), {"brightness": 0.0, "contrast": 0.4, "saturation": 0.0, "hue": 0.0}),
    ],
)
def random_color_jitter(
    data: Value, *, brightness: Wide, contrast: Wide, saturation: Wide, hue: Wide, draw: Draw
) -> Value:
    """Brightness, contrast, saturation and hue of an image [height, width, channel] changed in random order.

    Each factor is drawn between 1 less and 1 plus its parameter, not below 0, the turn of the hue between less and plus
    ``hue``. A parameter that is not above 0 leaves its part as it is.
    """
    _require_colours(data)
    changes: tuple[Change, ...] = (_brightness, _contrast, _saturation, _hue)
    drawn = uniform(draw, (8,), FLOAT32)
    factors, wanted = [], []
    for k, (change, given) in enumerate(zip(changes, (brightness, contrast, saturation, hue), strict=True)):
        amount = ir.convert(given, FLOAT32)
        low, high = (-amount, amount) if change is _hue else (ir.maximum(1 - amount, 0), 1 + amount)
        factors.append(ir.reshape(low + ir.row(drawn, k) * (high - low), (1,)))
        wanted.append(ir.reshape(ir.convert(amount > 0, INT32), (1,)))
    numbers = ir.iota((4,), 0, INT32, data.context)
    # What is sorted by random keys is in random order.
    keys = ir.slice_(drawn, [4], [8])
    rows = ir.sort(keys, numbers, ir.concatenate(factors, 0), ir.concatenate(wanted, 0), axis=0)[1:]

    def step(state: Values, row: Values, constants: Values) -> tuple[Values, Values]:
        number, factor, there = row
        made = cond(
            there > 0,
            lambda image, number, factor: _numbered(changes, image, number, factor),
            lambda image, number, factor: (image,),
            (*state, number, factor),
        )
        return made, ()

    return scan(step, (data,), rows)[0][0]


def _numbered(changes: Sequence[Change], image: Value, number: Value, factor: Value) -> Values:
    """The image changed by the one of ``changes`` that has this number; the others do not run."""
    first, *others = changes
    if not others:
        return (_changed(first, image, factor),)
    return cond(
        number == 0,
        lambda image, number, factor: (_changed(first, image, factor),),
        lambda image, number, factor: _numbered(others, image, number - 1, factor),
        (image, number, factor),
    )


def _lit(data: Value, alpha: Sequence[Value]) -> Value:
    """The principal components of natural colours, ``alpha`` times each, added to each pixel."""
    if data.shape[2] == 1:
        return data
    x = _wide(data)
    factors = [ir.convert(each, x.dtype) * deviation for each, deviation in zip(alpha, _DEVIATIONS, strict=True)]
    added = []
    for weights in _COMPONENTS:
        parts = [factor * weight for factor, weight in zip(factors, weights, strict=True)]
        added.append(ir.reshape(parts[0] + parts[1] + parts[2], (1, 1, 1)))
    return _narrow(x + ir.concatenate(added, 2), data.dtype)


@op(
    name="_image_adjust_lighting",
    method=False,
    samples=lambda r: [((_image(r, 2, 4, 3),), {"alpha": (0.1, -0.2, 0.3)})],
)
def adjust_lighting(data: Value, *, alpha: Wides) -> Value:
    """The image [height, width, 3] in another light: ``alpha`` times the three principal components of the colours of
    ImageNet are added. An image of one channel stays as it is.
    """
    _require_colours(data)
    require(len(alpha) >= 3, f"alpha must be three numbers, got {len(alpha)}")
    return _lit(data, alpha[:3])


@op(
    name="_image_random_lighting",
    method=False,
    samples=lambda r: [((_image(r, 2, 4, 3),), {"alpha_std": 0.3}), ((_image(r, 3, 2, 1),), {})],
)
def random_lighting(data: Value, *, alpha_std: Wide = 0.05, draw: Draw) -> Value:
    """``adjust_lighting`` by three normal numbers of mean 0 and standard deviation ``alpha_std``."""
    _require_colours(data)
    alpha = normal(draw, (3,), alpha_std.dtype) * alpha_std
    return _lit(data, [ir.row(alpha, k) for k in range(3)])
