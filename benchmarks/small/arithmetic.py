"""Functions of one and of two arrays, scalars, comparisons, broadcasting."""

from __future__ import annotations

from functools import partial
from typing import Any

from mxnet import nd

from .collection import Values, add_calls

_ANYWHERE = ("abs", "sin", "cos", "tanh", "sigmoid", "exp", "square", "sign", "relu", "softsign", "erf", "arctan")
_POSITIVE = ("log", "sqrt", "rsqrt", "cbrt", "reciprocal", "log1p", "log2", "log10", "expm1", "rcbrt")
_ROUNDING = ("floor", "ceil", "round", "rint", "trunc", "fix")
_TWO = ("elemwise_add", "elemwise_sub", "elemwise_mul", "maximum", "minimum", "equal", "not_equal", "greater")

add_calls(
    "functions",
    {name: getattr(nd, name) for name in _ANYWHERE},
    [Values((7,))],
    [Values((3, 4))],
    [Values((2, 3, 4), "float64")],
    [Values((1,))],
    [Values((5, 1, 6))],
)
add_calls(
    "functions",
    {name: getattr(nd, name) for name in _POSITIVE},
    [Values((4, 5), low=0.1)],
    [Values((11,), "float64", low=0.1)],
    [Values((2, 2, 2, 3), low=0.1)],
)
add_calls(
    "functions",
    {name: getattr(nd, name) for name in _ROUNDING},
    [Values((6,), low=-9, high=9)],
    [Values((3, 3), "float64", -9, 9)],
)
add_calls(
    "functions",
    {
        "clip": lambda x: nd.clip(x, -1, 1),
        "smooth_l1": lambda x: nd.smooth_l1(x, scalar=1.0),
        "hard_sigmoid": nd.hard_sigmoid,
        "degrees": nd.degrees,
        "arcsinh, then sinh": lambda x: nd.sinh(nd.arcsinh(x)),
        "logical_not": nd.logical_not,
    },
    [Values((4, 6))],
    [Values((9,))],
)

add_calls(
    "scalars",
    {
        "x + 1": lambda x: x + 1,
        "2 - x": lambda x: 2 - x,
        "x * 0.5": lambda x: x * 0.5,
        "1 / x": lambda x: 1 / x,
        "x ** 2": lambda x: x**2,
        "-x": lambda x: -x,
        "abs(x)": abs,
        "x % 3": lambda x: x % 3,
        "x > 0": lambda x: x > 0,
        "x == x": lambda x: x == x,
    },
    [Values((3, 4))],
    [Values((5,), "float64")],
    [Values((2, 3), "float16")],
)
add_calls(
    "scalars",
    {
        "x + 1": lambda x: x + 1,
        "x * 3": lambda x: x * 3,
        "10 - x": lambda x: 10 - x,
        "x % 3": lambda x: x % 3,
        "x >= 2": lambda x: x >= 2,
        "x * x - x": lambda x: x * x - x,
    },
    [Values((4,), "int32", 0, 9)],
    [Values((2, 5), "int64", 0, 9)],
    [Values((3, 2), "uint8", 0, 9)],
    [Values((6,), "int8", 0, 9)],
)
add_calls(
    "scalars",
    {
        "(x - 1) * (x + 1) / 2": lambda x: (x - 1) * (x + 1) / 2,
        "exp(-x * x / 2)": lambda x: nd.exp(-x * x / 2),
        "x / (1 + abs(x))": lambda x: x / (1 + nd.abs(x)),
        "maximum(x, 0.5)": lambda x: nd.maximum(x, 0.5),
    },
    [Values((2, 7))],
    [Values((3, 3, 3))],
)

add_calls(
    "two arrays",
    {name: getattr(nd, name) for name in _TWO},
    [Values((3, 4)), Values((3, 4))],
    [Values((5,), "float64"), Values((5,), "float64")],
    [Values((2, 1, 3)), Values((2, 1, 3))],
)
add_calls(
    "two arrays",
    {
        "x / y": lambda x, y: x / y,
        "x ** y": lambda x, y: x**y,
        "x * y + x": lambda x, y: x * y + x,
        "x % y": lambda x, y: x % y,
        "add_n(x, y, x)": lambda x, y: nd.add_n(x, y, x),
        "(x > y) * x": lambda x, y: (x > y) * x,
        "logical_and": nd.logical_and,
    },
    [Values((4, 2), low=0.2), Values((4, 2), low=0.2)],
    [Values((3, 3), low=0.2), Values((3, 3), low=0.2)],
    [Values((8,), low=0.2), Values((8,), low=0.2)],
)


def _broadcast(name: str) -> Any:
    return getattr(nd, f"broadcast_{name}")


add_calls(
    "broadcasting",
    {f"broadcast_{n}": _broadcast(n) for n in ("add", "sub", "mul", "div", "maximum", "hypot", "lesser", "power")},
    [Values((3, 1), low=0.1), Values((3, 4), low=0.1)],
    [Values((2, 1, 4), low=0.1), Values((1, 3, 1), low=0.1)],
    [Values((5, 1), "float64", low=0.1), Values((1, 5), "float64", low=0.1)],
)
add_calls(
    "broadcasting",
    {f"broadcast_to {shape}": partial(nd.broadcast_to, shape=shape) for shape in ((3, 4), (3, 7), (3, 2))},
    [Values((3, 1))],
)
add_calls(
    "broadcasting",
    {
        "broadcast_axis": lambda x: nd.broadcast_axis(x, axis=(1, 2), size=(3, 2)),
        "x - x.mean(axis=1, keepdims=True)": lambda x: x - x.mean(axis=1, keepdims=True),
        "broadcast_to (2, 3, 0)": lambda x: nd.broadcast_to(x, shape=(2, 3, 0, 5)),
    },
    [Values((2, 1, 1, 5))],
)
add_calls(
    "broadcasting",
    {
        "x + y": lambda x, y: x + y,
        "x * y": lambda x, y: x * y,
        "x - y": lambda x, y: x - y,
        "broadcast_like": nd.broadcast_like,
        "x / y": lambda x, y: x / y,
        "x > y": lambda x, y: x > y,
        "squared distances": lambda x, y: ((x - y) ** 2).sum(axis=0),
    },
    [Values((1, 6), low=0.2), Values((4, 6), low=0.2)],
    [Values((3, 1, 2), low=0.2), Values((3, 5, 2), low=0.2)],
)
