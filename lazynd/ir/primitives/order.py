"""Sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import build as ir
from ..primitive import Primitive
from ..types import INT32, Type
from ..value import Value
from .elementwise import Array, Samples


class Sort(Primitive):
    """Stable ascending order of the first operand along ``axis``; the others move with it. NaN comes last."""

    name = "sort"
    tupled = True
    cheap = False

    def infer(self, *xs: Type, axis: int) -> tuple[Type, ...]:
        return xs

    def vjp(self, g: Any, y: Any, *xs: Value, axis: int) -> tuple[Value | None, ...]:
        given = g if isinstance(g, tuple) else (g,)  # One operand gives one value, not a tuple of it.
        keys = xs[0]
        position = ir.iota(keys.shape, axis, INT32, keys.context)
        order = ir.sort(keys, position, axis=axis)[1]
        back = ir.sort(order, position, axis=axis)[1]
        at = [back if i == axis else ir.iota(keys.shape, i, INT32, keys.context) for i in range(keys.ndim)]
        axes = tuple(range(keys.ndim))
        return tuple(None if each is None else ir.gather(each, at, axes) for each in given)

    def evaluate(self, *xs: Array, axis: int) -> tuple[Array, ...]:
        order = np.argsort(xs[0], axis=axis, kind="stable")
        return tuple(np.take_along_axis(x, order, axis) for x in xs)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        keys = rng.integers(0, 5, (3, 6)).astype("float32")
        others = rng.random((3, 6)).astype("float32")
        return [((keys, others), {"axis": 1}), ((others,), {"axis": 0})]
