"""Trigonometric, hyperbolic and inverse functions, roots, logical operations, and products that pass over NaN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, case, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.0]
#: MXNet's constants and parameters are float32, for float64 too.
SINGLE = 1e-6


def function(low: float, high: float, wide: float | None = None, ints: bool = True) -> list[Case]:
    """A function of each element, of which ``low`` and ``high`` bound the domain."""

    def data(*shape: int, dtype: str = "float32") -> Any:
        return f(*shape, low=low, high=high, dtype=dtype)

    return [
        case(data(2, 3)),
        case(data(3, 1, 2)),
        case(data(1)),
        replace(case(data(5, dtype=WIDE)), rtol=wide),
        case(data(2, 2, dtype=HALF)),
        without_gradient(lit(EDGES)),
        without_gradient(lit([90.0, -90, 1e-6, -1e-6, 1e30])),
        empty(data(0, 3)),
        *([case(whole(2, 3, low=2, high=9)), case(whole(5, low=1, high=9, dtype="int64"))] if ints else []),
        case(lit([True, False], "bool")),
    ]


def two(left: Any, right: Any, edges: bool = True) -> list[Case]:
    """An operation of two arrays that broadcast."""
    return [
        case(left(2, 3), right(1, 3)),
        case(left(2, 1, 4), right(1, 3, 1)),
        case(left(1, 1, dtype=WIDE), right(3, 2, dtype=WIDE)),
        case(left(3, 1, dtype=HALF), right(1, 2, dtype=HALF)),
        case(left(1), right(1)),
        *([without_gradient(lit([EDGES]), lit([[each] for each in EDGES]))] if edges else []),
        case(whole(2, 3, low=-2, high=3), whole(2, 1, low=-1, high=2)),
        case(whole(2, 3, high=3, dtype="uint8"), whole(2, 3, high=2, dtype="uint8")),
        case(whole(4, low=-2, high=3, dtype="int64"), whole(4, low=-1, high=2, dtype="int64")),
        empty(left(0, 3), right(0, 3)),
        case(left(2, 3), right(2, 2)),
    ]


def few(*shape: int, dtype: str = "float32") -> Any:
    """Many zeros and equal elements."""
    return whole(*shape, low=-1, high=2, dtype=dtype)


def number(data: Any, *scalars: float) -> list[Case]:
    """An operation of an array and a number."""
    return [
        *(case(data(2, 3), scalar=each) for each in scalars),
        case(data(3, 1, 2), scalar=2.0),
        case(data(5, dtype=WIDE), scalar=2.0),
        case(data(4, dtype=HALF), scalar=2.0),
        case(whole(2, 3, low=1, high=9), scalar=3),
        case(whole(5, low=1, high=9, dtype="uint8"), scalar=3),
        case(whole(5, low=1, high=9, dtype="int64"), scalar=2),
        without_gradient(lit(EDGES), scalar=1.0),
        empty(data(0, 3), scalar=2.0),
    ]


def away(*shape: int, dtype: str = "float32") -> Any:
    return f(*shape, low=0.3, high=3.0, dtype=dtype)


CASES: dict[str, list[Case]] = {
    "tan": function(-1.2, 1.2),
    "arcsin": function(-0.9, 0.9),
    "arccos": function(-0.9, 0.9),
    "arctan": function(-3, 3),
    "arccosh": function(1.2, 4),
    "arctanh": function(-0.9, 0.9, ints=False),
    "degrees": function(-3, 3, wide=SINGLE),
    "radians": function(-180, 180, wide=SINGLE),
    "rsqrt": function(0.25, 3),
    "rcbrt": function(0.25, 3),
    "reciprocal": function(0.25, 3),
    "hard_sigmoid": [
        # Not where it begins to be flat: there MXNet's slope is 0.
        case(lit([[-3.0, -2, -0.5], [0, 1.5, 3]])),
        case(f(3, 1, 2, low=-2, high=2)),
        replace(case(f(5, low=-2, high=2, dtype=WIDE)), rtol=SINGLE),
        case(f(2, 2, low=-2, high=2, dtype=HALF)),
        case(f(2, 3), alpha=0.5, beta=0.25),
        without_gradient(lit(EDGES)),
        empty(f(0, 3)),
    ],
    "softmin": [
        case(f(2, 3)),
        case(f(2, 3, 4), axis=1),
        case(f(2, 3), axis=0),
        case(f(5, dtype=WIDE)),
        case(f(2, 3, dtype=HALF)),
        case(lit([[900.0, 0, -900], [88, 89, 90]])),
        case(f(2, 3), temperature=2.5),
        empty(f(0, 3)),
        case(f(2, 3), axis=2),
    ],
    "broadcast_logical_and": two(few, few),
    "broadcast_logical_or": two(few, few),
    "broadcast_logical_xor": two(few, few),
    "broadcast_greater_equal": two(few, few),
    "broadcast_lesser_equal": two(few, few),
    "broadcast_hypot": two(away, away),
    "_logical_or_scalar": number(few, 0.0, 1.0),
    "_logical_xor_scalar": number(few, 0.0, 1.0),
    "_hypot_scalar": number(away, 1.5, -0.5),
    "_rmod_scalar": number(away, 2.5, -1.5),
    "nanprod": [
        case(away(3, 4)),
        case(away(3, 4), axis=0),
        case(away(3, 4), axis=-1, keepdims=True),
        case(away(2, 3, 4), axis=(0, 2)),
        case(away(2, 3, 4), axis=1, exclude=True),
        case(away(2, 3, 4, dtype=WIDE), axis=(0, 1), exclude=True, keepdims=True),
        case(away(2, 3, dtype=HALF), axis=1),
        case(away(2, 3), axis=()),
        case(whole(3, 4, low=-5), axis=0),
        case(lit([[NAN, 2, 3], [0.5, NAN, NAN], [NAN, NAN, NAN]]), axis=1),
        without_gradient(lit([[INF, 2], [INF, NAN], [1, -INF]]), axis=1),
        case(f(3, 4), axis=2),
    ],
}
