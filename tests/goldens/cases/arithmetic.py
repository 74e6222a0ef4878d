"""Arithmetic of arrays with arrays and with numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, case, empty, f, lit, whole

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
#: Where results and slopes are infinite or undefined.
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.5]
OTHERS = [1.0, 2.0, INF, 0.0, 3.0, NAN, -INF, -2.5]


def positive(*shape: int, dtype: str = "float32") -> Drawn:
    return f(*shape, low=0.25, high=3.0, dtype=dtype)


def away(*shape: int, dtype: str = "float32") -> Drawn:
    """Not near 0."""
    return f(*shape, low=-3.0, high=-0.25, dtype=dtype)


def alike(left: Any = f, right: Any = f, ints: bool = True, grad: bool = True) -> list[Case]:
    """Two arrays of one shape."""
    made = [
        case(left(2, 3), right(2, 3)),
        case(left(3, 1, 2), right(3, 1, 2)),
        case(left(1), right(1)),
        case(left(4, dtype=WIDE), right(4, dtype=WIDE)),
        case(left(2, 2, dtype=HALF), right(2, 2, dtype=HALF)),
        Case([lit(EDGES), lit(OTHERS)], grad=()),
        empty(left(0, 3), right(0, 3)),
        case(left(2, 3), right(3, 2)),
    ]
    if ints:
        made += [
            case(whole(2, 3, low=-5, high=9), whole(2, 3, low=1, high=5)),
            case(whole(5, low=0, high=9, dtype="int64"), whole(5, low=1, high=4, dtype="int64")),
            case(whole(2, 2, low=5, high=9, dtype="uint8"), whole(2, 2, low=1, high=5, dtype="uint8")),
        ]
    return made if grad else [replace(each, grad=()) for each in made]


def broadcasting(left: Any = f, right: Any = f, ints: bool = True, grad: bool = True) -> list[Case]:
    """Two arrays whose shapes are made alike."""
    made = [
        case(left(2, 3), right(1, 3)),
        case(left(2, 1, 4), right(1, 3, 1)),
        case(left(2, 3, 4), right(2, 1, 1)),
        case(left(1, 1, dtype=WIDE), right(3, 2, dtype=WIDE)),
        case(left(3, 1, dtype=HALF), right(1, 2, dtype=HALF)),
        Case([lit([EDGES]), lit([[each] for each in OTHERS])], grad=()),
        case(left(1), right(1)),
        empty(left(0, 3), right(0, 3)),
        case(left(2, 3), right(2, 2)),
    ]
    if ints:
        made += [
            case(whole(2, 3, low=-5, high=9), whole(1, 3, low=1, high=5)),
            case(whole(3, 1, low=5, high=9, dtype="uint8"), whole(1, 2, low=1, high=5, dtype="uint8")),
        ]
    return made if grad else [replace(each, grad=()) for each in made]


def with_scalar(*scalars: float, data: Any = f, ints: tuple[float, ...] = (2, -3), grad: bool = True) -> list[Case]:
    made = [case(data(2, 3), scalar=each) for each in scalars]
    made += [
        case(data(3, 1, 2), scalar=scalars[0]),
        case(data(1), scalar=scalars[-1]),
        case(data(4, dtype=WIDE), scalar=scalars[0]),
        case(data(2, 2, dtype=HALF), scalar=scalars[0]),
        Case([lit(EDGES)], {"scalar": scalars[0]}, grad=()),
        empty(data(0, 3), scalar=scalars[0]),
        *(case(whole(2, 3, low=1, high=9), scalar=each) for each in ints),
    ]
    return made if grad else [replace(each, grad=()) for each in made]


CASES: dict[str, list[Case]] = {
    "elemwise_add": alike(),
    "elemwise_sub": alike(),
    "elemwise_mul": alike(),
    "elemwise_div": alike(right=away),
    "_mod": alike(right=away, ints=False),
    "_power": alike(left=positive),
    "broadcast_add": broadcasting(),
    "broadcast_sub": broadcasting(),
    "broadcast_mul": broadcasting(),
    "broadcast_div": broadcasting(right=away),
    "broadcast_power": broadcasting(left=positive, ints=False),
    "broadcast_maximum": broadcasting(),
    "_plus_scalar": with_scalar(1.5, -2.0, 0.0),
    "_minus_scalar": with_scalar(1.5, -2.0, 0.0),
    "_rminus_scalar": with_scalar(1.5, -2.0, 0.0),
    "_mul_scalar": with_scalar(1.5, -2.0, 0.0),
    "_div_scalar": with_scalar(1.5, -2.0, 0.25),
    "_rdiv_scalar": with_scalar(1.5, -2.0, 0.0, data=away),
    "_power_scalar": with_scalar(1.5, -2.0, 3.0, 0.5, data=positive, ints=(2, 3)),
    "_rpower_scalar": with_scalar(1.5, 2.0, 0.5, ints=()),
    "_maximum_scalar": with_scalar(0.5, -1.0, 0.0),
    "add_n": [
        case(f(2, 3)),
        case(f(2, 3), f(2, 3)),
        case(f(3, 1), f(3, 1), f(3, 1)),
        case(*(f(2, 2, dtype=WIDE) for _ in range(5))),
        case(f(1, dtype=HALF), f(1, dtype=HALF)),
        case(whole(2, 3), whole(2, 3)),
        case(lit(EDGES), lit(OTHERS), lit(EDGES)),
        empty(f(0, 3), f(0, 3)),
        case(f(2), f(3)),
    ],
    "clip": [
        case(f(2, 3), a_min=-0.5, a_max=0.5),
        case(f(3, 1, 2, dtype=WIDE), a_min=0, a_max=1.25),
        case(f(4, dtype=HALF), a_min=-1, a_max=1),
        case(whole(2, 3, low=-9, high=9), a_min=-3, a_max=4),
        case(lit([-1.0, 0, 1, 2, INF, -INF]), a_min=0, a_max=1),
        case(f(1), a_min=-5, a_max=5),
        case(whole(5, high=9, dtype="uint8"), a_min=2, a_max=6),
        case(f(2, 2), a_min=1, a_max=-1),
        empty(f(0, 3), a_min=0, a_max=1),
    ],
}
