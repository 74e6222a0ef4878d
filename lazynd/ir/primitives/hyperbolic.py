"""Hyperbolic functions and their inverses: primitives, since their formulas lose what is small or overflow."""

from __future__ import annotations

import numpy as np

from .. import build as ir
from ..value import Value
from .elementwise import Array, Unary


class Sinh(Unary):
    name = "sinh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.unary("cosh", x),)

    def evaluate(self, x: Array) -> Array:
        return np.sinh(x)


class Cosh(Unary):
    name = "cosh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.unary("sinh", x),)

    def evaluate(self, x: Array) -> Array:
        return np.cosh(x)


class Asinh(Unary):
    name = "asinh"
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.rsqrt(x * x + 1),)

    def evaluate(self, x: Array) -> Array:
        return np.arcsinh(x)


class Acosh(Unary):
    name = "acosh"
    kinds = "f"
    low = 1.1
    high = 3.0

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.rsqrt((x - 1) * (x + 1)),)

    def evaluate(self, x: Array) -> Array:
        return np.arccosh(x)


class Atanh(Unary):
    name = "atanh"
    kinds = "f"
    low = -0.9
    high = 0.9

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g / ((1 - x) * (1 + x)),)

    def evaluate(self, x: Array) -> Array:
        return np.arctanh(x)
