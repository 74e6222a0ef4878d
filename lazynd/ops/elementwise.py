"""Elementwise operators of two arrays, and of an array and a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.errors import OperatorError
from ..ir.types import BOOL, FLOAT64, is_floating
from .kinds import Scalar, Wide, check_count
from .operator import Operator, op
from .partial import broadcast, same

Rule = Callable[[Any, Any], Value]


def _floats(rng: Any, *shape: int) -> Any:
    return rng.uniform(0.5, 2, shape).astype("float32")


def _broadcast_samples(rng: Any) -> list[Any]:
    return [((_floats(rng, 2, 1, 4), _floats(rng, 3, 1)), {}), ((_floats(rng, 2, 3), _floats(rng, 2, 3)), {})]


def _same_samples(rng: Any) -> list[Any]:
    return [((_floats(rng, 2, 3), _floats(rng, 2, 3)), {})]


def _tied_samples(rng: Any) -> list[Any]:
    return [((rng.integers(0, 3, (3, 4)).astype("float32"), rng.integers(0, 3, (4,)).astype("float32")), {})]


def _scalar_samples(rng: Any) -> list[Any]:
    return [((_floats(rng, 2, 3),), {"scalar": 1.5}), ((_floats(rng, 4),), {"scalar": 3})]


def _agree(name: str, lhs: Value, rhs: Value) -> None:
    if lhs.dtype != rhs.dtype:
        raise OperatorError(f"Incompatible attr in node  at 1-th input: expected {lhs.dtype}, got {rhs.dtype}")
    if lhs.dtype == BOOL:
        raise OperatorError(f"Operator {name} does not support boolean type")


def modulo(a: Any, b: Any) -> Value:
    """The remainder with the divisor's sign, as Python has it; 0 where the divisor is 0."""
    like = a if isinstance(a, Value) else b
    a = a if isinstance(a, Value) else ir.constant(a, like.type)
    b = b if isinstance(b, Value) else ir.constant(b, like.type)
    shape = ir.common_shape(a.shape, b.shape)
    a, b = ir.broadcast_to(a, shape), ir.broadcast_to(b, shape)
    zero = ir.zeros_like(b)
    r = ir.remainder(a, ir.select(b == zero, ir.ones_like(b), b))
    r = ir.select((r != zero) & ((r < zero) ^ (b < zero)), r + b, r)
    return ir.select(b == zero, zero, r)


def power(a: Any, b: Any) -> Value:
    return ir.power(a, b)


def hypot(a: Any, b: Any) -> Value:
    like = a if isinstance(a, Value) else b
    a, b = (x if isinstance(x, Value) else ir.constant(x, like.type) for x in (a, b))
    shape = ir.common_shape(a.shape, b.shape)
    made = _hypot(ir.broadcast_to(a, shape), ir.broadcast_to(b, shape))
    assert isinstance(made, Value)
    return made


def _hypotenuse(a: Value, b: Value) -> Value:
    """Scaled by the longer side, so that no square overflows or vanishes; infinite if a side is, whatever the other."""
    if not is_floating(a.dtype):
        return ir.convert(_hypotenuse(ir.convert(a, FLOAT64), ir.convert(b, FLOAT64)), a.dtype)
    a, b = ir.abs(a), ir.abs(b)
    longer, shorter = ir.maximum(a, b), ir.minimum(a, b)
    ratio = shorter / ir.select(longer == 0, ir.ones_like(longer), longer)
    infinite = (a == math.inf) | (b == math.inf)
    return ir.select(infinite, ir.full_like(a, math.inf), longer * ir.sqrt(1 + ratio * ratio))


def _truth(rule: Callable[[Value, Value], Value]) -> Rule:
    """A comparison with MXNet's result: 0 and 1 in the dtype of the operands."""

    def compared(a: Any, b: Any) -> Value:
        like = a if isinstance(a, Value) else b
        return ir.convert(rule(a, b), like.dtype)

    return compared


def _logical(rule: Callable[[Value, Value], Value]) -> Rule:
    def combined(a: Value, b: Value) -> Value:
        shape = ir.common_shape(a.shape, b.shape)
        a, b = ir.broadcast_to(a, shape), ir.broadcast_to(b, shape)
        return ir.convert(rule(a != 0, b != 0), a.dtype)

    return combined


def _binary(name: str, rule: Rule, text: str, **options: Any) -> Operator:
    """Declare an operator of two arrays that broadcast."""

    def function(lhs: Value, rhs: Value) -> Value:
        _agree(name, lhs, rhs)
        return rule(lhs, rhs)

    function.__doc__ = f"{text} Shapes broadcast; dtypes must agree, and the result has that dtype."
    options.setdefault("samples", _broadcast_samples)
    return op(name=name, method=not name.startswith("_"), shapes=broadcast, **options)(function)


def _same_shape(name: str, rule: Rule, text: str, **options: Any) -> Operator:
    """Declare an operator of two arrays of one shape."""

    def function(lhs: Value, rhs: Value) -> Value:
        _agree(name, lhs, rhs)
        if lhs.shape != rhs.shape:
            shapes = [f"[{','.join(map(str, s))}]" for s in (lhs.shape, rhs.shape)]
            raise OperatorError(f"Incompatible attr in node  at 1-th input: expected {shapes[0]}, got {shapes[1]}")
        return rule(lhs, rhs)

    function.__doc__ = f"{text} Shapes and dtypes must be equal."
    options.setdefault("samples", _same_samples)
    return op(name=name, method=False, shapes=same, **options)(function)


def _scalar(name: str, rule: Rule, text: str, **options: Any) -> Operator:
    """Declare an operator of an array and a number, which is cast to the array's dtype."""

    def function(data: Value, *, scalar: Scalar = 1.0) -> Value:
        if data.dtype == BOOL:
            raise OperatorError(f"Operator {name} does not support boolean type")
        return rule(data, scalar)

    function.__doc__ = f"{text} The number is cast to the dtype of the array."
    options.setdefault("samples", _scalar_samples)
    return op(name=name, method=False, shapes=same, **options)(function)


_FLAT: dict[str, Any] = {"differentiable": False, "samples": _tied_samples}
_FLAT_SAME: dict[str, Any] = {"differentiable": False}

_same_shape("elemwise_add", lambda a, b: a + b, "The sum.")
_same_shape("elemwise_sub", lambda a, b: a - b, "The difference.")
_same_shape("elemwise_mul", lambda a, b: a * b, "The product.")
_same_shape("elemwise_div", lambda a, b: a / b, "The quotient; of integers truncated.")
_same_shape("_grad_add", lambda a, b: a + b, "The sum, of gradients.")
_same_shape("_scatter_elemwise_div", lambda a, b: a / b, "The quotient; of integers truncated.")
_same_shape("_mod", modulo, "The remainder.", smooth=False)
_same_shape("_power", power, "The power.")
_same_shape("_maximum", ir.maximum, "The larger.", smooth=False)
_same_shape("_minimum", ir.minimum, "The smaller.", smooth=False)
_hypot = _same_shape("_hypot", _hypotenuse, "The hypotenuse; of integers truncated.")
_same_shape("_equal", _truth(lambda a, b: a == b), "1 where equal, else 0.", **_FLAT_SAME)
_same_shape("_not_equal", _truth(lambda a, b: a != b), "1 where different.", **_FLAT_SAME)
_same_shape("_greater", _truth(lambda a, b: a > b), "1 where greater.", **_FLAT_SAME)
_same_shape("_greater_equal", _truth(lambda a, b: a >= b), "1 where not less.", **_FLAT_SAME)
_same_shape("_lesser", _truth(lambda a, b: a < b), "1 where less.", **_FLAT_SAME)
_same_shape("_lesser_equal", _truth(lambda a, b: a <= b), "1 where not greater.", **_FLAT_SAME)
_same_shape("_logical_and", _logical(lambda a, b: a & b), "1 where both are not 0.", **_FLAT_SAME)
_same_shape("_logical_or", _logical(lambda a, b: a | b), "1 where one is not 0.", **_FLAT_SAME)
_same_shape("_logical_xor", _logical(lambda a, b: a ^ b), "1 where exactly one is not 0.", **_FLAT_SAME)

_binary("broadcast_add", lambda a, b: a + b, "The sum.")
_binary("broadcast_sub", lambda a, b: a - b, "The difference.")
_binary("broadcast_mul", lambda a, b: a * b, "The product.")
_binary("broadcast_div", lambda a, b: a / b, "The quotient; of integers truncated.")
_binary("broadcast_mod", modulo, "The remainder, with the divisor's sign.", smooth=False)
_binary("broadcast_power", power, "The first to the power of the second.")
_binary("broadcast_maximum", ir.maximum, "The larger.", smooth=False)
_binary("broadcast_minimum", ir.minimum, "The smaller.", smooth=False)
_binary("broadcast_hypot", hypot, "The hypotenuse of a right triangle.")
_binary("broadcast_equal", _truth(lambda a, b: a == b), "1 where equal, else 0.", **_FLAT)
_binary("broadcast_not_equal", _truth(lambda a, b: a != b), "1 where different, else 0.", **_FLAT)
_binary("broadcast_greater", _truth(lambda a, b: a > b), "1 where greater, else 0.", **_FLAT)
_binary("broadcast_greater_equal", _truth(lambda a, b: a >= b), "1 where not less, else 0.", **_FLAT)
_binary("broadcast_lesser", _truth(lambda a, b: a < b), "1 where less, else 0.", **_FLAT)
_binary("broadcast_lesser_equal", _truth(lambda a, b: a <= b), "1 where not greater, else 0.", **_FLAT)
_binary("broadcast_logical_and", _logical(lambda a, b: a & b), "1 where both are not 0.", **_FLAT)
_binary("broadcast_logical_or", _logical(lambda a, b: a | b), "1 where one is not 0.", **_FLAT)
_binary("broadcast_logical_xor", _logical(lambda a, b: a ^ b), "1 where exactly one is not 0.", **_FLAT)

_scalar("_plus_scalar", lambda a, s: a + s, "The sum with a number.")
_scalar("_minus_scalar", lambda a, s: a - s, "The difference from a number.")
_scalar("_scatter_plus_scalar", lambda a, s: a + s, "The sum with a number, also of zeros.")
_scalar("_scatter_minus_scalar", lambda a, s: a - s, "The difference from a number, also of zeros.")
_scalar("_rminus_scalar", lambda a, s: s - a, "A number less the array.")
_scalar("_mul_scalar", lambda a, s: a * s, "The product with a number.")
_scalar("_div_scalar", lambda a, s: a / s, "The quotient by a number.")
_scalar("_rdiv_scalar", lambda a, s: s / a, "A number divided by the array.")
_scalar("_mod_scalar", modulo, "The remainder by a number.", smooth=False)
_scalar("_rmod_scalar", lambda a, s: modulo(s, a), "The remainder of a number.", smooth=False)
_scalar("_rpower_scalar", lambda a, s: power(s, a), "A number to the power of the array.")
_scalar("_maximum_scalar", ir.maximum, "The larger of array and number.", smooth=False)
_scalar("_minimum_scalar", ir.minimum, "The smaller of array and number.", smooth=False)
_scalar("_hypot_scalar", hypot, "The hypotenuse with a number.")
_scalar("_equal_scalar", _truth(lambda a, s: a == s), "1 where equal to the number.", **_FLAT_SAME)
_scalar("_not_equal_scalar", _truth(lambda a, s: a != s), "1 where not equal.", **_FLAT_SAME)
_scalar("_greater_scalar", _truth(lambda a, s: a > s), "1 where greater.", **_FLAT_SAME)
_scalar("_greater_equal_scalar", _truth(lambda a, s: a >= s), "1 where not less.", **_FLAT_SAME)
_scalar("_lesser_scalar", _truth(lambda a, s: a < s), "1 where less.", **_FLAT_SAME)
_scalar("_lesser_equal_scalar", _truth(lambda a, s: a <= s), "1 where not greater.", **_FLAT_SAME)
_scalar("_logical_and_scalar", _logical(lambda a, s: a & s), "1 where both are not 0.", **_FLAT_SAME)
_scalar("_logical_or_scalar", _logical(lambda a, s: a | s), "1 where one is not 0.", **_FLAT_SAME)
_scalar("_logical_xor_scalar", _logical(lambda a, s: a ^ s), "1 where exactly one is not 0.", **_FLAT_SAME)


@_hypot.gradient
def _hypot_gradient(g: Value, y: Value, a: Value, b: Value) -> tuple[Value, Value]:
    return g * (a / y), g * (b / y)


@op(name="_half_power", samples=lambda r: [((_floats(r, 2, 3),), {})], method=False, shapes=same)
def half_power(data: Value) -> Value:
    """``data`` to the power of 0.5: its square root, but that of -0.0 is 0 and that of -inf is inf."""
    size = ir.abs(data)
    return ir.select(size == math.inf, size, ir.sqrt(ir.select(data == 0, ir.zeros_like(data), data)))


@half_power.gradient
def _half_power_gradient(g: Value, y: Value, data: Value) -> Value:
    return g * (0.5 / y)  # infinite at 0, where the body's own has 0 times infinity


@op(
    name="_contrib_quadratic",
    samples=lambda r: [((_floats(r, 2, 3),), {"a": 1.5, "b": -2, "c": 0.5}), ((_floats(r, 4),), {})],
    method=False,
    shapes=same,
)
def quadratic(data: Value, *, a: Wide = 0.0, b: Wide = 0.0, c: Wide = 0.0) -> Value:
    """``a * data ** 2 + b * data + c``, computed in float32 at least; of integers truncated."""
    x = ir.convert(data, a.dtype)
    return ir.convert(x * (a * x + b) + c, data.dtype)


def _power_samples(rng: Any) -> list[Any]:
    return [((_floats(rng, 2, 3),), {"scalar": s}) for s in (2.5, -1, 0, 0.5, 1, 2, 3)]


@op(samples=_power_samples, method=False, shapes=same, static_values={"scalar": (-1, 0, 0.5, 1, 2)})
def _power_scalar(data: Value, *, scalar: Scalar = 1.0) -> Value:
    """The array to the power of a number. -1, 0, 0.5, 1 and 2 are compiled in, as cheaper operations."""
    if isinstance(scalar, Value):
        return ir.power(data, scalar)
    if scalar == 0.5 and not is_floating(data.dtype):
        return ir.ones_like(data)  # the exponent is cast to the array's dtype: 0
    rules: dict[float, Callable[[], Value]] = {
        -1: lambda: ir.power(data, ir.constant(-1, data.type)) if not is_floating(data.dtype) else 1 / data,
        0: lambda: ir.ones_like(data),
        0.5: lambda: half_power(data),
        1: lambda: data,
        2: lambda: data * data,
    }
    return rules[scalar]()


@op(
    samples=lambda r: [((_floats(r, 2, 3), _floats(r, 2, 3), _floats(r, 2, 3)), {})],
    method=False,
    shapes=same,
)
def add_n(*args: Value, num_args: int | None = None) -> Value:
    """The sum of all arrays, which must have one shape and dtype; ``num_args`` is how many they are."""
    check_count(args, num_args)
    total = args[0]
    for each in args[1:]:
        _agree("add_n", total, each)
        if each.shape != total.shape:
            raise OperatorError(f"Incompatible attr in node: expected {list(total.shape)}, got {list(each.shape)}")
        total = total + each
    return total
