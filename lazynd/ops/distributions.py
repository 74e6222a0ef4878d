"""Draws whose parameters are arrays, draws like another array, and the distributions that are mixtures.

Each distribution is one rule: draws of ``shape`` and ``dtype`` from a stream, with parameters that broadcast. It serves
``_random_*`` (numbers as parameters), ``_sample_*`` (arrays, several draws for each element) and ``_random_*_like``.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT32, is_floating, require, widened
from .gamma import Blocks, gamma_of, rows, rows_of_gamma, standard_gamma
from .kinds import Device, Draw, DType, Scalar, Shape, one_of
from .operator import numbered, op
from .partial import DTypes, Shapes, giving, same
from .random import Stream, normal, poisson, poisson_of, uniform

Rule = Callable[..., Value]


def _uniform(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], low: Value, high: Value) -> Value:
    return low + uniform(draw, shape, dtype) * (high - low)


def _normal(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], mean: Value, deviation: Value) -> Value:
    return mean + normal(draw, shape, dtype) * deviation


def _exponential(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], rate: Value) -> Value:
    return ir.convert(-ir.log(1 - uniform(draw, shape, widened(dtype))), dtype) / rate


def _gamma(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], alpha: Value, beta: Value) -> Value:
    wide = widened(dtype)
    made = standard_gamma(draw, shape, wide, ir.convert(alpha, wide))
    return ir.convert(made * ir.convert(beta, wide), dtype)


def _mixed_poisson(
    draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], gamma_shape: Value, scale: Value, fixed: Value | None
) -> Value:
    """Poisson numbers whose rates are gamma numbers, or ``fixed`` where the shape is infinite.

    Rates are float32: what they are rounded by is nothing beside the spread of the counts.
    """
    if 0 in shape:
        return ir.full(shape, 0, dtype, gamma_shape.context)
    finite = gamma_shape < math.inf
    alpha = ir.select(finite, gamma_shape, ir.ones_like(gamma_shape))
    blocks = Blocks.of(alpha.shape, shape)
    count = rows_of_gamma(blocks)
    words = blocks.words(draw, count + blocks.size, FLOAT32)
    rate = gamma_of(rows(words, 0, count), blocks.lined(alpha), blocks) * blocks.lined(scale)
    if fixed is not None:
        rate = ir.select(blocks.lined(finite), rate, blocks.lined(fixed))
    bits, _ = rows(words, count, count + blocks.size)
    return ir.convert(blocks.restored(poisson_of(bits, rate)), dtype)


def _negative_binomial(draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], k: Value, p: Value) -> Value:
    k, p = ir.convert(k, FLOAT32), ir.convert(p, FLOAT32)
    return _mixed_poisson(draw, shape, dtype, k, (1 - p) / p, None)


def _generalized_negative_binomial(
    draw: Stream, shape: Sequence[int], dtype: np.dtype[Any], mu: Value, alpha: Value
) -> Value:
    mu, alpha = ir.convert(mu, FLOAT32), ir.convert(alpha, FLOAT32)
    return _mixed_poisson(draw, shape, dtype, 1 / alpha, mu * alpha, mu)


def _with_parameters(function: Any, arrays: Sequence[str], numbers: Mapping[str, float]) -> None:
    """Give ``function``, which takes any arguments, the signature of a distribution: its arrays and its numbers."""
    kinds = inspect.Parameter
    own = [p for p in inspect.signature(function).parameters.values() if p.kind is kinds.KEYWORD_ONLY]
    function.__signature__ = inspect.Signature(
        [kinds(name, kinds.POSITIONAL_OR_KEYWORD, annotation="Value") for name in arrays]
        + [kinds(n, kinds.KEYWORD_ONLY, default=v, annotation=Scalar) for n, v in numbers.items()]
        + own
    )


def _floating(name: str, dtype: np.dtype[Any]) -> None:
    require(is_floating(dtype), f"{name} draws floats, not {dtype}")


def _sample_numbers(numbers: Mapping[str, float]) -> dict[str, float]:
    """Parameters of every distribution with which its draws differ: 0.4, 0.5."""
    return {name: 0.4 + 0.1 * k for k, name in enumerate(numbers)}


def _declare_random(name: str, rule: Rule, numbers: Mapping[str, float], text: str) -> None:
    def function(
        *, shape: Shape = (1,), ctx: Device | None = None, dtype: DType = "float32", draw: Draw, **given: Any
    ) -> Value:
        _floating(name, dtype)
        return rule(draw, shape, dtype, *(given[n] for n in numbers))

    function.__doc__ = f"{text}: numbers of ``shape``."
    _with_parameters(function, (), numbers)
    given = _sample_numbers(numbers)
    samples: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((), {"shape": (3, 4), **given}),
        ((), {"shape": (5,), "dtype": "float64", **given}),
    ]
    op(name=f"_random_{name}", method=False, differentiable=False, samples=lambda rng: list(samples), dtypes=giving())(
        function
    )


def _sample_shapes(known: Shapes, *, shape: Sequence[int], **_: Any) -> None:
    """The arrays have one shape, with which that of the result begins."""
    made = known.output()
    if made is not None and len(made) >= len(shape):
        known.learn_input(0, made[: len(made) - len(shape)])
    for number in range(len(known.inputs)):
        known.learn_input(0, known.inputs[number])
    for number in range(len(known.inputs)):
        known.learn_input(number, known.inputs[0])
    if known.inputs[0] is not None:
        known.learn_output((*known.inputs[0], *shape))


def _declare_sample(name: str, rule: Rule, arrays: Sequence[str], text: str) -> None:
    def function(*given: Value, shape: Shape = (), dtype: DType | None = None, draw: Draw) -> Value:
        made = FLOAT32 if dtype is None else dtype
        _floating(name, made)
        for parameter, each in zip(arrays, given, strict=True):
            fits = each.type is given[0].type.with_context(each.context)
            require(fits, f"{parameter} must be {given[0].type}, as {arrays[0]}, got {each.type}")
        spread = [ir.reshape(ir.convert(each, made), (*each.shape, *(1,) * len(shape))) for each in given]
        return rule(draw, (*given[0].shape, *shape), made, *spread)

    listed = " and ".join(f"``{each}``" for each in arrays)
    function.__doc__ = f"{text}: ``shape`` numbers for each element of {listed}; float32 by default."
    _with_parameters(function, arrays, {})

    def samples(rng: Any) -> list[Any]:
        drawn = tuple(rng.uniform(0.2, 0.8, (2, 3)).astype("float32") for _ in arrays)
        return [(drawn, {"shape": (4,)}), (drawn, {"dtype": "float64"})]

    op(
        name=f"_sample_{name}",
        method=False,
        differentiable=False,
        samples=samples,
        shapes=_sample_shapes,
        dtypes=giving(),
    )(function)


def _declare_like(name: str, rule: Rule, numbers: Mapping[str, float], text: str) -> None:
    def function(data: Value, *, draw: Draw, **given: Any) -> Value:
        _floating(name, data.dtype)
        return rule(draw, data.shape, data.dtype, *(given[n] for n in numbers))

    function.__doc__ = f"{text}: numbers of the shape and dtype of ``data``."
    _with_parameters(function, ("data",), numbers)
    op(
        name=f"_random_{name}_like",
        shapes=same,
        method=False,
        differentiable=False,
        samples=lambda rng: [((np.zeros((3, 4), "float32"),), _sample_numbers(numbers))],
    )(function)


def _distribution(
    name: str, rule: Rule, numbers: Mapping[str, float], text: str, arrays: Sequence[str] | None = None, **also: bool
) -> None:
    """Declare the operators that draw by ``rule``; ``also`` ``random``, where ``random.py`` does not."""
    if also:
        _declare_random(name, rule, numbers, text)
    _declare_sample(name, rule, arrays or tuple(numbers), text)
    _declare_like(name, rule, numbers, text)


_distribution("uniform", _uniform, {"low": 0.0, "high": 1.0}, "Uniform in [``low``, ``high``)")
_distribution(
    "normal", _normal, {"loc": 0.0, "scale": 1.0}, "Normal, by mean and standard deviation", arrays=("mu", "sigma")
)
_distribution("exponential", _exponential, {"lam": 1.0}, "Exponential of rate ``lam``")
_distribution("poisson", poisson, {"lam": 1.0}, "Poisson of rate ``lam``, as floats")
_distribution("gamma", _gamma, {"alpha": 1.0, "beta": 1.0}, "Gamma of shape ``alpha`` and scale ``beta``", random=True)
_distribution(
    "negative_binomial",
    _negative_binomial,
    {"k": 1.0, "p": 1.0},
    "Failures before ``k`` successes of probability ``p``, as floats",
    random=True,
)
_distribution(
    "generalized_negative_binomial",
    _generalized_negative_binomial,
    {"mu": 1.0, "alpha": 1.0},
    "Counts of mean ``mu`` and variance ``mu + alpha mu^2``, as floats",
    random=True,
)


def _class_samples(rng: Any) -> list[Any]:
    p = rng.uniform(0.2, 1, (2, 3)).astype("float32")
    p /= p.sum(axis=1, keepdims=True)
    options: list[dict[str, Any]] = [{}, {"shape": (4,), "get_prob": True}, {"shape": (2, 2), "dtype": "uint8"}]
    return [*(((p,), each) for each in options), ((p[0],), {"shape": (5,)})]


def _class_dtypes(known: DTypes, *, get_prob: bool, dtype: Any, **_: Any) -> None:
    known.learn_output(dtype)
    if get_prob:
        known.learn_output(known["data"], 1)


@op(
    samples=_class_samples,
    method=False,
    smooth=False,
    dtypes=_class_dtypes,
    outputs=lambda attributes: numbered(1 + attributes["get_prob"]),
)
def _sample_multinomial(
    data: Value, *, shape: Shape = (), get_prob: bool = False, dtype: DType = "int32", draw: Draw
) -> Value | tuple[Value, Value]:
    """Classes drawn with the probabilities along the last axis of ``data``: ``shape`` for each of its lines.

    Probabilities are taken relative to their sum. ``get_prob`` gives the logarithm of the probability of each draw too,
    which has a gradient.
    """
    require(is_floating(data.dtype) and data.ndim > 0, f"data must be floats along an axis, got {data.type}")
    one_of(dtype.name, "bfloat16", "float16", "float32", "float64", "int32", "uint8")
    classes, lead = data.shape[-1], data.shape[:-1]
    wide = widened(data.dtype)
    p = ir.reshape(ir.convert(data, wide), (math.prod(lead), 1, classes))
    known = ir.stop_gradient(p)
    sums = ir.cumsum(known, 2)
    u = uniform(draw, (p.shape[0], math.prod(shape), 1), wide)
    total = ir.slice_(sums, [0, 0, classes - 1], sums.shape)
    passed = ir.sum(ir.convert(u * total >= sums, INT32), 2)
    last = ir.max(ir.select(known > 0, ir.iota(p.shape, 2, INT32, p.context), ir.full(p.shape, 0, INT32, p.context)), 2)
    chosen = ir.minimum(passed, ir.broadcast_to(last, passed.shape))
    result = (*lead, *shape) or (1,)
    drawn = ir.convert(ir.reshape(chosen, result), dtype)
    if not get_prob:
        return drawn
    line = ir.iota(chosen.shape, 0, INT32, p.context)
    picked = ir.gather(ir.squeeze(p, (1,)), [line, chosen], (0, 1))
    return drawn, ir.convert(ir.reshape(ir.log(picked), result), data.dtype)


@op(samples=lambda r: [((r.random((5, 2)).astype("float32"),), {})], method=False, shapes=same)
def _shuffle(data: Value, *, draw: Draw) -> Value:
    """``data`` with its elements along the first axis in random order."""
    count = data.shape[0]
    # 53 random bits: two of n elements are equal, and keep their order, with probability n^2 / 2^54.
    keys = uniform(draw, (count,), FLOAT64)
    order = ir.sort(keys, ir.iota((count,), 0, INT32, data.context), axis=0)[1]
    return ir.gather(data, [order], (0,))
