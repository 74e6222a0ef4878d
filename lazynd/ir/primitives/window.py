"""Windows that slide over an operand: their sums and maxima, and the places where the maxima lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import INT32, Type, finfo, widened
from ..value import Value
from .convolution import reach, shifted, spread_out, windows
from .elementwise import Array, Samples

Ints = tuple[int, ...]
UINT8 = np.dtype("uint8")
INT64 = np.dtype("int64")


def counts(
    name: str, shape: Ints, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints | None = None
) -> Ints:
    """How many windows there are along each axis of ``shape``; attributes have one number an axis."""
    ones = (1,) * len(shape)
    if not len(shape) == len(window) == len(strides) == len(low) == len(high):
        raise OperatorError(f"{name}: windows of {len(window)} axes on an operand of {len(shape)}")
    extents = zip(shape, window, strides, low, high, spread or ones, ones, strict=True)
    return tuple(windows(name, *each) for each in extents)


class ReduceWindowSum(Primitive):
    """Sums of windows. Attributes have a number for each axis: windows begin ``low`` before the operand and
    ``strides`` apart; elements of the operand lie ``spread`` apart, with zeros between.

    The gradient is a sum of windows too: strides and spread change places.
    """

    name = "reduce_window_sum"
    kinds = "f"
    cheap = False

    def infer(self, x: Type, *, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints) -> Type:
        return x.with_shape(counts(self.name, x.shape, window, strides, low, high, spread))

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """Each result is a sum of its window, or each of the operand is added so often where that is less."""
        window = math.prod(spec.attributes["window"])
        by_result, by_operand = (*spec.out_types[0].shape, window - 1), (*spec.in_types[0].shape, window)
        return min(by_result, by_operand, key=math.prod)

    def vjp(
        self, g: Value, y: Value, x: Value, *, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints
    ) -> tuple[Value]:
        wide = map(reach, x.shape, spread)
        made = map(reach, g.shape, strides)
        return (
            ir.reduce_window_sum(
                g, window, spread, spread=strides,
                low=[k - 1 - lo for k, lo in zip(window, low, strict=True)],
                high=[n + lo - m for n, lo, m in zip(wide, low, made, strict=True)],
            ),
        )  # fmt: skip

    def evaluate(self, x: Array, *, window: Ints, strides: Ints, low: Ints, high: Ints, spread: Ints) -> Array:
        axes, ones = range(x.ndim), (1,) * x.ndim
        shape = counts(self.name, x.shape, window, strides, low, high, spread)
        precise = widened(x.dtype)
        padded = spread_out(x.astype(precise), axes, low, high, spread)
        made = np.zeros(shape, precise)
        for at in np.ndindex(window):
            made += shifted(padded, axes, at, shape, strides, ones)
        return made.astype(x.dtype)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        plain = [((x,), {**how, "spread": (1,) * x.ndim}) for x, how in _pooled(rng)]
        x = rng.random((2, 4, 3)).astype("float32")
        how = {"window": (1, 3, 2), "strides": (1, 2, 1), "low": (0, -1, 2), "high": (0, 2, -1), "spread": (1, 3, 2)}
        return [*plain, ((x,), how)]


def _pooled(rng: np.random.Generator) -> list[tuple[Array, dict[str, Any]]]:
    """Operands without two equal elements, and windows on them: apart, overlapping, padded, over everything."""

    def draw(*shape: int) -> Array:
        return rng.permutation(math.prod(shape)).reshape(shape).astype("float32") / 7

    def how(window: Ints, strides: Ints, low: Ints, high: Ints) -> dict[str, Any]:
        return {"window": window, "strides": strides, "low": low, "high": high}

    return [
        (draw(2, 2, 4, 6), how((1, 1, 2, 2), (1, 1, 2, 2), (0, 0, 0, 0), (0, 0, 0, 0))),
        (draw(2, 3, 5, 7), how((1, 1, 3, 2), (1, 1, 2, 1), (0, 0, 1, 0), (0, 0, 1, 1))),
        (draw(2, 5, 4, 3), how((1, 2, 3, 1), (1, 3, 2, 1), (0, 1, 2, 0), (0, 1, 0, 0))),
        (draw(3, 2, 5), how((1, 1, 5), (1, 1, 5), (0, 0, 0), (0, 0, 0))),
        (draw(1, 2, 3, 4, 3), how((1, 1, 2, 3, 2), (1, 1, 1, 2, 2), (0, 0, 0, 1, 1), (0, 0, 0, 1, 0))),
    ]


class ReduceWindowMax(Primitive):
    """The largest of each window's numbers, but at least the least finite one: neither NaN nor padding counts.

    The first of equal elements gets the whole cotangent, as in MXNet.
    """

    name = "reduce_window_max"
    kinds = "f"
    cheap = False
    takes_bfloat16 = True  # whose least number is not that of float32

    def infer(self, x: Type, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> Type:
        return x.with_shape(counts(self.name, x.shape, window, strides, low, high))

    def vjp(self, g: Value, y: Value, x: Value, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> tuple[Value]:
        place = ir.window_argmax(x, window, strides, low, high)
        at = ir.reshape(_positions(place, x.shape, window, strides, low), (g.size,))
        zeros = ir.full((x.size,), 0, x.dtype, x.context)
        return (ir.reshape(ir.scatter(zeros, ir.reshape(g, (g.size,)), [at], (0,), "add"), x.shape),)

    def evaluate(self, x: Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> Array:
        return _extremes(x, window, strides, low, high)[0]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((x,), how) for x, how in _pooled(rng)]


def _extremes(x: Array, window: Ints, strides: Ints, low: Ints, high: Ints) -> tuple[Array, Array]:
    """The largest number of each window and the number of its place."""
    axes, ones = range(x.ndim), (1,) * x.ndim
    shape = counts("window", x.shape, window, strides, low, high)
    least = finfo(x.dtype).min
    padded = spread_out(x, axes, low, high, ones, least)
    largest, place = np.full(shape, least, x.dtype), np.zeros(shape, np.int32)
    for number, at in enumerate(np.ndindex(window)):
        each = shifted(padded, axes, at, shape, strides, ones)
        greater = each > largest
        largest, place = np.where(greater, each, largest), np.where(greater, np.int32(number), place)
    return largest, place


def _positions(place: Value, shape: Ints, window: Ints, strides: Ints, low: Ints) -> Value:
    """Where in the flattened operand each window's place lies; in the padding, the nearest element of the window."""
    dtype = INT32 if math.prod(shape) < 2**31 else INT64
    left = ir.convert(place, dtype)
    at: Value | None = None
    scale = 1
    for axis in reversed(range(len(shape))):
        position = ir.iota(place.shape, axis, dtype, place.context) * strides[axis]
        if window[axis] > 1:
            position = position + ir.remainder(left, window[axis])
            left = left / window[axis]
        if low[axis] or window[axis] > 1:
            position = ir.minimum(ir.maximum(position - low[axis], 0), shape[axis] - 1)
        at = position * scale if at is None else at + position * scale
        scale *= shape[axis]
    assert at is not None
    return at


def place_dtype(window: Ints) -> np.dtype[Any]:
    """The smallest dtype that numbers the places of a window."""
    return UINT8 if math.prod(window) <= 256 else INT32


class WindowArgMax(Primitive):
    """The place of the first maximum in each window, numbered in row-major order; 0 where nothing counts."""

    name = "window_argmax"
    kinds = "f"
    cheap = False
    takes_bfloat16 = True  # whose least number is not that of float32

    def infer(self, x: Type, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> Type:
        shape = counts(self.name, x.shape, window, strides, low, high)
        return x.with_shape(shape).with_dtype(place_dtype(window))

    def vjp(self, g: Value, y: Value, x: Value, **attributes: Any) -> tuple[None]:
        return (None,)

    def evaluate(self, x: Array, *, window: Ints, strides: Ints, low: Ints, high: Ints) -> Array:
        return _extremes(x, window, strides, low, high)[1].astype(place_dtype(window))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((x,), how) for x, how in _pooled(rng)]
