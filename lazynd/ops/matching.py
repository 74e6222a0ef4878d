"""Boxes matched to objects: how much each overlaps each, who is matched to whom, and how they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import while_
from ..ir.types import INT32, is_floating, require
from .box_format import CENTER, corners_and_area, require_format, shared
from .boxes import at_places, corners, decoded, differences, middles, stacked
from .kinds import Wide
from .operator import floats as _f
from .operator import numbered, op
from .partial import Shapes
from .precision import wide


def _require_floats(*arrays: Value) -> None:
    for each in arrays:
        require(is_floating(each.dtype), f"This operation only supports floating point types, not {each.dtype}")
        require(each.dtype == arrays[0].dtype, f"expected {arrays[0].dtype} as in the first input, got {each.type}")


def greedy_matches(scores: Value, allowed: Value, limit: int) -> tuple[Value, Value]:
    """The column of each row [n, k] and the row of each column [n, m] that are matched, -1 for none.

    The best of the ``scores`` [n, k, m] that is ``allowed``, in a row and a column that are still free, makes a match,
    until there is none, at most ``limit`` times. Of equal ones it is the first. -inf cannot be matched.
    """
    n, k, m = scores.shape
    none = [ir.full(shape, -1, INT32, scores.context) for shape in ((n, k), (n, m))]
    if not n * k * m:
        return none[0], none[1]
    rows, columns = (ir.iota(each.shape, 1, INT32, scores.context) for each in none)

    def more(state: Any, given: Any) -> Any:
        return state[2]

    def step(state: Any, given: Any) -> Any:
        of_row, of_column, _ = state
        scores, rows, columns = given
        free = (ir.expand_dims(of_row, 2) < 0) & (ir.expand_dims(of_column, 1) < 0)
        flat = ir.reshape(ir.select(free, scores, float("-inf")), (n, k * m))
        found = ir.max(flat, 1, keepdims=True) > float("-inf")
        at = ir.expand_dims(ir.argmax(flat, 1), 1)
        row, column = at / m, ir.remainder(at, m)
        of_row = ir.select(found & (rows == row), ir.broadcast_to(column, (n, k)), of_row)
        of_column = ir.select(found & (columns == column), ir.broadcast_to(row, (n, m)), of_column)
        return (of_row, of_column, ir.max(found)), ()

    start = [*none, ir.full((), True, np.dtype(bool), scores.context)]
    given = [ir.select(allowed, scores, float("-inf")), rows, columns]
    (of_row, of_column, _), _ = while_(more, step, start, given, limit=limit)
    return of_row, of_column


def _score_samples(rng: Any) -> list[Any]:
    scores = rng.permutation(24).reshape(2, 3, 4).astype("float32") / 24
    return [((scores,), {"threshold": 0.3}), ((scores[0],), {"threshold": 0.9, "is_ascend": True, "topk": 1})]


@op(
    name="_contrib_bipartite_matching",
    method=False,
    differentiable=False,
    samples=_score_samples,
    outputs=numbered(2),
)
def bipartite_matching(data: Value, *, is_ascend: bool = False, threshold: Wide, topk: int = -1) -> tuple[Value, Value]:
    """Rows matched to columns by ``data`` [..., rows, columns], the best pairs first: two results.

    [..., rows], the column of each row, and [..., columns], the row of each column, -1 for none. The pair with the
    highest score (the lowest, if ``is_ascend``) whose row and column are both free is matched, as long as its score is
    above ``threshold`` (below it). If ``topk`` is above 0, ``topk`` + 1 pairs are matched at most, as in MXNet. Scores
    that are NaN match nothing. Floats only; without gradient.

    >>> from lazynd import nd
    >>> rows, columns = nd.contrib.bipartite_matching(nd.array([[0.5, 0.75], [0.125, 0.25]]), threshold=0.1)
    >>> rows.asnumpy(), columns.asnumpy()
    (array([1., 0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    require(data.ndim >= 2, f"score matrix must have dim >= 2, got {data.type}")
    _require_floats(data)
    *lead, k, m = data.shape
    scores = ir.reshape(ir.convert(data, threshold.dtype), (-1, k, m))
    allowed = scores < threshold if is_ascend else scores > threshold
    limit = min(k, m, topk + 1 if topk > 0 else k)
    made = greedy_matches(-scores if is_ascend else scores, allowed, limit)
    return (
        ir.convert(ir.reshape(made[0], (*lead, k)), data.dtype),
        ir.convert(ir.reshape(made[1], (*lead, m)), data.dtype),
    )


@op(
    name="_contrib_box_iou",
    method=False,
    differentiable=False,
    samples=lambda r: [((_f(r, 2, 3, 4), _f(r, 5, 4)), {"format": each}) for each in ("center", "corner")],
)
def box_iou(lhs: Value, rhs: Value, *, format: str = "corner") -> Value:
    """How much each box of ``lhs`` [..., 4] overlaps each of ``rhs`` [..., 4]: common area over joint area.

    The result has the axes of ``lhs`` before the last, then those of ``rhs``. Boxes are (left, top, right, bottom), or
    with ``format`` "center" (middle across, middle down, width, height). 0 where there is no joint area, or NaN. A box
    with a width or height below 0 has no area. Floats only; without gradient, as in MXNet.

    >>> from lazynd import nd
    >>> nd.contrib.box_iou(nd.array([[0, 0, 2, 2]]), nd.array([[0, 0, 2, 4], [1, 1, 3, 2]])).asnumpy()
    array([[0.5, 0.2]], dtype=float32)
    """
    require_format(format)
    for name, each in (("lhs", lhs), ("rhs", rhs)):
        require(each.ndim >= 2, f"{name} must have dim >= 2, got {each.type}")
        require(each.shape[-1] == 4, f"last dimension of {name} must be 4, got {each.type}")
    _require_floats(lhs, rhs)
    one, other = (corners_and_area(ir.reshape(each, (-1, 4)), format) for each in (lhs, rhs))
    common, joint = shared([ir.expand_dims(x, 1) for x in one], [ir.expand_dims(x, 0) for x in other])
    some = joint > 0
    made = ir.select(some, common / ir.select(some, joint, 1), 0)
    return ir.reshape(made, (*lhs.shape[:-1], *rhs.shape[:-1]))


def _four_numbers(known: Shapes, **_: Any) -> None:
    known.learn("means", (4,))
    known.learn("stds", (4,))


def _code_samples(rng: Any) -> list[Any]:
    low = rng.random((2, 7, 2)).astype("float32")
    boxes = np.concatenate([low, low + 0.1 + rng.random((2, 7, 2)).astype("float32")], 2)
    chosen = (rng.random((2, 4)) > 0.4).astype("float32")
    of = rng.integers(0, 3, (2, 4)).astype("float32")
    return [((chosen, of, boxes[:, :4], boxes[:, 4:], _f(rng, 4), _f(rng, 4) + 0.5), {})]


@op(
    name="_contrib_box_encode",
    method=False,
    differentiable=False,
    samples=_code_samples,
    shapes=_four_numbers,
    outputs=numbered(2),
)
def box_encode(
    samples: Value, matches: Value, anchors: Value, refs: Value, means: Value, stds: Value
) -> tuple[Value, Value]:
    """What anchors shall learn of the objects that they are matched to: targets [n, k, 4] and a mask of them.

    ``anchors`` [n, k, 4] and objects ``refs`` [n, m, 4] are (left, top, right, bottom); ``matches`` [n, k] the number
    of an object for each anchor; ``samples`` [n, k] say which anchors learn: those above 0.5. Targets are the
    distances of middles, in widths and heights of the anchor, and logarithms of width and height over the anchor's,
    less ``means`` [4], over ``stds`` [4]; 0 with mask 0 for the other anchors. ``IndexError`` if an anchor that learns
    has no object of that number. Floats only; without gradient, as in MXNet. Girshick et al., R-CNN, 2014.

    >>> from lazynd import nd
    >>> anchors, objects = nd.array([[[0, 0, 2, 2], [4, 4, 6, 6]]]), nd.array([[[0, 1, 2, 3]]])
    >>> chosen, matches = nd.array([[1, 0]]), nd.array([[0, -1]])
    >>> targets, mask = nd.contrib.box_encode(chosen, matches, anchors, objects, nd.zeros(4), nd.ones(4))
    >>> targets.asnumpy()
    array([[[0. , 0.5, 0. , 0. ],
            [0. , 0. , 0. , 0. ]]], dtype=float32)
    """
    _require_floats(samples, matches, anchors, refs, means, stds)
    require(anchors.ndim == 3 and anchors.shape[2] == 4, f"anchors must be [batch, anchors, 4], got {anchors.type}")
    n, k = anchors.shape[:2]
    m = refs.shape[1] if refs.ndim == 3 else -1
    for name, each, shape in (
        ("samples", samples, (n, k)), ("matches", matches, (n, k)), ("refs", refs, (n, m, 4)), ("means", means, (4,)),
        ("stds", stds, (4,)),
    ):  # fmt: skip
        require(each.shape == shape, f"{name} must be {list(shape)}, got {each.type}")
    require(m > 0, "refs has no objects")
    learns = samples > 0.5
    at = ir.check_index(ir.select(learns, ir.floor(wide(matches)), 0), 1, m, negative=False)
    matched = at_places(refs, ir.convert(at, INT32))
    parts = differences(middles(corners(wide(anchors))), middles(corners(wide(matched))))
    made = (stacked(parts) - wide(means)) / wide(stds)
    mask = ir.broadcast_to(ir.expand_dims(learns, 2), made.shape)
    return ir.convert(ir.select(mask, made, 0), refs.dtype), ir.convert(mask, refs.dtype)


@op(
    name="_contrib_box_decode",
    method=False,
    differentiable=False,
    samples=lambda r: [
        ((_f(r, 2, 3, 4), _f(r, 1, 3, 4) + 0.5), {"std0": 0.5, "std3": 2, "clip": 0.5}),
        ((_f(r, 2, 3, 4), np.sort(_f(r, 1, 3, 4), 2)), {"format": "corner"}),
    ],
)
def box_decode(
    data: Value,
    anchors: Value,
    *,
    std0: Wide = 1,
    std1: Wide = 1,
    std2: Wide = 1,
    std3: Wide = 1,
    clip: Wide = -1,
    format: str = "center",
) -> Value:
    """The boxes (left, top, right, bottom) [n, k, 4] that differ from the ``anchors`` [1, k, 4] as ``data`` says.

    ``data`` [n, k, 4] are distances of middles in widths and heights of the anchor, and logarithms of width and height
    over the anchor's, each over its standard deviation ``std0`` to ``std3``: what ``box_encode`` gives, without means.
    If ``clip`` is above 0, no logarithm counts as more than it. ``format`` is that of the anchors: "center" (middle
    across, middle down, width, height) or "corner". Floats only; without gradient, as in MXNet.

    >>> from lazynd import nd
    >>> nd.contrib.box_decode(nd.array([[[0, 0.5, 0, 0]]]), nd.array([[[1, 1, 2, 2]]])).asnumpy()
    array([[[0., 1., 2., 3.]]], dtype=float32)
    """
    require_format(format)
    _require_floats(data, anchors)
    require(data.ndim == 3 and data.shape[2] == 4, f"data must be [batch, boxes, 4], got {data.type}")
    expected = (1, data.shape[1], 4)
    require(anchors.shape == expected, f"anchors must be {list(expected)}, got {anchors.type}")
    given = corners(wide(anchors))
    places = given if format == CENTER else middles(given)
    return ir.convert(decoded(places, corners(wide(data)), (std0, std1, std2, std3), clip), data.dtype)
