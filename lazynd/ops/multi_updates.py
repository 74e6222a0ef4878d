"""Updates of several weights in one call: what ``updates`` does to one, weight by weight."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, require
from ..ir.value import results
from .adaptive_updates import adam_update, ftml_update, ftrl_update, rmsprop_update, rmspropalex_update
from .kinds import Wide, Wides
from .operator import Operator, Writes, numbered, op
from .partial import giving, same
from .precision import wide
from .updates import (
    NONE,
    Results,
    mp_nag_mom_update,
    mp_sgd_mom_update,
    mp_sgd_update,
    nag_mom_update,
    sgd_mom_update,
    sgd_update,
    signsgd_update,
    signum_update,
)


def _samples(size: int, states: int, preloaded: bool) -> Callable[[Any], list[Any]]:
    """Two weights, each followed by its gradient and ``states``; float32 copies come last in groups of mixed types."""

    def samples(rng: Any) -> list[Any]:
        arrays: list[Any] = []
        for shape in ((2, 3), (4,)):
            made = [rng.uniform(0.5, 1.5, shape).astype("float32") for _ in range(size)]
            if size - states > 2:
                made[:2] = [m.astype("float16") for m in made[:2]]
            arrays += made
        options: dict[str, Any] = {"num_weights": 2, **({"momentum": 0.9} if states else {})}
        if preloaded:
            arrays += [np.array(v, "float32") for v in ((0.1, 0.2), (0.01, 0.02))]
        else:
            options |= {"lrs": (0.1, 0.2), "wds": (0.01, 0.02)}
        return [(tuple(arrays), options)]

    return samples


def _states(size: int) -> Writes:
    """All inputs of each group of ``size`` but the first two, weight and gradient."""

    def writes(count: int, attributes: Mapping[str, Any]) -> Sequence[int]:
        return [i for i in range(attributes["num_weights"] * size) if i % size > 1]

    return writes


def _one_by_one(
    update: Operator, size: int, data: Sequence[Value], lrs: Sequence[Value], wds: Sequence[Value], **options: Any
) -> Results:
    """``update`` of each group of ``size`` arrays; the weights, then the states in their order."""
    made = [
        results(update(*data[k * size : k * size + size], lr=lr, wd=wd, **options))
        for k, (lr, wd) in enumerate(zip(lrs, wds, strict=True))
    ]
    return *(m[0] for m in made), *(state for m in made for state in m[1:])


def _check(data: Sequence[Value], size: int, num_weights: int, lrs: Sequence[Value], wds: Sequence[Value]) -> None:
    expected = size * num_weights
    require(len(data) == expected, f"{num_weights} weights make {expected} arrays, got {len(data)}")
    for what, given in (("learning rates", lrs), ("weight decays", wds)):
        text = f"Expected number of {what}: {num_weights}, and got {len(given)}"
        require(
            len(given) == num_weights, f"Number of {what} is inconsistent with num_weights parameter passed. {text}"
        )


def _preloaded(data: Sequence[Value], num_weights: int) -> tuple[Sequence[Value], Results, Results]:
    """The groups, learning rates and weight decays; the last two arrays hold the numbers."""
    require(len(data) >= 2, "the last two arrays must be the learning rates and the weight decays")
    *groups, lrs, wds = data
    for name, each in (("lrs", lrs), ("wds", wds)):
        require(each.shape == (num_weights,), f"{name} must have {num_weights} numbers, got {each.type}")
    dtype = np.result_type(data[0].dtype, FLOAT32)
    rates, decays = (tuple(ir.convert(ir.row(v, k), dtype) for k in range(num_weights)) for v in (lrs, wds))
    return groups, rates, decays


def _plain(update: Operator, size: int) -> tuple[Callable[..., Results], Callable[..., Results]]:
    """``update`` of groups of ``size`` arrays, with its numbers as attributes, and in the last two arrays."""

    def plain(
        *data: Value,
        lrs: Wides,
        wds: Wides,
        rescale_grad: Wide = 1.0,
        clip_gradient: Wide = -1.0,
        num_weights: int = 1,
    ) -> Results:
        _check(data, size, num_weights, lrs, wds)
        return _one_by_one(update, size, data, lrs, wds, rescale_grad=rescale_grad, clip_gradient=clip_gradient)

    def preloaded(*data: Value, rescale_grad: Wide = 1.0, clip_gradient: Wide = -1.0, num_weights: int = 1) -> Results:
        groups, lrs, wds = _preloaded(data, num_weights)
        return plain(
            *groups, lrs=lrs, wds=wds, rescale_grad=rescale_grad, clip_gradient=clip_gradient, num_weights=num_weights
        )

    return plain, preloaded


def _with_momentum(update: Operator, size: int) -> tuple[Callable[..., Results], Callable[..., Results]]:
    """Like ``_plain``, with momentum."""

    def plain(
        *data: Value,
        lrs: Wides,
        wds: Wides,
        momentum: Wide = 0.0,
        rescale_grad: Wide = 1.0,
        clip_gradient: Wide = -1.0,
        num_weights: int = 1,
    ) -> Results:
        _check(data, size, num_weights, lrs, wds)
        options = {"momentum": momentum, "rescale_grad": rescale_grad, "clip_gradient": clip_gradient}
        return _one_by_one(update, size, data, lrs, wds, **options)

    def preloaded(
        *data: Value,
        momentum: Wide = 0.0,
        rescale_grad: Wide = 1.0,
        clip_gradient: Wide = -1.0,
        num_weights: int = 1,
    ) -> Results:
        groups, lrs, wds = _preloaded(data, num_weights)
        return plain(
            *groups, lrs=lrs, wds=wds, momentum=momentum, rescale_grad=rescale_grad, clip_gradient=clip_gradient,
            num_weights=num_weights,
        )  # fmt: skip

    return plain, preloaded


def _multi(name: str, update: Operator, size: int, momentum: bool, text: str) -> None:
    """Declare ``multi_NAME`` and ``preloaded_multi_NAME`` of groups of ``size`` arrays."""
    functions = (_with_momentum if momentum else _plain)(update, size)
    places = ("in ``lrs`` and ``wds``", "in the last two arrays")
    for prefix, function, where in zip(("", "preloaded_"), functions, places, strict=True):
        function.__doc__ = (
            f"``{update.name}`` of ``num_weights`` weights, given as {text} each; rates and decays are {where}."
        )
        op(
            name=f"{prefix}multi_{name}",
            samples=_samples(size, int(momentum), bool(prefix)),
            writes=_states(size),
            outputs=lambda attributes: numbered(attributes["num_weights"]),
            method=False,
            differentiable=False,
            dtypes=same if name.startswith("sgd") and not prefix else None,
            static_values=NONE,
        )(function)


_multi("sgd_update", sgd_update, 2, False, "weight, gradient")
_multi("sgd_mom_update", sgd_mom_update, 3, True, "weight, gradient, momentum")
_multi("mp_sgd_update", mp_sgd_update, 3, False, "weight, gradient, float32 weight")
_multi("mp_sgd_mom_update", mp_sgd_mom_update, 4, True, "weight, gradient, momentum, float32 weight")


#: What each weight has a number of its own for, and what these numbers are called.
_EACH = {"lr": "lrs", "wd": "wds", "t": "ts"}


def _together(update: Operator, size: int, half: bool = False) -> None:
    """Declare ``_multi_NAME``: ``update`` of ``num_weights`` weights, each followed by its other ``size - 1`` arrays.

    MXNet has no such operator; an optimizer here updates all weights by one node.
    """
    declared = inspect.signature(update.function).parameters.values()
    keywords = [p for p in declared if p.kind is p.KEYWORD_ONLY]
    several = [p.name for p in keywords if p.name in _EACH]

    def function(*data: Value, num_weights: int = 1, **options: Any) -> Results:
        require(len(data) == size * num_weights, f"{num_weights} weights make {size * num_weights} arrays")
        columns = [options.pop(_EACH[name]) for name in several]
        made = [
            results(update(*data[k * size : k * size + size], **dict(zip(several, numbers, strict=True)), **options))
            for k, numbers in enumerate(zip(*columns, strict=True))
        ]
        return *(m[0] for m in made), *(state for m in made for state in m[1:])

    shown = [
        p.replace(name=_EACH[p.name], annotation="Wides", default=p.empty) if p.name in _EACH else p for p in keywords
    ]
    count = inspect.Parameter("num_weights", inspect.Parameter.KEYWORD_ONLY, default=1, annotation="int")
    data = inspect.Parameter("data", inspect.Parameter.VAR_POSITIONAL)
    function.__signature__ = inspect.Signature([data, *shown, count])  # type: ignore[attr-defined]  # inspect reads it
    function.__doc__ = f"``{update.name}`` of ``num_weights`` weights, each followed by its gradient and states."

    def samples(rng: Any) -> list[Any]:
        arrays = []
        for shape in ((2, 3), (4,)):
            made = [rng.uniform(0.5, 1.5, shape).astype("float32") for _ in range(size)]
            arrays += [m.astype("float16") for m in made[:2]] + made[2:] if half else made
        numbers = {_EACH[name]: (2, 3) if name == "t" else (0.1, 0.2) for name in several}
        return [(tuple(arrays), {**numbers, "num_weights": 2})]

    op(
        name=f"_multi_{update.name}", samples=samples, writes=_states(size), method=False, differentiable=False,
        dtypes=None, static_values=NONE, outputs=lambda attributes: numbered(attributes["num_weights"]),
    )(function)  # fmt: skip


for _update in (
    signsgd_update, nag_mom_update, signum_update, adam_update, rmsprop_update, rmspropalex_update, ftrl_update,
    ftml_update,
):  # fmt: skip
    _together(_update, _update.required)
_together(mp_nag_mom_update, mp_nag_mom_update.required, half=True)


@op(
    samples=lambda r: [((r.random((2, 3)).astype("float32"), r.random(4).astype("float32")), {"num_arrays": 2})],
    writes=lambda count, attributes: range(count),
    outputs=(),
    method=False,
    differentiable=False,
)
def reset_arrays(*data: Value, num_arrays: int) -> Results:
    """Sets all ``num_arrays`` arrays to zeros, in place; gives nothing."""
    require(len(data) == num_arrays, f"Operator reset_arrays expects {num_arrays} inputs, but got {len(data)} instead.")
    return tuple(map(ir.zeros_like, data))


@op(
    samples=lambda r: [((r.random((2, 3)).astype("float32"), r.random(4).astype("float32")), {"num_arrays": 2})],
    method=False,
    differentiable=False,
    dtypes=giving("float32"),
)
def multi_sum_sq(*data: Value, num_arrays: int) -> Value:
    """The sum of squares of each array, as float32."""
    require(len(data) == num_arrays, f"Operator multi_sum_sq expects {num_arrays} inputs, but got {len(data)} instead.")
    sums = [ir.reshape(ir.convert(ir.sum(ir.square(wide(each))), FLOAT32), (1,)) for each in data]
    return ir.concatenate(sums, 0)


@op(
    shapes=same,
    samples=lambda r: [(tuple(r.uniform(0.5, 1.5, 3).astype("float32") for _ in range(4)), {"eta": 0.1, "eps": 0.01})],
    method=False,
    differentiable=False,
)
def multi_lars(
    lrs: Value,
    weights_sum_sq: Value,
    grads_sum_sq: Value,
    wds: Value,
    *,
    eta: Wide,
    eps: Wide,
    rescale_grad: Wide = 1.0,
) -> Value:
    """Learning rates scaled layer by layer: ``lr eta |w| / (|g| rescale_grad + wd |w| + eps)``; kept if a norm is 0."""
    for name, each in (("weights_sum_sq", weights_sum_sq), ("grads_sum_sq", grads_sum_sq), ("wds", wds)):
        require(each.type is lrs.type.with_context(each.context), f"{name} must be {lrs.type}, got {each.type}")
    w, g = ir.sqrt(wide(weights_sum_sq)), ir.sqrt(wide(grads_sum_sq))
    made = wide(lrs) * eta * w / (g * rescale_grad + wide(wds) * w + eps)
    return ir.convert(ir.select((w > 0) & (g > 0), made, wide(lrs)), lrs.dtype)
