"""Operators that move elements: shapes, joining, splitting, repeating."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.errors import OperatorError
from ..ir.types import Context, distinct_axes, normalize_axis, require
from .kinds import Axis, Device, DType, Shape, check_count, one_of
from .operator import floats as _f
from .operator import op
from .partial import Shape as Partial
from .partial import Shapes, converted, giving, like, product, same, without

Ints = tuple[int, ...]


def _split(extent: int, first: int, second: int) -> Ints:
    """``extent`` as a product, one factor of which may be -1."""
    require((first, second) != (-1, -1), "Split dims cannot both be -1.")
    if first == -1:
        first = extent // max(second, 1)
    if second == -1:
        second = extent // max(first, 1)
    require(first * second == extent, f"Split dims {first}, {second} do not divide original dim {extent}")
    return first, second


def resolve_reshape(shape: Ints, target: Ints, reverse: bool = False) -> Ints:
    """The extents that MXNet's reshape codes stand for: 0 keeps, -1 infers, -2 copies the rest, -3 joins two,
    -4 splits one; ``reverse`` reads from the right."""
    source, wanted = (shape[::-1], target[::-1]) if reverse else (shape, target)
    made: list[int] = []
    at, i = 0, 0
    inferred = -1
    while i < len(wanted):
        code = wanted[i]
        if code == 0 or code == -3:
            count = 1 if code == 0 else 2
            require(
                at + count <= len(source), f"Check failed: src_idx < dshape_len ({len(source)} vs. {len(source)}) : "
            )
            made.append(math.prod(source[at : at + count]))
            at += count
        elif code == -1:
            require(
                inferred < 0, f"Check failed: inf_idx < 0 ({inferred} vs. 0) : One and only one dim can be inferred"
            )
            inferred = len(made)
            made.append(1)
            at += 1
        elif code == -2:
            made += source[at:]
            at = len(source)
        elif code == -4:
            pair = list(wanted[i + 1 : i + 3])
            require(len(pair) == 2 and at < len(source), "Check failed: -4 needs two extents and a dimension to split")
            made += _split(source[at], *pair)
            at += 1
            i += 2
        else:
            require(
                code >= -1,
                f"Check failed: dim_size >= -1 ({code} vs. -1) : shape dim size must be >= -1, while received {code}",
            )
            made.append(code)
            at += 1
        i += 1
    size = math.prod(shape)
    if inferred >= 0:
        known = math.prod(n for j, n in enumerate(made) if j != inferred)
        require(
            known > 0 and size % known == 0, f"cannot reshape {list(shape)} into {list(target)}: sizes do not divide"
        )
        made[inferred] = size // known
    total = math.prod(made)
    require(
        total <= size,
        f"Check failed: shape_.Size() >= shape.Size() ({size} vs. {total}) : "
        "target shape size is larger than the current shape",
    )
    require(total == size, f"cannot reshape array of size {size} into shape {tuple(made)}")
    return tuple(made[::-1] if reverse else made)


def _reshaped_shapes(known: Shapes, *, shape: Ints, reverse: bool, **_: Any) -> None:
    """The result as far as ``shape`` says it, and one open extent of the data from the number of elements."""
    data, made = known["data"], known.output()
    plain = bool(shape) and min(shape) >= -1 and 0 not in shape[len(data or ()) :] and not reverse
    if data is not None and plain:
        known.learn_output(tuple(data[i] if n == 0 else None if n == -1 else n for i, n in enumerate(shape)))
    count = None if made is None else product(made)
    if data is not None and data.count(None) == 1 and count is not None:
        rest = product(n for n in data if n is not None)
        if rest and count % rest == 0:
            known.learn("data", tuple(count // rest if n is None else n for n in data))


@op(
    shapes=_reshaped_shapes,
    samples=lambda r: (
        [((_f(r, 2, 3, 4),), {"shape": s}) for s in ((0, -1), (-3, 0), (-4, 1, 2, -2))]
        + [((_f(r, 2, 3, 4),), {"target_shape": (4, 0)})]
    ),
    method=False,
)
def Reshape(
    data: Value, *, shape: Shape = (), reverse: bool = False, target_shape: Shape = (), keep_highest: bool = False
) -> Value:
    """``data`` copied to another shape, given by extents or MXNet's codes (see the method ``reshape``).

    ``target_shape``, for old programs, infers an extent of 0; ``keep_highest`` keeps the first one of ``data``.
    """
    if shape or not target_shape:
        return ir.reshape(data, resolve_reshape(data.shape, shape, reverse))
    return ir.reshape(data, _resolve_target(data.shape, target_shape, keep_highest))


def _resolve_target(shape: Ints, target: Ints, keep_highest: bool) -> Ints:
    made = [shape[0], *target[1:]] if keep_highest else list(target)
    unknown = [i for i in range(int(keep_highest), len(made)) if made[i] == 0]
    if len(unknown) == 1:
        known = math.prod(n for i, n in enumerate(made) if i != unknown[0])
        made[unknown[0]] = math.prod(shape) // max(known, 1)
    require(
        min(made) >= 0 and math.prod(made) == math.prod(shape),
        f"cannot reshape {list(shape)} into target_shape={target}: the sizes differ",
    )
    return tuple(made)


@op(samples=lambda r: [((_f(r, 2, 3, 4),), {"shape": (6, 4)})], method=False)
def _reshape_to(data: Value, *, shape: Shape) -> Value:
    """``data`` with exactly ``shape``."""
    return ir.reshape(data, shape)


@op(samples=lambda r: [((_f(r, 1, 3),), {"shape": (2, 3), "dtype": "float64"})], method=False, dtypes=converted)
def _fit(data: Value, *, shape: Shape, dtype: DType) -> Value:
    """``data`` cast to ``dtype`` and broadcast to ``shape``, leading axes of length 1 dropped if need be."""
    extra = max(data.ndim - len(shape), 0)
    return ir.broadcast_to(ir.convert(ir.reshape(data, data.shape[extra:]), dtype), shape)


@op(samples=lambda r: [((_f(r, 2, 3),), {"ctx": Context("cpu", 1)})], method=False, shapes=same)
def _copyto(data: Value, *, ctx: Device) -> Value:
    """``data`` on another context."""
    return ir.emit("copy", data, context=ctx)


@op(samples=lambda r: [((_f(r, 2, 3),), {"stype": s}) for s in ("default", "csr")], method=False, shapes=same)
def cast_storage(data: Value, *, stype: str) -> Value:
    """A copy for storage as ``stype``: "default", "csr" (two dimensions) or "row_sparse"; the values stay dense."""
    one_of(stype, "csr", "default", "row_sparse")
    require(stype != "csr" or data.ndim == 2, f"csr needs two dimensions, the array is {data.type}")
    return data


@op(samples=lambda r: [((_f(r, 2, 3, 4),), {})])
def Flatten(data: Value) -> Value:
    """All dimensions but the first joined into one."""
    return ir.reshape(data, (data.shape[0], math.prod(data.shape[1:])))


def _transposed_shapes(known: Shapes, *, axes: Ints) -> None:
    data, made = known["data"], known.output()
    n = len(data or made or ())
    if data is made is None or len(axes) not in (0, n):
        return
    order = [normalize_axis(a, n) for a in axes] if axes else list(range(n))[::-1]
    if data is not None:
        known.learn_output(tuple(data[a] for a in order))
    if made is not None and len(made) == n:
        known.learn("data", tuple(made[order.index(i)] for i in range(n)))


@op(
    samples=lambda r: [((_f(r, 2, 3, 4),), {}), ((_f(r, 2, 3, 4),), {"axes": (1, 2, 0)})],
    shapes=_transposed_shapes,
)
def transpose(data: Value, *, axes: Shape = ()) -> Value:
    """The dimensions in the order ``axes``, reversed by default."""
    require(not axes or len(axes) == data.ndim, f"axes {axes} do not name the {data.ndim} dimensions of {data.type}")
    return ir.transpose(data, [normalize_axis(a, data.ndim) for a in axes] if axes else None)


def _expanded_shapes(known: Shapes, *, axis: int) -> None:
    data, made = known["data"], known.output()
    if data is not None:
        at = normalize_axis(axis, len(data) + 1)
        known.learn_output((*data[:at], 1, *data[at:]))
    if made is not None:
        known.learn("data", without(made, axis))


@op(samples=lambda r: [((_f(r, 2, 3),), {"axis": a}) for a in (0, 1, -1)], shapes=_expanded_shapes)
def expand_dims(data: Value, *, axis: int) -> Value:
    """A dimension of length 1 inserted at ``axis``."""
    return ir.expand_dims(data, axis)


@op(samples=lambda r: [((_f(r, 1, 3, 1),), {}), ((_f(r, 1, 3, 1),), {"axis": 0})])
def squeeze(data: Value, *, axis: Axis | None = None) -> Value:
    """Dimensions of length 1 dropped: those of ``axis``, all by default; one is kept if all have length 1."""
    if axis is None:
        axes = tuple(i for i, n in enumerate(data.shape) if n == 1)
    else:
        axes = distinct_axes(axis, data.ndim)
        for a in axes:
            require(
                data.shape[a] == 1,
                f"cannot select an axis to squeeze out which has size={data.shape[a]} not equal to one",
            )
    return ir.reshape(data, [n for i, n in enumerate(data.shape) if i not in axes] or [1])


@op(samples=lambda r: [((_f(r, 2, 3, 4),), {"dim1": 0, "dim2": 2})])
def SwapAxis(data: Value, *, dim1: int = 0, dim2: int = 0) -> Value:
    """Two dimensions exchanged."""
    axes = list(range(data.ndim))
    a, b = normalize_axis(dim1, data.ndim), normalize_axis(dim2, data.ndim)
    axes[a], axes[b] = b, a
    return ir.transpose(data, axes)


@op(samples=lambda r: [((_f(r, 2, 1, 3),), {"shape": (2, 4, 0)})])
def broadcast_to(data: Value, *, shape: Shape = ()) -> Value:
    """Dimensions of length 1 repeated up to ``shape``; 0 keeps an extent."""
    require(len(shape) == data.ndim, f"Operand of shape {list(data.shape)} cannot be broadcasted to {list(shape)}")
    target = tuple(n or m for n, m in zip(shape, data.shape, strict=True))
    return ir.broadcast_to(data, target)


@op(samples=lambda r: [((_f(r, 2, 1, 1),), {"axis": (1, 2), "size": (3, 2)})])
def broadcast_axis(data: Value, *, axis: Shape = (), size: Shape = ()) -> Value:
    """Dimensions ``axis``, of length 1, repeated to the lengths ``size``."""
    axes = distinct_axes(axis, data.ndim)
    require(len(axes) == len(size), f"axis {axis} and size {size} must be as many")
    target = list(data.shape)
    for a, n in zip(axes, size, strict=True):
        target[a] = n
    return ir.broadcast_to(data, tuple(target))


@op(
    samples=lambda r: [
        ((_f(r, 1, 3), _f(r, 2, 3)), {}),
        ((_f(r, 1, 3), _f(r, 4, 2)), {"lhs_axes": (0,), "rhs_axes": (-1,)}),
    ],
    dtypes=like(0),
)
def broadcast_like(lhs: Value, rhs: Value, *, lhs_axes: Shape | None = None, rhs_axes: Shape | None = None) -> Value:
    """``lhs`` broadcast to the shape of ``rhs``; or ``lhs_axes`` of it, of length 1, to the lengths of ``rhs_axes``."""
    if lhs_axes is None or rhs_axes is None:
        require(lhs.ndim == rhs.ndim, f"Operand of {lhs.type} cannot be broadcasted to {rhs.type}")
        return ir.broadcast_to(lhs, rhs.shape)
    require(
        len(lhs_axes) == len(rhs_axes) > 0, f"lhs_axes {lhs_axes} and rhs_axes {rhs_axes} must be as many, and some"
    )
    target = list(lhs.shape)
    for a, b in zip(lhs_axes, rhs_axes, strict=True):
        target[normalize_axis(a, lhs.ndim)] = rhs.shape[normalize_axis(b, rhs.ndim)]
    return ir.broadcast_to(lhs, tuple(target))


@op(
    samples=lambda r: [
        ((_f(r, 2, 3), _f(r, 3, 2)), {}),
        ((_f(r, 4, 3), _f(r, 2, 2, 5)), {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": -1}),
    ],
    dtypes=like(0),
)
def reshape_like(
    lhs: Value,
    rhs: Value,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Value:
    """``lhs`` with the shape of ``rhs``; or with dimensions ``lhs_begin`` to ``lhs_end`` (exclusive) replaced by those
    of ``rhs`` from ``rhs_begin`` to ``rhs_end``. Negative ones count from the end."""
    first, last = _dimensions(lhs, lhs_begin, lhs_end, "lhs")
    begin, end = _dimensions(rhs, rhs_begin, rhs_end, "rhs")
    shape = (*lhs.shape[:first], *rhs.shape[begin:end], *lhs.shape[last:])
    require(math.prod(shape) == lhs.size, f"cannot reshape {lhs.type} to {list(shape)}: the sizes differ")
    return ir.reshape(lhs, shape)


@op(samples=lambda r: [((_f(r, 2, 3), _f(r, 2, 3)), {})], shapes=same, method=False)
def _identity_with_attr_like_rhs(lhs: Value, rhs: Value) -> Value:
    """``lhs``, which must have the shape and the dtype of ``rhs``."""
    message = f"Incompatible attr in node  at 1-th input: expected {lhs.type}, got {rhs.type}"
    require(rhs.type is lhs.type.with_context(rhs.context), message)
    return lhs


def _dimensions(data: Value, begin: int | None, end: int | None, name: str) -> tuple[int, int]:
    low, high = (0 if begin is None else begin), (data.ndim if end is None else end)
    low, high = (n + data.ndim if n < 0 else n for n in (low, high))
    whole = begin is None and end is None
    message = f"Invalid begin, end, get {name}_begin={begin}, {name}_end={end} of {data.type}"
    require(whole or 0 <= low < high <= data.ndim, message)
    return low, high


@op(samples=lambda r: [((_f(r, 2, 3),), {"reps": (2, 1, 2)}), ((_f(r, 2, 3),), {"reps": (3,)})])
def tile(data: Value, *, reps: Shape) -> Value:
    """The array repeated ``reps`` times along each dimension."""
    require(0 not in reps, f"reps must be above 0, got {reps}")
    ndim = max(data.ndim, len(reps))
    shape = (*(1,) * (ndim - data.ndim), *data.shape)
    counts = (*(1,) * (ndim - len(reps)), *reps)
    paired = [n for pair in zip([1] * ndim, shape, strict=True) for n in pair]
    spread = [n for pair in zip(counts, shape, strict=True) for n in pair]
    wide = ir.broadcast_to(ir.reshape(data, paired), tuple(spread))
    return ir.reshape(wide, [c * n for c, n in zip(counts, shape, strict=True)])


@op(samples=lambda r: [((_f(r, 2, 3),), {"repeats": 2, "axis": 1}), ((_f(r, 2, 3),), {"repeats": 3})])
def repeat(data: Value, *, repeats: int, axis: int | None = None) -> Value:
    """Each element repeated ``repeats`` times along ``axis``, of the flattened array by default."""
    x, at = (ir.reshape(data, (-1,)), 0) if axis is None else (data, normalize_axis(axis, data.ndim))
    wide = ir.broadcast_to(ir.expand_dims(x, at + 1), (*x.shape[: at + 1], repeats, *x.shape[at + 1 :]))
    return ir.reshape(wide, (*x.shape[:at], x.shape[at] * repeats, *x.shape[at + 1 :]))


def _stacked_shapes(known: Shapes, *, axis: int, **_: Any) -> None:
    """All arrays have one shape, the result's less the new axis."""
    for each in known.inputs:
        if each is not None:
            at = normalize_axis(axis, len(each) + 1)
            known.learn_output((*each[:at], len(known.inputs), *each[at:]))
    made = known.output()
    for number in range(len(known.inputs)) if made is not None else ():
        known.learn_input(number, without(made or (), axis))


@op(
    samples=lambda r: [((_f(r, 2, 3), _f(r, 2, 3)), {"axis": a}) for a in (0, -1)],
    method=False,
    shapes=_stacked_shapes,
)
def stack(*data: Value, axis: int = 0, num_args: int | None = None) -> Value:
    """Arrays of one shape joined along a new dimension ``axis``. ``num_args`` is how many there are."""
    check_count(data, num_args)
    first = data[0].type
    for each in data:
        if each.type is not first:  # texts are made for errors alone: there may be thousands of arrays
            raise OperatorError(f"Incompatible attr in node: expected {first}, got {each.type}")
    at = normalize_axis(axis, data[0].ndim + 1)
    if at == data[0].ndim:
        return ir.concatenate([ir.expand_dims(x, at) for x in data], at)
    joined = ir.concatenate(list(data), at)  # one reshape in all, not one an array
    return ir.reshape(joined, (*first.shape[:at], len(data), *first.shape[at:]))


def joined_shapes(known: Shapes, *, dim: int, **_: Any) -> None:
    """All arrays agree but along ``dim``, where their extents add up to that of the result."""
    first = next((each for each in (*known.inputs, *known.outputs) if each is not None), None)
    if first is None:
        return
    at = normalize_axis(dim, len(first))
    places = [*known.inputs, known.output()]
    others: Partial = None
    for each in places:
        others = known.common(others, None if each is None else (*each[:at], None, *each[at + 1 :]))
    assert others is not None
    parts = [None if each is None else each[at] for each in known.inputs]
    made = None if known.output() is None else (known.output() or first)[at]
    total = made if None in parts else sum(n for n in parts if n is not None)
    if made is not None and parts.count(None) == 1:
        parts[parts.index(None)] = made - sum(n for n in parts if n is not None)
    for number, extent in enumerate(parts):
        known.learn_input(number, (*others[:at], extent, *others[at + 1 :]))
    known.learn_output((*others[:at], total, *others[at + 1 :]))


@op(
    samples=lambda r: [((_f(r, 2, 3), _f(r, 2, 1)), {}), ((_f(r, 2, 3), _f(r, 1, 3)), {"dim": 0})],
    method=False,
    shapes=joined_shapes,
)
def Concat(*data: Value, dim: int = 1, num_args: int | None = None) -> Value:
    """Arrays joined along dimension ``dim``; other extents and the dtype must agree.

    ``num_args`` is the number of arrays.
    """
    check_count(data, num_args)
    first = data[0]
    for i, each in enumerate(data):
        if each.dtype != first.dtype:
            raise OperatorError(
                f"Non-uniform data type in Concat, expected data type {first.dtype}, "
                f"got data type {each.dtype} for input {i}"
            )
        if each.ndim != first.ndim:
            raise OperatorError(f"Incompatible input shape: expected {list(first.shape)}, got {list(each.shape)}")
    return ir.concatenate(list(data), normalize_axis(dim, data[0].ndim))


def _split_shapes(known: Shapes, *, num_outputs: int, axis: int, squeeze_axis: bool) -> None:
    data = known["data"]
    if data is None:
        return
    at = normalize_axis(axis, len(data))
    extent = data[at]
    rest = () if squeeze_axis else (None if extent is None else extent // num_outputs,)
    for number in range(num_outputs):
        known.learn_output((*data[:at], *rest, *data[at + 1 :]), number)
        made = known.output(number)
        if made is not None:
            known.learn("data", (*made[:at], extent, *made[at + len(rest) :]))


@op(
    shapes=_split_shapes,
    outputs=lambda attributes: [f"output{i}" for i in range(attributes["num_outputs"])],
    samples=lambda r: [
        ((_f(r, 4, 6),), {"num_outputs": 3}),
        ((_f(r, 2, 6),), {"num_outputs": 2, "axis": 0, "squeeze_axis": True}),
    ],
)
def SliceChannel(data: Value, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> tuple[Value, ...]:
    """``num_outputs`` equal parts along ``axis``; ``squeeze_axis`` drops it where parts have length 1."""
    at = normalize_axis(axis, data.ndim)
    require(num_outputs > 0, f"number of splits must be positive, got {num_outputs}")
    require(
        data.shape[at] % num_outputs == 0,
        f"You are trying to split the {at}-th axis of input tensor with shape {list(data.shape)} into num_outputs="
        f"{num_outputs} evenly sized chunks, but this is not possible because {num_outputs} does not evenly "
        f"divide {data.shape[at]}",
    )
    step = data.shape[at] // num_outputs
    require(
        not squeeze_axis or step == 1, f"If squeeze axis is True, the size of the sliced axis must be 1, it is {step}"
    )
    parts = []
    for k in range(num_outputs):
        low, high = [0] * data.ndim, list(data.shape)
        low[at], high[at] = k * step, (k + 1) * step
        part = ir.slice_(data, low, high)
        parts.append(ir.squeeze(part, (at,)) if squeeze_axis else part)
    return tuple(parts)


def _slice_like_shapes(known: Shapes, *, axes: Ints) -> None:
    """The extents of ``shape_like`` along ``axes``, of which that of ``data`` need not be known."""
    data, like_this = known["data"], known["shape_like"]
    if data is None or like_this is None or not (axes or len(data) == len(like_this)):
        return
    made = list(data)
    for axis in axes or range(len(data)):
        at, extent = normalize_axis(axis, len(data)), like_this[normalize_axis(axis, len(like_this))]
        whole = made[at]
        require(whole is None or extent is None or extent <= whole, f"axis {at} of data is shorter than {extent}")
        made[at] = extent
    known.learn_output(tuple(made))


@op(
    samples=lambda r: [((_f(r, 4, 5), _f(r, 2, 3)), {}), ((_f(r, 4, 5), _f(r, 2, 3)), {"axes": (1,)})],
    shapes=_slice_like_shapes,
    dtypes=like(0),
)
def slice_like(data: Value, shape_like: Value, *, axes: Shape = ()) -> Value:
    """The leading part of ``data`` with the extents of ``shape_like`` along ``axes``, along all by default."""
    require(bool(axes) or data.ndim == shape_like.ndim, f"expected {data.ndim} dimensions, got {shape_like.type}")
    high = list(data.shape)
    for a in axes or range(data.ndim):
        extent = shape_like.shape[normalize_axis(a, shape_like.ndim)]
        a = normalize_axis(a, data.ndim)
        require(extent <= high[a], f"axis {a} of {data.type} is shorter than that of {shape_like.type}")
        high[a] = extent
    return ir.slice_(data, [0] * data.ndim, high)


@op(samples=lambda r: [((_f(r, 2, 3),), {"axis": 1}), ((_f(r, 2, 3),), {"axis": (0, 1)})], shapes=same)
def reverse(data: Value, *, axis: Shape) -> Value:
    """Elements in reverse order along ``axis``; along an axis that is named twice they stay as they are."""
    axes = [normalize_axis(a, data.ndim) for a in axis]
    return ir.reverse(data, [a for a in range(data.ndim) if axes.count(a) % 2])


@op(samples=lambda r: [((_f(r, 2, 3),), {})], differentiable=False, dtypes=giving("int64"))
def shape_array(data: Value) -> Value:
    """The extents, as int64."""
    return _numbers(data, data.shape)


@op(samples=lambda r: [((_f(r, 2, 3),), {})], differentiable=False, dtypes=giving("int64"))
def size_array(data: Value) -> Value:
    """The number of elements, as int64 of shape (1,)."""
    return _numbers(data, (data.size,))


def _numbers(data: Value, numbers: Ints) -> Value:
    like = data.type.with_dtype(np.dtype("int64"))
    return ir.concatenate([ir.reshape(ir.constant(n, like), (1,)) for n in numbers], 0)
