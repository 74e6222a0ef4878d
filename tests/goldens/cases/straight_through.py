"""Operators whose gradient is stated, and arithmetic for gradients and sparse arrays."""

from __future__ import annotations

from ..case import Case, Literal, case, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"


def halves(dtype: str) -> Literal:
    return lit([0.5, 1.5, 2.5, -0.5, -1.5, 0.4, -0.4, 0, -0.0], dtype)


CASES: dict[str, list[Case]] = {
    "_contrib_round_ste": [
        case(f(2, 3)),
        case(halves("float32")),
        case(halves(HALF)),
        case(halves(WIDE)),
        case(lit([NAN, INF, -INF, 0.49999997])),
        case(whole(2, 3, low=-5)),
        case(whole(3, dtype="uint8")),
    ],
    "_contrib_sign_ste": [
        case(f(2, 3)),
        case(halves("float32")),
        case(halves(HALF)),
        case(halves(WIDE)),
        case(lit([NAN, INF, -INF, 1e-30])),
        case(whole(2, 3, low=-5)),
        case(whole(3, dtype="uint8")),
    ],
    "_contrib_gradientmultiplier": [
        case(f(2, 3)),
        case(f(2, 3), scalar=-2),
        case(f(2, 3), scalar=0.5, is_int=False),
        case(f(2, 3), scalar=2.7),
        case(f(2, 3, dtype=WIDE), scalar=0.1),
        case(f(2, 3, dtype=HALF), scalar=0.1),
        case(whole(2, 3), scalar=-2),
        case(lit([NAN, INF]), scalar=0),
    ],
    # MXNet has no gradient of it.
    "_contrib_backward_gradientmultiplier": [
        without_gradient(f(2, 3)),
        without_gradient(f(2, 3), scalar=-2),
        without_gradient(f(2, 3, dtype=WIDE), scalar=0.1),
        without_gradient(f(2, 3, dtype=HALF), scalar=0.1),
        case(whole(2, 3), scalar=2.5),
        without_gradient(whole(2, 3), scalar=2.5, is_int=False),
        case(whole(2, 3, dtype="uint8"), scalar=100),
    ],
    "_contrib_quadratic": [
        case(f(2, 3)),
        case(f(2, 3), a=1, b=2, c=3),
        case(f(2, 3), a=-0.3, b=0.7, c=1.1),
        case(f(2, 3, dtype=WIDE), a=0.5, b=-1.25, c=3),
        case(f(2, 3, dtype=HALF), a=0.1, b=2, c=3),
        case(lit([1, 2, 3], "int32"), a=0.5, b=2.7, c=3.9),
        case(lit([1, 2, 3], "uint8"), a=100, b=2.7, c=-1),
        without_gradient(lit([NAN, INF, -INF]), a=1, b=2, c=3),
        without_gradient(lit([NAN, INF, -INF])),
    ],
    # MXNet has no gradient of it.
    "_grad_add": [
        without_gradient(f(2, 3), f(2, 3)),
        without_gradient(f(2, 3, dtype=HALF), f(2, 3, dtype=HALF)),
        without_gradient(f(2, 3, dtype=WIDE), f(2, 3, dtype=WIDE)),
        case(whole(2, 3), whole(2, 3)),
        case(lit([1, 2], "uint8"), lit([255, 4], "uint8")),
        without_gradient(lit([NAN, INF]), lit([1, -INF])),
        without_gradient(f(2), f(1, 2)),
        without_gradient(f(2), f(2, dtype=HALF)),
    ],
    "_scatter_elemwise_div": [
        case(f(2, 3), f(2, 3, low=0.5)),
        case(f(2, 3, dtype=HALF), f(2, 3, low=0.5, dtype=HALF)),
        case(f(2, 3, dtype=WIDE), f(2, 3, low=0.5, dtype=WIDE)),
        case(lit([7, -7], "int32"), lit([3, 2], "int32")),
        without_gradient(lit([1, 0, -1]), lit([0, 0, 0])),
        case(f(4), f(4, low=-2, high=-1)),
        without_gradient(f(2), f(1, 2)),
    ],
    **{
        name: [
            case(f(2, 3), scalar=0.5),
            case(f(2, 3)),
            case(f(2, 3, dtype=WIDE), scalar=0.1),
            case(f(2, 3, dtype=HALF), scalar=0.1),
            case(whole(2, 3), scalar=2),
            case(whole(2, 3), scalar=2.7),
            case(lit([NAN, INF, -0.0]), scalar=0),
        ]
        for name in ("_scatter_plus_scalar", "_scatter_minus_scalar")
    },
}
