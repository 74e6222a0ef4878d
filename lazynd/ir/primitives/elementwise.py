"""Arithmetic on each element: operands of one type, a result of that type."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type, is_floating, widened
from ..value import Value

Array = np.ndarray[Any, Any]
Samples = list[tuple[tuple[Any, ...], dict[str, Any]]]


def same_types(name: str, types: tuple[Type, ...]) -> Type:
    for i, t in enumerate(types):
        if t is not types[0]:
            raise OperatorError(f"{name}: expected {types[0]} as {i}-th operand, got {t}")
    return types[0]


def in_single(slope: Callable[..., Value], *operands: Value) -> Value:
    """``slope`` of ``operands``; of half precision computed in float32, since the square of 300 is infinite there."""
    given = operands[0].dtype
    if widened(given) == given:
        return slope(*operands)
    return ir.convert(slope(*(ir.convert(each, widened(given)) for each in operands)), given)


class Unary(Primitive, family=True):
    """One operand, of a dtype of ``kinds``. ``low`` and ``high`` bound the domain that samples are drawn from."""

    elementwise = True
    kinds: ClassVar[str] = "fiu"
    low: float = -2.0
    high: float = 2.0

    def infer(self, *args: Any, **kwargs: Any) -> Type:
        return args[0]

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        return (spec.out_types[0].size,)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.uniform(cls.low, cls.high, (3, 4)).astype("float32"),), {})]


class Binary(Primitive, family=True):
    """Two operands of one type, with a dtype of ``kinds``."""

    elementwise = True
    kinds: ClassVar[str] = "fiu"
    low: float = -2.0
    high: float = 2.0

    def infer(self, *args: Any, **kwargs: Any) -> Type:
        return same_types(self.name, args)

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        return (spec.out_types[0].size,)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        a, b = rng.uniform(cls.low, cls.high, (2, 2, 5)).astype("float32")
        return [((a, b), {})]


class Integral(Binary, family=True):
    """Two operands of an integer type, or two booleans."""

    kinds = "iub"
    flops = Primitive.flops

    def vjp(self, *args: Any, **kwargs: Any) -> tuple[None, ...]:
        return (None, None)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        bits, shift = rng.integers(0, 2**32, (2, 5)), rng.integers(0, 32, (2, 5))
        return [((bits.astype("uint32"), shift.astype("uint32")), {})]


class Negate(Unary):
    name = "negate"
    linear = True
    exact = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (-g,)

    evaluate = staticmethod(np.negative)


class Abs(Unary):
    name = "abs"
    exact = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.sign(x),)

    evaluate = staticmethod(np.abs)


class Sign(Unary):
    """1, 0 or -1; as in MXNet 0 for nan, and never -0."""

    name = "sign"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    def evaluate(self, x: Array) -> Array:
        return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


class Exponential(Unary):
    name = "exponential"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * y,)

    evaluate = staticmethod(np.exp)


class ExponentialMinusOne(Unary):
    name = "exponential_minus_one"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (y + 1),)

    evaluate = staticmethod(np.expm1)


class Log(Unary):
    name = "log"
    transcendental = True
    kinds = "f"
    low = 0.1

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g / x,)

    evaluate = staticmethod(np.log)


class LogPlusOne(Unary):
    name = "log_plus_one"
    transcendental = True
    kinds = "f"
    low = -0.5

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g / (x + 1),)

    evaluate = staticmethod(np.log1p)


class Sqrt(Unary):
    name = "sqrt"
    kinds = "f"
    low = 0.1

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (0.5 / y),)

    evaluate = staticmethod(np.sqrt)


class Rsqrt(Unary):
    name = "rsqrt"
    kinds = "f"
    low = 0.1

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (-0.5 * y / x),)

    def evaluate(self, x: Array) -> Array:
        return (1 / np.sqrt(x.astype(widened(x.dtype), copy=False))).astype(x.dtype)


class Cbrt(Unary):
    name = "cbrt"
    transcendental = True
    kinds = "f"
    low = 0.1

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g / (3 * y * y),)

    evaluate = staticmethod(np.cbrt)


class Sine(Unary):
    name = "sine"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * ir.cos(x),)

    evaluate = staticmethod(np.sin)


class Cosine(Unary):
    name = "cosine"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (-(g * ir.sin(x)),)

    evaluate = staticmethod(np.cos)


class Tan(Unary):
    name = "tan"
    transcendental = True
    kinds = "f"
    low, high = -1.2, 1.2

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (1 + y * y),)

    evaluate = staticmethod(np.tan)


class Tanh(Unary):
    name = "tanh"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (1 - y * y),)

    evaluate = staticmethod(np.tanh)


class Logistic(Unary):
    name = "logistic"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (y * (1 - y)),)

    def evaluate(self, x: Array) -> Array:
        small = np.exp(-np.abs(x))  # it cannot overflow
        return (np.where(x < 0, small, 1) / (1 + small)).astype(x.dtype)


class Erf(Unary):
    name = "erf"
    transcendental = True
    kinds = "f"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (g * (ir.exp(-(x * x)) * (2 / math.sqrt(math.pi))),)

    def evaluate(self, x: Array) -> Array:
        return np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype)


class Floor(Unary):
    name = "floor"
    kinds = "f"
    exact = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    evaluate = staticmethod(np.floor)


class Ceil(Unary):
    name = "ceil"
    kinds = "f"
    exact = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    evaluate = staticmethod(np.ceil)


class RoundNearestEven(Unary):
    name = "round_nearest_even"
    kinds = "f"
    exact = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    evaluate = staticmethod(np.rint)


class StopGradient(Unary):
    """The identity, without gradient."""

    name = "stop_gradient"
    flops = Primitive.flops
    kinds = "fiub"
    moves = True
    shares = True

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    def evaluate(self, x: Array) -> Array:
        return x


class Not(Unary):
    """Logical for booleans, bitwise for integers."""

    name = "not"
    flops = Primitive.flops
    kinds = "iub"

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[None]:
        return (None,)

    evaluate = staticmethod(np.invert)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.random((3, 4)) < 0.5,), {}), ((rng.integers(0, 99, (3,)).astype("int32"),), {})]


class Add(Binary):
    name = "add"
    commutative = True
    exact = True

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        return (g, g)

    evaluate = staticmethod(np.add)


class Subtract(Binary):
    name = "subtract"
    exact = True

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        return (g, -g)

    evaluate = staticmethod(np.subtract)


class Multiply(Binary):
    name = "multiply"
    commutative = True
    exact = True

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        return (g * b, g * a)

    evaluate = staticmethod(np.multiply)


class Divide(Binary):
    """Division; of integers, towards zero, with x / 0 = -1 (all bits set, as XLA has it)."""

    name = "divide"
    low = 0.5

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        return (g / b, -(g * y / b))

    def evaluate(self, a: Array, b: Array) -> Array:
        if is_floating(a.dtype):
            return np.divide(a, b)
        zero = b == 0
        divisor = np.where(zero, np.ones_like(b), b)
        quotient = a // divisor
        quotient += ((a % divisor != 0) & ((a < 0) != (divisor < 0))).astype(a.dtype)
        return np.where(zero, np.array(-1).astype(a.dtype), quotient)

    def evaluation(self, dtype: np.dtype[Any]) -> Callable[..., Any]:
        return np.divide if is_floating(dtype) else self.evaluate


class Remainder(Binary):
    """The remainder with the sign of the dividend; of integers by zero, the dividend."""

    name = "remainder"
    low = 0.5

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        quotient = (a - y) / b
        return (g, -(g * ir.round_half_even(quotient)))

    def evaluate(self, a: Array, b: Array) -> Array:
        if is_floating(a.dtype):
            return np.fmod(a, b)
        zero = b == 0
        return np.where(zero, a, np.fmod(a, np.where(zero, np.ones_like(b), b)))

    def evaluation(self, dtype: np.dtype[Any]) -> Callable[..., Any]:
        return np.fmod if is_floating(dtype) else self.evaluate


class Power(Binary):
    name = "power"
    transcendental = True
    low = 0.2

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        da = g * (b * ir.power(a, b - 1))
        # log(0) is guarded: 0 ** b has slope 0 in b for b > 0.
        log_a = ir.log(ir.select(a == 0, ir.ones_like(a), a))
        return (ir.select(b == 0, ir.zeros_like(g), da), g * (y * log_a))

    def evaluate(self, a: Array, b: Array) -> Array:
        if is_floating(a.dtype):
            made = np.power(a, b)
            # Where numbers below the normal range count as zero, C's function forgets the sign of what it makes zero.
            negative = np.signbit(a) & (np.abs(np.fmod(b, 2)) == 1)
            one = made.dtype.type(1)
            return np.where(made == 0, np.copysign(made, np.where(negative, -one, one)), made)
        # Integers: a negative exponent gives 1 / a ** -b, truncated.
        result = np.power(a, np.maximum(b, 0).astype(a.dtype))
        inverse = np.where(np.abs(a) == 1, np.power(a, np.abs(b) % 2), 0)
        return np.where(b < 0, inverse, result).astype(a.dtype)


def _both_zero(a: Array, b: Array) -> Any:
    """Where two zeros meet, which NumPy does not tell apart by their signs; None if there is no such place.

    Mostly one of the two has no zero, or is one number: one look at it is enough.
    """
    if not is_floating(a.dtype):
        return None
    first, second = sorted((a, b), key=np.size)
    of_first = first == 0
    if not np.any(of_first):
        return None
    of_second = second == 0
    return of_first & of_second if np.any(of_second) else None


class Maximum(Binary):
    """The larger; NaN if either is, and 0.0 is larger than -0.0."""

    name = "maximum"
    flops = Primitive.flops
    kinds = "fiub"

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        zero = ir.zeros_like(g)
        return (ir.select(a >= b, g, zero), ir.select(a >= b, zero, g))

    def evaluate(self, a: Array, b: Array) -> Array:
        result = np.maximum(a, b)
        zeros = _both_zero(a, b)
        return result if zeros is None else np.where(zeros, a + b, result)


class Minimum(Binary):
    """The smaller; NaN if either is, and -0.0 is smaller than 0.0."""

    name = "minimum"
    flops = Primitive.flops
    kinds = "fiub"

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        zero = ir.zeros_like(g)
        return (ir.select(a <= b, g, zero), ir.select(a <= b, zero, g))

    def evaluate(self, a: Array, b: Array) -> Array:
        result = np.minimum(a, b)
        zeros = _both_zero(a, b)
        return result if zeros is None else np.where(zeros, -(-a - b), result)


class Atan2(Binary):
    name = "atan2"
    transcendental = True
    kinds = "f"
    low = 0.2

    def vjp(self, g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
        by_a = in_single(lambda a, b: b / (a * a + b * b), a, b)
        by_b = in_single(lambda a, b: a / (a * a + b * b), a, b)
        return (g * by_a, -(g * by_b))

    evaluate = staticmethod(np.arctan2)


class And(Integral):
    name = "and"
    commutative = True

    evaluate = staticmethod(np.bitwise_and)


class Or(Integral):
    name = "or"
    commutative = True

    evaluate = staticmethod(np.bitwise_or)


class Xor(Integral):
    name = "xor"
    commutative = True

    evaluate = staticmethod(np.bitwise_xor)


class ShiftLeft(Integral):
    """Shifted by the width or more, nothing is left."""

    name = "shift_left"
    kinds = "iu"

    evaluate = staticmethod(np.left_shift)


class ShiftRightLogical(Integral):
    """Zeros come in from the left, also into signed integers."""

    name = "shift_right_logical"
    kinds = "iu"

    def evaluate(self, a: Array, b: Array) -> Array:
        bits = np.dtype(f"uint{8 * a.dtype.itemsize}")
        return np.right_shift(a.view(bits), b.view(bits)).view(a.dtype)
