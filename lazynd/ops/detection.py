"""Detection of objects in one shot: anchors, what they shall learn, and boxes out of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT32, is_floating, require
from .boxes import at_places, corners, decoded, differences, middles, numbers, ordered, overlaps, stacked
from .kinds import Wide, Wides
from .matching import greedy_matches
from .operator import floats as _f
from .operator import op
from .suppression import suppressed

#: Anchors that overlap nothing by more are not matched by force.
_LEAST_OVERLAP = 1e-6


@op(
    name="_contrib_MultiBoxPrior",
    method=False,
    differentiable=False,
    samples=lambda r: [
        ((_f(r, 1, 3, 2, 3),), {"sizes": (0.4, 0.2), "ratios": (1, 2, 0.5)}),
        ((_f(r, 1, 1, 3, 2),), {"clip": True, "steps": (0.3, 0.5), "offsets": (0.2, 0.7)}),
    ],
)
def MultiBoxPrior(
    data: Value,
    *,
    sizes: Wides = (1.0,),
    ratios: Wides = (1.0,),
    clip: bool = False,
    steps: Wides = (-1.0, -1.0),
    offsets: Wides = (0.5, 0.5),
) -> Value:
    """Anchor boxes around each pixel of feature maps ``data`` [n, channel, height, width].

    Gives [1, height * width * (sizes + ratios - 1), 4]: (left, top, right, bottom), in parts of the image, at each
    pixel those of every size in the first ratio, then those of the first size in every other ratio. A size is the part
    of the image's height, a ratio the width over the height. ``clip`` holds boxes inside of the image. ``steps`` are
    the distances of pixels down and across (-1: so that they fill the image), ``offsets`` where in a pixel its middle
    is. Liu et al., SSD, 2016.

    >>> from lazynd import nd
    >>> nd.contrib.MultiBoxPrior(nd.zeros((1, 3, 1, 2)), sizes=(0.5,)).asnumpy().round(2)
    array([[[0.12, 0.25, 0.38, 0.75],
            [0.62, 0.25, 0.88, 0.75]]], dtype=float32)
    """
    require(data.ndim == 4 and is_floating(data.dtype), f"data should be 4D: batch-channel-y-x, got {data.type}")
    require(len(sizes) > 0 and len(ratios) > 0, "sizes and ratios must not be empty")
    require(len(steps) == 2, f"steps are two numbers, got {len(steps)}")
    require(len(offsets) == 2, f"offsets are two numbers, got {len(offsets)}")
    height, width = data.shape[2:]
    centers = []
    for axis, extent in enumerate((height, width)):
        step = ir.select(steps[axis] > 0, steps[axis], 1 / extent)
        place = ir.iota((height, width, 1), axis, offsets[axis].dtype, data.context)
        centers.append((place + offsets[axis]) * step)
    shapes = [(size, ratios[0]) for size in sizes] + [(sizes[0], ratio) for ratio in ratios[1:]]
    across = _row([size * (height / width) * ir.sqrt(ratio) / 2 for size, ratio in shapes])
    down = _row([size / ir.sqrt(ratio) / 2 for size, ratio in shapes])
    y, x = centers
    made = ir.reshape(stacked([x - across, y - down, x + across, y + down]), (1, -1, 4))
    return ir.convert(ir.minimum(ir.maximum(made, 0), 1) if clip else made, data.dtype)


def _require_exact(x: Value) -> None:
    require(x.dtype in (FLOAT32, FLOAT64), f"only float32 and float64 are supported, got {x.dtype}")


def _row(values: Sequence[Value]) -> Value:
    return ir.concatenate([ir.reshape(each, (1, 1, 1)) for each in values], 2)


def _target_samples(rng: Any) -> list[Any]:
    low = rng.random((1, 7, 2)) * 0.6
    anchors = np.concatenate([low, low + 0.1 + rng.random((1, 7, 2)) * 0.3], 2).astype("float32")
    label = np.full((2, 3, 5), -1, "float32")
    label[0, 0], label[0, 1], label[1, 0] = [1, 0.1, 0.1, 0.5, 0.6], [0, 0.4, 0.3, 0.9, 0.8], [2, 0.2, 0, 0.4, 0.9]
    scores = rng.random((2, 4, 7)).astype("float32")
    return [((anchors, label, scores), {}), ((anchors, label, scores), {"negative_mining_ratio": 1.0})]


@op(
    name="_contrib_MultiBoxTarget",
    method=False,
    differentiable=False,
    samples=_target_samples,
    outputs=("loc_target", "loc_mask", "cls_target"),
)
def MultiBoxTarget(
    anchor: Value,
    label: Value,
    cls_pred: Value,
    *,
    overlap_threshold: Wide = 0.5,
    ignore_label: Wide = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: Wide = 0.5,
    minimum_negative_samples: int = 0,
    variances: Wides = (0.1, 0.1, 0.2, 0.2),
) -> tuple[Value, Value, Value]:
    """What anchors shall learn of the objects in each image: offsets [n, 4 k], a mask of them, and classes [n, k].

    ``anchor`` [1, k, 4]; ``label`` [n, m, 5 or more]: class, then (left, top, right, bottom) of an object, rows from
    the first of class -1 on being empty; ``cls_pred`` [n, classes + 1, k], scores before the softmax. Each object gets
    the anchor that overlaps it most, then each anchor the object that it overlaps by more than ``overlap_threshold``.
    Such an anchor learns one more than the object's class, and as offsets those of the middle and the logarithms of
    width and height, over the ``variances``. All other anchors learn class 0, the background. If
    ``negative_mining_ratio`` is above 0, only some of them do: of those that overlap objects by less than
    ``negative_mining_thresh`` the ones least sure to be background, so many times as many as have an object. The rest
    then have the class ``ignore_label``, as all have in an image without objects. ``minimum_negative_samples`` changes
    nothing, as in MXNet 1.9.1. Liu et al., SSD, 2016.

    >>> from lazynd import nd
    >>> anchors, label = nd.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]]), nd.array([[[2, 0.5, 0.5, 1, 1]]])
    >>> offsets, mask, classes = nd.contrib.MultiBoxTarget(anchors, label, nd.zeros((1, 4, 2)))
    >>> mask.asnumpy()
    array([[0., 0., 0., 0., 1., 1., 1., 1.]], dtype=float32)
    >>> classes.asnumpy()
    array([[0., 3.]], dtype=float32)
    """
    k = _require_target_inputs(anchor, label, cls_pred)
    require(len(variances) == 4, f"Variance size must be 4, got {len(variances)}")
    anchors = ir.reshape(anchor, (k, 4))
    classes, boxes = numbers(label, 1)[0], ir.slice_(label, [0, 0, 1], [*label.shape[:2], 5])
    valid = ir.cumsum(ir.convert(classes == -1, INT32), 1) == 0
    common = ir.select(ir.expand_dims(valid, 1), overlaps(ir.expand_dims(anchors, 0), boxes), -1)  # n, k, m
    matched, positive = _matches(common, valid, overlap_threshold)
    best = ir.max(common, 2)
    negative = ~positive
    if negative_mining_ratio > 0:
        hard = negative & (best < negative_mining_thresh)
        negative = _mined(cls_pred, positive, hard, negative_mining_ratio)
    some = ir.expand_dims(ir.max(ir.convert(valid, INT32), 1) > 0, 1)
    positive, negative = positive & some, negative & some
    chosen = at_places(label, matched)  # n, k, 5
    ignored = ir.convert(ignore_label, label.dtype)
    given = ir.select(positive, numbers(chosen, 1)[0] + 1, ir.select(negative, 0, ignored))
    offsets = _encoded(anchors, ir.slice_(chosen, [0, 0, 1], [*chosen.shape[:2], 5]), variances)
    mask = ir.broadcast_to(ir.expand_dims(positive, 2), offsets.shape)
    flat = (label.shape[0], 4 * k)
    return (
        ir.reshape(ir.select(mask, offsets, 0), flat),
        ir.reshape(ir.convert(mask, label.dtype), flat),
        given,
    )


def _require_target_inputs(anchor: Value, label: Value, cls_pred: Value) -> int:
    """Refuse wrong shapes; the number of anchors."""
    k = anchor.shape[1] if anchor.ndim == 3 else -1
    _require_exact(anchor)
    require(anchor.shape == (1, k, 4), f"Anchor should be batch shared N*4 tensor, [1,n,4], got {anchor.type}")
    require(label.ndim == 3 and label.shape[2] >= 5, f"Label should be [batch-num_labels-(>=5)], got {label.type}")
    expected = (label.shape[0], cls_pred.shape[1] if cls_pred.ndim == 3 else -1, k)
    require(cls_pred.shape == expected, f"Prediction should be [batch-num_classes-num_anchors], got {cls_pred.type}")
    return k


def _matches(common: Value, valid: Value, threshold: Value) -> tuple[Value, Value]:
    """The number of an object for each anchor [n, k], and whether it is matched to it."""
    m = common.shape[2]
    matched, _ = greedy_matches(common, ir.expand_dims(valid, 1) & (common > _LEAST_OVERLAP), m)
    positive = matched >= 0
    most = ir.max(common, 2)
    also = (threshold > 0) & ~positive & (most > threshold) if m else positive
    return ir.select(also, ir.argmax(common, 2), ir.maximum(matched, 0)), positive | also


def _mined(scores: Value, positive: Value, hard: Value, ratio: float) -> Value:
    """Of the ``hard`` anchors the ones least sure to be background: ``ratio`` for each positive one."""
    k = positive.shape[1]
    count = ir.sum(ir.convert(positive, INT32), 1, keepdims=True)
    wanted = ir.minimum(ir.convert(ir.convert(count, FLOAT32) * ratio, INT32), k - count)
    shifted = scores - ir.max_unless_nan(scores, 1, keepdims=True)
    sure = ir.exp(ir.row(ir.moveaxis(shifted, 1, 0), 0)) / ir.sum(ir.exp(shifted), 1)
    rank = ordered(ordered(ir.select(hard, sure, 2)))
    return hard & (rank < wanted)


def _encoded(anchors: Value, boxes: Value, variances: Wides) -> Value:
    parts = differences(middles(corners(anchors)), middles(corners(boxes)))
    return stacked([p / v for p, v in zip(parts, variances, strict=True)])


def _detection_samples(rng: Any) -> list[Any]:
    anchors = _target_samples(rng)[0][0][0]
    scores = rng.random((2, 3, 7)).astype("float32")
    return [((scores, (rng.random((2, 28)) - 0.5).astype("float32"), anchors), {"nms_threshold": 0.3})]


@op(name="_contrib_MultiBoxDetection", method=False, differentiable=False, samples=_detection_samples)
def MultiBoxDetection(
    cls_prob: Value,
    loc_pred: Value,
    anchor: Value,
    *,
    clip: bool = True,
    threshold: Wide = 0.01,
    background_id: int = 0,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: Wides = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
) -> Value:
    """The objects that anchors see: rows (class, score, left, top, right, bottom) [n, k, 6], -1 where there is none.

    ``cls_prob`` [n, classes + 1, k], the first class being the background, whatever ``background_id`` says;
    ``loc_pred`` [n, 4 k] and ``anchor`` [1, k, 4] as in ``MultiBoxTarget``. An anchor sees its likeliest class if that
    is at least as likely as ``threshold``. The best come first; of two of a class (of any, if ``force_suppress``) that
    overlap by ``nms_threshold`` the class of the worse is -1, only the ``nms_topk`` best being compared if that is
    above 0. ``clip`` holds boxes inside of the image. With ``nms_threshold`` outside of (0, 1] nothing is sorted or
    compared.

    >>> from lazynd import nd
    >>> anchors = nd.array([[[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.625], [0.5, 0.5, 1, 1]]])
    >>> probability = nd.array([[[0.25, 0.5, 0.125], [0.75, 0.5, 0.875]]])
    >>> nd.contrib.MultiBoxDetection(probability, nd.zeros((1, 12)), anchors).asnumpy()[0]
    array([[ 0.   ,  0.875,  0.5  ,  0.5  ,  1.   ,  1.   ],
           [ 0.   ,  0.75 ,  0.   ,  0.   ,  0.5  ,  0.5  ],
           [-1.   ,  0.5  ,  0.   ,  0.   ,  0.5  ,  0.625]], dtype=float32)
    """
    k = anchor.shape[1] if anchor.ndim == 3 else -1
    n, classes = (cls_prob.shape[0], cls_prob.shape[1]) if cls_prob.ndim == 3 else (-1, -1)
    _require_exact(cls_prob)
    require(anchor.shape == (1, k, 4), f"Anchor must be 3-dim tensor [1,n,4], got {anchor.type}")
    require(cls_prob.shape == (n, classes, k), f"cls_prob must be [batch, classes, {k}], got {cls_prob.type}")
    require(loc_pred.shape == (n, 4 * k), f"loc_pred must be [{n},{4 * k}], got {loc_pred.type}")
    require(len(variances) == 4, f"Variance size must be 4, got {len(variances)}")
    require(classes > 1, f"cls_prob has no class beside the background: {cls_prob.type}")
    objects = ir.moveaxis(ir.slice_(cls_prob, [0, 1, 0], cls_prob.shape), 1, 2)
    kind, score = ir.convert(ir.argmax(objects, 2), cls_prob.dtype), ir.max(objects, 2)
    places = middles(corners(ir.reshape(anchor, (k, 4))))
    boxes = decoded(places, corners(ir.reshape(loc_pred, (n, k, 4))), variances)
    if clip:
        boxes = ir.minimum(ir.maximum(boxes, 0), 1)
    seen = score >= threshold
    compared = 0 < nms_threshold <= 1
    place = ir.iota((n, k), 1, INT32, cls_prob.context)
    order = ordered(ir.select(seen, 0, ir.full_like(place, 1)))
    if compared:
        # What is not among the best keeps its place, as in MXNet.
        best = ordered(ir.select(seen, -score, float("inf")))
        first = place < (nms_topk if nms_topk > 0 else k)
        order = ir.select(first, best, order)
    kind, score, boxes = (at_places(each, order) for each in (kind, score, boxes))
    some = place < ir.sum(ir.convert(seen, INT32), 1, keepdims=True)
    if compared:
        limit = ir.constant(nms_threshold, cls_prob.type.with_shape(()))
        kept = suppressed(boxes, None if force_suppress else kind, some & first, limit)
        kind = ir.select(kept, kind, -1)
    rows = stacked([kind, score, *corners(boxes)])
    return ir.select(ir.expand_dims(some, 2), rows, -1)
