"""Updates of weights with a step of its own for each: Adam and its kin, RMSProp, FTRL, FTML, LAMB. See ``updates``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .kinds import Wide
from .partial import in_half, like
from .precision import wide
from .updates import Results, clipped, in_full, narrow, require_half, require_like, update, update_samples


def decayed(weight: Value, grad: Value, rescale_grad: Any, clip_gradient: Any, wd: Any) -> Value:
    """The gradient rescaled, with weight decay, and then clipped; elsewhere decay comes after clipping."""
    return clipped(wide(grad) * rescale_grad + wd * weight, clip_gradient)


@update(update_samples(4, {"lr": 0.1, "wd": 0.01}), writes=(2, 3))
def adam_update(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    *,
    lr: Wide,
    beta1: Wide = 0.9,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-8,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    lazy_update: bool = True,
) -> Results:
    """``weight - lr m / (sqrt(v) + epsilon)``, m and v being the moving averages ``mean`` and ``var``.

    Without bias correction, which callers put into ``lr``.
    """
    require_like(weight, grad, mean, var)
    w = wide(weight)
    g = decayed(w, grad, rescale_grad, clip_gradient, wd)
    m, v = _averages(g, mean, var, beta1, beta2)
    return narrow(weight, w - lr * m / (ir.sqrt(v) + epsilon), m, v)


def _averages(g: Value, mean: Value, var: Value, beta1: Value, beta2: Value) -> tuple[Value, Value]:
    """Moving averages of a gradient and of its square."""
    return beta1 * wide(mean) + (1 - beta1) * g, beta2 * wide(var) + (1 - beta2) * ir.square(g)


def _adamw_samples(half: bool) -> Callable[[Any], list[Any]]:
    options = {"lr": 0.1, "eta": 1.0, "wd": 0.01}

    def samples(rng: Any) -> list[Any]:
        ((arrays, given),) = update_samples(5 if half else 4, options, half=half)(rng)
        return [((*arrays, np.array([0.5], "float32")), given)]

    return samples


def _adamw(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    rescale_grad: Value,
    clip_gradient: Any,
    lr: Value,
    beta1: Value,
    beta2: Value,
    epsilon: Value,
    wd: Value,
    eta: Value,
) -> Results:
    """Whether the scale can be used (it is 0 or not finite after an overflow), the weight if so, mean and variance."""
    require(rescale_grad.size == 1, f"rescale_grad must be one number, got {rescale_grad.type}")
    scale = ir.convert(ir.reshape(rescale_grad, ()), weight.dtype)
    g = clipped(ir.convert(grad, weight.dtype) * scale, clip_gradient)
    m, v = _averages(g, mean, var, beta1, beta2)
    w = weight - eta * (lr * m / (ir.sqrt(v) + epsilon) + wd * weight)
    usable = (scale != 0) & (ir.abs(scale) < math.inf)
    return usable, w, ir.select(usable, m, wide(mean)), ir.select(usable, v, wide(var))


@update(_adamw_samples(half=False), writes=(2, 3), shapes=like(0, 1, 2, 3), dtypes=in_half(4))
def _adamw_update(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    rescale_grad: Value,
    *,
    lr: Wide,
    beta1: Wide = 0.9,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-8,
    wd: Wide = 0.0,
    eta: Wide,
    clip_gradient: Wide = -1.0,
) -> Results:
    """``weight - eta (lr m / (sqrt(v) + epsilon) + wd weight)``: Adam with its weight decay apart.

    Nothing changes if ``rescale_grad``, an array of one number, is 0, infinite or NaN.
    """
    require_like(weight, grad, mean, var)
    usable, w, m, v = _adamw(
        wide(weight), grad, mean, var, rescale_grad, clip_gradient, lr, beta1, beta2, epsilon, wd, eta
    )  # fmt: skip
    return ir.select(usable, ir.convert(w, weight.dtype), weight), *narrow(weight, m, v)


@update(_adamw_samples(half=True), writes=(2, 3, 4), shapes=like(0, 1), dtypes=in_half(2))
def _mp_adamw_update(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    weight32: Value,
    rescale_grad: Value,
    *,
    lr: Wide,
    beta1: Wide = 0.9,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-8,
    wd: Wide = 0.0,
    eta: Wide,
    clip_gradient: Wide = -1.0,
) -> Results:
    """``_adamw_update`` of ``weight32``, with float32 states; the float16 copy of the weight is the result."""
    require_half(weight, grad, mean, var, weight32)
    usable, w, m, v = _adamw(
        weight32, grad, mean, var, rescale_grad, clip_gradient, lr, beta1, beta2, epsilon, wd, eta
    )  # fmt: skip
    return ir.select(usable, ir.convert(w, weight.dtype), weight), m, v, ir.select(usable, w, weight32)


@update(update_samples(3, {"lr": 0.1, "wd": 0.01}, {"lr": 0.1, "clip_weights": 0.8}), writes=(2,))
def rmsprop_update(
    weight: Value,
    grad: Value,
    n: Value,
    *,
    lr: Wide,
    gamma1: Wide = 0.95,
    epsilon: Wide = 1e-8,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    clip_weights: Wide = -1.0,
) -> Results:
    """``weight - lr g / sqrt(n + epsilon)``, with n the moving average of the squared gradient."""
    require_like(weight, grad, n)
    w = wide(weight)
    g = decayed(w, grad, rescale_grad, clip_gradient, wd)
    square = gamma1 * wide(n) + (1 - gamma1) * ir.square(g)
    return narrow(weight, clipped(w - lr * g / ir.sqrt(square + epsilon), clip_weights), square)


@update(update_samples(5, {"lr": 0.1, "wd": 0.01, "gamma1": 0.5}), writes=(2, 3, 4))
def rmspropalex_update(
    weight: Value,
    grad: Value,
    n: Value,
    g: Value,
    delta: Value,
    *,
    lr: Wide,
    gamma1: Wide = 0.95,
    gamma2: Wide = 0.9,
    epsilon: Wide = 1e-8,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    clip_weights: Wide = -1.0,
) -> Results:
    """RMSProp about the mean with momentum: ``delta = gamma2 delta - lr grad / sqrt(n - g^2 + epsilon)`` is added.

    ``n`` and ``g`` are the moving averages of the squared gradient and of the gradient.
    """
    require_like(weight, grad, n, g, delta)
    w = wide(weight)
    now = decayed(w, grad, rescale_grad, clip_gradient, wd)
    square = gamma1 * wide(n) + (1 - gamma1) * ir.square(now)
    mean = gamma1 * wide(g) + (1 - gamma1) * now
    step = gamma2 * wide(delta) - lr * now / ir.sqrt(square - ir.square(mean) + epsilon)
    return narrow(weight, clipped(w + step, clip_weights), square, mean, step)


@update(update_samples(4, {"lr": 0.1, "wd": 0.01}), writes=(2, 3))
def ftrl_update(
    weight: Value,
    grad: Value,
    z: Value,
    n: Value,
    *,
    lr: Wide,
    lamda1: Wide = 0.01,
    beta: Wide = 1.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """Follow the regularised leader: 0 where ``|z| <= lamda1``; ``z`` and ``n`` are its sums."""
    require_like(weight, grad, z, n)
    w, total = wide(weight), wide(n)
    g = clipped(wide(grad) * rescale_grad, clip_gradient)
    after = total + ir.square(g)
    lead = wide(z) + g - (ir.sqrt(after) - ir.sqrt(total)) * w / lr
    made = (ir.sign(lead) * lamda1 - lead) / ((beta + ir.sqrt(after)) / lr + wd)
    return narrow(weight, ir.select(ir.abs(lead) <= lamda1, ir.zeros_like(made), made), lead, after)


def _unbiased(beta: Value, t: Value) -> Value:
    """1 - beta^t, exact also where beta is almost 1."""
    return -ir.expm1(t * ir.log(beta))


@update(update_samples(5, {"lr": 0.1, "wd": 0.01, "t": 3}), writes=(2, 3, 4))
def ftml_update(
    weight: Value,
    grad: Value,
    d: Value,
    v: Value,
    z: Value,
    *,
    lr: Wide,
    beta1: Wide = 0.6,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-8,
    t: Wide,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_grad: Wide = -1.0,
) -> Results:
    """Follow the moving leader, at step ``t`` from 1: ``-z / d``, which are its moving sums."""
    require_like(weight, grad, d, v, z)
    w = wide(weight)
    g = decayed(w, grad, rescale_grad, clip_grad, wd)
    square = beta2 * wide(v) + (1 - beta2) * ir.square(g)
    scale = _unbiased(beta1, t) / lr * (ir.sqrt(square / _unbiased(beta2, t)) + epsilon)
    total = beta1 * wide(z) + (1 - beta1) * g - (scale - beta1 * wide(d)) * w
    return narrow(weight, -total / scale, scale, square, total)


@update(update_samples(4, {"wd": 0.01, "t": 3}, {"wd": 0.01, "t": 3, "bias_correction": False}), writes=(2, 3))
def lamb_update_phase1(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    *,
    beta1: Wide = 0.9,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-6,
    t: Wide,
    bias_correction: bool = True,
    wd: Wide,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """The direction of LAMB at step ``t`` from 1: ``m / (sqrt(v) + epsilon) + wd weight``, as in Adam."""
    require_like(weight, grad, mean, var)
    g = clipped(wide(grad) * rescale_grad, clip_gradient)
    m, v = _averages(g, mean, var, beta1, beta2)
    mean_, var_ = (m / _unbiased(beta1, t), v / _unbiased(beta2, t)) if bias_correction else (m, v)
    return narrow(weight, mean_ / (ir.sqrt(var_) + epsilon) + wd * wide(weight), m, v)


@update(update_samples(5, {"wd": 0.01, "t": 3}, half=True), writes=(2, 3), dtypes=in_half(2, result=False))
def mp_lamb_update_phase1(
    weight: Value,
    grad: Value,
    mean: Value,
    var: Value,
    weight32: Value,
    *,
    beta1: Wide = 0.9,
    beta2: Wide = 0.999,
    epsilon: Wide = 1e-6,
    t: Wide,
    bias_correction: bool = True,
    wd: Wide,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """``lamb_update_phase1`` of ``weight32``, with float32 states and a float32 result."""
    require_half(weight, grad, mean, var, weight32)
    return in_full(
        lamb_update_phase1, weight32, grad, mean, var, beta1=beta1, beta2=beta2, epsilon=epsilon, t=t,
        bias_correction=bias_correction, wd=wd, rescale_grad=rescale_grad, clip_gradient=clip_gradient,
    )  # fmt: skip


def _trusted(weight: Value, g: Value, r1: Value, r2: Value, lr: Value, lower: Any, upper: Any) -> Value:
    """A step along ``g``, of ``lr`` times the ratio of the norms of weight and direction."""
    require(r1.size == 1 and r2.size == 1, f"r1 and r2 must be one number each, got {r1.type} and {r2.type}")
    r1, r2 = (ir.reshape(wide(r), ()) for r in (r1, r2))
    size = r1
    if isinstance(lower, Value):
        size = ir.select(lower >= 0, ir.maximum(size, lower), size)
    if isinstance(upper, Value):
        size = ir.select(upper >= 0, ir.minimum(size, upper), size)
    ratio = ir.select((size == 0) | (r2 == 0), ir.ones_like(size), size / r2)
    return weight - lr * ratio * g


def _phase2_samples(half: bool) -> Callable[[Any], list[Any]]:
    def samples(rng: Any) -> list[Any]:
        w, g = (rng.uniform(0.5, 1.5, (2, 3)).astype("float32") for _ in range(2))
        norms = np.array([0.5], "float32"), np.array([2], "float32")
        arrays = (w.astype("float16"), g, *norms, w) if half else (w, g, *norms)
        return [(arrays, {"lr": 0.1}), (arrays, {"lr": 0.1, "lower_bound": 1, "upper_bound": 3})]

    return samples


@update(_phase2_samples(half=False), shapes=None)
def lamb_update_phase2(
    weight: Value, g: Value, r1: Value, r2: Value, *, lr: Wide, lower_bound: Wide = -1.0, upper_bound: Wide = -1.0
) -> Results:
    """``weight - lr r1 / r2 g``, with the norms ``r1`` (bounded) of the weight and ``r2`` of ``g``; 1 if one is 0."""
    require_like(weight, g)
    return narrow(weight, _trusted(wide(weight), wide(g), r1, r2, lr, lower_bound, upper_bound))


@update(_phase2_samples(half=True), writes=(4,), shapes=None, dtypes=in_half(1))
def mp_lamb_update_phase2(
    weight: Value,
    g: Value,
    r1: Value,
    r2: Value,
    weight32: Value,
    *,
    lr: Wide,
    lower_bound: Wide = -1.0,
    upper_bound: Wide = -1.0,
) -> Results:
    """``lamb_update_phase2`` of ``weight32``; the float16 copy of the weight is the result."""
    for number, each in ((1, g), (4, weight32)):
        text = f"Incompatible attr in node  at {number}-th input: expected {list(weight.shape)}, got {each.type}"
        require(each.shape == weight.shape, text)
    w = _trusted(weight32, g, r1, r2, lr, lower_bound, upper_bound)
    return *narrow(weight, w), w
