"""Reductions along axes, arg-extrema and cumulative sums."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import INT32, Type, is_floating, require_counted, widened
from ..value import Value
from .elementwise import Array, Samples


def expand(value: Value, axes: tuple[int, ...], shape: tuple[int, ...]) -> Value:
    """A reduced value broadcast back over ``axes`` of ``shape``."""
    kept = [1 if i in axes else n for i, n in enumerate(shape)]
    return ir.broadcast_to(ir.reshape(value, kept), shape)


class Reduction(Primitive, family=True):
    """Reduces ``axes``, at least one, which the result no longer has."""

    cheap = False
    kinds: ClassVar[str] = "fiu"

    def infer(self, x: Type, *, axes: tuple[int, ...]) -> Type:
        if not axes:
            raise OperatorError(f"{self.name}: no axis to reduce")
        return x.with_shape(tuple(n for i, n in enumerate(x.shape) if i not in axes))

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        made = spec.out_types[0].size
        return (made, max(spec.in_types[0].size // made - 1, 0)) if made else ()

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.uniform(0.5, 2, (2, 3, 4)).astype("float32")
        return [((x,), {"axes": axes}) for axes in ((0,), (1, 2), (0, 1, 2))]


class ReduceSum(Reduction):
    name = "reduce_sum"

    def vjp(self, g: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> tuple[Value]:
        return (expand(g, axes, x.shape),)

    def evaluate(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return np.sum(x, axis=axes, dtype=widened(x.dtype)).astype(x.dtype)


class ReduceProd(Reduction):
    name = "reduce_prod"

    def vjp(self, g: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> tuple[Value]:
        # The product of all other elements, exact where one of them is zero.
        kept = [i for i in range(x.ndim) if i not in axes]
        rows = ir.reshape(ir.transpose(x, [*kept, *axes]), [-1 if kept else 1, math.prod(x.shape[a] for a in axes)])
        n = rows.shape[1]
        eye = ir.iota((1, n, n), 1) == ir.iota((1, n, n), 2)
        others = ir.prod(ir.select(eye, ir.ones_like(ir.expand_dims(rows, 1)), ir.expand_dims(rows, 1)), 2)
        back = ir.reshape(others, [x.shape[i] for i in [*kept, *axes]])
        order = [*kept, *axes]
        return (expand(g, axes, x.shape) * ir.transpose(back, [order.index(i) for i in range(x.ndim)]),)

    def evaluate(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return np.prod(x, axis=axes, dtype=x.dtype)


class Extremum(Reduction, family=True):
    """Where several elements are extreme, each gets the whole cotangent, as in MXNet."""

    kinds = "fiub"
    flops = Primitive.flops

    def infer(self, x: Type, *, axes: tuple[int, ...]) -> Type:
        if any(x.shape[i] == 0 for i in axes):
            raise OperatorError(f"{self.name}: no elements to choose from in {x} along {list(axes)}")
        return super().infer(x, axes=axes)

    def vjp(self, g: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> tuple[Value | None]:
        chosen = x == expand(y, axes, x.shape)
        spread = expand(g, axes, x.shape)
        return (ir.select(chosen, spread, ir.zeros_like(spread)),)


def _signed_zero(result: Array, x: Array, axes: tuple[int, ...], prefer: bool) -> Array:
    """``result`` with its zeros negative if one of ``x`` is and ``prefer``, or if all are: -0.0 lies below 0.0."""
    if not is_floating(x.dtype):
        return result
    any_preferred = np.any((x == 0) & (np.signbit(x) == prefer), axis=axes)
    zero = np.where(any_preferred == prefer, x.dtype.type(-0.0), x.dtype.type(0.0))
    return np.where(result == 0, zero, result)


class ReduceMax(Extremum):
    name = "reduce_max"

    def evaluate(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return _signed_zero(np.max(x, axis=axes), x, axes, prefer=False)


class ReduceMin(Extremum):
    name = "reduce_min"

    def evaluate(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return _signed_zero(np.min(x, axis=axes), x, axes, prefer=True)


class ReduceMaxUnlessNaN(Extremum):
    """The maximum as a bound: it has no gradient, and what a line with NaN gives is left open.

    Not to look for NaN is twice as quick on a CPU, and what exponentials are lowered by does not matter where one of
    them is NaN.
    """

    name = "reduce_max_unless_nan"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> tuple[None]:
        return (None,)

    def evaluate(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return np.max(x, axis=axes)


class ArgExtremum(Primitive, family=True):
    """The first position of the extremum along ``axis``; NaN counts as extreme."""

    cheap = False

    def infer(self, x: Type, *, axis: int, dtype: np.dtype[Any]) -> Type:
        if x.shape[axis] == 0:
            raise OperatorError(f"{self.name}: no elements to choose from in {x} along {axis}")
        require_counted(x.shape[axis], INT32)
        return Type((*x.shape[:axis], *x.shape[axis + 1 :]), dtype, x.context)

    def vjp(self, g: Value, y: Value, x: Value, **attributes: Any) -> tuple[None]:
        return (None,)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.integers(0, 4, (3, 5)).astype("float32")
        return [((x,), {"axis": a, "dtype": np.dtype("int32")}) for a in (0, 1)]


class ArgMax(ArgExtremum):
    name = "argmax"

    def evaluate(self, x: Array, *, axis: int, dtype: np.dtype[Any]) -> Array:
        return np.argmax(x, axis=axis).astype(dtype)


class ArgMin(ArgExtremum):
    name = "argmin"

    def evaluate(self, x: Array, *, axis: int, dtype: np.dtype[Any]) -> Array:
        return np.argmin(x, axis=axis).astype(dtype)


def _running(x: Array) -> Array:
    count = len(x)
    if count < 2:
        return x
    sums = np.empty_like(x)
    sums[0] = x[0]
    sums[1::2] = _running(x[0 : count - 1 : 2] + x[1::2])
    np.add(sums[1 : count - 1 : 2], x[2::2], out=sums[2::2])
    return sums


class CumSum(Primitive):
    """Running sums along ``axis``, from the end if ``backwards``.

    Of floats in one order that every backend keeps: of pairs first, then of those and what stands between. It can be
    computed for many elements at once, and its error grows with the logarithm of their number.
    """

    name = "cumsum"
    kinds = "fiu"
    cheap = False

    def infer(self, x: Type, *, axis: int, backwards: bool) -> Type:
        return x

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        x = spec.in_types[0]
        return (x.size // x.shape[spec.attributes["axis"]], x.shape[spec.attributes["axis"]] - 1) if x.size else ()

    def vjp(self, g: Value, y: Value, x: Value, *, axis: int, backwards: bool) -> tuple[Value]:
        return (ir.cumsum(g, axis, not backwards),)

    def evaluate(self, x: Array, *, axis: int, backwards: bool) -> Array:
        line = np.moveaxis(np.flip(x, axis) if backwards else x, axis, 0)
        sums = np.moveaxis(_running(line) if is_floating(x.dtype) else np.cumsum(line, 0, dtype=x.dtype), 0, axis)
        return np.flip(sums, axis) if backwards else sums

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.random((3, 4)).astype("float32")
        return [((x,), {"axis": 1, "backwards": False}), ((x,), {"axis": 0, "backwards": True})]
