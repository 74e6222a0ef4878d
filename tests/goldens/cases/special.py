"""The gamma function and its logarithm, and the inverse of the error function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, case, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
#: MXNet's slopes of float64 are made of constants in float32.
SLOPES = 1e-6


def gammas(overflows: list[float]) -> list[Case]:
    """A function around the poles of gamma: none of the numbers is near one."""
    between = [-5.6, -3.4, -2.3, -1.7, -0.45, 0.3, 0.9, 1.2, 1.9, 2.6, 5.1, 9.2, 30.5]
    return [
        case(f(2, 3, low=0.25, high=6)),
        case(f(3, 1, 2, low=0.25, high=20)),
        case(lit(between)),
        replace(case(lit(between, WIDE)), rtol=SLOPES),
        without_gradient(lit([*between, 1e-300, 1 + 1e-9, 2 - 1e-9, 150.5], WIDE)),
        case(f(2, 2, low=0.5, high=6, dtype=HALF)),
        case(lit([0.0, -0.0, 1, 2, INF, -INF, NAN, -1, -2, -1e30])),
        without_gradient(lit([0.0, -0.0, 1, 2, INF, -INF, NAN, -1, -2, -1e30], WIDE)),
        case(lit(overflows)),
        case(whole(7, low=1, high=9)),
        case(whole(3, 2, low=1, high=12, dtype="int64")),
        case(lit([1, 2, 3, 4, 5, 6], "uint8")),
        case(lit([0, -1, -5], "int32")),
        empty(f(0, 3)),
        case(lit([True, False], "bool")),
    ]


CASES: dict[str, list[Any]] = {
    "gamma": gammas([34.9, 35.1, -33.5, -40.5, 1e-37, -1e-37]),
    "gammaln": gammas([34.9, 1e10, 1e36, -33.5, -1e4 + 0.5, 1e-37, -1e-37]),
    "erfinv": [
        case(f(2, 3, low=-0.99, high=0.99)),
        case(f(3, 1, 2, low=-0.5, high=0.5)),
        without_gradient(f(6, low=-0.99, high=0.99, dtype=WIDE)),
        replace(case(f(6, low=-0.99, high=0.99, dtype=WIDE)), rtol=SLOPES),
        case(f(2, 2, low=-0.9, high=0.9, dtype=HALF)),
        case(lit([0.0, -0.0, 1, -1, 1.5, -1.5, INF, -INF, NAN])),
        replace(case(lit([0.0, -0.0, 1, -1, 1.5, -1.5, INF, -INF, NAN], WIDE)), rtol=SLOPES),
        case(lit([0.999, -0.9999, 0.85, 0.8500001, 1e-30, -1e-5])),
        case(lit([0, 1, -1, 2, -3], "int32")),
        case(lit([0, 2, 255], "uint8")),
        empty(f(0, 3)),
        case(lit([True, False], "bool")),
    ],
}
