"""Casts between floating dtypes, and answers about whole arrays: whether they are finite, or nearly equal."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"


def continued(*arrays: Any, **attributes: Any) -> Case:
    """The answer goes on from what the last array holds."""
    return Case(arrays, {**attributes, "init_output": False}, grad=(), out=len(arrays) - 1, passed=len(arrays) - 1)


CASES: dict[str, list[Case]] = {
    "amp_cast": [
        case(f(2, 3), dtype=HALF),
        case(f(2, 3), dtype=WIDE),
        case(f(2, 3, dtype=HALF), dtype="float32"),
        case(f(2, 3, dtype=WIDE), dtype=HALF),
        case(f(2, 3, dtype=WIDE), dtype="float32"),
        without_gradient(lit([1.7, -1.7, 2.5]), dtype="int32"),
        without_gradient(f(2, 3, dtype=HALF), dtype="int8"),
        case(whole(2, 3), dtype=HALF),
        case(whole(2, 3, dtype="uint8"), dtype="float32"),
        without_gradient(lit([1e6, NAN, INF, -INF, 1e-9]), dtype=HALF),
        without_gradient(f(2, 3), dtype="bool"),
        without_gradient(f(2, 3)),
    ],
    "amp_multicast": [
        case(f(2, 3), f(4, dtype=HALF), num_outputs=2),
        case(f(2, 3), f(4, dtype=HALF), num_outputs=2, cast_narrow=True),
        case(f(2, 3, dtype=HALF), f(2, 3, dtype=WIDE), f(1), num_outputs=3),
        case(f(2, 3, dtype=WIDE), f(2, 3), f(1, dtype=HALF), num_outputs=3, cast_narrow=True),
        case(f(2, dtype=HALF), num_outputs=1),
        case(f(2), f(2), num_outputs=2),
        case(whole(2), whole(3, dtype="int8"), num_outputs=2),
        without_gradient(f(2), f(2, dtype=HALF), num_outputs=3),
        without_gradient(f(2), f(2, dtype=HALF)),
    ],
    "all_finite": [
        without_gradient(f(2, 3)),
        without_gradient(lit([1, NAN])),
        without_gradient(lit([[INF, 1]])),
        without_gradient(lit([-INF, 1], HALF)),
        without_gradient(f(2, 3, dtype=HALF)),
        without_gradient(f(2, 3, dtype=WIDE)),
        without_gradient(lit([1, NAN], WIDE)),
        continued(f(2), lit([0])),
        continued(f(2), lit([1])),
        continued(lit([1, NAN]), lit([1])),
        without_gradient(whole(2, 3)),
    ],
    "multi_all_finite": [
        without_gradient(f(2, 3), f(4), num_arrays=2),
        without_gradient(f(2), lit([[NAN]]), num_arrays=2),
        without_gradient(f(2, dtype=HALF), lit([INF, 1], HALF), f(1, dtype=HALF), num_arrays=3),
        without_gradient(f(2, dtype=WIDE), f(1, 1, dtype=WIDE), num_arrays=2),
        without_gradient(f(2)),
        continued(f(2), f(2), lit([0]), num_arrays=2),
        continued(f(2), f(2), lit([1]), num_arrays=2),
        without_gradient(f(2), f(2)),
        without_gradient(f(2), f(2, dtype=HALF), num_arrays=2),
        without_gradient(whole(2), whole(2), num_arrays=2),
    ],
    # MXNet takes any number to be near an infinite one.
    "_contrib_allclose": [
        without_gradient(lit([1, 2]), lit([1, 2])),
        without_gradient(lit([1, 2]), lit([1, 2.1])),
        without_gradient(lit([[1, 2]]), lit([[1, 2.1]]), atol=0.2),
        without_gradient(lit([1]), lit([2]), rtol=0.5),
        without_gradient(lit([2]), lit([1]), rtol=0.5),
        without_gradient(lit([1, NAN]), lit([1, NAN])),
        without_gradient(lit([1, NAN]), lit([1, NAN]), equal_nan=False),
        without_gradient(lit([1, NAN]), lit([1, 1])),
        without_gradient(lit([1, INF]), lit([1, INF])),
        without_gradient(lit([1, INF]), lit([1, 2])),
        without_gradient(lit([1]), lit([1.00001])),
        without_gradient(lit([1], WIDE), lit([1.00001], WIDE)),
        without_gradient(lit([1, 2], HALF), lit([1, 2.002], HALF), rtol=0.001),
        without_gradient(lit([1, 2], "int32"), lit([1, 3], "int32")),
        without_gradient(lit([2, 2], "uint8"), lit([1, 3], "uint8"), atol=1),
        without_gradient(lit([2**60], "int64"), lit([2**60 + 1], "int64"), rtol=0),
        without_gradient(lit([1]), lit([1]), atol=-1),
        without_gradient(f(1, 2), f(2)),
        without_gradient(f(2), f(2, dtype=WIDE)),
    ],
    **{
        name: [
            case(lit([1, NAN, INF, -INF, 0])),
            case(lit([[1, NAN], [INF, -INF]], HALF)),
            case(lit([1, NAN, INF, 1e300], WIDE)),
            case(f(2, 3)),
            case(whole(2, 3)),
            case(whole(2, 3, dtype="int64")),
        ]
        for name in ("_contrib_isnan", "_contrib_isinf", "_contrib_isfinite")
    },
}
