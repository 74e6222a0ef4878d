"""``sym.contrib``: the operators registered as ``_contrib_*``, by their short names, and control flow."""

from __future__ import annotations

import math
from typing import Any

from . import _internal, random
from .control_flow import cond, foreach, while_loop
from .creation import full
from .generate import namespace
from .mask import boolean_mask
from .symbol import Symbol

__all__ = [
    "adamw_update", "boolean_mask", "cond", "foreach", "mp_adamw_update", "rand_zipfian", "while_loop",
]  # fmt: skip


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Classes below ``range_max`` drawn by Zipf's law: ``num_sampled`` of them, with what is expected of each.

    Class ``c`` has the probability ``log((c + 2) / (c + 1)) / log(range_max + 1)``. Gives the drawn classes as int64,
    how often each of ``true_classes`` is expected among them, and the same of the drawn ones.

    >>> from lazynd import nd, sym
    >>> drawn, of_true, of_drawn = sym.contrib.rand_zipfian(sym.var("true"), 4, 5)
    >>> of_true.eval(true=nd.array([3]))[0].asnumpy().round(4)
    array([0.4982])
    """
    spread = math.log(range_max + 1)
    drawn = random.uniform(0, spread, shape=(num_sampled,), dtype="float64")
    sampled = (drawn.exp() - 1).astype("int64") % range_max

    def expected(classes: Symbol) -> Symbol:
        whole = classes.astype("float64")
        made: Symbol = ((whole + 2.0) / (whole + 1.0)).log() / spread * num_sampled
        return made

    return sampled, expected(true_classes), expected(sampled)


def _scale(rescale_grad: float | Symbol) -> Symbol:
    """The scale of gradients as an array of one number."""
    return rescale_grad if isinstance(rescale_grad, Symbol) else full((1,), rescale_grad)


def adamw_update(
    weight: Symbol,
    grad: Symbol,
    mean: Symbol,
    var: Symbol,
    rescale_grad: float | Symbol,
    lr: float,
    eta: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0,
    clip_gradient: float = -1,
    name: str | None = None,
    **kwargs: Any,
) -> Symbol:
    """``nd.contrib.adamw_update`` of symbols; ``mean`` and ``var`` are auxiliary states.

    >>> from lazynd import sym
    >>> made = sym.contrib.adamw_update(*map(sym.var, ("w", "g", "m", "v")), 1.0, lr=0.1, eta=1)
    >>> made.list_arguments(), made.list_auxiliary_states()
    (['w', 'g'], ['m', 'v'])
    """
    made: Symbol = _internal._adamw_update(
        weight, grad, mean, var, _scale(rescale_grad), lr=lr, eta=eta, beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
        clip_gradient=clip_gradient, name=name, **kwargs,
    )  # fmt: skip
    return made


def mp_adamw_update(
    weight: Symbol,
    grad: Symbol,
    mean: Symbol,
    var: Symbol,
    weight32: Symbol,
    rescale_grad: float | Symbol,
    lr: float,
    eta: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0,
    clip_gradient: float = -1,
    name: str | None = None,
    **kwargs: Any,
) -> Symbol:
    """``nd.contrib.mp_adamw_update`` of symbols; ``mean``, ``var`` and ``weight32`` are auxiliary states.

    >>> from lazynd import sym
    >>> made = sym.contrib.mp_adamw_update(*map(sym.var, ("w", "g", "m", "v", "w32")), 1.0, lr=0.1, eta=1)
    >>> made.list_auxiliary_states()
    ['m', 'v', 'w32']
    """
    made: Symbol = _internal._mp_adamw_update(
        weight, grad, mean, var, weight32, _scale(rescale_grad), lr=lr, eta=eta, beta1=beta1, beta2=beta2,
        epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, name=name, **kwargs,
    )  # fmt: skip
    return made


__getattr__, __dir__ = namespace(__name__, "_contrib_")
