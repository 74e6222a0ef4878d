"""Operators that pass gradients on as they come, or times a number, whatever their slope is."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT64, is_floating
from .kinds import Real, Scalar
from .operator import op
from .partial import same
from .unary import away


def _samples(*attributes: dict[str, Any]) -> Any:
    return lambda rng: [((rng.uniform(-2, 2, (2, 3)).astype("float32"),), each) for each in attributes or ({},)]


@op(name="_contrib_round_ste", method=False, samples=_samples(), shapes=same)
def round_ste(data: Value) -> Value:
    """The nearest integer, halves away from zero, with the gradient of ``data`` itself.

    A straight-through estimator: Bengio et al., "Estimating or propagating gradients through stochastic neurons", 2013.
    """
    return away(data) if is_floating(data.dtype) else data


@round_ste.gradient
def _round_gradient(g: Value, y: Value, data: Value) -> Value:
    return g


@op(name="_contrib_sign_ste", method=False, samples=_samples(), shapes=same)
def sign_ste(data: Value) -> Value:
    """-1, 0 or 1 by sign, 0 for NaN, with the gradient of ``data`` itself: a straight-through estimator."""
    return ir.sign(data)


@sign_ste.gradient
def _sign_gradient(g: Value, y: Value, data: Value) -> Value:
    return g


_TIMES: Any = _samples({"scalar": -1.5}, {"scalar": 2})


@op(name="_contrib_gradientmultiplier", method=False, samples=_TIMES, shapes=same)
def gradientmultiplier(data: Value, *, scalar: Scalar = 1.0, is_int: bool = True) -> Value:
    """``data``, with a gradient that is multiplied by ``scalar``: -1 reverses it. ``is_int`` changes nothing.

    Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", 2015.
    """
    return data


@gradientmultiplier.gradient
def _multiplied(g: Value, y: Value, data: Value, *, scalar: Value, is_int: bool) -> Value:
    return g * scalar


@op(name="_contrib_backward_gradientmultiplier", method=False, samples=_TIMES, shapes=same, dtypes=None)
def backward_gradientmultiplier(data: Value, *, scalar: Real = 1.0, is_int: bool = True) -> Value:
    """``data`` times ``scalar``, as ``gradientmultiplier`` does to its gradient.

    The number is cast to the dtype of ``data``; integers become float64 first unless ``is_int``.
    """
    x = data if is_int or is_floating(data.dtype) else ir.convert(data, FLOAT64)
    return x * ir.convert(scalar, x.dtype)
