"""Regions of images that may hold objects, as a region proposal network tells them. Ren et al., Faster R-CNN, 2015."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, INT32, require
from .boxes import at_places, corners, numbers, ordered, stacked
from .kinds import Wide, Wides
from .operator import op
from .partial import Shapes
from .suppression import suppressed


def _anchors(stride: int, scales: Wides, ratios: Wides) -> Value:
    """[k, 4]: boxes around the first pixel of the features, of each ratio in each scale."""
    rows = []
    middle = 0.5 * (stride - 1)
    for ratio in ratios:
        across = ir.floor(ir.sqrt(ir.floor(stride * stride / ratio)) + 0.5)
        down = ir.floor(across * ratio + 0.5)
        for scale in scales:
            halves = [(across * scale - 1) * 0.5, (down * scale - 1) * 0.5]
            rows += [middle - each for each in halves] + [middle + each for each in halves]
    return ir.reshape(ir.concatenate([ir.reshape(each, (1,)) for each in rows], 0), (-1, 4))


def _shifted(anchors: Value, height: int, width: int, stride: int) -> Value:
    """[height * width * k, 4]: the anchors around each pixel of the features."""
    shape = (height, width, 1)
    y, x = (ir.iota(shape, axis, FLOAT32, anchors.context) * float(stride) for axis in (0, 1))
    parts = [part + place for part, place in zip(corners(anchors), (x, y, x, y), strict=True)]
    return ir.reshape(stacked(parts), (-1, 4))


def _moved(anchors: Value, offsets: Value, by_corners: bool) -> tuple[Value, ...]:
    """Corners of the anchors [m, 4] moved by ``offsets`` [n, m, 4]."""
    left, top, right, bottom = corners(anchors)
    first, second, third, fourth = corners(offsets)
    if by_corners:
        return left + first, top + second, right + third, bottom + fourth
    width, height = right - left + 1, bottom - top + 1
    x, y = first * width + (left + (width - 1) * 0.5), second * height + (top + (height - 1) * 0.5)
    across, down = (ir.exp(third) * width - 1) * 0.5, (ir.exp(fourth) * height - 1) * 0.5
    return x - across, y - down, x + across, y + down


def _proposals(
    cls_prob: Value, bbox_pred: Value, im_info: Value, before: int, after: int, threshold: Value, min_size: Value,
    scales: Wides, ratios: Wides, stride: int, by_corners: bool,
) -> tuple[Value, Value]:  # fmt: skip
    """Boxes [n, after, 4] and their scores [n, after], the best first; repeated if there are too few."""
    k = len(scales) * len(ratios)
    n, _, height, width = cls_prob.shape
    anchors = _shifted(_anchors(stride, scales, ratios), height, width, stride)
    scores = ir.slice_(cls_prob, [0, k, 0, 0], cls_prob.shape)
    scores = ir.reshape(ir.moveaxis(scores, 1, 3), (n, -1))
    offsets = ir.reshape(bbox_pred, (n, k, 4, height, width))
    offsets = ir.reshape(ir.transpose(offsets, (0, 3, 4, 1, 2)), (n, -1, 4))
    rows, columns, scale = (ir.expand_dims(each, 1) for each in numbers(im_info, 3))
    moved = _moved(anchors, offsets, by_corners)
    limits = (columns - 1, rows - 1, columns - 1, rows - 1)
    left, top, right, bottom = (
        ir.maximum(ir.minimum(each, limit), 0) for each, limit in zip(moved, limits, strict=True)
    )
    down, across = (ir.iota((1, height, width, k), axis, FLOAT32, cls_prob.context) for axis in (1, 2))
    below, beside = (
        ir.reshape(place, (1, -1)) >= ir.floor(extent / stride) for place, extent in ((down, rows), (across, columns))
    )
    least = min_size * scale
    small = (right - left + 1 < least) | (bottom - top + 1 < least)
    grown = ir.select(small, ir.broadcast_to(least, small.shape) * 0.5, 0)
    boxes = [left - grown, top - grown, right + grown, bottom + grown]
    scores = ir.select(below | beside | small, -1, scores)
    return _best(stacked(boxes), scores, before, after, threshold)


def _best(boxes: Value, scores: Value, before: int, after: int, threshold: Value) -> tuple[Value, Value]:
    n, m = scores.shape
    count = min(before, m) if before > 0 else m
    order = ir.slice_(ordered(-scores), [0, 0], [n, count])
    boxes, scores = at_places(boxes, order), at_places(scores, order)
    place = ir.iota((n, count), 1, INT32, scores.context)
    kept = suppressed(boxes, None, place >= 0, threshold, border=1.0, beyond=True)
    rank = ordered(ir.select(kept, 0, ir.full_like(place, 1)))
    total = ir.minimum(ir.sum(ir.convert(kept, INT32), 1, keepdims=True), after)
    wanted = ir.remainder(ir.iota((n, after), 1, INT32, scores.context), total)
    chosen = at_places(rank, wanted)
    return at_places(boxes, chosen), at_places(scores, chosen)


def _samples(rng: Any) -> list[Any]:
    arrays = (rng.random((1, 8, 2, 3)), rng.random((1, 16, 2, 3)) - 0.5, np.array([[40.0, 60, 1]]))
    given = {"scales": (1, 2), "ratios": (0.5, 1), "rpn_pre_nms_top_n": 12, "rpn_post_nms_top_n": 5, "rpn_min_size": 4}
    return [(tuple(a.astype("float32") for a in arrays), {**given, "output_score": s}) for s in (False, True)]


_DOC = """Boxes in {images} that may hold objects: [{count}, 5], the number of an image, left, top, right, bottom.

``cls_prob`` [{n}, 2 k, height, width]: the probabilities of k anchors at each place to hold nothing, then to hold an
object; ``bbox_pred`` [{n}, 4 k, height, width]: how boxes differ from the anchors, by middle and logarithms of their
size, or by their corners if ``iou_loss``; ``im_info`` [{n}, 3]: height, width and scale of an image. Anchors are
squares of ``feature_stride`` pixels in the ``ratios`` (height over width) and ``scales``. Boxes are held inside of the
image; those smaller than ``rpn_min_size`` times its scale come last. Of the ``rpn_pre_nms_top_n`` best (all, if not
above 0), those stay that no better one overlaps by more than ``threshold``, ``rpn_post_nms_top_n`` at most; fewer are
repeated. With ``output_score`` also their scores [{count}, 1]. float32, without gradient. Ren et al., Faster R-CNN,
2015.

>>> from lazynd import nd
>>> probability, still = nd.array([[[[0.75, 0.25]], [[0.25, 0.75]]]]), nd.zeros((1, 4, 1, 2))
>>> size = {{"scales": (1,), "ratios": (1,), "rpn_min_size": 1, "rpn_post_nms_top_n": 2}}
>>> nd.contrib.{name}(probability, still, nd.array([[16, 32, 1]]), **size).asnumpy()
array([[ 0., 16.,  0., 31., 15.],
       [ 0.,  0.,  0., 15., 15.]], dtype=float32)
"""


def _proposal_shapes(known: Shapes, *, scales: tuple[Any, ...], ratios: tuple[Any, ...], **_: Any) -> None:
    scores = known["cls_prob"]
    if scores is not None and len(scores) == 4:
        known.learn("bbox_pred", (scores[0], 4 * len(scales) * len(ratios), *scores[2:]))
        known.learn("im_info", (scores[0], 3))


def _declare(name: str, several: bool) -> None:
    def function(
        cls_prob: Value,
        bbox_pred: Value,
        im_info: Value,
        *,
        rpn_pre_nms_top_n: int = 6000,
        rpn_post_nms_top_n: int = 300,
        threshold: Wide = 0.7,
        rpn_min_size: Wide = 16,
        scales: Wides = (4.0, 8.0, 16.0, 32.0),
        ratios: Wides = (0.5, 1.0, 2.0),
        feature_stride: int = 16,
        output_score: bool = False,
        iou_loss: bool = False,
    ) -> Value | tuple[Value, Value]:
        require(cls_prob.ndim == 4 and cls_prob.dtype == FLOAT32, f"cls_prob must be float32 4D, got {cls_prob.type}")
        n, _, height, width = cls_prob.shape
        require(several or n == 1, f"{name} takes one image, got {cls_prob.type}: MultiProposal takes several")
        k = len(scales) * len(ratios)
        for what, each, shape in (
            ("cls_prob", cls_prob, (n, 2 * k, height, width)),
            ("bbox_pred", bbox_pred, (n, 4 * k, height, width)),
            ("im_info", im_info, (n, 3)),
        ):
            expected = cls_prob.type.with_shape(shape)
            require(each.type is expected, f"{what} must be {expected} for {k} anchors, got {each.type}")
        require(rpn_post_nms_top_n > 0, f"rpn_post_nms_top_n must be above 0, got {rpn_post_nms_top_n}")
        boxes, scores = _proposals(
            cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n, rpn_post_nms_top_n, threshold, rpn_min_size, scales,
            ratios, feature_stride, iou_loss,
        )  # fmt: skip
        image = ir.iota((*scores.shape, 1), 0, FLOAT32, scores.context)
        rows = ir.reshape(ir.concatenate([image, boxes], 2), (-1, 5))
        return (rows, ir.reshape(scores, (-1, 1))) if output_score else rows

    count = "n * rpn_post_nms_top_n" if several else "rpn_post_nms_top_n"
    images, n = ("images", "n") if several else ("an image", "1")
    function.__doc__ = _DOC.format(name=name, images=images, count=count, n=n)
    op(
        name=f"_contrib_{name}",
        method=False,
        differentiable=False,
        samples=_samples,
        shapes=_proposal_shapes,
        outputs=lambda attributes: ("output", "score") if attributes["output_score"] else ("output",),
    )(function)


_declare("Proposal", several=False)
_declare("MultiProposal", several=True)
