"""Moving elements without arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type
from ..value import Value
from .elementwise import Array, Samples, same_types

Ints = tuple[int, ...]


def _example(rng: np.random.Generator, *shape: int) -> Array:
    return rng.random(shape).astype("float32")


class Broadcast(Primitive):
    """Operand axis ``i`` becomes axis ``axes[i]`` of ``shape``; length 1 repeats, other axes are new."""

    name = "broadcast"
    linear = True
    moves = True
    shares = True

    def infer(self, x: Type, *, shape: Ints, axes: Ints) -> Type:
        if len(axes) != x.ndim or any(x.shape[i] not in (1, shape[a]) for i, a in enumerate(axes)):
            raise OperatorError(f"broadcast: {x} does not fit {list(shape)} at axes {axes}")
        return x.with_shape(shape)

    def vjp(self, g: Value, y: Value, x: Value, *, shape: Ints, axes: Ints) -> tuple[Value]:
        # The one place where gradients are un-broadcast.
        at = dict(zip(axes, x.shape, strict=True))
        summed = tuple(i for i, n in enumerate(shape) if i not in at or (at[i] == 1 and n != 1))
        return (ir.reshape(ir.sum(g, summed) if summed else g, x.shape),)

    def evaluate(self, x: Array, *, shape: Ints, axes: Ints) -> Array:
        expanded = np.ones(len(shape), dtype=int)
        expanded[list(axes)] = x.shape
        return np.broadcast_to(x.reshape(expanded), shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [
            ((_example(rng, 3, 1),), {"shape": (2, 3, 4), "axes": (1, 2)}),
            ((_example(rng, 3),), {"shape": (3, 5), "axes": (0,)}),
            ((_example(rng),), {"shape": (3, 5), "axes": ()}),
        ]


class Reshape(Primitive):
    name = "reshape"
    linear = True
    moves = True
    shares = True

    def infer(self, x: Type, *, shape: Ints) -> Type:
        made = x.with_shape(shape)
        if made.size != x.size:
            raise OperatorError(f"cannot reshape {x} to {list(shape)}")
        return made

    def vjp(self, g: Value, y: Value, x: Value, *, shape: Ints) -> tuple[Value]:
        return (ir.reshape(g, x.shape),)

    def evaluate(self, x: Array, *, shape: Ints) -> Array:
        return x.reshape(shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 3, 4),), {"shape": (2, 6)})]


class Transpose(Primitive):
    name = "transpose"
    linear = True
    moves = True
    shares = True

    def infer(self, x: Type, *, axes: Ints) -> Type:
        if sorted(axes) != list(range(x.ndim)):
            raise OperatorError(f"transpose: axes {axes} are no permutation of the {x.ndim} axes of {x}")
        return x.with_shape(tuple(x.shape[a] for a in axes))

    def vjp(self, g: Value, y: Value, x: Value, *, axes: Ints) -> tuple[Value]:
        return (ir.transpose(g, [axes.index(i) for i in range(len(axes))]),)

    def evaluate(self, x: Array, *, axes: Ints) -> Array:
        return x.transpose(axes)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 2, 3, 4),), {"axes": (1, 2, 0)})]


class Reverse(Primitive):
    name = "reverse"
    linear = True
    moves = True
    shares = True

    def infer(self, x: Type, *, axes: Ints) -> Type:
        return x

    def vjp(self, g: Value, y: Value, x: Value, *, axes: Ints) -> tuple[Value]:
        return (ir.reverse(g, axes),)

    def evaluate(self, x: Array, *, axes: Ints) -> Array:
        return np.flip(x, axes)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 2, 3, 4),), {"axes": (0, 2)})]


class Concatenate(Primitive):
    name = "concatenate"
    moves = True

    def infer(self, *xs: Type, axis: int) -> Type:
        first = xs[0]
        for x in xs:
            if x.dtype != first.dtype or _without(x.shape, axis) != _without(first.shape, axis):
                raise OperatorError(f"concatenate: {x} does not join {first} along axis {axis}")
        joined = sum(x.shape[axis] for x in xs)
        return first.with_shape((*first.shape[:axis], joined, *first.shape[axis + 1 :]))

    def vjp(self, g: Value, y: Value, *xs: Value, axis: int) -> tuple[Value, ...]:
        parts, start = [], 0
        for x in xs:
            low, high = [0] * x.ndim, list(g.shape)
            low[axis], high[axis] = start, start + x.shape[axis]
            parts.append(ir.slice_(g, low, high))
            start += x.shape[axis]
        return tuple(parts)

    def evaluate(self, *xs: Array, axis: int) -> Array:
        return np.concatenate(xs, axis)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 2, 3), _example(rng, 2, 1), _example(rng, 2, 4)), {"axis": 1})]


def _without(shape: Ints, axis: int) -> Ints:
    return (*shape[:axis], *shape[axis + 1 :])


class Pad(Primitive):
    """``value`` before (``low``), after (``high``) and between (``interior``) elements; negative edges cut."""

    name = "pad"
    moves = True

    def infer(self, x: Type, value: Type, *, low: Ints, high: Ints, interior: Ints) -> Type:
        extents = zip(x.shape, low, high, interior, strict=True)
        return x.with_shape(tuple(lo + n + max(n - 1, 0) * mid + hi for n, lo, hi, mid in extents))

    def vjp(
        self, g: Value, y: Value, x: Value, value: Value, *, low: Ints, high: Ints, interior: Ints
    ) -> tuple[Value, Value]:
        inner = ir.pad(g, 0, [-n for n in low], [-n for n in high])
        dx = ir.slice_(inner, [0] * x.ndim, inner.shape, [n + 1 for n in interior])
        return (dx, ir.sum(g) - ir.sum(dx))

    def evaluate(self, x: Array, value: Array, *, low: Ints, high: Ints, interior: Ints) -> Array:
        spread = np.full([n + max(n - 1, 0) * mid for n, mid in zip(x.shape, interior, strict=True)], value, x.dtype)
        spread[tuple(slice(None, None, mid + 1) for mid in interior)] = x
        edges = [(max(lo, 0), max(hi, 0)) for lo, hi in zip(low, high, strict=True)]
        padded = np.pad(spread, edges, constant_values=value) if x.ndim else spread
        cut = [slice(max(-lo, 0), n - max(-hi, 0)) for n, lo, hi in zip(padded.shape, low, high, strict=True)]
        return padded[tuple(cut)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        one = np.float32(1.5)
        return [
            ((_example(rng, 2, 3), one), {"low": (1, 0), "high": (0, 2), "interior": (0, 0)}),
            ((_example(rng, 3, 3), one), {"low": (0, -1), "high": (1, 0), "interior": (1, 2)}),
        ]


class Slice(Primitive):
    name = "slice"
    linear = True
    moves = True
    shares = True

    def infer(self, x: Type, *, start: Ints, limit: Ints, strides: Ints) -> Type:
        extents = list(zip(x.shape, start, limit, strides, strict=True))
        if any(not 0 <= low <= high <= n or step < 1 for n, low, high, step in extents):
            raise OperatorError(f"slice: [{start}:{limit}:{strides}] is out of the bounds of {x}")
        return x.with_shape(tuple(-(-(high - low) // step) for _, low, high, step in extents))

    def vjp(self, g: Value, y: Value, x: Value, *, start: Ints, limit: Ints, strides: Ints) -> tuple[Value]:
        interior = [s - 1 for s in strides]
        covered = [lo + n + max(n - 1, 0) * mid for lo, n, mid in zip(start, g.shape, interior, strict=True)]
        return (ir.pad(g, 0, start, [n - c for n, c in zip(x.shape, covered, strict=True)], interior),)

    def evaluate(self, x: Array, *, start: Ints, limit: Ints, strides: Ints) -> Array:
        return x[tuple(map(slice, start, limit, strides))]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = _example(rng, 5, 7)
        return [
            ((x,), {"start": (1, 0), "limit": (4, 7), "strides": (1, 1)}),
            ((x,), {"start": (0, 1), "limit": (5, 6), "strides": (2, 3)}),
        ]


class DynamicSlice(Primitive):
    """A block of ``sizes`` at 0-d integer starts, moved inside the operand where it would stick out."""

    name = "dynamic_slice"
    moves = True
    shares = True

    def infer(self, x: Type, *starts: Type, sizes: Ints) -> Type:
        if len(starts) != x.ndim or any(n > m for n, m in zip(sizes, x.shape, strict=True)):
            raise OperatorError(f"dynamic_slice: a block of {list(sizes)} does not fit in {x}")
        return x.with_shape(sizes)

    def vjp(self, g: Value, y: Value, x: Value, *starts: Value, sizes: Ints) -> tuple[Value | None, ...]:
        zeros = ir.full(x.shape, 0, x.dtype, x.context)
        return (ir.dynamic_update_slice(zeros, g, starts), *(None for _ in starts))

    def evaluate(self, x: Array, *starts: Array, sizes: Ints) -> Array:
        return x[_block(x.shape, starts, sizes)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 4, 5), np.int32(2), np.int32(9)), {"sizes": (2, 3)})]


def _block(shape: Ints, starts: tuple[Array, ...], sizes: Ints) -> tuple[slice, ...]:
    corner = [min(max(int(s), 0), n - m) for s, n, m in zip(starts, shape, sizes, strict=True)]
    return tuple(slice(c, c + m) for c, m in zip(corner, sizes, strict=True))


class DynamicUpdateSlice(Primitive):
    name = "dynamic_update_slice"
    moves = True

    def infer(self, x: Type, update: Type, *starts: Type) -> Type:
        if (
            update.ndim != x.ndim
            or update.dtype != x.dtype
            or any(n > m for n, m in zip(update.shape, x.shape, strict=True))
        ):
            raise OperatorError(f"dynamic_update_slice: {update} does not fit in {x}")
        return x

    def vjp(self, g: Value, y: Value, x: Value, update: Value, *starts: Value) -> tuple[Value | None, ...]:
        hole = ir.full(update.shape, 0, update.dtype, update.context)
        dx = ir.dynamic_update_slice(g, hole, starts)
        return (dx, ir.dynamic_slice(g, starts, update.shape), *(None for _ in starts))

    def evaluate(self, x: Array, update: Array, *starts: Array) -> Array:
        result = np.array(x)
        result[_block(x.shape, starts, update.shape)] = update
        return result

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((_example(rng, 4, 5), _example(rng, 2, 3), np.int32(1), np.int32(2)), {})]


def _gathered(name: str, x: Type, indices: tuple[Type, ...], axes: Ints) -> Ints:
    if len(indices) != len(axes) or len(set(axes)) != len(axes):
        raise OperatorError(f"{name}: {len(indices)} indices for axes {axes}")
    same_types(name, indices)
    if indices[0].dtype.kind not in "iu":
        raise OperatorError(f"{name}: indices must be integers, got {indices[0]}")
    return (*indices[0].shape, *(n for i, n in enumerate(x.shape) if i not in axes))


def _position(x_ndim: int, indices: tuple[Array, ...], axes: Ints) -> tuple[Any, ...]:
    """NumPy's index: the indexed axes brought to the front by transposition."""
    return tuple(np.asarray(i, dtype=np.int64) for i in indices)


class Gather(Primitive):
    """``x[i0, i1, ...]`` along ``axes``, the indices' axes first, then those of ``x`` that are left.

    Indices lie in range: operators clip, wrap or mask beforehand.
    """

    name = "gather"
    moves = True

    def infer(self, x: Type, *indices: Type, axes: Ints) -> Type:
        return x.with_shape(_gathered(self.name, x, indices, axes))

    def vjp(self, g: Value, y: Value, x: Value, *indices: Value, axes: Ints) -> tuple[Value | None, ...]:
        zeros = ir.full(x.shape, 0, x.dtype, x.context)
        return (ir.scatter(zeros, g, indices, axes, "add"), *(None for _ in indices))

    def evaluate(self, x: Array, *indices: Array, axes: Ints) -> Array:
        return np.moveaxis(x, axes, range(len(axes)))[_position(x.ndim, indices, axes)]

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        i, j = rng.integers(0, 3, (2, 2, 4)).astype("int32")
        return [
            ((_example(rng, 3, 5), i), {"axes": (0,)}),
            ((_example(rng, 5, 3, 2), i), {"axes": (1,)}),
            ((_example(rng, 3, 2, 4), i, j), {"axes": (0, 2)}),
        ]


class Scatter(Primitive):
    """``x`` with ``updates`` put where ``gather`` would read. Mode "set" needs distinct positions to be
    deterministic; "add" sums."""

    name = "scatter"

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        return (spec.in_types[1].size,) if spec.attributes["mode"] == "add" else ()

    def infer(self, x: Type, updates: Type, *indices: Type, axes: Ints, mode: str) -> Type:
        expected = _gathered(self.name, x, indices, axes)
        if updates.shape != expected or updates.dtype != x.dtype:
            raise OperatorError(f"scatter: expected updates {x.with_shape(expected)}, got {updates}")
        return x

    def vjp(
        self, g: Value, y: Value, x: Value, updates: Value, *indices: Value, axes: Ints, mode: str
    ) -> tuple[Value | None, ...]:
        dx = g
        if mode == "set":
            dx = ir.scatter(g, ir.zeros_like(updates), indices, axes, "set")
        return (dx, ir.gather(g, indices, axes), *(None for _ in indices))

    def evaluate(self, x: Array, updates: Array, *indices: Array, axes: Ints, mode: str) -> Array:
        result = np.array(x)
        front = np.moveaxis(result, axes, range(len(axes)))
        at = _position(x.ndim, indices, axes)
        if mode == "add":
            np.add.at(front, at, updates)
        else:
            front[at] = updates
        return result

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        i = np.array([[2, 0], [1, 3]], dtype="int32")
        return [
            ((_example(rng, 4, 5), _example(rng, 2, 2, 5), i), {"axes": (0,), "mode": "set"}),
            ((_example(rng, 5, 4), _example(rng, 2, 2, 5), i % 2), {"axes": (1,), "mode": "add"}),
        ]
