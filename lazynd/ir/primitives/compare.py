"""Comparisons, selection and conversion between dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..types import BOOL, Type, is_bfloat16, is_floating, widened
from ..value import Value
from .elementwise import Array, Binary, Samples, Unary, same_types


class Comparison(Binary, family=True):
    """Two operands of one type; a boolean result."""

    kinds = "fiub"
    flops = Primitive.flops

    def infer(self, *args: Any, **kwargs: Any) -> Type:
        return same_types(self.name, args).with_dtype(BOOL)

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[None, None]:
        return (None, None)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.integers(0, 3, (4, 5)).astype("float32"), rng.integers(0, 3, (4, 5)).astype("float32")), {})]


class Equal(Comparison):
    name = "equal"
    exact = True
    commutative = True

    evaluate = staticmethod(np.equal)


class NotEqual(Comparison):
    name = "not_equal"
    exact = True
    commutative = True

    evaluate = staticmethod(np.not_equal)


class Less(Comparison):
    name = "less"
    exact = True

    evaluate = staticmethod(np.less)


class LessEqual(Comparison):
    name = "less_equal"
    exact = True

    evaluate = staticmethod(np.less_equal)


class Greater(Comparison):
    name = "greater"
    exact = True

    evaluate = staticmethod(np.greater)


class GreaterEqual(Comparison):
    name = "greater_equal"
    exact = True

    evaluate = staticmethod(np.greater_equal)


class Select(Primitive):
    """``a`` where the condition holds, else ``b``."""

    name = "select"
    moves = True
    elementwise = True

    def infer(self, condition: Type, a: Type, b: Type) -> Type:
        if condition.dtype != BOOL or condition.shape != a.shape:
            raise OperatorError(f"select: expected bool{list(a.shape)} as condition, got {condition}")
        return same_types(self.name, (a, b))

    def vjp(self, g: Value, y: Value, condition: Value, a: Value, b: Value) -> tuple[Value | None, ...]:
        zero = ir.zeros_like(g)
        return (None, ir.select(condition, g, zero), ir.select(condition, zero, g))

    def evaluate(self, condition: Array, a: Array, b: Array) -> Array:
        return np.where(condition, a, b)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        a, b = rng.random((2, 3, 4)).astype("float32")
        return [((a > b, a, b), {})]


class Convert(Unary):
    """A cast as MXNet's on x86: towards zero, integers wrapping.

    A float becomes an integer by way of int32 (int8, uint8, int32) or int64 (the others), where NaN and what is out
    of range become the least integer.
    """

    name = "convert"
    kinds = "fiub"
    flops = Primitive.flops
    exact = True

    def infer(self, x: Type, *, dtype: np.dtype[Any]) -> Type:
        return x.with_dtype(dtype)

    def vjp(self, g: Value, y: Value, x: Value, *, dtype: np.dtype[Any]) -> tuple[Value | None]:
        return (ir.convert(g, x.dtype) if x.dtype != BOOL and dtype != BOOL else None,)

    def evaluate(self, x: Array, *, dtype: np.dtype[Any]) -> Array:
        if is_bfloat16(dtype):
            return _to_bfloat16(x, dtype)
        return truncated(x, dtype) if is_floating(x.dtype) and dtype.kind in "iu" else x.astype(dtype)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.uniform(-9, 9, (3, 4)).astype("float32")
        cases = [((x,), {"dtype": np.dtype(d)}) for d in ("int32", "float64", "float16", "bool")]
        return [*cases, ((x > 0,), {"dtype": np.dtype("float32")})]


def _to_bfloat16(x: Array, dtype: np.dtype[Any]) -> Array:
    """Rounded once: on the way to float32 what is inexact becomes odd, so that the next rounding knows it."""
    exact = x if is_floating(x.dtype) else x.astype(np.float64)
    near = np.asarray(exact.astype(np.float32))
    short = np.where(np.abs(near) > np.abs(exact), np.nextafter(near, np.float32(0)), near)
    odd = (short != exact) & np.isfinite(near)
    return np.where(odd, (short.view(np.uint32) | np.uint32(1)).view(np.float32), near).astype(dtype)


def by_way_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The signed integer that a float becomes on its way to integers of ``dtype``."""
    return np.dtype("int64" if dtype.itemsize == 8 or dtype == np.uint32 else "int32")


def truncated(x: Array, dtype: np.dtype[Any]) -> Array:
    """Floats as integers of ``dtype``; see ``Convert``."""
    x = x.astype(widened(x.dtype), copy=False)
    if dtype == np.uint64:  # In two halves, as compilers do it: there is no instruction for it.
        upper = x >= 2.0**63
        lower = truncated(np.where(upper, x - x.dtype.type(2.0**63), x), np.dtype("int64")).view(dtype)
        return np.where(upper, lower ^ np.uint64(1 << 63), lower)
    way = by_way_of(dtype)
    limit = 2.0 ** (8 * way.itemsize - 1)
    whole = np.trunc(x.astype(np.float64))
    fits = (whole >= -limit) & (whole < limit)
    return np.where(fits, np.where(fits, whole, 0).astype(way), np.iinfo(way).min).astype(dtype)


class BitcastConvert(Unary):
    """The same bits as another dtype of the same width."""

    name = "bitcast_convert"
    flops = Primitive.flops
    shares = True
    kinds = "fiub"
    moves = True

    def infer(self, x: Type, *, dtype: np.dtype[Any]) -> Type:
        if dtype.itemsize != x.dtype.itemsize:
            raise OperatorError(f"bitcast_convert: {x.dtype} and {dtype} differ in width")
        if BOOL in (x.dtype, dtype) and x.dtype != dtype:
            raise OperatorError("bitcast_convert: the bits of booleans are not defined")
        return x.with_dtype(dtype)

    def vjp(self, g: Value, y: Value, x: Value, *, dtype: np.dtype[Any]) -> tuple[None]:
        return (None,)

    def evaluate(self, x: Array, *, dtype: np.dtype[Any]) -> Array:
        return np.ascontiguousarray(x).view(dtype).reshape(x.shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.random((3, 4)).astype("float32"),), {"dtype": np.dtype("uint32")})]
