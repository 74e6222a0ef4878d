"""Convolution of any number of spatial dimensions, in one layout that its gradients share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type, widened
from ..value import Value
from .elementwise import Array, Samples

Ints = tuple[int, ...]
#: Axes before the spatial ones: batch, group and channel of the operand; group, output and input of the kernel.
LEAD = 3


def reach(extent: int, step: int) -> int:
    """What ``extent`` elements span when ``step`` lies between neighbours."""
    return (extent - 1) * step + 1 if extent else 0


def windows(name: str, extent: int, window: int, stride: int, low: int, high: int, spread: int, dilation: int) -> int:
    """How many windows fit into one axis; none into an empty one, else an error if none does."""
    if min(stride, spread, dilation, window) < 1:
        raise OperatorError(f"{name}: window, strides and dilations must be positive")
    padded, covered = reach(extent, spread) + low + high, reach(window, dilation)
    if not padded:
        return 0
    if padded < covered:
        raise OperatorError(f"{name}: a window of {covered} does not fit into {padded}")
    return (padded - covered) // stride + 1


def spread_out(x: Array, axes: range, low: Ints, high: Ints, spread: Ints, value: Any = 0) -> Array:
    """``x`` with ``value`` between and around its elements along ``axes``; negative edges cut."""
    for axis, lo, hi, step in zip(axes, low, high, spread, strict=True):
        shape = list(x.shape)
        shape[axis] = reach(shape[axis], step) + max(lo, 0) + max(hi, 0)
        made = np.full(shape, value, x.dtype)
        at: list[slice] = [slice(None)] * x.ndim
        at[axis] = slice(max(lo, 0), shape[axis] - max(hi, 0), step)
        made[tuple(at)] = x
        at[axis] = slice(max(-lo, 0), shape[axis] - max(-hi, 0))
        x = made[tuple(at)]
    return x


def shifted(x: Array, axes: range, at: Ints, counts: Ints, strides: Ints, dilation: Ints) -> Array:
    """The element at place ``at`` of each of ``counts`` windows along ``axes``."""
    cut: list[slice] = [slice(None)] * x.ndim
    for axis, k, count, stride, step in zip(axes, at, counts, strides, dilation, strict=True):
        cut[axis] = slice(k * step, k * step + reach(count, stride), stride)
    return x[tuple(cut)]


class Convolution(Primitive):
    """Sums of products under a window that slides over the spatial axes, for each group apart.

    Of ``x`` [batch, group, channel, *spatial] and ``w`` [group, output, channel, *window] the result is [batch,
    group, output, *spatial]. ``strides`` apart, windows begin ``low`` before the operand, whose elements lie
    ``spread`` apart; those of the window lie ``dilation`` apart. As in most of the field, the window is not reversed.

    With the group an axis of its own, both gradients are convolutions of this form, so any order is.
    """

    name = "convolution"
    kinds = "f"
    cheap = False

    def infer(self, x: Type, w: Type, *, strides: Ints, low: Ints, high: Ints, spread: Ints, dilation: Ints) -> Type:
        if x.dtype != w.dtype or x.ndim != w.ndim or x.ndim != LEAD + len(strides):
            raise OperatorError(f"convolution: {x} and {w} do not fit with {len(strides)} strides")
        if x.shape[1] != w.shape[0] or x.shape[2] != w.shape[2]:
            raise OperatorError(f"convolution: groups and channels of {x} and {w} differ")
        extents = zip(x.shape[LEAD:], w.shape[LEAD:], strides, low, high, spread, dilation, strict=True)
        return x.with_shape((*x.shape[:2], w.shape[1], *(windows(self.name, *each) for each in extents)))

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """Each element of the result meets the window, or each of the operand where that is less: zeros between its
        elements and around it are no work."""
        (x, w), made = spec.in_types, spec.out_types[0]
        by_result = (2, *made.shape, w.shape[2], *w.shape[LEAD:])
        by_operand = (2, *x.shape, w.shape[1], *w.shape[LEAD:])
        return min(by_result, by_operand, key=math.prod)

    def vjp(
        self, g: Value, y: Value, x: Value, w: Value, *, strides: Ints, low: Ints, high: Ints, spread: Ints,
        dilation: Ints,
    ) -> tuple[Value, Value]:  # fmt: skip
        spatial = range(LEAD, x.ndim)
        wide = [reach(n, s) for n, s in zip(x.shape[LEAD:], spread, strict=True)]
        window = [reach(n, d) for n, d in zip(w.shape[LEAD:], dilation, strict=True)]
        made = [reach(n, s) for n, s in zip(g.shape[LEAD:], strides, strict=True)]
        # Each element of x met the window reversed; g lies as far apart as windows did.
        turned = ir.reverse(ir.transpose(w, (0, 2, 1, *spatial)), tuple(spatial))
        dx = ir.convolution(
            g, turned, strides=spread, spread=strides, dilation=dilation,
            low=tuple(k - 1 - lo for k, lo in zip(window, low, strict=True)),
            high=tuple(n + lo - m for n, lo, m in zip(wide, low, made, strict=True)),
        )  # fmt: skip
        return dx, self._weight_vjp(g, x, w, strides=strides, low=low, spread=spread, dilation=dilation)

    def _weight_vjp(
        self, g: Value, x: Value, w: Value, *, strides: Ints, low: Ints, spread: Ints, dilation: Ints
    ) -> Value:
        """Each element of ``w`` met ``x`` under a window of ``g``, or ``g`` under a window of ``x``: the larger one
        keeps still, and nothing has zeros put in. The batch is what is summed over."""
        spatial = range(LEAD, x.ndim)
        ones = (1,) * len(spatial)
        window = [reach(n, d) for n, d in zip(w.shape[LEAD:], dilation, strict=True)]
        made = [reach(n, s) for n, s in zip(g.shape[LEAD:], strides, strict=True)]
        wide = [reach(n, s) for n, s in zip(x.shape[LEAD:], spread, strict=True)]
        if any(s > 1 for s in strides) or (spread == ones and math.prod(made) <= math.prod(wide)):
            dw = ir.convolution(
                ir.transpose(x, (2, 1, 0, *spatial)), ir.transpose(g, (1, 2, 0, *spatial)),
                strides=dilation, spread=spread, dilation=strides, low=low,
                high=[k - 1 + m - n - lo for k, m, n, lo in zip(window, made, wide, low, strict=True)],
            )  # fmt: skip
            return ir.transpose(dw, (1, 2, 0, *spatial))
        dw = ir.convolution(
            ir.transpose(g, (2, 1, 0, *spatial)), ir.transpose(x, (1, 2, 0, *spatial)),
            strides=dilation, spread=ones, dilation=spread,
            low=[k - 1 - lo for k, lo in zip(window, low, strict=True)],
            high=[n - m + lo for n, m, lo in zip(wide, made, low, strict=True)],
        )  # fmt: skip
        return ir.reverse(ir.transpose(dw, (1, 0, 2, *spatial)), tuple(spatial))

    def evaluate(
        self, x: Array, w: Array, *, strides: Ints, low: Ints, high: Ints, spread: Ints, dilation: Ints
    ) -> Array:
        precise = widened(x.dtype)
        spatial = range(LEAD, x.ndim)
        extents = zip(x.shape[LEAD:], w.shape[LEAD:], strides, low, high, spread, dilation, strict=True)
        counts = tuple(windows(self.name, *each) for each in extents)
        padded = spread_out(x.astype(precise), spatial, low, high, spread)
        made = np.zeros((*x.shape[:2], w.shape[1], *counts), precise)
        for at in np.ndindex(w.shape[LEAD:]):
            piece = shifted(padded, spatial, at, counts, strides, dilation)
            made += np.einsum("ngi...,goi->ngo...", piece, w[(..., *at)].astype(precise), optimize=True)
        return made.astype(x.dtype)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        def draw(*shape: int) -> Any:
            return rng.uniform(-1, 1, shape).astype("float32")

        def how(strides: Ints, low: Ints, high: Ints, spread: Ints, dilation: Ints) -> dict[str, Any]:
            return {"strides": strides, "low": low, "high": high, "spread": spread, "dilation": dilation}

        return [
            ((draw(2, 1, 3, 5, 4), draw(1, 2, 3, 3, 2)), how((1, 1), (1, 0), (1, 1), (1, 1), (1, 1))),
            ((draw(2, 2, 2, 7, 6), draw(2, 3, 2, 2, 3)), how((2, 3), (0, 2), (1, 1), (1, 1), (2, 1))),
            ((draw(3, 1, 2, 4), draw(1, 2, 2, 3)), how((2,), (2,), (-1,), (3,), (2,))),
            (
                (draw(1, 3, 1, 4, 3, 3), draw(3, 2, 1, 2, 1, 2)),
                how((1, 2, 1), (0, -1, 1), (1, 1, 0), (1, 1, 2), (1, 1, 1)),
            ),
            ((draw(2, 1, 3, 6), draw(1, 4, 3, 1)), how((4,), (0,), (0,), (1,), (1,))),
        ]
