"""Python's operators on symbols, and functions of two that may be numbers. Shapes must agree: nothing broadcasts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..base import NotImplementedForSymbol
from .compose import call, is_symbol
from .node import Outputs


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.generic)


def _binary(name: str, scalar: str) -> Callable[[Any, Any], Any]:
    """A method for a symbol and another one, or a number."""

    def method(self: Any, other: Any) -> Any:
        if is_symbol(other):
            return type(self)(call(name, self, other))
        if is_number(other):
            return type(self)(call(scalar, self, scalar=other))
        raise TypeError(f"type {type(other)} not supported")

    return method


def _reflected(scalar: str) -> Callable[[Any, Any], Any]:
    """A method for a number before the symbol."""

    def method(self: Any, other: Any) -> Any:
        if is_number(other):
            return type(self)(call(scalar, self, scalar=other))
        raise TypeError(f"type {type(other)} not supported")

    return method


def _in_place(name: str, sign: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        raise NotImplementedForSymbol(method, sign, other)

    method.__name__ = name
    return method


class Arithmetic(Outputs):
    """What symbols do with ``+``, ``<`` and the like: operators on two of one shape, or on one and a number."""

    __slots__ = ()
    __array_ufunc__ = None
    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]  # comparing makes a symbol, so it cannot be a key
    _is_symbol = True

    __add__ = _binary("_Plus", "_PlusScalar")
    __radd__ = _reflected("_PlusScalar")
    __sub__ = _binary("_Minus", "_MinusScalar")
    __rsub__ = _reflected("_RMinusScalar")
    __mul__ = _binary("_Mul", "_MulScalar")
    __rmul__ = _reflected("_MulScalar")
    __truediv__ = __div__ = _binary("_Div", "_DivScalar")
    __rtruediv__ = __rdiv__ = _reflected("_RDivScalar")
    __mod__ = _binary("_Mod", "_ModScalar")
    __rmod__ = _reflected("_RModScalar")
    __pow__ = _binary("_Power", "_PowerScalar")
    __rpow__ = _reflected("_rpower_scalar")
    __eq__ = _binary("_equal", "_equal_scalar")
    __ne__ = _binary("_not_equal", "_not_equal_scalar")
    __gt__ = _binary("_greater", "_greater_scalar")
    __ge__ = _binary("_greater_equal", "_greater_equal_scalar")
    __lt__ = _binary("_lesser", "_lesser_scalar")
    __le__ = _binary("_lesser_equal", "_lesser_equal_scalar")
    __iadd__ = _in_place("__iadd__", "+=")
    __isub__ = _in_place("__isub__", "-=")
    __imul__ = _in_place("__imul__", "*=")
    __itruediv__ = __idiv__ = _in_place("__itruediv__", "/=")

    def __neg__(self) -> Any:
        return self.__mul__(-1.0)

    def __abs__(self) -> Any:
        return type(self)(call("abs", self))

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(self.__bool__, "bool")

    __nonzero__ = __bool__


_DOC = """{text} Two symbols must have one shape; a number may stand for one of them, and two numbers give a number.

``TypeError`` for anything else.

>>> from lazynd import nd, sym
>>> sym.{name}(sym.var("x"), 2).eval(x=nd.array([1, 3]))[0].asnumpy()
array({result}, dtype=float32)
"""


def _either(
    name: str, both: str, right: str, left: str, plain: Callable[[Any, Any], Any], text: str, result: str
) -> Callable[[Any, Any], Any]:
    """A function by the operators for two symbols, for a number on the right, on the left, and for two numbers."""

    def function(lhs: Any, rhs: Any) -> Any:
        if is_symbol(lhs) and is_symbol(rhs):
            return type(lhs)(call(both, lhs, rhs))
        if is_symbol(lhs) and is_number(rhs):
            return type(lhs)(call(right, lhs, scalar=rhs))
        if is_number(lhs) and is_symbol(rhs):
            return type(rhs)(call(left, rhs, scalar=lhs))
        if is_number(lhs) and is_number(rhs):
            return plain(lhs, rhs)
        raise TypeError(f"types ({type(lhs)}, {type(rhs)}) not supported")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _DOC.format(text=text, name=name, result=result)
    return function


def _power(base: Any, exp: Any) -> Any:
    return base**exp


maximum = _either(
    "maximum", "_Maximum", "_MaximumScalar", "_MaximumScalar", max, "The larger of each two elements.", "[2., 3.]"
)
minimum = _either(
    "minimum", "_Minimum", "_MinimumScalar", "_MinimumScalar", min, "The smaller of each two elements.", "[1., 2.]"
)
hypot = _either(
    "hypot", "_Hypot", "_HypotScalar", "_HypotScalar", math.hypot,
    "The root of the sum of the squares of each two elements.", "[2.236068 , 3.6055512]",
)  # fmt: skip
pow = _either(
    "pow", "_Power", "_PowerScalar", "_RPowerScalar", _power, "Elements to the power of the others.", "[1., 9.]"
)
power = _either(
    "power", "_Power", "_PowerScalar", "_RPowerScalar", _power, "Elements to the power of the others.", "[1., 9.]"
)
