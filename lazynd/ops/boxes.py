"""Boxes (left, top, right, bottom), and how much they overlap."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32


def corners(boxes: Value) -> tuple[Value, ...]:
    """Left, top, right and bottom, the numbers of the last axis."""
    return numbers(boxes, 4)


def numbers(rows: Value, count: int) -> tuple[Value, ...]:
    """The first ``count`` numbers of the last axis."""
    moved = ir.moveaxis(rows, rows.ndim - 1, 0)
    return tuple(ir.row(moved, k) for k in range(count))


def stacked(parts: Sequence[Value]) -> Value:
    """``parts`` as the numbers of a last axis."""
    return ir.concatenate([ir.expand_dims(each, each.ndim) for each in parts], parts[0].ndim)


def at_places(rows: Value, places: Value) -> Value:
    """The rows [n, k, ...] at the ``places`` [n, m] of each of n."""
    return ir.gather(rows, [ir.iota(places.shape, 0, INT32, rows.context), places], (0, 1))


def ordered(keys: Value) -> Value:
    """The places of ``keys`` [n, k] in ascending order, equal ones as they come."""
    return ir.sort(keys, ir.iota(keys.shape, 1, INT32, keys.context), axis=1)[1]


def overlaps(boxes: Value, others: Value, border: float = 0.0) -> Value:
    """``overlap`` of each of ``boxes`` [..., n, 4] with each of ``others`` [..., m, 4]."""
    one, other = ([ir.expand_dims(each, axis) for each in corners(x)] for x, axis in ((boxes, -1), (others, -2)))
    return overlap(one, other, border)


def overlap(one: Sequence[Value], other: Sequence[Value], border: float = 0.0) -> Value:
    """Common area over joint area of boxes given by their corners, which broadcast; 0 where both areas are 0.

    ``border`` is 1 where corners are pixels that belong to the box.
    """
    common = common_area(one, other, border)
    joint = _area(one, border) + _area(other, border) - common
    return ir.select(joint > 0, common / ir.select(joint > 0, joint, 1), 0)


def common_area(one: Sequence[Value], other: Sequence[Value], border: float = 0.0) -> Value:
    """Of boxes given by their corners, which broadcast; 0 where they do not meet."""
    left, top, right, bottom = one
    other_left, other_top, other_right, other_bottom = other
    width = ir.minimum(right, other_right) - ir.maximum(left, other_left) + border
    height = ir.minimum(bottom, other_bottom) - ir.maximum(top, other_top) + border
    return ir.maximum(width, 0) * ir.maximum(height, 0)


def _area(corners: Sequence[Value], border: float) -> Value:
    left, top, right, bottom = corners
    return (right - left + border) * (bottom - top + border)
