"""Boxes that suppress each other, overlap, match and are encoded."""

from __future__ import annotations

import numpy as np

from ..case import Case, Literal, case, empty, f, lit

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
}
