"""Reading and writing a strided block of an array: what ``x[1:3, ::2]`` records where it is no view, and slices."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import Type, normalize_axis, require
from .index import counted
from .kinds import Axis, Bounds, Indices, Shape
from .operator import Operator, op
from .partial import Shapes

Ints = tuple[int, ...]


def _extents(sizes: Ints, strides: Ints) -> Ints:
    return tuple((n - 1) * abs(s) + 1 if n else 0 for n, s in zip(sizes, strides, strict=True))


def _backwards(strides: Ints) -> Ints:
    return tuple(i for i, s in enumerate(strides) if s < 0)


def _samples(rng: Any) -> list[Any]:
    x = rng.random((4, 5)).astype("float32")
    return [
        ((x,), {"starts": (1, 0), "sizes": (2, 3), "strides": (1, 2), "drop": ()}),
        ((x,), {"starts": (0, 2), "sizes": (4, 1), "strides": (-1, 1), "drop": (1,)}),
    ]


@op(method=False, samples=_samples)
def _basic_slice(data: Value, *, starts: Indices, sizes: Shape, strides: Shape, drop: Axis) -> Value:
    """``sizes`` elements a dimension from ``starts`` (the lowest index), ``strides`` apart; axes ``drop`` dropped.

    A negative stride reads from the end.
    """
    block = ir.dynamic_slice(data, starts, _extents(sizes, strides))
    thin = ir.slice_(block, [0] * data.ndim, block.shape, [abs(s) for s in strides])
    turned = ir.reverse(thin, _backwards(strides)) if _backwards(strides) else thin
    return ir.squeeze(turned, drop)


def _assign_samples(rng: Any) -> list[Any]:
    x, v = rng.random((4, 5)).astype("float32"), rng.random((2, 3)).astype("float32")
    return [
        ((x, v), {"starts": (1, 0), "strides": (1, 2)}),
        ((x, v), {"starts": (1, 1), "strides": (1, 1)}),
        ((x, v), {"starts": (0, 0), "strides": (-2, 1)}),
    ]


@op(method=False, samples=_assign_samples)
def _basic_assign(data: Value, value: Value, *, starts: Indices, strides: Shape) -> Value:
    """``data`` with ``value`` (one extent a dimension of ``data``) put where ``_basic_slice`` would read."""
    if _backwards(strides):
        value = ir.reverse(value, _backwards(strides))
    steps = tuple(map(abs, strides))
    if all(s == 1 for s in steps):
        return ir.dynamic_update_slice(data, value, starts)
    extents = _extents(value.shape, steps)
    none = [0] * data.ndim
    spread = ir.pad(value, 0, none, none, [s - 1 for s in steps])
    hit = None
    for axis, step in enumerate(steps):
        if step > 1:
            position = ir.iota(extents, axis, context=data.context)
            on = ir.remainder(position, step) == 0
            hit = on if hit is None else hit & on
    assert hit is not None
    block = ir.dynamic_slice(data, starts, extents)
    return ir.dynamic_update_slice(data, ir.select(hit, spread, block), starts)


def _advanced_samples(rng: Any) -> list[Any]:
    x = rng.random((4, 5, 3)).astype("float32")
    i, j = np.array([[0, 3]], "int32"), np.array([[1], [2]], "int32")
    return [((x, i), {"axes": (1,)}), ((x, i, j), {"axes": (0, 1)}), ((x, i, j), {"axes": (0, 2)})]


def _positions(data: Value, indices: tuple[Value, ...], axes: Ints) -> list[Value]:
    """Indices broadcast together, negative ones counted from the end; an ``IndexError`` if one is outside."""
    shape = ir.common_shape(*(i.shape for i in indices))
    pairs = zip(indices, axes, strict=True)
    return [ir.broadcast_to(counted(index, axis, data), shape) for index, axis in pairs]


@op(method=False, samples=_advanced_samples, dtypes=None)
def _advanced_index(data: Value, *indices: Value, axes: Shape) -> Value:
    """``data[..., i, j, ...]`` with arrays along ``axes``, NumPy's rule for where their axes go."""
    where = _positions(data, indices, axes)
    made = ir.gather(data, where, axes)
    count = where[0].ndim
    if list(axes) == list(range(axes[0], axes[0] + len(axes))):  # adjacent: in place of the first
        order = [*range(count, count + axes[0]), *range(count), *range(count + axes[0], made.ndim)]
        made = ir.transpose(made, order)
    return made


def _advanced_assign_samples(rng: Any) -> list[Any]:
    x, i = rng.random((4, 5, 3)).astype("float32"), np.array([0, 3], "int32")
    return [
        ((x, rng.random((4, 2, 3)).astype("float32"), i), {"axes": (1,)}),
        ((x, rng.random((2, 5)).astype("float32"), i, i % 3), {"axes": (0, 2)}),
    ]


@op(method=False, samples=_advanced_assign_samples, dtypes=None)
def _advanced_assign(data: Value, value: Value, *indices: Value, axes: Shape) -> Value:
    """``data`` with ``value`` (of the shape that ``_advanced_index`` gives) put at the indices."""
    where = _positions(data, indices, axes)
    count = where[0].ndim
    if list(axes) == list(range(axes[0], axes[0] + len(axes))):
        order = [*range(axes[0], axes[0] + count), *range(axes[0]), *range(axes[0] + count, value.ndim)]
        value = ir.transpose(value, order)
    return ir.scatter(data, value, where, axes, "set")


Call = tuple[Operator, dict[str, Any]]


def _block(type: Type, ranges: Sequence[range]) -> Call:
    """The elements of the leading dimensions at ``ranges``, as a basic slice: only where it starts is an input."""
    every = [*ranges, *map(range, type.shape[len(ranges) :])]
    starts = tuple([min(r[0], r[-1]) if r else 0 for r in every])
    strides = tuple([r.step for r in every])
    return _basic_slice, {"starts": starts, "sizes": tuple(map(len, every)), "strides": strides, "drop": ()}


@op(
    samples=lambda r: [
        ((r.random((3, 4, 2)).astype("float32"),), {"begin": b, "end": e, "step": s})
        for b, e, s in (((1, 0), (3, 2), ()), ((None, -1), (None, None), (1, -2)))
    ],
    shorthand=True,
)
def slice(data: Type, *, begin: Bounds, end: Bounds, step: Bounds = ()) -> Call:
    """Elements ``begin`` to ``end`` (exclusive), ``step`` apart, of the leading dimensions; None as in Python.

    Bounds beyond an extent are cut to it. A copy.
    """
    n = len(begin)
    require(n <= data.ndim, f"Slicing axis exceeds data dimensions ({n} vs. {data.ndim})")
    require(len(end) == n, f"begin and end must have the same length ({n} vs. {len(end)})")
    require(len(step) in (0, n), f"step and begin must have the same length ({len(step)} vs. {n})")
    require(0 not in step, "step must not be 0")
    parts = [builtins.slice(*part) for part in zip(begin, end, step or [1] * n, strict=True)]
    return _block(data, [range(extent)[part] for part, extent in zip(parts, data.shape, strict=False)])


def _cut_shapes(known: Shapes, *, axis: int, **_: Any) -> None:
    """All extents but that of ``axis``, which the body knows."""
    data = known["data"]
    if data is not None:
        at = normalize_axis(axis, len(data))
        known.learn_output((*data[:at], None, *data[at + 1 :]))


@op(
    samples=lambda r: [
        ((r.random((4, 5)).astype("float32"),), {"axis": a, "begin": b, "end": e})
        for a, b, e in ((1, 1, -1), (0, 2, None))
    ],
    shorthand=True,
    shapes=_cut_shapes,
)
def slice_axis(data: Type, *, axis: int, begin: int, end: int | None) -> Call:
    """Elements ``begin`` to ``end`` (exclusive; None for the end) along ``axis``."""
    at = normalize_axis(axis, data.ndim)
    extent = data.shape[at]
    low, high = (bound + extent if bound < 0 else bound for bound in (begin, extent if end is None else end))
    require(0 <= low < high <= extent, f"Invalid begin, end: begin={begin}, end={end} of axis {at} in {data}")
    chosen = range(low, high)
    return _block(data, [*map(range, data.shape[:at]), chosen])
