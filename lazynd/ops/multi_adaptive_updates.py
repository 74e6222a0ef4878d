"""AdamW and LAMB of several weights in one call: what ``adaptive_updates`` does to one, weight by weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .adaptive_updates import _adamw_update, _mp_adamw_update, lamb_update_phase1, lamb_update_phase2
from .kinds import Wide, Wides
from .operator import Operator, numbered, op
from .precision import wide
from .updates import NONE, Results, narrow, require_half, require_like


def _samples(size: int, options: Mapping[str, Any], further: Sequence[float] = ()) -> Callable[[Any], list[Any]]:
    """Two weights, each followed by its gradient and states, in a group of five with a float32 copy; and numbers."""

    def samples(rng: Any) -> list[Any]:
        arrays: list[Any] = []
        for shape in ((2, 3), (4,)):
            made = [rng.uniform(0.5, 1.5, shape).astype("float32") for _ in range(size)]
            if size == 5:
                made[:2] = [m.astype("float16") for m in made[:2]]
            arrays += made
        return [((*arrays, *(np.array([each], "float32") for each in further)), dict(options))]

    return samples


def _declare(size: int, count: str, samples: Any) -> Callable[[Callable[..., Results]], Operator]:
    """Declare an update of groups of ``size`` arrays, of which the parameter ``count`` says the number."""

    def writes(_: int, attributes: Mapping[str, Any]) -> list[int]:
        """All inputs of each group but the first two, weight and gradient."""
        return [i for i in range(attributes[count] * size) if i % size > 1]

    return op(
        samples=samples, writes=writes, method=False, differentiable=False, dtypes=None, static_values=NONE,
        outputs=lambda attributes: numbered(attributes[count]),
    )  # fmt: skip


def _groups(name: str, data: Sequence[Value], size: int, count: int, **numbers: Sequence[Value]) -> list[Any]:
    """The arrays in groups of ``size``; refused if there are not ``count``, or not so many of each kind of numbers."""
    text = f"Operator {name} expects {count * size} inputs, but got {len(data)} instead."
    require(len(data) == count * size, text)
    for what, given in numbers.items():
        shown = what.replace("_", " ")
        text = f"Number of {shown} is inconsistent with the number of weights. Expected number of {shown}: {count}"
        require(len(given) == count, f"{text}, and got {len(given)}")
    return [data[k * size : k * size + size] for k in range(count)]


def _sorted(made: Sequence[Results]) -> Results:
    """The weights, then the states in their order."""
    return *(m[0] for m in made), *(state for m in made for state in m[1:])


def _adamw(update: Operator, size: int, text: str) -> Operator:
    def function(
        *data: Value,
        lrs: Wides,
        beta1: Wide = 0.9,
        beta2: Wide = 0.999,
        epsilon: Wide = 1e-8,
        wds: Wides,
        etas: Wides,
        clip_gradient: Wide = -1.0,
        num_weights: int = 1,
    ) -> Results:
        require(len(data) > 0, "the last array must be the scale of the gradients")
        *arrays, scale = data
        numbers = {"learning_rates": lrs, "weight_decays": wds, "learning_rates_schedule_multiplier": etas}
        groups = _groups(f"_multi{update.name}", arrays, size, num_weights, **numbers)
        options = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon, "clip_gradient": clip_gradient}
        return _sorted([
            update(*group, scale, lr=lr, wd=wd, eta=eta, **options)
            for group, lr, wd, eta in zip(groups, lrs, wds, etas, strict=True)
        ])  # fmt: skip

    function.__name__ = f"_multi{update.name}"
    function.__doc__ = f"""``{update.name}`` of ``num_weights`` weights, given as {text} each.

    The last array has the scale of all gradients: nothing changes if it is 0, infinite or NaN.
    """
    options = {"lrs": (0.1, 0.2), "wds": (0.01, 0.02), "etas": (1, 0.5), "num_weights": 2}
    return _declare(size, "num_weights", _samples(size, options, [0.5]))(function)


_adamw(_adamw_update, 4, "weight, gradient, mean, variance")
_adamw(_mp_adamw_update, 5, "weight, gradient, mean, variance, float32 weight")


def _norm(x: Value) -> Value:
    return ir.reshape(ir.sqrt(ir.sum(ir.square(x))), (1,))


def _lamb(name: str, size: int, check: Callable[..., None], text: str) -> Operator:
    def function(
        *data: Value,
        learning_rates: Wides,
        beta1: Wide = 0.9,
        beta2: Wide = 0.999,
        epsilon: Wide = 1e-6,
        wds: Wides,
        rescale_grad: Wide = 1.0,
        lower_bound: Wide = -1.0,
        upper_bound: Wide = -1.0,
        clip_gradient: Wide = -1.0,
        bias_correction: bool = True,
        step_count: Wides,
        num_tensors: int = 1,
    ) -> Results:
        numbers = {"learning_rates": learning_rates, "weight_decays": wds, "step_counts": step_count}
        made = []
        groups = _groups(name, data, size, num_tensors, **numbers)
        for group, lr, wd, t in zip(groups, *numbers.values(), strict=True):
            check(*group)
            weight, states = group[0], group[2:]
            w = wide(group[-1] if size == 5 else weight)
            g, mean, var = (ir.convert(each, w.dtype) for each in group[1:4])
            direction, m, v = lamb_update_phase1(
                w, g, mean, var, wd=wd, t=t, beta1=beta1, beta2=beta2, epsilon=epsilon, rescale_grad=rescale_grad,
                clip_gradient=clip_gradient, bias_correction=bias_correction,
            )  # fmt: skip
            after = lamb_update_phase2(
                w, direction, _norm(w), _norm(direction), lr=lr, lower_bound=lower_bound, upper_bound=upper_bound
            )  # fmt: skip
            made.append((*narrow(weight, after), *narrow(states[0], m, v), *([after] if size == 5 else [])))
        return _sorted(made)

    function.__name__ = name
    function.__doc__ = f"""Both phases of LAMB of ``num_tensors`` weights, given as {text} each.

    ``step_count`` is the number of the step of each, from 1: see ``lamb_update_phase1`` and ``lamb_update_phase2``.
    """
    options = {"learning_rates": (0.1, 0.2), "wds": (0.01, 0.02), "step_count": (2, 3), "num_tensors": 2}
    return _declare(size, "num_tensors", _samples(size, options))(function)


_lamb("_multi_lamb_update", 4, require_like, "weight, gradient, mean, variance")
_lamb("_multi_mp_lamb_update", 5, require_half, "weight, gradient, mean, variance, float32 weight")
