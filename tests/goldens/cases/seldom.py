"""Operators that nothing but MXNet's own tests calls: functions of an element, pairs, whole arrays, matrices.

MXNet has pi and the default parameters of ``hard_sigmoid`` in float32 also where the numbers are float64, and reads and
writes past the end in ``_unravel_index`` of more than one dimension.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, case, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.0, NAN]
OTHERS = [1.0, INF, INF, -0.0, 3.0, 1.0, NAN]


def element(low: float, high: float, rtol: float | None = None, **attributes: Any) -> list[Case]:
    """A function of one element that lies between the two; the edges of its domain have no slope.

    ``rtol``: in float64.
    """
    return [
        case(f(2, 3, low=low, high=high), **attributes),
        case(f(3, 1, 2, low=low, high=high), **attributes),
        case(f(1, low=low, high=high), **attributes),
        replace(case(f(5, low=low, high=high, dtype=WIDE), **attributes), rtol=rtol),
        case(f(2, 2, low=low, high=high, dtype=HALF), **attributes),
        without_gradient(lit([*EDGES[:6], -1.0, 0.5, 1.5, -1.5]), **attributes),
        empty(f(0, 3, low=low, high=high), **attributes),
    ]


def few(*shape: int, dtype: str = "float32") -> Any:
    """Many equal elements, and zeros."""
    return whole(*shape, high=3, dtype=dtype)


def broadcasting() -> list[Case]:
    return [
        case(few(2, 3), few(1, 3)),
        case(few(2, 1, 4), few(1, 3, 1)),
        case(few(1, 1), few(3, 2)),
        case(few(2, 3, dtype=WIDE), few(2, 1, dtype=WIDE)),
        case(few(3, 1, dtype=HALF), few(1, 3, dtype=HALF)),
        case(few(2, 3, dtype="int32"), few(1, 3, dtype="int32")),
        case(lit([EDGES]), lit([[each] for each in OTHERS])),
        empty(few(0, 3), few(1, 3)),
        case(few(2, 3), few(2, 2)),
    ]


def with_scalar(*scalars: float) -> list[Case]:
    return [
        *[case(few(2, 3), scalar=number) for number in scalars],
        case(few(3, 1, dtype=WIDE), scalar=scalars[0]),
        case(few(5, dtype=HALF), scalar=scalars[0]),
        case(lit(EDGES), scalar=scalars[0]),
        empty(few(0, 3), scalar=scalars[0]),
    ]


CASES: dict[str, list[Case]] = {
    "arcsin": element(-0.9, 0.9),
    "arccos": element(-0.9, 0.9),
    "arctanh": element(-0.9, 0.9),
    "arccosh": element(1.1, 3),
    "tan": element(-1.4, 1.4),
    "degrees": element(-4, 4, rtol=2.0**-23),
    "radians": element(-400, 400, rtol=2.0**-23),
    "reciprocal": element(0.25, 3),
    "rsqrt": element(0.25, 3),
    "rcbrt": element(0.25, 3),
    "hard_sigmoid": [
        *element(-2, 2, rtol=2.0**-23),
        case(f(2, 3), alpha=0.5, beta=0.25),
        case(f(2, 3), alpha=-1, beta=0),
        case(f(7, low=-9, high=9)),
    ],
    "softmin": [
        case(f(2, 3)),
        case(f(2, 3, 4), axis=1),
        case(f(2, 3), axis=0),
        case(f(5, dtype=WIDE)),
        case(f(2, 3, dtype=HALF)),
        case(f(2, 3), temperature=2.5),
        case(lit([[900.0, 0, -900], [88, 89, 90]])),
        case(lit([[1.0, 1, 0], [INF, 1, 2]])),
        # MXNet computes in the dtype of the data and casts then.
        replace(case(f(2, 3), dtype="float64", axis=0), rtol=2e-5),
        empty(f(0, 3)),
        case(f(2, 3), axis=2),
    ],
    "broadcast_greater_equal": broadcasting(),
    "broadcast_lesser_equal": broadcasting(),
    "broadcast_logical_and": broadcasting(),
    "broadcast_logical_or": broadcasting(),
    "broadcast_logical_xor": broadcasting(),
    "broadcast_hypot": [
        case(f(2, 3), f(1, 3)),
        case(f(2, 1, 4), f(1, 3, 1)),
        case(f(1, 1), f(3, 2)),
        case(f(2, 3, dtype=WIDE), f(2, 1, dtype=WIDE)),
        case(f(3, 1, dtype=HALF), f(1, 3, dtype=HALF)),
        without_gradient(lit([EDGES]), lit([[each] for each in OTHERS])),
        empty(f(0, 3), f(1, 3)),
        case(f(2, 3), f(2, 2)),
    ],
    "_logical_or_scalar": with_scalar(0, 1, -2.5),
    "_logical_xor_scalar": with_scalar(0, 1, -2.5),
    "_rmod_scalar": [
        case(f(2, 3, low=1, high=4), scalar=7.5),
        case(f(2, 3, low=-4, high=-1), scalar=7.5),
        case(f(2, 3, low=1, high=4), scalar=-3),
        case(f(3, 1, low=1, high=4, dtype=WIDE), scalar=2.25),
        case(f(5, low=1, high=4, dtype=HALF), scalar=7.5),
        case(whole(2, 3, low=1, high=5), scalar=7),
        without_gradient(lit(EDGES), scalar=2),
        empty(f(0, 3), scalar=2),
    ],
    "_hypot_scalar": [
        case(f(2, 3), scalar=1.5),
        case(f(2, 3), scalar=-3),
        case(f(2, 3), scalar=0),
        case(f(3, 1, dtype=WIDE), scalar=2.25),
        case(f(5, dtype=HALF), scalar=1.5),
        without_gradient(lit(EDGES), scalar=2),
        empty(f(0, 3), scalar=2),
    ],
    "nanprod": [
        case(f(2, 3)),
        case(f(2, 3, 4), axis=1),
        case(f(2, 3, 4), axis=(0, 2)),
        case(f(2, 3, 4), axis=-1, keepdims=True),
        case(f(2, 3, 4), axis=1, exclude=True),
        case(lit([[NAN, 2.0, 3], [NAN, NAN, NAN]]), axis=1),
        case(lit([[NAN, 2.0, 0.5], [4, NAN, 3]]), axis=0),
        case(f(2, 3, dtype=WIDE), axis=0),
        case(f(2, 3, dtype=HALF), axis=0),
        case(f(2, 3), axis=2),
    ],
    "batch_take": [
        without_gradient(f(3, 4), whole(3, high=4)),
        without_gradient(f(1, 5), whole(1, high=5)),
        without_gradient(f(4, 1), whole(4, high=1)),
        without_gradient(f(3, 4, dtype=WIDE), whole(3, high=4)),
        without_gradient(f(3, 4, dtype=HALF), whole(3, high=4)),
        without_gradient(whole(3, 4), whole(3, high=4)),
        without_gradient(f(3, 4), lit([0, 9, -1], "int32")),
    ],
    "shape_array": [
        without_gradient(f(2, 3)),
        without_gradient(f(4)),
        without_gradient(f(2, 1, 3, 5)),
        without_gradient(whole(2, 3)),
        without_gradient(f(3, 2, dtype=HALF)),
        without_gradient(f(3, 2, dtype=WIDE)),
        empty(f(0, 3)),
    ],
    "size_array": [
        without_gradient(f(2, 3)),
        without_gradient(f(4)),
        without_gradient(f(2, 1, 3, 5)),
        without_gradient(whole(2, 3)),
        without_gradient(f(3, 2, dtype=HALF)),
        without_gradient(f(3, 2, dtype=WIDE)),
        empty(f(0, 3)),
    ],
    "slice_like": [
        case(f(3, 4), f(2, 3)),
        case(f(3, 4), f(2, 3), axes=(0,)),
        case(f(3, 4), f(2, 3), axes=(-1,)),
        case(f(3, 4, 5), f(2, 6, 3), axes=(0, 2)),
        case(f(3, 4, dtype=WIDE), f(2, 3, dtype=WIDE)),
        case(f(3, 4, dtype=HALF), f(2, 3, dtype=HALF)),
        case(whole(3, 4), whole(1, 1)),
        case(f(3, 4), f(4, 3)),
        case(f(3, 4), f(2)),
    ],
    "_split_v2": [
        case(f(4, 6), indices=(0, 2, 3), axis=1),
        case(f(4, 6), indices=(0, 1), axis=0),
        case(f(4, 6), indices=(), sections=3, axis=1),
        case(f(4, 6), indices=(), sections=4, axis=0, squeeze_axis=True),
        case(f(4, 6, dtype=WIDE), indices=(0, 5), axis=-1),
        case(f(4, 6, dtype=HALF), indices=(), sections=2, axis=1),
        case(whole(4, 6), indices=(0, 2), axis=1),
        case(f(4, 6), indices=(), sections=5, axis=1),
        case(f(4, 6), indices=(), sections=7, axis=1),
        case(f(4, 6), indices=(), sections=5, axis=1, squeeze_axis=True),
    ],
    "_unravel_index": [
        case(whole(4, high=12), shape=(3, 4)),
        case(whole(6, high=12), shape=(4, 3)),
        case(whole(5, high=24), shape=(2, 3, 4)),
        case(whole(5, high=7), shape=(7,)),
        case(whole(4, high=12, dtype="int64"), shape=(-1, 4)),
        case(whole(4, high=12, dtype="float32"), shape=(3, 4)),
        case(lit([0, 11, 12, 23], "int32"), shape=(3, 4)),
    ],
    "_linspace": [
        case(start=0, stop=1, num=5),
        case(start=2, stop=-1, num=4),
        case(start=0, stop=1, num=1),
        case(start=-1.5, stop=2.5, num=9, dtype="float64"),
        case(start=0, stop=10, num=4, dtype="int32"),
        case(start=0, stop=1, num=3, dtype="float16"),
        case(start=0, stop=1, num=4, endpoint=False),
        case(start=0, stop=1, num=0),
    ],
    "_linalg_extractdiag": [
        case(f(3, 3)),
        case(f(2, 3, 3)),
        case(f(3, 3), offset=1),
        case(f(3, 3), offset=-2),
        case(f(2, 2, 3, 3, dtype=WIDE), offset=1),
        case(f(1, 1, dtype=WIDE)),
        case(f(3, 3), offset=3),
        case(f(2, 3)),
    ],
    "_linalg_makediag": [
        case(f(3)),
        case(f(2, 3)),
        case(f(3), offset=1),
        case(f(3), offset=-2),
        case(f(2, 2, 3, dtype=WIDE), offset=1),
        case(f(1, dtype=WIDE)),
    ],
    "_linalg_sumlogdiag": [
        case(f(3, 3, low=0.5, high=3)),
        case(f(2, 3, 3, low=0.5, high=3)),
        case(f(1, 1, low=0.5, high=3)),
        case(f(2, 2, 3, 3, low=0.5, high=3, dtype=WIDE)),
        case(f(4, 4, low=0.5, high=3, dtype=WIDE)),
        without_gradient(lit([[1.0, 5], [5, -1]])),
        without_gradient(lit([[0.0, 5], [5, 1]])),
        case(f(2, 3, low=0.5, high=3)),
    ],
    "_linalg_syrk": [
        case(f(2, 3)),
        case(f(2, 3), transpose=True),
        case(f(2, 2, 3), alpha=0.5),
        case(f(2, 3, 2, dtype=WIDE), transpose=True, alpha=-2.0),
        case(f(3, 3, dtype=WIDE)),
        case(f(1, 4)),
        case(f(4)),
    ],
    "_contrib_boolean_mask": [
        case(f(3, 2), lit([1.0, 0, 1])),
        case(f(4), lit([0.0, 1, 1, 0])),
        case(f(3, 2, 2), lit([1.0, 1, 1])),
        case(f(3, 2, dtype=WIDE), lit([0.0, 0, 1], WIDE)),
        case(f(3, 2, dtype=HALF), lit([1.0, 0, 0], HALF)),
        case(whole(3, 2), lit([1, 0, 1], "int32")),
        case(f(3, 2), lit([2.0, -1, 0])),
        case(f(3, 2), lit([1.0, 0])),
    ],
}
