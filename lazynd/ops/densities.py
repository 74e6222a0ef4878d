"""Densities and probabilities of samples, with slopes by sample and by parameter.

An array of parameters has the shape of the leading axes of the samples: one distribution for each of its elements, from
which the rest of the axes are drawn. What needs gamma functions is computed in float64, and the rest in float32 at
least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT64, is_floating, require
from .operator import op
from .partial import Shapes
from .precision import wide
from .special import gammaln


def _arranged(*given: Value, names: Sequence[str], vectors: bool = False) -> tuple[Value, ...]:
    """Samples and parameters, these shaped to broadcast; refused if they do not fit.

    ``vectors``: the last axis of both is that of one sample.
    """
    sample, *parameters = given
    require(is_floating(sample.dtype), f"This operation only support floating point types, not {sample.dtype}")
    for name, each in zip(names, parameters, strict=True):
        require(each.dtype == sample.dtype, f"{name} must be {sample.dtype}, as sample, got {each.type}")
        text = f"dimension of input samples ({sample.ndim}) must be at least dimension of distribution parameters"
        require(each.ndim <= sample.ndim, f"{text} ({each.ndim})")
        expected = _leading(sample.shape, each.ndim, vectors)
        text = f"Shape inconsistent, Provided = {list(each.shape)}, inferred shape={list(expected)} for {name}"
        require(each.shape == expected == _leading(sample.shape, parameters[0].ndim, vectors), text)
    arranged = [sample]
    for each in parameters:
        lead = each.ndim - vectors
        ones = (1,) * (sample.ndim - each.ndim)
        arranged.append(
            ir.broadcast_to(ir.reshape(each, (*each.shape[:lead], *ones, *each.shape[lead:])), sample.shape)
        )
    return tuple(arranged)


def _leading(shape: Sequence[Any], ndim: int, vectors: bool) -> tuple[Any, ...]:
    """What parameters of ``ndim`` dimensions have in common with samples of ``shape``."""
    lead = max(ndim - vectors, 0)
    return (*shape[:lead], *shape[len(shape) - vectors :])


def _shapes(vectors: bool) -> Callable[..., None]:
    def rule(known: Shapes, **_: Any) -> None:
        sample, *parameters = known.inputs
        if sample is None or not len(sample):
            return
        for number, each in enumerate(parameters, 1):
            if each is not None and len(each) <= len(sample):
                known.learn_input(number, _leading(sample, len(each), vectors))
        if None not in parameters:
            known.learn_output((sample[:-1] or (1,)) if vectors else sample)

    return rule


def _density(
    *parameters: Callable[[Any, tuple[int, ...]], Any], whole: bool = False, vectors: bool = False
) -> Callable[[Callable[..., Value]], Any]:
    """Declare a density, with samples for the tests drawn by ``parameters``; ``whole``: of counts."""

    def samples(rng: Any) -> list[Any]:
        found = []
        shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((2, 3), (2,)), ((2, 2, 3), (2, 2)), ((4,), (4,))]
        for shape, lead in shapes:
            x = rng.integers(0, 6, shape) if whole else rng.uniform(0.2, 0.8, shape)
            x = x / x.sum(-1, keepdims=True) if vectors else x
            if vectors:
                lead = (*lead[: len(shape) - 1], shape[-1])
            arrays = [x, *(each(rng, lead) for each in parameters)]
            found += [(tuple(a.astype("float32") for a in arrays), {"is_log": log}) for log in (False, True)]
        return found

    return op(samples=samples, method=False, shapes=_shapes(vectors))


def _between(low: float, high: float) -> Callable[[Any, tuple[int, ...]], Any]:
    return lambda rng, shape: rng.uniform(low, high, shape)


def _doubles(*values: Value) -> tuple[Value, ...]:
    return tuple(ir.convert(each, FLOAT64) for each in values)


def _times_log(x: Value, y: Value) -> Value:
    """``x log(y)``, which is 0 where both are."""
    return x * ir.log(ir.select((x == 0) & (y == 0), 1.0, y))


def _made(logarithm: Value, is_log: bool, dtype: np.dtype[Any]) -> Value:
    return ir.convert(logarithm if is_log else ir.exp(logarithm), dtype)


@_density(_between(-1, 0), _between(1, 2))
def _random_pdf_uniform(sample: Value, low: Value, high: Value, *, is_log: bool = False) -> Value:
    """The density of uniform numbers between ``low`` and ``high``, whatever ``sample`` is; ``is_log``: its logarithm.

    Samples outside have this density too, as in MXNet. ``low`` and ``high`` have the shape of the leading axes of
    ``sample``.
    """
    _, a, b = _arranged(sample, low, high, names=("low", "high"))
    made = 1 / (wide(b) - wide(a))
    return ir.convert(ir.log(made) if is_log else made, sample.dtype)


@_density(_between(0, 1), _between(0.5, 1.5))
def _random_pdf_normal(sample: Value, mu: Value, sigma: Value, *, is_log: bool = False) -> Value:
    """The density at ``sample`` of normal numbers of mean ``mu`` and deviation ``sigma``; ``is_log``: its logarithm.

    ``mu`` and ``sigma`` have the shape of the leading axes of ``sample``.
    """
    x, m, s = map(wide, _arranged(sample, mu, sigma, names=("mu", "sigma")))
    z = (x - m) / s
    exponent, scale = -0.5 * z * z, s * math.sqrt(2 * math.pi)
    return ir.convert(exponent - ir.log(scale) if is_log else ir.exp(exponent) / scale, sample.dtype)


@_density(_between(0.5, 2))
def _random_pdf_exponential(sample: Value, lam: Value, *, is_log: bool = False) -> Value:
    """The density at ``sample`` of exponential numbers of rate ``lam``; ``is_log``: its logarithm.

    Samples below 0 have the density of the formula, above that at 0, as in MXNet. ``lam`` has the shape of the leading
    axes of ``sample``.
    """
    x, rate = map(wide, _arranged(sample, lam, names=("lam",)))
    made = ir.log(rate) - rate * x if is_log else rate * ir.exp(-rate * x)
    return ir.convert(made, sample.dtype)


@_density(_between(0.5, 3), _between(0.5, 2))
def _random_pdf_gamma(sample: Value, alpha: Value, beta: Value, *, is_log: bool = False) -> Value:
    """The density at ``sample`` of gamma numbers of shape ``alpha`` and rate ``beta``; ``is_log``: its logarithm.

    ``beta`` is the inverse of the scale, where ``random.gamma`` takes the scale. Both have the shape of the leading
    axes of ``sample``. NaN below 0.
    """
    x, a, b = _doubles(*_arranged(sample, alpha, beta, names=("alpha", "beta")))
    made = _times_log(a, b) + _times_log(a - 1, x) - b * x - gammaln(a)
    return _made(made, is_log, sample.dtype)


@_density(_between(0.5, 3), whole=True)
def _random_pdf_poisson(sample: Value, lam: Value, *, is_log: bool = False) -> Value:
    """The probability of the counts ``sample`` by the Poisson distribution of rate ``lam``; ``is_log``: its logarithm.

    ``lam`` has the shape of the leading axes of ``sample``, which has no gradient.
    """
    x, rate = _doubles(*_arranged(ir.stop_gradient(sample), lam, names=("lam",)))
    return _made(_times_log(x, rate) - rate - gammaln(x + 1), is_log, sample.dtype)


def _of_failures(x: Value, k: Value, p: Value, q: Value) -> Value:
    """The logarithm of the probability of ``x`` failures, each of probability ``q = 1 - p``, before ``k`` successes."""
    choices = gammaln(x + k) - gammaln(x + 1) - gammaln(k)
    return choices + _times_log(k, p) + _times_log(x, q)


@_density(_between(1, 4), _between(0.2, 0.8), whole=True)
def _random_pdf_negative_binomial(sample: Value, k: Value, p: Value, *, is_log: bool = False) -> Value:
    """The probability of ``sample`` failures before ``k`` successes of probability ``p``; ``is_log``: its logarithm.

    ``k``, which may be any positive number, and ``p`` have the shape of the leading axes of ``sample``, which has no
    gradient.
    """
    x, count, success = _doubles(*_arranged(ir.stop_gradient(sample), k, p, names=("k", "p")))
    return _made(_of_failures(x, count, success, 1 - success), is_log, sample.dtype)


@_density(_between(0.5, 3), _between(0.2, 0.8), whole=True)
def _random_pdf_generalized_negative_binomial(sample: Value, mu: Value, alpha: Value, *, is_log: bool = False) -> Value:
    """The probability of counts of mean ``mu`` and variance ``mu + alpha mu^2``; ``is_log``: its logarithm.

    ``mu`` and ``alpha`` have the shape of the leading axes of ``sample``, which has no gradient.
    """
    x, mean, a = _doubles(*_arranged(ir.stop_gradient(sample), mu, alpha, names=("mu", "alpha")))
    p = 1 / (1 + mean * a)
    return _made(_of_failures(x, 1 / a, p, mean * a * p), is_log, sample.dtype)


@_density(_between(0.5, 3), vectors=True)
def _random_pdf_dirichlet(sample: Value, alpha: Value, *, is_log: bool = False) -> Value:
    """The density of the vectors along the last axis of ``sample`` by Dirichlet distributions of parameters ``alpha``.

    ``alpha`` has vectors along its last axis too; its other axes are the leading ones of ``sample``. The result has the
    shape of ``sample`` less the last axis, (1,) of a vector; ``is_log``: the logarithm. That the elements of a vector
    have the sum 1 is not looked at.
    """
    require(sample.ndim > 0 and alpha.ndim > 0, f"sample and alpha must have an axis, got {sample.type}, {alpha.type}")
    x, a = _doubles(*_arranged(sample, alpha, names=("alpha",), vectors=True))
    made = gammaln(ir.sum(a, -1)) + ir.sum(_times_log(a - 1, x) - gammaln(a), -1)
    return _made(ir.reshape(made, made.shape or (1,)), is_log, sample.dtype)
