"""Operators that MXNet's own machinery uses and a program can call."""

from __future__ import annotations

from ..case import Case, case, empty, f, lit, whole

CASES: dict[str, list[Case]] = {
    "_identity_with_attr_like_rhs": [
        case(f(2, 3), f(2, 3)),
        case(f(4), f(4)),
        case(f(2, 1, 3, dtype="float64"), f(2, 1, 3, dtype="float64")),
        case(f(3, 2, dtype="float16"), f(3, 2, dtype="float16")),
        case(whole(2, 3), whole(2, 3)),
        case(lit([float("nan"), 1, float("inf")]), f(3)),
        case(f(2, 3), f(3, 2)),
        case(f(2, 3), f(2, 1)),
        case(f(2, 3), f(2, 3, dtype="float64")),
        empty(f(0, 3), f(0, 3)),
    ],
}
