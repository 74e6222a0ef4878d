"""Boxes (left, top, right, bottom): how much they overlap, and which are left of those that overlap much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
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
    """Common area over joint area of each of ``boxes`` [..., n, 4] with each of ``others`` [..., m, 4].

    ``border`` is 1 where corners are pixels that belong to the box. 0 where both areas are 0.
    """
    left, top, right, bottom = (ir.expand_dims(each, -1) for each in corners(boxes))
    other_left, other_top, other_right, other_bottom = (ir.expand_dims(each, -2) for each in corners(others))
    width = ir.minimum(right, other_right) - ir.maximum(left, other_left) + border
    height = ir.minimum(bottom, other_bottom) - ir.maximum(top, other_top) + border
    common = ir.maximum(width, 0) * ir.maximum(height, 0)
    areas = (right - left + border) * (bottom - top + border)
    other_areas = (other_right - other_left + border) * (other_bottom - other_top + border)
    joint = areas + other_areas - common
    return ir.select(joint > 0, common / ir.select(joint > 0, joint, 1), 0)


def suppressed(
    boxes: Value,
    classes: Value | None,
    alive: Value,
    threshold: Value,
    border: float = 0.0,
    beyond: bool = False,
) -> Value:
    """Which of the boxes [n, k, 4], the best first, are kept: ``alive`` [n, k] ones that no better box of their class
    overlaps by ``threshold``.

    By more than that, if ``beyond``. A box that is dropped drops no other. All are of one class where none is given.
    """
    n, k = alive.shape
    kinds = ir.full((n, k), 0, boxes.dtype, boxes.context) if classes is None else classes

    def step(state: Any, rows: Any, constants: Any) -> Any:
        (alive,), (number, box, kind) = state, rows
        common = ir.reshape(overlaps(ir.expand_dims(box, 1), constants[0], border), (n, k))
        same = constants[1] == ir.expand_dims(kind, 1)
        behind = ir.iota((n, k), 1, INT32, alive.context) > number
        much = common > constants[2] if beyond else common >= constants[2]
        return (alive & ~(behind & same & much & at_places(alive, ir.broadcast_to(number, (n, 1)))),), ()

    rows = (ir.iota((k,), 0, INT32, boxes.context), ir.moveaxis(boxes, 1, 0), ir.moveaxis(kinds, 1, 0))
    (kept,), _ = scan(step, (alive,), rows, (boxes, kinds, threshold))
    return kept
