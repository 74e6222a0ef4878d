"""Products of matrices, layers and their losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.errors import OperatorError
from ..ir.types import INT32, finfo, is_floating, normalize_axis, require, require_floats
from .index import one_per_row
from .kinds import Draw, DType, Generator, Scalar, Shape, Training, Wide, one_of
from .operator import floats as _f
from .operator import op
from .partial import DTypes, Shapes, converted, product, same, without
from .random import kept


def _text(*values: Value) -> str:
    return " X ".join(f"[{','.join(map(str, v.shape))}]" for v in values)


def _dot_samples(rng: Any) -> list[Any]:
    return [
        ((_f(rng, 2, 3), _f(rng, 3, 4)), {}),
        ((_f(rng, 3), _f(rng, 3)), {}),
        ((_f(rng, 2, 3, 4), _f(rng, 4, 5)), {}),
        ((_f(rng, 3, 2), _f(rng, 4, 3)), {"transpose_a": True, "transpose_b": True}),
    ]


@op(samples=_dot_samples, method=False)
def dot(
    lhs: Value, rhs: Value, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None
) -> Value:
    """The last axis of ``lhs`` contracted with the first of ``rhs`` (so not ``matmul`` for more than 2 dimensions).

    ``transpose_a`` contracts the first axis of ``lhs``, ``transpose_b`` the last of ``rhs``. Floats only.
    """
    if lhs.dtype != rhs.dtype:
        raise OperatorError(f"Incompatible attr in node  at 1-th input: expected {lhs.dtype}, got {rhs.dtype}")
    require(is_floating(lhs.dtype), f"dot only supports floats, got {lhs.dtype}")
    require(lhs.ndim > 0 and rhs.ndim > 0, "dot needs arrays of at least one dimension")
    if lhs.ndim == rhs.ndim == 1:
        require(not transpose_a and not transpose_b, "Cannot transpose vectors")
    a, b = (0 if transpose_a else lhs.ndim - 1), (rhs.ndim - 1 if transpose_b else 0)
    require(lhs.shape[a] == rhs.shape[b], f"dot shape error: {_text(lhs, rhs)} ({lhs.shape[a]} vs. {rhs.shape[b]})")
    made = ir.dot_general(lhs, rhs, ((a,), (b,)))
    return made if made.ndim else ir.reshape(made, (1,))


@op(
    samples=lambda r: [
        ((_f(r, 2, 3, 4), _f(r, 2, 4, 5)), {}),
        ((_f(r, 2, 4, 3), _f(r, 2, 5, 4)), {"transpose_a": True, "transpose_b": True}),
    ],
    method=False,
)
def batch_dot(
    lhs: Value, rhs: Value, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None
) -> Value:
    """Products of the matrices in the last two axes, for each index of the leading axes, which must be equal."""
    require(lhs.dtype == rhs.dtype, f"Incompatible attr in node  at 1-th input: expected {lhs.dtype}, got {rhs.dtype}")
    n = lhs.ndim
    where = f"{_text(lhs, rhs)} trans_a={int(transpose_a)} trans_b={int(transpose_b)}"
    require(n == rhs.ndim and n >= 3, f"batch_dot needs two arrays of 3 or more dimensions: {where}")
    require(
        lhs.shape[:-2] == rhs.shape[:-2],
        f"batch_dot shape error (the leading batch dimensions must be equal): {where}",
    )
    a, b = (n - 2 if transpose_a else n - 1), (n - 1 if transpose_b else n - 2)
    require(lhs.shape[a] == rhs.shape[b], f"batch_dot shape error: {where}")
    lead = tuple(range(n - 2))
    return ir.dot_general(lhs, rhs, ((a,), (b,)), (lead, lead))


def _dense_samples(rng: Any) -> list[Any]:
    x, w, b = _f(rng, 2, 3, 4), _f(rng, 5, 12), _f(rng, 5)
    return [
        ((x, w, b), {"num_hidden": 5}),
        ((x, w), {"num_hidden": 5, "no_bias": True}),
        ((x, _f(rng, 5, 4), b), {"num_hidden": 5, "flatten": False}),
    ]


def has_bias(attributes: Mapping[str, Any]) -> bool:
    return not attributes["no_bias"]


def _dense_shapes(known: Shapes, *, num_hidden: int, flatten: bool, **_: Any) -> None:
    data, made = known["data"], known.output()
    if not data:
        return
    if made is not None:
        known.learn("data", (made[0], *data[1:]) if flatten else (*made[:-1], data[-1]))
    known.learn("weight", (num_hidden, product(data[1:]) if flatten else data[-1]))
    known.learn("bias", (num_hidden,))
    known.learn_output((*(data[:1] if flatten else data[:-1]), num_hidden))


@op(samples=_dense_samples, method=False, shapes=_dense_shapes, optional={"bias": has_bias})
def FullyConnected(
    data: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    num_hidden: int,
    no_bias: bool = False,
    flatten: bool = True,
) -> Value:
    """``data weight^T + bias``: ``weight`` is ``num_hidden`` by inputs; ``flatten`` joins all axes but the first."""
    x = ir.reshape(data, (data.shape[0], math.prod(data.shape[1:]))) if flatten else data
    expected = (num_hidden, x.shape[-1])
    require(weight.shape == expected, f"weight must be {list(expected)} for {data.type}, got {weight.type}")
    y = ir.dot_general(x, weight, ((x.ndim - 1,), (1,)))
    require(no_bias or bias is not None, "bias is missing: give one, or no_bias=True")
    require(not (no_bias and bias is not None), "a bias is given, but no_bias=True: leave one of them out")
    if bias is None:
        return y
    require(bias.shape == (num_hidden,), f"bias must be [{num_hidden}], got {bias.type}")
    return y + bias


def _softmax_samples(rng: Any) -> list[Any]:
    return [
        ((_f(rng, 2, 3),), {}),
        ((_f(rng, 2, 3),), {"axis": 0, "dtype": "float64"}),
        ((_f(rng, 2, 3, 2),), {"axis": 1, "temperature": 2.0}),
    ]


def _some_softmax_samples(rng: Any) -> list[Any]:
    lengths = np.array([[3, 1], [0, 2]], "int32")
    return [*_softmax_samples(rng), ((_f(rng, 2, 3, 2), lengths), {"axis": 1, "use_length": True})]


def _scaled(data: Value, temperature: Value | None, dtype: Any) -> Value:
    """``data`` in ``dtype``, divided by ``temperature``."""
    one_of(dtype and dtype.name, None, "bfloat16", "float16", "float32", "float64", parameter="dtype")
    require_floats(data.type)
    x = data if temperature is None else data / temperature
    return x if dtype is None else ir.convert(x, dtype)


def _lowered(x: Value, axis: int) -> Value:
    """``x`` less the largest along ``axis``: its exponentials do not overflow."""
    return x - ir.max_unless_nan(x, axis, keepdims=True) if x.size else x


def _slope(g: Value, data: Value, temperature: Value | None) -> Value:
    """The gradient of ``data`` from that of ``_scaled(data)``."""
    g = ir.convert(g, data.dtype)
    return g if temperature is None else g / temperature


def _within(length: Value, x: Value, axis: int) -> Value:
    """Which elements of ``x`` come before ``length`` along ``axis``."""
    others = (*x.shape[:axis], *x.shape[axis + 1 :])
    require(length.dtype.kind in "iu", f"length must be integers, got {length.type}")
    require(length.shape == others, f"length must be {list(others)} for {x.type}, got {length.type}")
    position = ir.iota(x.shape, axis, INT32, x.context)
    return position < ir.broadcast_to(ir.expand_dims(ir.convert(length, INT32), axis), x.shape)


def _softmax_shapes(known: Shapes, *, axis: int, **_: Any) -> None:
    data = known["data"]
    known.learn_output(data)
    if data is not None:
        known.learn("length", without(data, axis))


def _softmax_dtypes(known: DTypes, **attributes: Any) -> None:
    """Lengths are whole numbers: int32 if nobody says otherwise."""
    converted(known, **attributes)
    if known["length"] is None:
        known.learn("length", INT32)


@op(
    samples=_some_softmax_samples,
    shapes=_softmax_shapes,
    optional={"length": lambda a: bool(a["use_length"])},
    dtypes=_softmax_dtypes,
)
def softmax(
    data: Value,
    length: Value | None = None,
    *,
    axis: int = -1,
    temperature: Scalar | None = None,
    dtype: DType | None = None,
    use_length: bool | None = False,
) -> Value:
    """Exponentials of ``data`` (divided by ``temperature``) scaled to sum to one along ``axis``, in ``dtype``.

    With ``use_length``, of the first ``length`` elements along ``axis`` alone, and 0 behind them: ``length`` holds
    integers and has the shape of ``data`` without ``axis``.
    """
    axis = normalize_axis(axis, data.ndim)
    x = _scaled(data, temperature, dtype)
    require((length is not None) == bool(use_length), "length is given with use_length=True, and not without")
    if length is None:
        e = ir.exp(_lowered(x, axis))
        return e / ir.sum(e, axis, keepdims=True)
    inside = _within(length, x, axis)
    least = ir.full_like(x, float(finfo(x.dtype).min))
    e = ir.exp(x - ir.max_unless_nan(ir.select(inside, x, least), axis, keepdims=True))
    total = ir.sum(ir.select(inside, e, 0.0), axis, keepdims=True)
    return ir.select(inside, e / total, 0.0)


@softmax.gradient
def _softmax_gradient(
    g: Value, y: Value, data: Value, length: Value | None = None, *, axis: int, temperature: Value | None = None,
    **_: Any,
) -> Value:  # fmt: skip
    """Elements behind the length have no part in it, whatever gradient arrives for them."""
    axis = normalize_axis(axis, data.ndim)
    inside = None if length is None else _within(length, y, axis)
    if inside is not None:
        g = ir.select(inside, g, 0.0)
    made = y * (g - ir.sum(g * y, axis, keepdims=True))
    return _slope(made if inside is None else ir.select(inside, made, 0.0), data, temperature)


@op(samples=lambda r: [((_f(r, 2, 3, 2),), {}), ((_f(r, 2, 3, 2),), {"mode": "channel"})], method=False, shapes=same)
def SoftmaxActivation(data: Value, *, mode: str = "instance") -> Value:
    """``softmax`` over the last axis, or (``mode`` "channel") over axis 1."""
    one_of(mode, "channel", "instance")
    made = softmax(data, axis=1 if mode == "channel" else -1)
    assert isinstance(made, Value)
    return made


@op(samples=_softmax_samples, shapes=same, dtypes=converted)
def log_softmax(
    data: Value,
    *,
    axis: int = -1,
    temperature: Scalar | None = None,
    dtype: DType | None = None,
    use_length: bool | None = False,
) -> Value:
    """The logarithm of ``softmax``, without its underflow, in ``dtype``; ``use_length`` is for ``softmax`` alone."""
    require(not use_length, "there is no input for lengths: use softmax")
    axis = normalize_axis(axis, data.ndim)
    x = _scaled(data, temperature, dtype)
    x = _lowered(x, axis)
    return x - ir.log(ir.sum(ir.exp(x), axis, keepdims=True))


@log_softmax.gradient
def _log_softmax_gradient(
    g: Value, y: Value, data: Value, *, axis: int, temperature: Value | None = None, **_: Any
) -> Value:
    axis = normalize_axis(axis, data.ndim)
    return _slope(g - ir.exp(y) * ir.sum(g, axis, keepdims=True), data, temperature)


@op(samples=_softmax_samples, shapes=same, dtypes=converted)
def softmin(
    data: Value,
    *,
    axis: int = -1,
    temperature: Scalar | None = None,
    dtype: DType | None = None,
    use_length: bool | None = False,
) -> Value:
    """``softmax`` of the negative; ``use_length`` is for ``softmax`` alone."""
    require(not use_length, "there is no input for lengths: use softmax")
    made = softmax(-data, axis=axis, temperature=temperature, dtype=dtype)
    assert isinstance(made, Value)
    return made


@op(samples=lambda r: [((_f(r, 3, 4), r.integers(0, 4, 3).astype("float32")), {})], method=False)
def softmax_cross_entropy(data: Value, label: Value) -> Value:
    """The cross-entropy of ``softmax`` over the last axis with integer labels, summed: shape (1,)."""
    chosen = ir.select(one_per_row(label, data), log_softmax(data), 0.0)
    return ir.reshape(-ir.sum(chosen), (1,))


@op(
    samples=lambda r: [((_f(r, 3, 4),), {"p": 0.4, "training": True}), ((_f(r, 3, 4),), {"p": 0.4})],
    method=False,
    draws=lambda attributes: attributes["training"] or attributes["mode"] == "always",
    bounds={"p": (0, 1)},
)
def Dropout(
    data: Value,
    *,
    p: Wide = 0.5,
    mode: str = "training",
    axes: Shape = (),
    cudnn_off: bool | None = False,
    training: Training = False,
    generator: Generator = "hash",
    draw: Draw = None,
) -> Value:
    """While training (or always, by ``mode`` "always"): elements dropped with probability ``p``, others scaled up.

    The mask is shared along ``axes``. ``generator`` is "hash" or "threefry" (a setting). All elements
    are NaN for a ``p`` of 1.
    """
    one_of(mode, "always", "training")
    require_floats(data.type)
    for axis in axes:
        require(0 <= axis < data.ndim, f"index = {axis} must be in range [0, {data.ndim}), for {data.type}")
    if draw is None:
        return data
    keep = 1 - p
    mask = kept(draw, [1 if i in axes else n for i, n in enumerate(data.shape)], keep, generator)
    return data * ir.convert(ir.convert(mask, keep.dtype) / keep, data.dtype)
