"""Hyperbolic functions and their inverses: primitives, since their formulas lose what is small or overflow."""

from __future__ import annotations

import numpy as np

from .. import build as ir
from ..value import Value
from .elementwise import Unary, in_single


class Sinh(Unary):
    name = "sinh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.unary("cosh", x),)

    evaluate = staticmethod(np.sinh)


class Cosh(Unary):
    name = "cosh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.unary("sinh", x),)

    evaluate = staticmethod(np.cosh)


class Asinh(Unary):
    name = "asinh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * in_single(lambda x: ir.rsqrt(x * x + 1), x),)

    evaluate = staticmethod(np.arcsinh)


class Acosh(Unary):
    name = "acosh"
    kinds = "f"
    low = 1.1
    high = 3.0

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * in_single(lambda x: ir.rsqrt((x - 1) * (x + 1)), x),)

    evaluate = staticmethod(np.arccosh)


class Atanh(Unary):
    name = "atanh"
    kinds = "f"
    low = -0.9
    high = 0.9

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * in_single(lambda x: 1 / ((1 - x) * (1 + x)), x),)

    evaluate = staticmethod(np.arctanh)
