"""Comparisons, which give ones and zeros of the operands' type, and choices by them."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, empty, f, lit, whole

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.0, NAN]
OTHERS = [1.0, INF, INF, -0.0, 3.0, 1.0, NAN]


def few(*shape: int, dtype: str = "float32") -> Any:
    """Many equal elements."""
    return whole(*shape, high=3, dtype=dtype)


def alike() -> list[Case]:
    return [
        case(few(2, 3), few(2, 3)),
        case(few(3, 1, 4), few(3, 1, 4)),
        case(few(1), few(1)),
        case(few(7, dtype=WIDE), few(7, dtype=WIDE)),
        case(few(7, dtype=HALF), few(7, dtype=HALF)),
        case(few(7, dtype="int32"), few(7, dtype="int32")),
        case(few(2, 3, dtype="uint8"), few(2, 3, dtype="uint8")),
        case(lit(EDGES), lit(OTHERS)),
        empty(few(0, 3), few(0, 3)),
        case(few(2, 3), few(3, 2)),
    ]


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


def with_scalar() -> list[Case]:
    return [
        case(few(2, 3), scalar=1),
        case(few(3, 1, 2), scalar=1.5),
        case(few(1), scalar=0),
        case(few(4, dtype=WIDE), scalar=2),
        case(few(5, dtype=HALF), scalar=1),
        case(few(2, 3, dtype="int32"), scalar=1),
        case(few(2, 3, dtype="uint8"), scalar=2),
        case(lit(EDGES), scalar=INF),
        case(lit(EDGES), scalar=0),
        empty(few(0, 3), scalar=1),
    ]


CASES: dict[str, list[Case]] = {
    **{name: alike() for name in ("_equal", "_not_equal", "_greater", "_greater_equal", "_lesser", "_lesser_equal")},
    **{
        f"_{name}_scalar": with_scalar()
        for name in ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal")
    },
    **{f"broadcast_{name}": broadcasting() for name in ("equal", "not_equal", "greater", "lesser")},
    "where": [
        Case([few(2, 3), f(2, 3), f(2, 3)], grad=(1, 2)),
        Case([few(2), f(2, 3), f(2, 3)], grad=(1, 2)),
        Case([few(3, dtype="int32"), f(3, 1, 2, dtype=WIDE), f(3, 1, 2, dtype=WIDE)], grad=(1, 2)),
        Case([few(4, dtype=WIDE), f(4, dtype=HALF), f(4, dtype=HALF)], grad=(1, 2)),
        Case([lit([NAN, 0.0, -0.0, 1]), lit([1, NAN, INF, 4]), lit([NAN, 2, 3, NAN])], grad=(1, 2)),
        Case([few(1), f(1), f(1)], grad=(1, 2)),
        Case([few(2, 3), whole(2, 3), whole(2, 3)], grad=()),
        empty(f(0, 3), f(0, 3), f(0, 3)),
        case(few(2, 3), f(2, 3), f(2, 2)),
        case(few(3), f(2, 3), f(2, 3)),
    ],
}
