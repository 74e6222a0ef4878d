"""``box_nms``: the boxes that are left of those that overlap much, with their rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, is_floating, require
from .box_format import CENTER, CORNER, corners_and_area, require_format, shared, to_center, to_corners
from .boxes import at_places, column, ordered, stacked
from .kinds import Wide
from .operator import op
from .suppression import survivors


@op(
    name="_box_format",
    method=False,
    samples=lambda r: [((r.integers(0, 9, (2, 3, 6)).astype("float32"),), {"to": to}) for to in (CENTER, CORNER)],
)
def _reformatted(data: Value, *, to: str, coord_start: int = 2) -> Value:
    """Rows with their box in the other format, but those whose first coordinate is below 0 as they are.

    Its gradient is that of the rows as they are, as in MXNet.
    """
    given = [column(data, k) for k in range(coord_start, coord_start + 4)]
    made = to_center(*given) if to == CENTER else to_corners(*given)
    behind = [column(data, k) for k in range(coord_start + 4, data.shape[-1])]
    rows = stacked([*(column(data, k) for k in range(coord_start)), *made, *behind])
    return ir.select(ir.expand_dims(given[0] < 0, -1), data, rows)


@_reformatted.gradient
def _reformatted_gradient(g: Value, y: Value, data: Value, *, to: str, coord_start: int) -> Value:
    return g


def _require_rows(
    data: Value, coord_start: int, score_index: int, id_index: int, in_format: str, out_format: str
) -> None:
    require_format(in_format, "in_format")
    require_format(out_format, "out_format")
    require(data.ndim >= 2, f"input must have dim >= 2, the last two being boxes and their numbers, got {data.type}")
    require(is_floating(data.dtype), f"This operation only supports floating point types, not {data.dtype}")
    width = data.shape[-1]
    require(0 <= coord_start <= width - 4, f"coord_start {coord_start} is out of range: four of {width} numbers")
    used = {"score_index": score_index} | ({"id_index": id_index} if id_index >= 0 else {})
    for name, index in used.items():
        require(0 <= index < width, f"{name} {index} is out of range: (0, {width})")
        apart = not coord_start <= index <= coord_start + 3
        require(apart, f"{name} {index} conflicts with coordinates: ({coord_start}, {coord_start + 3})")
    require(id_index != score_index, f"id_index {id_index} conflicts with score_index")


def _nms_samples(rng: Any) -> list[Any]:
    low = rng.random((2, 7, 2)) * 2
    scores = rng.permutation(14).reshape(2, 7, 1) / 16 + 0.01
    rows = np.concatenate([rng.integers(0, 2, (2, 7, 1)) + 0.5, scores, low, low + 0.5 + rng.random((2, 7, 2))], 2)
    return [
        ((rows.astype("float32"),), {"overlap_thresh": 0.2}),
        ((rows.astype("float32"),), {"overlap_thresh": 0.1, "valid_thresh": 0.2, "topk": 5, "id_index": 0}),
        ((rows[0].astype("float32"),), {"topk": 0}),
    ]


@op(name="_contrib_box_nms", method=False, samples=_nms_samples, outputs=("output0",))
def box_nms(
    data: Value,
    *,
    overlap_thresh: Wide = 0.5,
    valid_thresh: Wide = 0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: str = "corner",
    out_format: str = "corner",
) -> Value:
    """The boxes that no better box overlaps by more than ``overlap_thresh``, the best first; then rows of -1.

    ``data`` [..., boxes, width] of floats: a row of numbers for each box. Four from ``coord_start`` on are the box,
    "corner" (left, top, right, bottom) or "center" (middle across and down, width, height), by ``in_format`` and, in
    the result of the same shape, ``out_format``. Number ``score_index`` says how good it is: those not above
    ``valid_thresh`` are left out, then all but the ``topk`` best (all if below 0; if 0 the result is ``data``).
    ``id_index`` says where its class stands: boxes of one class alone suppress each other, unless ``force_suppress``,
    and those of class ``background_id`` are left out. Overlap is common area over joint area; one with NaN counts as
    none. Rows whose first coordinate is below 0 keep their format. The gradient of a row goes to the row of ``data``
    that it is. ``MXNetError`` for indices that are out of range or collide.

    >>> from lazynd import nd
    >>> rows = nd.array([[0.5, 0, 0, 2, 2], [0.75, 0, 0, 2, 2.5], [0.25, 4, 4, 5, 5]])
    >>> nd.contrib.box_nms(rows, score_index=0, coord_start=1).asnumpy()
    array([[ 0.75,  0.  ,  0.  ,  2.  ,  2.5 ],
           [ 0.25,  4.  ,  4.  ,  5.  ,  5.  ],
           [-1.  , -1.  , -1.  , -1.  , -1.  ]], dtype=float32)
    """
    _require_rows(data, coord_start, score_index, id_index, in_format, out_format)
    if topk == 0 or not data.size:
        return data
    *_, k, width = data.shape
    rows = ir.reshape(data, (-1, k, width))
    limit = min(topk, k) if topk > 0 else k
    seen = ir.stop_gradient(rows)
    score = column(seen, score_index)
    valid = score > ir.convert(valid_thresh, score.dtype)  # a half as MXNet's: 0.3 is not above 0.3
    if id_index >= 0:
        valid = valid & (column(seen, id_index) != background_id)
    order = ir.slice_(ordered(ir.select(valid, -score, float("inf"))), [0, 0], [rows.shape[0], limit])
    alive = ir.iota(order.shape, 1, INT32, data.context) < ir.sum(ir.convert(valid, INT32), 1, keepdims=True)
    places, count = _survivors(
        at_places(seen, order), alive, overlap_thresh, coord_start, -1 if force_suppress else id_index, in_format
    )
    made = at_places(rows, at_places(order, places))
    if in_format != out_format:
        made = _reformatted(made, to=out_format, coord_start=coord_start)
    kept = ir.iota(order.shape, 1, INT32, data.context) < count
    made = ir.select(ir.expand_dims(kept, 2), made, -1)
    return ir.reshape(ir.pad(made, -1, [0, 0, 0], [0, k - limit, 0]) if limit < k else made, data.shape)


def _survivors(
    rows: Value, alive: Value, threshold: Value, coord_start: int, id_index: int, format: str
) -> tuple[Value, Value]:
    boxes = ir.slice_(rows, [0, 0, coord_start], [*rows.shape[:2], coord_start + 4])
    numbers = corners_and_area(boxes, format)
    if id_index >= 0:
        numbers.append(ir.convert(column(rows, id_index), INT32))

    def drops(better: Sequence[Value], worse: Sequence[Value], constants: Sequence[Value]) -> Value:
        common, joint = shared(better[:5], worse[:5])
        much = ir.convert(common / joint, constants[0].dtype) > constants[0]  # nothing of nothing is NaN
        return much & (better[5] == worse[5]) if id_index >= 0 else much

    return survivors(numbers, alive, drops, (threshold,))
