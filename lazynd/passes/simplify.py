"""Algebra: rules that make a graph smaller and change no result, be it nan, inf, -0.0 or an overflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.graph import Graph
from ..ir.primitives.compare import by_way_of
from ..ir.types import finfo, is_bfloat16, is_floating, is_half
from ..ir.value import Value, emit
from .pattern import Rule, p, rule, variable
from .rules import apply_rules, by_root

Ints = tuple[int, ...]
x, y, c = variable("x"), variable("y"), variable("c")
a, b, s = variable("a"), variable("b"), variable("s")
dtype, shape = variable("dtype"), variable("shape")


def lossless(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether every value of ``source`` is one of ``target``."""
    if source == target or source.kind == "b":
        return True
    if source.kind == target.kind and source.kind in "iuf":
        return source.itemsize <= target.itemsize
    if source.kind == "u" and target.kind == "i":
        return source.itemsize < target.itemsize
    if source.kind in "iu" and is_floating(target):
        bits = 8 * source.itemsize - (source.kind == "i")
        return bool(bits <= finfo(target).nmant + 1)
    return is_bfloat16(source) and is_floating(target) and not is_half(target)


def detour(source: np.dtype[Any], through: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether conversion by way of ``through`` gives what direct conversion gives."""
    if source.kind in "iu" and is_floating(through) and target.kind in "iu" and not lossless(source, by_way_of(target)):
        return False  # An integer wraps where the float of its value is out of range.
    return lossless(source, through)


def through_units(source: Ints, target: Ints) -> dict[int, int] | None:
    """Which axis of ``target`` each axis of ``source`` longer than 1 became, if only axes of length 1 came or went."""
    long = [i for i, n in enumerate(source) if n != 1]
    kept = [i for i, n in enumerate(target) if n != 1]
    if [source[i] for i in long] != [target[i] for i in kept]:
        return None
    return dict(zip(long, kept, strict=True))


def broadcast_of_reshape(x: Value, s: Ints, shape: Ints, axes: Ints) -> Value:
    """``broadcast(reshape(x, s))`` where the reshape only adds axes of length 1."""
    at = iter(axes[i] for i, n in enumerate(s) if n != 1)
    return emit("broadcast", x, shape=shape, axes=tuple(next(at) for _ in x.shape))


def slice_of_slice(x: Value, outer: tuple[Ints, Ints, Ints], inner: tuple[Ints, Ints, Ints]) -> Value:
    extents = [-(-(stop - low) // step) for low, stop, step in zip(*outer, strict=True)]
    start = [i + o * k if n else 0 for i, o, k, n in zip(inner[0], outer[0], inner[2], extents, strict=True)]
    strides = [k * step for k, step in zip(inner[2], outer[2], strict=True)]
    limit = [lo + (n - 1) * step + 1 if n else lo for lo, n, step in zip(start, extents, strides, strict=True)]
    return ir.slice_(x, start, limit, strides)


def undoes_pad(x: Value, low: Ints, interior: Ints, start: Ints, limit: Ints, strides: Ints) -> bool:
    """Whether a slice takes out exactly what a pad put in."""
    if min(low, default=0) < 0 or start != low or any(k != mid + 1 for k, mid in zip(strides, interior, strict=True)):
        return False
    return all(-(-(hi - lo) // k) == n for lo, hi, k, n in zip(start, limit, strides, x.shape, strict=True))


start, limit, strides = variable("start"), variable("limit"), variable("strides")
start0, limit0, strides0 = variable("start0"), variable("limit0"), variable("strides0")
low, interior = variable("low"), variable("interior")

RULES: Final[Sequence[Rule]] = (
    # Arithmetic. Zero has the sign with which it is neutral.
    rule(x * 1, lambda x: x),
    rule(x / 1, lambda x: x),
    rule(x + -0.0, lambda x: x),
    rule(x - 0, lambda x: x),
    rule(p.negate(p.negate(x)), lambda x: x),
    rule(x + -y, lambda x, y: x - y, when=lambda x: x.dtype.kind != "b"),
    rule(x - -y, lambda x, y: x + y, when=lambda x: x.dtype.kind != "b"),
    rule(-x * -y, lambda x, y: x * y),
    rule(-x / -y, lambda x, y: x / y, when=lambda x: is_floating(x.dtype)),
    rule(p.abs(-x), lambda x: ir.abs(x), when=lambda x: x.dtype.kind != "u"),
    rule(p.abs(p.abs(x)), lambda x: ir.abs(x)),
    rule(p.sign(p.sign(x)), lambda x: ir.sign(x)),
    rule(p.power(x, 1), lambda x: x),
    rule(p.maximum(x, x), lambda x: x),
    rule(p.minimum(x, x), lambda x: x),
    rule(p.floor(p.floor(x)), lambda x: ir.floor(x)),
    rule(p.ceil(p.ceil(x)), lambda x: ir.ceil(x)),
    rule(p.round_nearest_even(p.round_nearest_even(x)), lambda x: ir.round_half_even(x)),
    # After the gradient has been taken, nothing is left for it to stop.
    rule(p.stop_gradient(x), lambda x: x),
    # Logic and bits.
    rule(~~x, lambda x: x),
    rule(x & x, lambda x: x),
    rule(x | x, lambda x: x),
    rule(x | 0, lambda x: x),
    rule(x ^ 0, lambda x: x),
    rule(p.shift_left(x, 0), lambda x: x),
    rule(p.shift_right_logical(x, 0), lambda x: x),
    rule(p.select(c, x, x), lambda x: x),
    rule(p.select(True, x, y), lambda x: x),
    rule(p.select(False, x, y), lambda y: y),
    rule(p.select(~c, x, y), lambda c, x, y: ir.select(c, y, x)),
    # Conversions.
    rule(p.convert(x, dtype=dtype), lambda x: x, when=lambda x, dtype: x.dtype == dtype),
    rule(
        p.convert(p.convert(x, dtype=s), dtype=dtype),
        lambda x, dtype: ir.convert(x, dtype),
        when=lambda x, s, dtype: detour(x.dtype, s, dtype),
    ),
    rule(p.bitcast_convert(x, dtype=dtype), lambda x: x, when=lambda x, dtype: x.dtype == dtype),
    rule(p.bitcast_convert(p.bitcast_convert(x), dtype=dtype), lambda x, dtype: ir.bitcast(x, dtype)),
    # Movement.
    rule(p.reshape(x, shape=shape), lambda x: x, when=lambda x, shape: x.shape == shape),
    rule(p.reshape(p.reshape(x), shape=shape), lambda x, shape: ir.reshape(x, shape)),
    rule(p.transpose(x, axes=a), lambda x: x, when=lambda a: a == tuple(range(len(a)))),
    rule(
        p.transpose(p.transpose(x, axes=a), axes=b),
        lambda x, a, b: ir.transpose(x, [a[i] for i in b]),
    ),
    rule(
        p.broadcast(x, shape=shape, axes=a),
        lambda x: x,
        when=lambda x, shape, a: x.shape == shape and a == tuple(range(len(a))),
    ),
    rule(
        p.broadcast(p.broadcast(x, axes=a), shape=shape, axes=b),
        lambda x, shape, a, b: emit("broadcast", x, shape=shape, axes=tuple(b[i] for i in a)),
    ),
    rule(
        p.broadcast(p.reshape(x, shape=s), shape=shape, axes=a),
        lambda x, s, shape, a: broadcast_of_reshape(x, s, shape, a),
        when=lambda x, s: 1 not in x.shape and through_units(x.shape, s) is not None,
    ),
    rule(p.reverse(p.reverse(x, axes=a), axes=a), lambda x: x),
    rule(
        p.slice(x, start=start, limit=limit, strides=strides),
        lambda x: x,
        when=lambda x, start, limit, strides: limit == x.shape and not any(start) and set(strides) <= {1},
    ),
    rule(
        p.slice(p.slice(x, start=start0, limit=limit0, strides=strides0), start=start, limit=limit, strides=strides),
        lambda x, start, limit, strides, start0, limit0, strides0: slice_of_slice(
            x, (start, limit, strides), (start0, limit0, strides0)
        ),
    ),
    rule(
        p.slice(p.pad(x, y, low=low, interior=interior), start=start, limit=limit, strides=strides),
        lambda x: x,
        when=undoes_pad,
    ),
    rule(
        p.pad(x, y, low=a, high=b, interior=s),
        lambda x: x,
        when=lambda a, b, s: not any((*a, *b, *s)),
    ),
    rule(p.concatenate(x), lambda x: x),
)


_TABLE: Final = by_root(RULES)


def simplify(graph: Graph) -> Graph:
    """``graph`` after the rules of algebra in ``RULES``, which change no bit of a result."""
    return apply_rules(graph, _TABLE)
