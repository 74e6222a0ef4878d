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


def column(rows: Value, k: int) -> Value:
    """Number ``k`` of each row [..., width]."""
    start = [0] * (rows.ndim - 1)
    return ir.reshape(ir.slice_(rows, [*start, k], [*rows.shape[:-1], k + 1]), rows.shape[:-1])


def middles(corners: Sequence[Value]) -> tuple[Value, ...]:
    """Middle across and down, width and height."""
    left, top, right, bottom = corners
    return (left + right) * 0.5, (top + bottom) * 0.5, right - left, bottom - top


def differences(places: Sequence[Value], others: Sequence[Value]) -> list[Value]:
    """How ``others`` differ from ``places``, both by middle and size: in sizes of a place, and by logarithms."""
    (x, y, width, height), (to_x, to_y, to_width, to_height) = places, others
    return [(to_x - x) / width, (to_y - y) / height, ir.log(to_width / width), ir.log(to_height / height)]


def decoded(
    places: Sequence[Value], offsets: Sequence[Value], scales: Sequence[Value], limit: Value | None = None
) -> Value:
    """The boxes [..., 4] that differ from ``places`` by the ``offsets`` times ``scales``.

    Of the logarithms of sizes none counts as more than ``limit``, if that is above 0.
    """
    x, y, width, height = places
    right, down, *logarithms = (offset * scale for offset, scale in zip(offsets, scales, strict=True))
    if limit is not None:
        logarithms = [ir.select(limit > 0, ir.minimum(each, limit), each) for each in logarithms]
    x, y = right * width + x, down * height + y
    half_width, half_height = ir.exp(logarithms[0]) * width / 2, ir.exp(logarithms[1]) * height / 2
    return stacked([x - half_width, y - half_height, x + half_width, y + half_height])


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
