"""Reductions along axes. A full reduction has shape (1,): MXNet has no 0-d results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.errors import OperatorError
from ..ir.types import BOOL, FLOAT64, INT64, counting, is_floating, normalize_axis, require
from .kinds import Axis, DType
from .operator import Operator, op
from .partial import converted

Ints = tuple[int, ...]


def _samples(rng: Any) -> list[Any]:
    x = rng.uniform(0.5, 2, (2, 3, 4)).astype("float32")
    cases: list[dict[str, Any]] = [{}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}, {"axis": 0, "exclude": True}]
    return [((x,), case) for case in cases]


def resolve_axes(axis: Any, ndim: int, exclude: bool, shape: Ints) -> Ints:
    """The axes to reduce; all for None and (), also with ``exclude``."""
    if axis is None or axis == ():
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int) else axis
    axes = []
    for a in given:
        if not -ndim <= a < ndim:
            text = ",".join(map(str, shape))
            raise OperatorError(f"Reduction axis {a} Exceeds input dimensions [{text}]")
        axes.append(a % ndim)
    require(len(set(axes)) == len(axes), f"Reduction axes have duplicates {list(given)}")
    if exclude:
        return tuple(i for i in range(ndim) if i not in axes)
    return tuple(sorted(axes))


def one(x: Value) -> Value:
    """A 0-d value as MXNet shows it: with shape (1,)."""
    return x if x.ndim else ir.reshape(x, (1,))


def _reduction(name: str, rule: Callable[[Value, Ints, bool], Value], text: str, **options: Any) -> Operator:
    def function(data: Value, *, axis: Axis | None = None, keepdims: bool = False, exclude: bool = False) -> Value:
        axes = resolve_axes(axis, data.ndim, exclude, data.shape)
        return one(rule(data, axes, keepdims) if axes else data)

    function.__doc__ = (
        f"{text} Along ``axis`` (an int, a tuple, None for all), or along all others if ``exclude``; "
        "``keepdims`` keeps reduced axes with length 1."
    )
    return op(name=name, samples=_samples, method=not name.startswith("_"), **options)(function)


def _mean(x: Value, axes: Ints, keepdims: bool) -> Value:
    if is_floating(x.dtype):
        return ir.mean(x, axes, keepdims)
    if x.dtype.kind == "b":
        return ir.max(x, axes, keepdims)
    wide = x if x.dtype.itemsize == 8 else ir.convert(x, INT64)
    count = math.prod(x.shape[i] for i in axes)
    return ir.convert(ir.sum(wide, axes, keepdims) / max(count, 1), x.dtype)


def _without_nan(x: Value, fill: float) -> Value:
    return ir.select(x == x, x, ir.full_like(x, fill))


def _by_counting(rule: Callable[[Value, Ints, bool], Value]) -> Callable[[Value, Ints, bool], Value]:
    """``rule``, of truth values by way of 0 and 1, as a truth value."""

    def reduced(x: Value, axes: Ints, keepdims: bool) -> Value:
        if x.dtype != BOOL:
            return rule(x, axes, keepdims)
        return ir.convert(rule(ir.convert(x, INT64), axes, keepdims), BOOL)

    return reduced


_reduction("sum", _by_counting(ir.sum), "The sum; of truth values whether one is true.")
_reduction("_square_sum", lambda x, a, k: ir.sum(x * x, a, k), "The sum of squares.")
_reduction("mean", _mean, "The mean; of integers truncated.")
_reduction("prod", _by_counting(ir.prod), "The product; of truth values whether all are true.")
_reduction("nansum", lambda x, a, k: ir.sum(_without_nan(x, 0), a, k), "The sum of what is not NaN.")
_reduction("nanprod", lambda x, a, k: ir.prod(_without_nan(x, 1), a, k), "The product of what is not NaN.")
_reduction("max", ir.max, "The maximum.", smooth=False)
_reduction("min", ir.min, "The minimum.", smooth=False)


def _norm_samples(rng: Any) -> list[Any]:
    x = rng.uniform(0.5, 2, (2, 3, 4)).astype("float32")
    return [((x,), c) for c in ({}, {"ord": 1, "axis": 1}, {"axis": (0, 2), "keepdims": True})]


@op(samples=_norm_samples)
def norm(
    data: Value, *, ord: int = 2, axis: Axis | None = None, out_dtype: DType | None = None, keepdims: bool = False
) -> Value:
    """The L2 norm (``ord`` 2) or L1 norm (1) along ``axis``, of everything by default; truncated for integers."""
    if ord not in (1, 2):
        raise OperatorError(f"norm only supports ord=1 and ord=2, got {ord}")
    x = data if out_dtype is None else ir.convert(data, out_dtype)
    axes = resolve_axes(axis, x.ndim, False, x.shape)
    if ord == 1:
        return one(ir.sum(ir.abs(x), axes, keepdims))
    if not is_floating(x.dtype):  # in double: what is truncated must be right to the last place
        wide = ir.convert(x, FLOAT64)
        return ir.convert(one(ir.sqrt(ir.sum(wide * wide, axes, keepdims))), x.dtype)
    if not x.size:
        return one(ir.sum(x, axes, keepdims))
    # Scaled by the largest element, so that no square overflows or vanishes.
    largest = ir.max_unless_nan(ir.abs(x), axes, keepdims=True)
    scale = ir.select((largest > 0) & (largest < math.inf), largest, ir.ones_like(largest))
    scaled = x / scale
    root = ir.sqrt(ir.sum(scaled * scaled, axes, keepdims=True)) * scale
    return one(root if keepdims else ir.squeeze(root, axes))


@norm.gradient
def _norm_gradient(g: Value, y: Value, data: Value, *, ord: int, axis: Any, out_dtype: Any, keepdims: bool) -> Value:
    x = data if out_dtype is None else ir.convert(data, out_dtype)
    axes = resolve_axes(axis, x.ndim, False, x.shape)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    g, y = ir.broadcast_to(ir.reshape(g, kept), x.shape), ir.broadcast_to(ir.reshape(y, kept), x.shape)
    slope = ir.sign(x) if ord == 1 else ir.select(y == 0, ir.zeros_like(y), x / ir.select(y == 0, ir.ones_like(y), y))
    return ir.convert(g * slope, data.dtype)


def _arg_samples(rng: Any) -> list[Any]:
    x = rng.integers(0, 5, (3, 4)).astype("float32")
    return [((x,), c) for c in ({}, {"axis": 0}, {"axis": -1, "keepdims": True})]


def _arg(name: str, rule: Callable[..., Value], text: str) -> Operator:
    def function(data: Value, *, axis: int | None = None, keepdims: bool = False) -> Value:
        require(data.dtype != BOOL, "it does not support boolean type")
        x, at = (ir.reshape(data, (-1,)), 0) if axis is None else (data, normalize_axis(axis, data.ndim))
        if not x.shape[at]:
            raise OperatorError("cannot find an extremum of nothing")
        made = ir.convert(rule(x, at, np.dtype("int32")), counting(data.dtype))
        if keepdims:
            made = ir.reshape(made, (1,) * data.ndim if axis is None else (*x.shape[:at], 1, *x.shape[at + 1 :]))
        return one(made)

    function.__doc__ = (
        f"The position of the first {text} along ``axis`` (flattened if None), in the dtype of ``data``; of bfloat16, "
        "which counts to 256, as float32."
    )
    return op(name=name, samples=_arg_samples, differentiable=False)(function)


_arg("argmax", ir.argmax, "maximum")
_arg("argmin", ir.argmin, "minimum")


@op(samples=lambda r: [((r.random((3, 4)).astype("float32"),), {})], differentiable=False)
def argmax_channel(data: Value) -> Value:
    """The position of the maximum along axis 1, in the dtype of ``data``; of bfloat16 as float32."""
    return ir.convert(ir.argmax(data, 1), counting(data.dtype))


@op(
    samples=lambda r: [((r.random((3, 4)).astype("float32"),), c) for c in ({}, {"axis": 0}, {"dtype": "float64"})],
    method=False,
    dtypes=converted,
)
def cumsum(a: Value, *, axis: int | None = None, dtype: DType | None = None) -> Value:
    """Running sums along ``axis``, of the flattened array if None, in ``dtype`` (that of ``a`` by default)."""
    x, at = (ir.reshape(a, (-1,)), 0) if axis is None else (a, normalize_axis(axis, a.ndim))
    return ir.cumsum(x if dtype is None else ir.convert(x, dtype), at)
