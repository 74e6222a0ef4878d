"""Functions of each element, and those of a line of elements that give a line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, case, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0]


def positive(*shape: int, dtype: str = "float32") -> Any:
    return f(*shape, low=0.25, high=3.0, dtype=dtype)


def each(data: Any = f, ints: bool = False, **attributes: Any) -> list[Case]:
    """A function of one element."""
    return [
        case(data(2, 3), **attributes),
        case(data(3, 1, 2), **attributes),
        case(data(1), **attributes),
        case(data(5, dtype=WIDE), **attributes),
        case(data(2, 2, dtype=HALF), **attributes),
        case(lit([90.0, -90, 30, 1e-6, -1e-6]), **attributes),
        Case([lit(EDGES)], attributes, grad=()),
        empty(data(0, 3), **attributes),
        *([case(whole(2, 3, low=-4, high=5), **attributes)] if ints else []),
    ]


def line(axis: str = "axis", **attributes: Any) -> list[Case]:
    """A function of each line along an axis."""
    return [
        case(f(2, 3), **attributes),
        case(f(2, 3, 4), **{axis: 1}, **attributes),
        case(f(2, 3), **{axis: 0}, **attributes),
        case(f(2, 3, 4), **{axis: -2}, **attributes),
        case(f(5, dtype=WIDE), **attributes),
        case(f(2, 3, dtype=HALF), **attributes),
        case(lit([[900.0, 0, -900], [88, 89, 90]]), **attributes),
        case(lit([[1.0, 1, 0], [-INF, 1, 2]]), **attributes),
        case(f(2, 3), temperature=2.5, **attributes),
        # MXNet computes in the dtype of the data and casts then.
        replace(case(f(2, 3, dtype=HALF), dtype="float32", **attributes), rtol=2.0**-8),
        replace(case(f(2, 3), dtype="float64", **{axis: 0}, **attributes), rtol=2e-5),
        case(lit([[-INF, 0, 1], [3e38, -3e38, 0]]), **attributes),
        case(f(3, 4), temperature=-2, **attributes),
        empty(f(0, 3), **attributes),
        empty(f(3, 0), **attributes),
        case(f(2, 3), **{axis: 2}, **attributes),
    ]


def lengths(*values: int, dtype: str = "int32") -> Any:
    return lit(list(values), dtype)


CASES: dict[str, list[Case]] = {
    "abs": each(ints=True),
    "exp": each(),
    "log": each(positive),
    "negative": each(ints=True),
    "sign": each(ints=True),
    "sqrt": each(positive),
    "square": each(ints=True),
    "relu": each(),
    "sigmoid": each(),
    "tanh": each(),
    "softsign": each(),
    "_copy": each(ints=True),
    "zeros_like": each(ints=True),
    "ones_like": each(ints=True),
    "Activation": [
        *(
            case(f(2, 3, dtype=dtype), act_type=kind)
            for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")
            for dtype in ("float32", WIDE)
        ),
        *(case(lit([90.0, -90, 30, 0, 1e-6]), act_type=kind) for kind in ("sigmoid", "tanh", "softrelu", "softsign")),
        case(f(3, 1, 2, dtype=HALF), act_type="tanh"),
        empty(f(0, 3), act_type="sigmoid"),
        case(f(2), act_type="other"),
    ],
    "Cast": [
        case(f(2, 3), dtype="float64"),
        case(f(3, 1, 2), dtype="float16"),
        case(f(2, 3, dtype=WIDE), dtype="float32"),
        Case([f(2, 3, low=-9, high=9)], {"dtype": "int32"}, grad=()),
        Case([f(5, low=0, high=200)], {"dtype": "uint8"}, grad=()),
        case(whole(2, 3, low=-9, high=9), dtype="float32"),
        case(whole(4, low=-200, high=300), dtype="int8"),
        Case([lit([0.0, 2, NAN, -1])], {"dtype": "bool"}, grad=()),
        case(f(1, dtype=HALF), dtype="float32"),
        case(whole(4, high=2, dtype="uint8"), dtype="int64"),
        case(whole(2, 3, low=-300, high=300), dtype="uint8"),
        case(whole(3, high=3000, dtype="int64"), dtype=HALF),
        case(lit([1e5, -1e5, NAN, 6e-8, INF]), dtype=HALF),
        case(lit([1e300, 0.1, NAN, -1e-300], WIDE), dtype="float32"),
        empty(f(0, 3), dtype="int32"),
        empty(f(0, 3), dtype=WIDE),
        case(f(1), dtype="other"),
    ],
    "SoftmaxActivation": [
        case(f(2, 3)),
        # Its gradient in MXNet is that of a softmax over all axes but the first.
        without_gradient(f(2, 3, 4)),
        without_gradient(f(2, 3, 2, 2)),
        case(f(5, 2)),
        case(f(1, 4)),
        case(f(2, 3, 4), mode="channel"),
        case(f(2, 3, 4, 2), mode="channel"),
        case(lit([[20.0, 0, -20]])),
        case(f(2, 3), mode="other"),
    ],
    "softmax": [
        *line(),
        case(f(4, 1)),
        Case([f(2, 4), lengths(3, 1)], {"use_length": True}, grad=(0,)),
        Case([f(2, 3, 4), lengths(3, 1, 4, 2, 2, 4)], {"use_length": True}, grad=(0,)),
        Case([f(2, 3, 4), lit([[3, 1], [2, 3]], "int32")], {"use_length": True, "axis": 1}, grad=(0,)),
    ],
    "log_softmax": line(),
}
