"""Functions of two arrays, of an array and a number, or of two numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from sys import _getframe
from typing import Any

from .ndarray import NDArray, _binary, _scalar

_DOC = """{text} Shapes broadcast; dtypes must agree, and the result has that dtype.

A number takes the dtype of the array; two numbers give a number. ``MXNetError`` where shapes or dtypes do not fit.

>>> from lazynd import nd
>>> nd.{name}(nd.array({lhs}), {rhs}).asnumpy().tolist()
{result}
"""


def _either(
    operator: str,
    text: str,
    example: tuple[list[int], int, list[float]],
    plain: Callable[[Any, Any], float],
    reflected: str = "",
    *,
    name: str = "",
    scalar: str = "",
) -> Any:
    """The function ``nd.name``: of arrays ``broadcast_OPERATOR``, of an array and a number ``_SCALAR_scalar``, of a
    number and an array ``_REFLECTED_scalar``, of two numbers ``plain``. Names default to ``operator``."""
    arrays, with_number = f"broadcast_{operator}", f"_{scalar or operator}_scalar"
    with_array = f"_{reflected or scalar or operator}_scalar"

    def function(lhs: Any, rhs: Any) -> Any:
        frame = _getframe(1)
        if isinstance(lhs, NDArray):
            return _binary(arrays, with_number, lhs, rhs, frame)
        if isinstance(rhs, NDArray):
            return _scalar(with_array, rhs, lhs, frame)
        return plain(lhs, rhs)

    name = name or operator
    function.__name__ = function.__qualname__ = name
    function.__doc__ = _DOC.format(name=name, text=text, lhs=example[0], rhs=example[1], result=example[2])
    return function


add = _either("add", "The sum.", ([1, 2], 3, [4.0, 5.0]), lambda a, b: a + b, scalar="plus")
subtract = _either(
    "sub", "The difference.", ([1, 2], 3, [-2.0, -1.0]), lambda a, b: a - b, "rminus", name="subtract", scalar="minus"
)
multiply = _either("mul", "The product.", ([1, 2], 3, [3.0, 6.0]), lambda a, b: a * b, name="multiply")
divide = true_divide = _either(
    "div", "The quotient, of integers truncated.", ([1, 3], 2, [0.5, 1.5]), lambda a, b: a / b, "rdiv", name="divide"
)
modulo = _either(
    "mod",
    "The remainder, with the divisor's sign.",
    ([5, -5], 3, [2.0, 1.0]),
    lambda a, b: a % b,
    "rmod",
    name="modulo",
)
power = _either("power", "The power.", ([2, 3], 2, [4.0, 9.0]), lambda a, b: a**b, "rpower")
maximum = _either("maximum", "The larger.", ([1, 3], 2, [2.0, 3.0]), max)
minimum = _either("minimum", "The smaller.", ([1, 3], 2, [1.0, 2.0]), min)
hypot = _either("hypot", "The hypotenuse of a right triangle.", ([3, 0], 4, [5.0, 4.0]), math.hypot)
equal = _either("equal", "1 where equal, else 0.", ([1, 2], 2, [0.0, 1.0]), lambda a, b: float(a == b))
not_equal = _either("not_equal", "1 where different, else 0.", ([1, 2], 2, [1.0, 0.0]), lambda a, b: float(a != b))
greater = _either(
    "greater", "1 where the first is greater, else 0.", ([1, 3], 2, [0.0, 1.0]), lambda a, b: float(a > b), "lesser"
)
greater_equal = _either(
    "greater_equal",
    "1 where the first is not less, else 0.",
    ([1, 2], 2, [0.0, 1.0]),
    lambda a, b: float(a >= b),
    "lesser_equal",
)
lesser = _either(
    "lesser", "1 where the first is less, else 0.", ([1, 3], 2, [1.0, 0.0]), lambda a, b: float(a < b), "greater"
)
lesser_equal = _either(
    "lesser_equal",
    "1 where the first is not greater, else 0.",
    ([2, 3], 2, [1.0, 0.0]),
    lambda a, b: float(a <= b),
    "greater_equal",
)
logical_and = _either(
    "logical_and", "1 where both are not 0, else 0.", ([0, 3], 2, [0.0, 1.0]), lambda a, b: float(bool(a) and bool(b))
)
logical_or = _either(
    "logical_or", "1 where one is not 0, else 0.", ([0, 3], 0, [0.0, 1.0]), lambda a, b: float(bool(a) or bool(b))
)
logical_xor = _either(
    "logical_xor", "1 where exactly one is not 0.", ([0, 3], 2, [1.0, 0.0]), lambda a, b: float(bool(a) != bool(b))
)
