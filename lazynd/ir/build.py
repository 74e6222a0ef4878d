"""The vocabulary of operator bodies and gradient rules: primitives as NumPy-like functions on values.

``from lazynd.ir import build as ir`` and write ``ir.exp(x) / ir.sum(ir.exp(x), axis=-1, keepdims=True)``.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .types import CPU, INT32, Context, Type, normalize_axis
from .value import VOCABULARY, Operand, Value, binary, broadcast_to, common_shape, constant, emit

VOCABULARY.add(__file__)

__all__ = [
    "Value", "abs", "argmax", "argmin", "batch_matmul", "binary", "bitcast", "broadcast_to", "ceil", "check_index",
    "common_shape", "concatenate", "constant", "convert", "convolution", "cos", "cumsum", "dot_general",
    "dynamic_slice", "dynamic_update_slice", "emit", "erf", "exp", "expand_dims", "expm1", "fft", "floor", "full",
    "full_like", "gather", "hash_bits", "iota", "log", "log1p", "logistic", "max", "max_unless_nan", "maximum", "mean",
    "min", "minimum", "moveaxis", "ones_like", "pad", "power", "prod", "random_bits", "reduce_window_max",
    "reduce_window_sum", "remainder", "reshape", "reverse", "round_half_even", "row", "rsqrt", "scatter", "select",
    "shift_left", "shift_right", "sign", "sin", "slice_", "sort", "sqrt", "square", "squeeze", "stop_gradient", "sum",
    "tanh", "transpose", "unary", "window_argmax", "zeros_like",
]  # fmt: skip


def unary(name: str, x: Value) -> Value:
    """Any primitive of one operand, by name."""
    result = emit(name, x)
    assert isinstance(result, Value)
    return result


def exp(x: Value) -> Value:
    return unary("exponential", x)


def expm1(x: Value) -> Value:
    return unary("exponential_minus_one", x)


def log(x: Value) -> Value:
    return unary("log", x)


def log1p(x: Value) -> Value:
    return unary("log_plus_one", x)


def sqrt(x: Value) -> Value:
    return unary("sqrt", x)


def rsqrt(x: Value) -> Value:
    return unary("rsqrt", x)


def sin(x: Value) -> Value:
    return unary("sine", x)


def cos(x: Value) -> Value:
    return unary("cosine", x)


def tanh(x: Value) -> Value:
    return unary("tanh", x)


def logistic(x: Value) -> Value:
    return unary("logistic", x)


def erf(x: Value) -> Value:
    return unary("erf", x)


def abs(x: Value) -> Value:
    return unary("abs", x)


def sign(x: Value) -> Value:
    return unary("sign", x)


def floor(x: Value) -> Value:
    return unary("floor", x)


def ceil(x: Value) -> Value:
    return unary("ceil", x)


def round_half_even(x: Value) -> Value:
    return unary("round_nearest_even", x)


def stop_gradient(x: Value) -> Value:
    return unary("stop_gradient", x)


def square(x: Value) -> Value:
    return x * x


def power(x: Operand, y: Operand) -> Value:
    return binary("power", x, y)


def maximum(x: Operand, y: Operand) -> Value:
    return binary("maximum", x, y)


def minimum(x: Operand, y: Operand) -> Value:
    return binary("minimum", x, y)


def remainder(x: Operand, y: Operand) -> Value:
    """The remainder with the sign of the dividend, as in C."""
    return binary("remainder", x, y)


def shift_left(x: Operand, y: Operand) -> Value:
    return binary("shift_left", x, y)


def shift_right(x: Operand, y: Operand) -> Value:
    return binary("shift_right_logical", x, y)


def select(condition: Value, x: Operand, y: Operand) -> Value:
    """``x`` where the boolean ``condition`` holds, else ``y``; all broadcast together."""
    like = x if isinstance(x, Value) else y
    x = x if isinstance(x, Value) else constant(x, like.type)
    y = y if isinstance(y, Value) else constant(y, like.type)
    shape = common_shape(condition.shape, x.shape, y.shape)
    result = emit("select", *(broadcast_to(v, shape) for v in (condition, x, y)))
    assert isinstance(result, Value)
    return result


def convert(x: Value, dtype: np.dtype[Any]) -> Value:
    """``x`` cast to ``dtype``, as C casts: towards zero, wrapping."""
    return x if x.dtype == dtype else emit("convert", x, dtype=dtype)


def bitcast(x: Value, dtype: np.dtype[Any]) -> Value:
    return emit("bitcast_convert", x, dtype=dtype)


def full(shape: Sequence[int], value: Any, dtype: np.dtype[Any], context: Context = CPU) -> Value:
    return broadcast_to(constant(value, Type((), dtype, context)), tuple(shape))


def full_like(x: Value, value: Any) -> Value:
    return broadcast_to(constant(value, x.type), x.shape)


def zeros_like(x: Value) -> Value:
    return full_like(x, 0)


def ones_like(x: Value) -> Value:
    return full_like(x, 1)


def iota(shape: Sequence[int], axis: int, dtype: np.dtype[Any] = INT32, context: Context | None = CPU) -> Value:
    """0, 1, 2, ... along ``axis`` of ``shape``."""
    return emit("iota", shape=tuple(shape), axis=axis, dtype=dtype, context=context or CPU)


def reshape(x: Value, shape: Sequence[int]) -> Value:
    """``x`` with another shape of the same size; one extent may be -1."""
    shape = tuple(shape)
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        shape = tuple(x.size // builtins.max(known, 1) if n == -1 else n for n in shape)
    return x if x.shape == shape else emit("reshape", x, shape=shape)


def expand_dims(x: Value, axis: int) -> Value:
    axis = normalize_axis(axis, x.ndim + 1)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def squeeze(x: Value, axes: Sequence[int]) -> Value:
    return reshape(x, [n for i, n in enumerate(x.shape) if i not in axes])


def row(x: Value, k: int) -> Value:
    """What is at index ``k`` of the first axis, without that axis."""
    return reshape(slice_(x, [k] + [0] * (x.ndim - 1), [k + 1, *x.shape[1:]]), x.shape[1:])


def transpose(x: Value, axes: Sequence[int] | None = None) -> Value:
    axes = tuple(reversed(range(x.ndim))) if axes is None else tuple(axes)
    return x if axes == tuple(range(x.ndim)) else emit("transpose", x, axes=axes)


def moveaxis(x: Value, source: int, target: int) -> Value:
    axes = [i for i in range(x.ndim) if i != source]
    axes.insert(target, source)
    return transpose(x, axes)


def reverse(x: Value, axes: Sequence[int]) -> Value:
    return emit("reverse", x, axes=tuple(axes))


def concatenate(xs: Sequence[Value], axis: int) -> Value:
    return xs[0] if len(xs) == 1 else emit("concatenate", *xs, axis=axis)


def pad(
    x: Value, value: Operand, low: Sequence[int], high: Sequence[int], interior: Sequence[int] | None = None
) -> Value:
    """``x`` with ``value`` before, after and between elements; negative low and high cut."""
    fill = value if isinstance(value, Value) else constant(value, x.type)
    spread = tuple(interior) if interior is not None else (0,) * x.ndim
    return emit("pad", x, fill, low=tuple(low), high=tuple(high), interior=spread)


def slice_(x: Value, start: Sequence[int], limit: Sequence[int], strides: Sequence[int] | None = None) -> Value:
    """``x[start:limit:strides]`` with non-negative bounds and positive strides."""
    strides = (1,) * x.ndim if strides is None else tuple(strides)
    if tuple(limit) == x.shape and not any(start) and all(s == 1 for s in strides):
        return x
    return emit("slice", x, start=tuple(start), limit=tuple(limit), strides=strides)


def dynamic_slice(x: Value, starts: Sequence[Value], sizes: Sequence[int]) -> Value:
    """A block of ``sizes`` whose corner is given by 0-d integer values."""
    return emit("dynamic_slice", x, *starts, sizes=tuple(sizes))


def dynamic_update_slice(x: Value, update: Value, starts: Sequence[Value]) -> Value:
    """``x`` with the block at ``starts`` replaced by ``update``."""
    return emit("dynamic_update_slice", x, update, *starts)


def check_index(x: Value, axis: int, extent: int, negative: bool) -> Value:
    """``x``, indices into ``extent`` elements of ``axis``, counted from the end if ``negative``; else an error."""
    return emit("check_index", x, axis=axis, extent=extent, negative=negative)


def gather(x: Value, indices: Sequence[Value], axes: Sequence[int]) -> Value:
    """Elements of ``x`` at integer ``indices`` (all of one shape) along ``axes``; other axes follow."""
    return emit("gather", x, *indices, axes=tuple(axes))


def scatter(x: Value, updates: Value, indices: Sequence[Value], axes: Sequence[int], mode: str) -> Value:
    """``x`` with ``updates`` set ("set") or added ("add") at ``indices``: the converse of ``gather``."""
    return emit("scatter", x, updates, *indices, axes=tuple(axes), mode=mode)


def _axes(x: Value, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    given = (axis,) if isinstance(axis, int) else axis
    return tuple(sorted({normalize_axis(a, x.ndim) for a in given}))


def _reduce(name: str, x: Value, axis: int | Sequence[int] | None, keepdims: bool) -> Value:
    axes = _axes(x, axis)
    result = emit(name, x, axes=axes) if axes else x
    if keepdims:
        result = reshape(result, [1 if i in axes else n for i, n in enumerate(x.shape)])
    assert isinstance(result, Value)
    return result


def sum(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    return _reduce("reduce_sum", x, axis, keepdims)


def prod(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    return _reduce("reduce_prod", x, axis, keepdims)


def max(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    return _reduce("reduce_max", x, axis, keepdims)


def max_unless_nan(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    """The maximum as a bound without gradient, to lower exponentials by; of a line with NaN anything."""
    return _reduce("reduce_max_unless_nan", x, axis, keepdims)


def min(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    return _reduce("reduce_min", x, axis, keepdims)


def mean(x: Value, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Value:
    count = math.prod(x.shape[a] for a in _axes(x, axis))
    return sum(x, axis, keepdims) / count


def argmax(x: Value, axis: int, dtype: np.dtype[Any] = INT32) -> Value:
    """The index of the first maximum along ``axis``."""
    return emit("argmax", x, axis=axis, dtype=dtype)


def argmin(x: Value, axis: int, dtype: np.dtype[Any] = INT32) -> Value:
    return emit("argmin", x, axis=axis, dtype=dtype)


def cumsum(x: Value, axis: int, backwards: bool = False) -> Value:
    return emit("cumsum", x, axis=axis, backwards=backwards)


def sort(keys: Value, *others: Value, axis: int) -> tuple[Value, ...]:
    """``keys`` in stable ascending order along ``axis``, and ``others`` moved with them."""
    result = emit("sort", keys, *others, axis=axis)
    return result if isinstance(result, tuple) else (result,)


def dot_general(
    a: Value,
    b: Value,
    contract: tuple[Sequence[int], Sequence[int]],
    batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Value:
    """Products summed over ``contract``; result axes: batch, the rest of ``a``, the rest of ``b``."""
    return emit(
        "dot_general", a, b,
        contract=(tuple(contract[0]), tuple(contract[1])), batch=(tuple(batch[0]), tuple(batch[1])),
    )  # fmt: skip


def batch_matmul(a: Value, b: Value) -> Value:
    """Matrix products over shared leading axes."""
    lead = tuple(range(a.ndim - 2))
    return dot_general(a, b, ((a.ndim - 1,), (b.ndim - 2,)), (lead, lead))


def fft(x: Value, *, inverse: bool) -> Value:
    """The Fourier transform of lines [..., n, 2] of complex numbers, or the inverse one times n."""
    return emit("fft", x, inverse=inverse)


def convolution(
    x: Value, w: Value, *, strides: Sequence[int], low: Sequence[int], high: Sequence[int], spread: Sequence[int],
    dilation: Sequence[int],
) -> Value:  # fmt: skip
    """``x`` [batch, group, channel, *spatial] under the windows ``w`` [group, output, channel, *window]."""
    return emit(
        "convolution", x, w, strides=tuple(strides), low=tuple(low), high=tuple(high), spread=tuple(spread),
        dilation=tuple(dilation),
    )  # fmt: skip


def reduce_window_sum(
    x: Value, window: Sequence[int], strides: Sequence[int], low: Sequence[int], high: Sequence[int],
    spread: Sequence[int] | None = None,
) -> Value:  # fmt: skip
    """Sums of windows; each argument has a number for each axis of ``x``."""
    return emit(
        "reduce_window_sum", x, window=tuple(window), strides=tuple(strides), low=tuple(low), high=tuple(high),
        spread=(1,) * x.ndim if spread is None else tuple(spread),
    )  # fmt: skip


def reduce_window_max(
    x: Value, window: Sequence[int], strides: Sequence[int], low: Sequence[int], high: Sequence[int]
) -> Value:
    """The largest number of each window."""
    return emit("reduce_window_max", x, window=tuple(window), strides=tuple(strides), low=tuple(low), high=tuple(high))


def window_argmax(
    x: Value, window: Sequence[int], strides: Sequence[int], low: Sequence[int], high: Sequence[int]
) -> Value:
    """The number of the place in its window where each one's first maximum lies."""
    return emit("window_argmax", x, window=tuple(window), strides=tuple(strides), low=tuple(low), high=tuple(high))


def hash_bits(seed: Value, counter: Value, shape: Sequence[int]) -> Value:
    """``uint32`` bits of the draw number ``counter`` under ``seed`` that are quick to compute, for masks."""
    return emit("hash_bits", seed, counter, shape=tuple(shape))


def random_bits(seed: Value, counter: Value, shape: Sequence[int]) -> Value:
    """``uint32`` bits of the draw number ``counter`` (``uint32[2]`` words as 0-d values) under ``seed``."""
    return emit("random_bits", seed, counter, shape=tuple(shape))
