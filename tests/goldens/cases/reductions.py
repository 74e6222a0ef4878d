"""Reductions, and positions of what is largest.

MXNet reduces nothing to something only along the first axis, and finds no extremum in an array without elements.
"""

from __future__ import annotations

from ..case import Case, case, distinct, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
TIES = [[1, 1, 0], [NAN, 2, 3], [0, 5, 5]]


def reduced() -> list[Case]:
    return [
        case(distinct(3, 4)),
        case(distinct(3, 4), axis=0),
        case(distinct(3, 4), axis=-1, keepdims=True),
        case(distinct(2, 3, 4), axis=(0, 2)),
        case(distinct(2, 3, 4), axis=(-1, 0), keepdims=True),
        case(distinct(2, 3, 4), axis=1, exclude=True),
        case(distinct(2, 3, 4, dtype=WIDE), axis=(0, 1), exclude=True, keepdims=True),
        case(distinct(2, 3, dtype=HALF), axis=1),
        case(distinct(2, 3), axis=()),
        case(distinct(2, 3, 2), axis=(0, 1, 2)),
        case(f(1), axis=0),
        case(f(3, 1), axis=1),
        case(whole(3, 4, low=-5), axis=0),
        case(whole(3, 4, dtype="int64")),
        case(whole(3, 4, high=60, dtype="uint8"), axis=0),
        case(lit(TIES), axis=1),
        case(lit([[NAN, NAN], [-INF, -INF]]), axis=1),
        case(lit([[INF, -INF], [INF, 1]]), axis=1),
        case(f(3, 4), axis=2),
        case(f(3, 4), axis=(0, 0)),
    ]


SUMS = [empty(f(0, 3), axis=0), empty(f(0, 3), axis=1), empty(f(3, 0)), empty(f(3, 0), axis=0)]


def positions() -> list[Case]:
    return [
        case(distinct(3, 4), axis=1),
        case(distinct(3, 4)),
        case(distinct(3, 4), axis=-2, keepdims=True),
        case(distinct(2, 3, 4), axis=1),
        case(distinct(2, 3, 4, dtype=WIDE), axis=0),
        case(distinct(3, 4, dtype=HALF), axis=1),
        case(whole(3, 4), axis=1),
        case(lit([[1, 1, 0], [2, 3, 3]]), axis=1),
        case(f(1), axis=0),
        case(f(3, 1), axis=1),
        case(distinct(3, 4), keepdims=True),
        case(f(3, 4), axis=2),
        case(f(3, 4), axis=-3),
        case(lit([[NAN, 1, 2], [1, NAN, 2], [1, 2, NAN], [NAN, NAN, NAN]]), axis=1),
        case(lit([[-INF, -INF], [INF, INF]]), axis=1),
        case(whole(3, 4, low=-5, dtype="int64"), axis=0),
        case(whole(3, 4, dtype="uint8"), axis=1),
        empty(f(3, 0), axis=0),
        empty(f(0, 3), axis=1),
        empty(f(0, 3), axis=0),
        empty(f(0)),
    ]


CASES: dict[str, list[Case]] = {
    **{name: [*reduced(), *SUMS] for name in ("sum", "mean")},
    **{name: reduced() for name in ("max", "min")},
    "norm": [
        case(f(3, 4)),
        case(f(3, 4), axis=0),
        case(f(3, 4), axis=-1, keepdims=True),
        case(f(3, 4), ord=1, axis=1),
        case(f(3, 4), ord=1),
        case(f(2, 3, 4), axis=(0, 2)),
        case(f(2, 3, 4), ord=1, axis=(1, 2), keepdims=True),
        case(f(3, 4, dtype=WIDE), axis=1),
        case(f(3, 4, dtype=HALF), axis=1),
        case(f(3, 4, dtype=WIDE), axis=1, out_dtype=WIDE),
        case(f(1), axis=0),
        case(lit([[NAN, 1], [3, 4]]), axis=1),
        # The slope at 0 is NaN in MXNet.
        without_gradient(lit([[0.0, 0], [3, 4]]), axis=1),
        case(lit([[0.0, -2], [3, 0]]), ord=1, axis=1),
        case(lit([[3e38, 3e38], [1e-30, 1e-30]]), axis=1),
        # The norm of two infinities is NaN in MXNet.
        case(lit([[INF, 1], [2, -INF]]), axis=0),
        case(f(2, 3, 4), axis=(-1, 0)),
        *SUMS,
        case(f(3, 4), ord=3, axis=1),
        case(f(3, 4), axis=2),
    ],
    "argmax": positions(),
    "argmax_channel": [
        case(distinct(3, 4)),
        case(distinct(2, 3, 4)),
        case(distinct(3, 4, dtype=WIDE)),
        case(distinct(3, 4, dtype=HALF)),
        case(lit([[1, 1, 0], [2, 3, 3]])),
        case(f(3, 1)),
        case(f(1, 1)),
        case(lit([[NAN, 1, 2], [1, NAN, 2]])),
        case(lit([[-INF, -INF]])),
        empty(f(0, 3)),
    ],
    "topk": [
        case(distinct(3, 4)),
        case(distinct(3, 4), k=2),
        case(distinct(3, 4), k=2, axis=0, ret_typ="value"),
        case(distinct(3, 4), k=2, ret_typ="both", is_ascend=True),
        case(distinct(3, 4), k=2, ret_typ="mask"),
        case(distinct(2, 3, 4), k=2, axis=1, ret_typ="value"),
        case(distinct(2, 3, 4), k=2, axis=-2, ret_typ="mask"),
        case(distinct(3, 4), k=3, axis=None, ret_typ="both"),
        case(distinct(3, 4), k=0, ret_typ="value"),
        case(distinct(3, 4), k=2, dtype="int32"),
        case(distinct(3, 4, dtype=WIDE), k=2, ret_typ="both", dtype=WIDE),
        case(distinct(3, 4, dtype=HALF), k=2, ret_typ="value"),
        case(distinct(3, 4, high=9, low=-3, dtype="int32"), k=2, ret_typ="value"),
        case(f(1), k=1, ret_typ="both"),
        case(f(3, 1), k=1, ret_typ="mask", axis=-2),
        case(whole(3, 4, high=2, dtype="uint8"), k=4, ret_typ="value"),
        case(whole(3, 4, high=99, dtype="int64"), k=1, ret_typ="both", dtype="int64"),
        case(lit([[1, 1, 2, 2], [0, 0, 0, 0]]), k=3, ret_typ="both"),
        case(lit([[1, 1, 2, 2], [0, 0, 0, 0]]), k=3, ret_typ="both", is_ascend=True),
        case(lit([[INF, 1, -INF], [-INF, INF, 0]]), k=2, ret_typ="both"),
        case(distinct(3, 4), k=-1, ret_typ="value"),
        empty(f(0, 3), k=2),
        empty(f(3, 0), k=0, ret_typ="value"),
        case(f(3, 4), k=5),
        case(f(3, 4), axis=2),
        case(f(3, 4), ret_typ="other"),
    ],
}
