"""Boxes that suppress each other, overlap, match and are encoded."""

from __future__ import annotations

import numpy as np

from ..case import Case, Drawn, Literal, case, empty, f, lit, whole

NAN, INF = float("nan"), float("inf")


def rows(
    *lead: int, seed: int = 0, format: str = "corner", grid: bool = False, dtype: str = "float32", order: str = "csb"
) -> Literal:
    """Rows of a class (c), a score (s) and a box (b), in this ``order``; with corners on a ``grid`` ties are many."""
    rng = np.random.RandomState(seed)
    low, size = rng.uniform(0, 2, (*lead, 2)), rng.uniform(0.3, 2, (*lead, 2))
    if grid:
        low, size = low.round(), size.round()
    parts = {
        "c": rng.randint(-1, 3, (*lead, 1)),
        "s": (rng.randint(0, 8, (*lead, 1)) / 8 if grid else rng.uniform(0, 1, (*lead, 1))),
        "b": np.concatenate([low, low + size] if format == "corner" else [low + size / 2, size], -1),
    }
    return lit(np.concatenate([parts[each] for each in order], -1).round(4).tolist(), dtype)


def boxes(*lead: int, seed: int = 0, format: str = "corner", dtype: str = "float32") -> Literal:
    return rows(*lead, seed=seed, format=format, dtype=dtype, order="b")


SAME = [0.1, 0.1, 0.6, 0.6]
ODD = [
    [0.9, 1, 1, 0, 0], [0.5, 1, 1, 0, 0], [0.7, 0, 0, 1, 1], [0.6, 2, 2, 2, 2], [0.55, 2, 2, 2, 2], [0.3, 0, 0, 1, INF],
]  # fmt: skip
FRACTIONS = [[2.5, 0.9, *SAME], [2.2, 0.5, *SAME], [2, 0.7, *SAME], [3, 0.1, *SAME]]
ONE = lit([[1, 1]])


def sampled(*shape: int, dtype: str = "float32") -> Drawn:
    """1 for what is sampled, else 0 or -1."""
    return whole(*shape, low=-1, high=2, dtype=dtype)


def matched(*shape: int, dtype: str = "float32") -> Drawn:
    """Numbers of three objects."""
    return whole(*shape, high=3, dtype=dtype)


def encoding(dtype: str) -> list[Drawn | Literal]:
    numbers = [boxes(1, 4, dtype=dtype), boxes(1, 3, seed=1, dtype=dtype), f(4, dtype=dtype)]
    return [sampled(1, 4, dtype=dtype), matched(1, 4, dtype=dtype), *numbers, f(4, low=0.1, high=1, dtype=dtype)]


SCORES = {"score_index": 0, "coord_start": 1}

CASES: dict[str, list[Case]] = {
    "_contrib_box_nms": [
        case(rows(9)),
        case(rows(2, 9, seed=1), overlap_thresh=0.2, id_index=0),
        case(rows(2, 2, 7, seed=2, grid=True), overlap_thresh=0.3),
        case(rows(12, seed=3), overlap_thresh=0.1, valid_thresh=0.3, topk=4),
        case(rows(9, seed=4), overlap_thresh=0.2, id_index=0, background_id=1, force_suppress=True),
        case(rows(9, seed=5), topk=0, out_format="center"),
        case(rows(9, seed=6), overlap_thresh=0.3, out_format="center"),
        case(rows(9, seed=7, format="center"), overlap_thresh=0.3, in_format="center"),
        case(rows(9, seed=8, format="center"), in_format="center", out_format="center", topk=-3),
        case(rows(2, 8, seed=9, order="bsc"), overlap_thresh=0.2, coord_start=0, score_index=4, id_index=5),
        case(rows(9, seed=10, dtype="float16"), overlap_thresh=0.3),
        case(rows(9, seed=11, dtype="float64"), overlap_thresh=0.3, id_index=0),
        case(rows(5, seed=12), valid_thresh=2),
        case(lit(ODD), overlap_thresh=0.1, **SCORES),
        case(lit(ODD), overlap_thresh=-1, **SCORES),
        case(
            lit([[2.5, 0.9, *SAME], [2.2, 0.5, *SAME], [2, 0.7, *SAME], [3, 0.1, *SAME]]), id_index=0, background_id=2
        ),
        case(lit([[NAN, *SAME], [0.5, *SAME], [INF, 2, 2, 3, 3], [-INF, 4, 4, 5, 5]]), valid_thresh=-1, **SCORES),
        case(lit([[0.9, -3, -2, -1, -1], [0.8, 0, 0, 1, 1]]), out_format="center", **SCORES),
        empty(f(2, 0, 6)),
        case(rows(3), coord_start=3),
        case(rows(3), score_index=2),
        case(rows(3), id_index=1),
        case(f(6)),
        case(lit([[1, 1, 0, 0, 2, 2]], "int32")),
    ],
    "_contrib_box_iou": [
        case(boxes(3), boxes(4, seed=1)),
        case(boxes(2, 3, seed=2), boxes(5, 1, seed=3)),
        case(boxes(3, seed=4, format="center"), boxes(4, seed=5, format="center"), format="center"),
        case(boxes(3, dtype="float16"), boxes(4, seed=1, dtype="float16")),
        case(boxes(3, dtype="float64"), boxes(4, seed=1, dtype="float64")),
        case(lit([[0, 0, 2, 2], [1, 1, 0, 0], [0, 0, 0, 0], [NAN, 0, 1, 1], [0, 0, 1, INF]]), boxes(3, seed=6)),
        case(f(4, 4), f(3, 4), format="center"),
        empty(f(0, 4), f(3, 4)),
        case(f(4), f(3, 4)),
        case(f(2, 5), f(3, 4)),
        case(f(2, 4), f(3, 4, dtype="float16")),
    ],
    "_contrib_bipartite_matching": [
        case(f(4, 5), threshold=-3),
        case(f(2, 3, 5), threshold=0.5, is_ascend=True),
        case(f(6, 3), threshold=1e-12),
        case(f(2, 2, 4, 4), threshold=-3, topk=1),
        case(f(4, 4), threshold=-3, topk=0),
        case(whole(5, 6, high=3, dtype="float32"), threshold=0.5),
        case(whole(5, 6, high=3, dtype="float32"), threshold=1.5, is_ascend=True),
        case(f(4, 5, dtype="float16"), threshold=0),
        case(f(4, 5, dtype="float64"), threshold=0),
        case(lit([[INF, 1], [1, -INF], [0.5, 2]]), threshold=0.1),
        case(f(4, 5), threshold=3),
        case(f(4), threshold=3),
        case(whole(2, 2), threshold=0),
        case(f(2, 2)),
    ],
    "_contrib_box_encode": [
        case(sampled(2, 5), matched(2, 5), boxes(2, 5), boxes(2, 3, seed=1), f(4), f(4, low=0.1, high=1)),
        case(sampled(1, 7), matched(1, 7), boxes(1, 7), boxes(1, 3, seed=1), f(4), f(4, low=0.1, high=1)),
        case(ONE, lit([[0, 2]]), boxes(1, 2), boxes(1, 3, seed=1), lit([0] * 4), lit([0.1, 0.1, 0.2, 0.2])),
        case(lit([[0.5, 0.51]]), lit([[0, 1.7]]), boxes(1, 2), boxes(1, 3, seed=1), f(4), lit([1] * 4)),
        case(lit([[-1, 0]]), lit([[-1, 7]]), boxes(1, 2), boxes(1, 3, seed=1), f(4), lit([1] * 4)),
        case(*encoding("float16")),
        case(*encoding("float64")),
        case(ONE, lit([[0, 1]]), lit([[SAME, [0, 0, 0, 1]]]), lit([[[0, 0, 1, 1], [2, 2, 1, 1]]]), f(4), lit([1] * 4)),
        case(sampled(2, 5), matched(2, 5), boxes(2, 5), boxes(2, 3, seed=1), f(4), f(3, low=0.1, high=1)),
        case(sampled(2, 5), matched(2, 5), boxes(5), boxes(2, 3, seed=1), f(4), f(4, low=0.1, high=1)),
    ],
    "_contrib_box_decode": [
        case(f(2, 5, 4), boxes(1, 5, format="center")),
        case(f(2, 5, 4), boxes(1, 5), format="corner"),
        case(f(1, 3, 4), boxes(1, 3, format="center"), std0=0.1, std1=0.2, std2=0.3, std3=0.4),
        case(f(1, 9, 4), boxes(1, 9, format="center"), clip=0.5),
        case(f(1, 9, 4), boxes(1, 9, format="center"), clip=0),
        case(f(1, 3, 4, dtype="float16"), boxes(1, 3, format="center", dtype="float16"), std2=0.3),
        case(f(1, 3, 4, dtype="float64"), boxes(1, 3, format="center", dtype="float64"), std2=0.5),
        case(lit([[[NAN, INF, 100, 0]]]), lit([[[1, 1, 2, 2]]])),
        case(f(2, 5, 4), f(2, 5, 4)),
        case(f(2, 5, 4), f(1, 4, 4)),
        case(f(5, 4), f(1, 5, 4)),
        case(f(1, 5, 4), f(1, 5, 4, dtype="float64")),
    ],
}
