"""Mathematical functions of each element, casts, copies and activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import BOOL, FLOAT64, is_floating, require, require_floats
from .kinds import Draw, DType, Real, Scalar, Training, one_of
from .operator import Operator, op
from .partial import Shapes, giving, same
from .random import uniform


def _samples(low: float, high: float) -> Callable[[Any], list[Any]]:
    return lambda rng: [((rng.uniform(low, high, (2, 3)).astype("float32"),), {})]


def _in_double(rule: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """``rule`` of integers in float64, truncated back: what is truncated must be right to the last place."""
    return lambda data: ir.convert(rule(ir.convert(data, FLOAT64)), data.dtype)


def _math(
    name: str,
    rule: Callable[[Value], Value],
    text: str,
    *,
    low: float = -1.9,
    high: float = 1.9,
    whole: Callable[[Value], Value] | None = None,
    **options: Any,
) -> Operator:
    """Declare a function of each element; of integers it is ``whole``, by default ``rule`` in float64, truncated."""
    of_integers = whole or _in_double(rule)

    def function(data: Value) -> Value:
        require(data.dtype != BOOL, f"{name} does not support boolean type")
        return rule(data) if is_floating(data.dtype) else of_integers(data)

    function.__doc__ = f"{text} The result has the shape and dtype of ``data``."
    return op(name=name, samples=_samples(low, high), shapes=same, **options)(function)


def _exact(name: str, rule: Callable[[Value], Value], text: str, **options: Any) -> Operator:
    """Declare a function of each element that is computed in the array's own dtype."""

    def function(data: Value) -> Value:
        return rule(data)

    function.__doc__ = f"{text} The result has the shape and dtype of ``data``."
    options.setdefault("samples", _samples(-1.9, 1.9))
    return op(name=name, shapes=same, **options)(function)


def nearest(x: Value) -> Value:
    """Rounded to the nearest integer, halves down."""
    below, above = ir.floor(x), ir.ceil(x)
    # Of the two differences the smaller is exact; x + 0.5 would not be.
    return ir.select(x - below <= above - x, below, above)


def away(x: Value) -> Value:
    """Rounded to the nearest integer, halves away from zero."""
    size = ir.abs(x)
    below = ir.floor(size)
    made = ir.sign(x) * (below + ir.convert(size - below >= 0.5, x.dtype))
    return ir.select(x == 0, x, made)  # -0.0 stays


def towards_zero(x: Value) -> Value:
    return ir.select(x == 0, x, ir.sign(x) * ir.floor(ir.abs(x)))  # -0.0 stays


def unchanged(x: Value) -> Value:
    return x


def _logarithm(base: int) -> Callable[[Value], Value]:
    return lambda x: ir.log(x) * (1 / math.log(base))


def _whole_logarithm(base: int) -> Callable[[Value], Value]:
    """The logarithm of integers, truncated: not below the exponent of a power that they reach, by rounding."""
    rule = _logarithm(base)

    def of_double(x: Value) -> Value:
        made = rule(x)
        nearest = ir.round_half_even(made)
        return ir.select(ir.power(float(base), nearest) <= x, ir.maximum(made, nearest), made)

    return _in_double(of_double)


@op(name="_softplus", samples=_samples(-2, 2), method=False, shapes=same)
def softplus(data: Value) -> Value:
    """log(1 + exp(x)) without overflow."""
    return ir.maximum(data, 0) + ir.log1p(ir.exp(-ir.abs(data)))


@softplus.gradient
def _softplus_gradient(g: Value, y: Value, data: Value) -> Value:
    return g * ir.logistic(data)  # the body's own is wrong at 0, where both of its terms have a kink


_STEP: dict[str, Any] = {"differentiable": False}

_exact("abs", ir.abs, "The absolute value.", smooth=False)
_exact("negative", lambda x: -x, "The negative.")
_exact("square", lambda x: x * x, "The square.")
_exact("sign", ir.sign, "-1, 0 or 1 by sign; 0 for NaN.", **_STEP)
_math("rint", nearest, "The nearest integer, halves down.", whole=unchanged, **_STEP)
_math("round", away, "The nearest integer, halves away from zero.", whole=unchanged, **_STEP)
_math("ceil", ir.ceil, "The next integer above.", whole=unchanged, **_STEP)
_math("floor", ir.floor, "The next integer below.", whole=unchanged, **_STEP)
_math("trunc", towards_zero, "The integer towards zero.", whole=unchanged, **_STEP)
_math("fix", towards_zero, "The integer towards zero.", whole=unchanged, **_STEP)
_math("sqrt", ir.sqrt, "The square root.", low=0.2)
_math("rsqrt", ir.rsqrt, "1 over the square root.", low=0.2)
_math("cbrt", lambda x: ir.unary("cbrt", x), "The cube root.", low=0.2)
_math("rcbrt", lambda x: 1 / ir.unary("cbrt", x), "1 over the cube root.", low=0.2)
_math("reciprocal", lambda x: 1 / x, "1 over the element.", low=0.3)
_math("exp", ir.exp, "e to the power of the element.")
_math("expm1", ir.expm1, "exp(x) - 1, exact near 0.")
_math("log", ir.log, "The natural logarithm.", low=0.2)
_math("log10", _logarithm(10), "The logarithm to base 10.", low=0.2, whole=_whole_logarithm(10))
_math("log2", _logarithm(2), "The logarithm to base 2.", low=0.2, whole=_whole_logarithm(2))
_math("log1p", ir.log1p, "log(1 + x), exact near 0.", low=-0.5)
_math("sin", ir.sin, "The sine, of radians.")
_math("cos", ir.cos, "The cosine, of radians.")
_math("tan", lambda x: ir.unary("tan", x), "The tangent, of radians.", low=-1.2, high=1.2)
_math("arctan", lambda x: ir.binary("atan2", x, ir.ones_like(x)), "The inverse tangent, in radians.")
_arcsin = _math(
    "arcsin", lambda x: ir.binary("atan2", x, ir.sqrt((1 - x) * (1 + x))), "The inverse sine.", low=-0.9, high=0.9
)
_arccos = _math(
    "arccos", lambda x: ir.binary("atan2", ir.sqrt((1 - x) * (1 + x)), x), "The inverse cosine.", low=-0.9, high=0.9
)
_math("sinh", lambda x: ir.unary("sinh", x), "The hyperbolic sine.")
_math("cosh", lambda x: ir.unary("cosh", x), "The hyperbolic cosine.")
_math("tanh", ir.tanh, "The hyperbolic tangent.")
_math("arcsinh", lambda x: ir.unary("asinh", x), "The inverse hyperbolic sine.")
_math("arccosh", lambda x: ir.unary("acosh", x), "The inverse hyperbolic cosine.", low=1.1)
_math("arctanh", lambda x: ir.unary("atanh", x), "The inverse hyperbolic tangent.", low=-0.9, high=0.9)
_math("degrees", lambda x: x * (180 / math.pi), "Radians in degrees.")
_math("radians", lambda x: x * (math.pi / 180), "Degrees in radians.")
_math("erf", ir.erf, "The error function.")
_math("sigmoid", ir.logistic, "1 / (1 + exp(-x)).")
softsign = _math("softsign", lambda x: x / (1 + ir.abs(x)), "``x / (1 + |x|)``.", low=0.2)
relu = _exact(
    "relu",
    lambda x: ir.select(x <= 0, ir.zeros_like(x), x),
    "The element where positive, else 0; NaN stays.",
    smooth=False,
)
_exact("logical_not", lambda x: ir.convert(x == 0, x.dtype), "1 where 0, else 0.", **_STEP)
_exact("_copy", lambda x: x, "A copy.", method=False)
_exact("BlockGrad", ir.stop_gradient, "The array, as a constant for gradients.", differentiable=False)
_exact("zeros_like", ir.zeros_like, "Zeros of the same shape and dtype.", differentiable=False)
_exact("ones_like", ir.ones_like, "Ones of the same shape and dtype.", differentiable=False)


@relu.gradient
def _relu_gradient(g: Value, y: Value, data: Value) -> Value:
    """0 at 0, and NaN at NaN."""
    return ir.select(data <= 0, ir.zeros_like(g), ir.select(data == data, g, data))


@softsign.gradient
def _softsign_gradient(g: Value, y: Value, data: Value) -> Value:
    """0 at infinity, where the body's own is NaN."""
    share = 1 / (1 + ir.abs(data))
    return g * share * share


def _arcsin_gradient(g: Value, y: Value, data: Value) -> Value:
    """Infinite at -1 and 1, where the body's own is NaN."""
    return g * ir.rsqrt((1 - data) * (1 + data))


_arcsin.gradient(_arcsin_gradient)
_arccos.gradient(lambda g, y, data: -_arcsin_gradient(g, y, data))


@op(
    samples=lambda r: [((r.uniform(-9, 9, (2, 3)).astype("float32"),), {"dtype": d}) for d in ("float64", "int32")],
    smooth=False,
    shapes=same,
    dtypes=giving(),
)
def Cast(data: Value, *, dtype: DType) -> Value:
    """``data`` cast to ``dtype``, as C casts: towards zero, integers wrapping."""
    return ir.convert(data, dtype)


def _bound(bound: Value, dtype: np.dtype[Any]) -> Value:
    """``bound`` (float64) in ``dtype``; an integer beyond the dtype's range is its nearest end."""
    if is_floating(dtype):
        return ir.convert(bound, dtype)
    ends = np.iinfo(dtype)
    made = ir.convert(bound, dtype)
    made = ir.select(bound >= float(ends.max), ir.full_like(made, ends.max), made)
    return ir.select(bound <= float(ends.min), ir.full_like(made, ends.min), made)


@op(
    samples=lambda r: [((r.uniform(-2, 2, (3, 4)).astype("float32"),), {"a_min": -0.7, "a_max": 1.1})],
    smooth=False,
    shapes=same,
)
def clip(data: Value, *, a_min: Real, a_max: Real) -> Value:
    """``data`` limited to the interval from ``a_min`` to ``a_max``, which wins if it is the smaller."""
    require(data.dtype != BOOL, f"clip does not support {data.dtype}")
    low, high = (ir.broadcast_to(_bound(each, data.dtype), data.shape) for each in (a_min, a_max))
    return ir.select(data > high, high, ir.select(data < low, low, data))


@op(
    samples=lambda r: [((r.uniform(0.2, 2, (2, 3)).astype("float32"),), {"act_type": a}) for a in _ACTIVATIONS],
    smooth=False,
    shapes=same,
)
def Activation(data: Value, *, act_type: str) -> Value:
    """The activation ``act_type`` of each element: relu, sigmoid, tanh, softrelu (log(1 + exp x)) or softsign."""
    one_of(act_type, *_ACTIVATIONS)
    return _ACTIVATIONS[act_type](data)


_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "relu": relu,
    "sigmoid": ir.logistic,
    "softrelu": softplus,
    "softsign": softsign,
    "tanh": ir.tanh,
}


@op(samples=_samples(-2.2, 2.2), method=False, smooth=False, shapes=same)
def hard_sigmoid(data: Value, *, alpha: Scalar = 0.2, beta: Scalar = 0.5) -> Value:
    """``alpha data + beta``, limited to the interval from 0 to 1. Floats only."""
    require(is_floating(data.dtype), f"This operation only supports floating point types, not {data.dtype}")
    return ir.minimum(ir.maximum(alpha * data + beta, 0), 1)


def _leaky_samples(rng: Any) -> list[Any]:
    x = rng.uniform(0.2, 2, (2, 3)).astype("float32") * np.array([[1], [-1]], "float32")
    slope = rng.uniform(0.1, 0.5, 3).astype("float32")
    kinds = [((x,), {"act_type": a, "slope": 0.3}) for a in ("leaky", "elu", "selu", "gelu")]
    random = [((x,), {"act_type": "rrelu", "training": t}) for t in (True, False)]
    return [*kinds, ((x, slope), {"act_type": "prelu"}), *random]


def _below(x: Value) -> Value:
    """``x`` where it is not above 0, else 0, so that nothing overflows there; NaN stays, and so does its slope."""
    return ir.select(x > 0, ir.zeros_like(x), x)


def _random_slope(attributes: Mapping[str, Any]) -> bool:
    drawn: bool = attributes["act_type"] == "rrelu" and attributes["training"]
    return drawn


def _leaky_shapes(known: Shapes, **attributes: Any) -> None:
    """The slopes of prelu: one a channel."""
    data = known["data"]
    known.learn_output(data)
    if data and known["gamma"] is None:
        known.learn("gamma", (data[min(1, len(data) - 1)],))


@op(
    samples=_leaky_samples,
    shapes=_leaky_shapes,
    optional={"gamma": lambda attributes: attributes["act_type"] == "prelu"},
    method=False,
    smooth=False,
    draws=_random_slope,
    static_values={"lower_bound": (0.125,), "upper_bound": (0.334,)},  # no slots for what is seldom read
)
def LeakyReLU(
    data: Value,
    gamma: Value | None = None,
    *,
    act_type: str = "leaky",
    slope: Scalar = 0.25,
    lower_bound: Scalar = 0.125,
    upper_bound: Scalar = 0.334,
    training: Training = False,
    draw: Draw = None,
) -> Value:
    """Activations that do not vanish below 0: ``act_type`` leaky, elu, selu, gelu (exact, with erf), prelu or rrelu.

    ``slope`` scales the negative side of leaky and elu; prelu learns it: ``gamma``, one slope a channel (axis 1).
    rrelu draws a slope for each element, uniform from ``lower_bound`` to ``upper_bound``, while training, and takes
    their mean otherwise.
    """
    require_floats(data.type)
    require(gamma is None or act_type == "prelu", f"{act_type} takes no gamma")
    one_of(act_type, "elu", "gelu", "leaky", "prelu", "rrelu", "selu")
    if act_type == "gelu":
        return data * (ir.erf(data * math.sqrt(0.5)) + 1) * 0.5
    if act_type == "leaky":
        below = slope * data
    elif act_type == "elu":
        below = slope * ir.expm1(_below(data))
    elif act_type == "selu":
        return _SELU_SCALE * ir.select(data > 0, data, _SELU_ALPHA * ir.expm1(_below(data)))
    elif act_type == "prelu":
        below = _channels(gamma, data) * data
    elif draw is None:
        below = (lower_bound + upper_bound) / 2 * data
    else:
        drawn = uniform(draw, data.shape, data.dtype)
        below = (lower_bound + drawn * (upper_bound - lower_bound)) * data
    return ir.select(data > 0, data, below)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _channels(gamma: Value | None, data: Value) -> Value:
    """One number for each index of axis 1 (of axis 0 of a vector), shaped to broadcast with ``data``."""
    require(gamma is not None, "prelu needs gamma, its slopes")
    assert gamma is not None
    require(gamma.dtype == data.dtype, f"gamma must be {data.dtype} for {data.type}, got {gamma.type}")
    if gamma.ndim == data.ndim > 1:
        ir.broadcast_to(gamma, data.shape)
        return gamma
    axis = min(1, data.ndim - 1)
    count = data.shape[axis]
    require(gamma.shape in ((1,), (count,)), f"gamma must be [{count}] or [1] for {data.type}, got {gamma.type}")
    return ir.reshape(gamma, [gamma.size if i == axis else 1 for i in range(data.ndim)])


@op(samples=lambda r: [((r.uniform(-2, 2, (3, 4)).astype("float32"),), {"scalar": 1.5})], smooth=False, shapes=same)
def smooth_l1(data: Value, *, scalar: Scalar = 1.0) -> Value:
    """``0.5 (s x)^2`` where ``|x| < 1 / s^2``, else ``|x| - 0.5 / s^2``, for s = ``scalar``; of integers truncated."""
    if not is_floating(data.dtype):
        return _in_double(lambda x: _smooth_l1(x, ir.convert(scalar, FLOAT64)))(data)
    return _smooth_l1(data, scalar)


def _smooth_l1(data: Value, scalar: Value) -> Value:
    inverse = 1 / (scalar * scalar)
    far = ir.abs(data) >= inverse
    inner = ir.select(far, ir.zeros_like(data), data)  # finite, so that infinities have the slopes -1 and 1
    near = 0.5 * (scalar * scalar) * inner * inner
    return ir.select(far, ir.abs(data) - 0.5 * inverse, near)


@op(samples=_samples(-2, 2), smooth=False, shapes=same, outputs=("loss",))
def make_loss(data: Value) -> Value:
    """The array as a loss: its own gradient is ones, whatever the head's."""
    return data


@make_loss.head
def _make_loss_gradient(g: Value | None, y: Value, data: Value) -> Value:
    return ir.ones_like(data)
