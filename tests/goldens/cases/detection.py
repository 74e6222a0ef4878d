"""Detection in one shot: anchors, targets and detections."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import Case, Literal, f, lit, whole, without_gradient


def anchors(k: int, seed: int = 0) -> Literal:
    """Boxes in an image."""
    rng = np.random.RandomState(seed)
    low = rng.uniform(0, 0.6, (1, k, 2))
    return lit(np.concatenate([low, low + rng.uniform(0.1, 0.5, (1, k, 2))], 2).round(4).tolist())


def objects(*images: list[list[float]], most: int, columns: int = 5) -> Literal:
    """Labels of images, filled up with -1."""
    made = np.full((len(images), most, columns), -1.0)
    for image, rows in zip(made, images, strict=True):
        for row, values in zip(image, rows, strict=False):
            row[: len(values)] = values
    return lit(made.tolist())


def sure(*shape: int) -> Any:
    """Probabilities, so to say."""
    return f(*shape, low=0.0, high=1.0)


CAR = [1, 0.1, 0.1, 0.5, 0.6]
DOG = [0, 0.4, 0.3, 0.9, 0.8]
CAT = [2, 0.2, 0.0, 0.4, 0.9]
TWICE = [0, 0.1, 0.1, 0.5, 0.6]
APART = lit([[[0, 0, 0.2, 0.2], [0, 0, 0.25, 0.2], [0.5, 0.5, 0.9, 0.9], [0.5, 0.5, 0.9, 0.9], [0.6, 0, 1, 0.3]]])

SMALL = {"scales": (1, 2), "ratios": (0.5, 1, 2), "rpn_min_size": 4, "rpn_pre_nms_top_n": 12, "rpn_post_nms_top_n": 5}


def shifts(*shape: int) -> Any:
    return f(*shape, low=-0.3, high=0.3)


def proposals(one: bool) -> list[Case]:
    """Cases of one image."""
    arrays = (sure(1, 12, 2, 3), shifts(1, 24, 2, 3), lit([[40, 60, 1.0]]))
    other = (sure(1, 4, 4, 5), shifts(1, 8, 4, 5), lit([[70, 60, 1.5]]))
    wide = {"scales": (1.5,), "ratios": (0.7, 1.9), "rpn_post_nms_top_n": 7}
    return [
        without_gradient(*arrays, **SMALL),
        without_gradient(*arrays, **{**SMALL, "threshold": 0.3, "output_score": True}),
        without_gradient(*arrays, **{**SMALL, "rpn_pre_nms_top_n": 4, "rpn_post_nms_top_n": 11, "threshold": 0.3}),
        without_gradient(*arrays, **{**SMALL, "iou_loss": True}),
        without_gradient(*arrays, **{**SMALL, "rpn_min_size": 30}),
        without_gradient(*other, **wide, output_score=True),
        without_gradient(
            *other[:2], lit([[30, 38, 1.5]]), **wide, feature_stride=8, rpn_pre_nms_top_n=-1, rpn_min_size=1
        ),
    ][: None if one else 5]


CASES: dict[str, list[Case]] = {
    "_contrib_MultiBoxPrior": [
        without_gradient(f(1, 3, 2, 3), sizes=(0.4, 0.2), ratios=(1, 2, 0.5)),
        without_gradient(f(2, 1, 3, 2), sizes=(0.7,), ratios=(3,)),
        without_gradient(f(1, 1, 3, 4)),
        without_gradient(f(1, 2, 2, 4), sizes=(0.9, 1.3), clip=True),
        without_gradient(f(1, 2, 3, 5), ratios=(0.3, 2.5, 1.7), steps=(0.4, 0.15), offsets=(0.2, 0.9)),
        without_gradient(f(1, 1, 1, 1), sizes=(0.5, 0.25, 0.1), clip=True),
    ],
    "_contrib_MultiBoxTarget": [
        without_gradient(anchors(7), objects([CAR, DOG], [CAT], most=3), f(2, 4, 7)),
        without_gradient(anchors(9, 1), objects([CAR, DOG, CAT], [], most=4), f(2, 4, 9), overlap_threshold=0.2),
        without_gradient(anchors(12, 2), objects([DOG], [CAR, CAT], most=2), sure(2, 4, 12), negative_mining_ratio=1.5),
        without_gradient(
            anchors(12, 3),
            objects([DOG, CAT], most=2),
            sure(1, 3, 12),
            negative_mining_ratio=3,
            negative_mining_thresh=0.35,
            ignore_label=-7,
            overlap_threshold=0.3,
        ),
        without_gradient(
            anchors(8, 4), objects([CAR], most=1), sure(1, 3, 8), negative_mining_ratio=0.1, minimum_negative_samples=3
        ),
        without_gradient(anchors(6, 5), objects([CAR, TWICE], most=2), f(1, 3, 6), variances=(0.5, 0.4, 0.3, 0.2)),
        without_gradient(APART, objects([[3, 0.5, 0.5, 0.9, 0.9]], most=1), f(1, 6, 5)),
        without_gradient(APART, objects([[3, 0.3, 0.3, 0.4, 0.4]], most=1), f(1, 6, 5)),
        without_gradient(anchors(1, 6), objects([CAR, DOG], most=2), f(1, 3, 1), overlap_threshold=0),
        without_gradient(anchors(5, 7), objects([[*CAR, 9], [*DOG, 8]], most=3, columns=6), f(1, 3, 5)),
    ],
    "_contrib_MultiBoxDetection": [
        without_gradient(sure(2, 3, 7), f(2, 28), anchors(7)),
        without_gradient(sure(1, 4, 12), f(1, 48), anchors(12, 1), nms_threshold=0.2),
        without_gradient(sure(1, 4, 12), f(1, 48), anchors(12, 2), nms_threshold=0.3, force_suppress=True),
        without_gradient(sure(2, 3, 9), f(2, 36), anchors(9, 3), threshold=0.7, clip=False),
        without_gradient(sure(1, 3, 9), f(1, 36), anchors(9, 4), nms_topk=4, nms_threshold=0.1),
        without_gradient(sure(1, 3, 6), f(1, 24), anchors(6, 5), nms_threshold=0, threshold=0.4),
        without_gradient(sure(1, 2, 5), lit([[0.0] * 20]), APART, variances=(1, 1, 1, 1)),
        without_gradient(whole(1, 3, 5, high=2, dtype="float32"), lit([[0.0] * 20]), APART),
        without_gradient(sure(1, 3, 5), f(1, 20), APART, threshold=1.5),
        without_gradient(sure(1, 3, 4), f(1, 16), anchors(4, 6), background_id=1),
    ],
    "_contrib_Proposal": proposals(one=True),
    "_contrib_MultiProposal": [
        *proposals(one=False),
        without_gradient(sure(2, 12, 2, 3), shifts(2, 24, 2, 3), lit([[40, 60, 1], [32, 48, 0.8]]), **SMALL),
        without_gradient(
            sure(2, 12, 3, 2), shifts(2, 24, 3, 2), lit([[60, 40, 1], [50, 33, 1.2]]), output_score=True, **SMALL
        ),
    ],
}
