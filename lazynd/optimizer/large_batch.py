"""Optimizers for large batches: rates scaled layer by layer, by the norms of weight and gradient."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from .. import nd
from ..nd import NDArray
from ..stages import untraceable
from .base import Index, Optimizer, Rates, interleaved, listed, register, zeros_like
from .sgd import Momentum, aggregation

#: Ends of the names of what keeps its rate.
_UNSCALED = ("gamma", "beta", "bias")


def _array(values: Sequence[Any], like: NDArray) -> NDArray:
    """Numbers of the host as an array on the device of ``like``."""
    made: NDArray = nd._internal._listed(values=list(values), ctx=like.context, dtype="float32")
    return made


@register
class LARS(Momentum):
    """Momentum whose rate is scaled layer by layer (You, Gitman and Ginsburg, 2017, arXiv 1708.03888).

    The rate of a weight is multiplied by ``eta |w| / (|g| + wd |w| + eps)``, unless its name ends in gamma, beta or
    bias, or one of the norms is 0. ``momentum_correction``: where the rate changes, the momentum changes with it.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([4.0])
    >>> optimizer.get_updater(optimizer.LARS(learning_rate=1, eta=0.5))(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(2.0)
    """

    _called = "SGD "
    _decayed = ("_weight",)

    def __init__(
        self,
        momentum: float = 0.0,
        lazy_update: bool = True,
        eta: float = 0.001,
        eps: float = 0,
        momentum_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.momentum_correction = momentum_correction
        self.lazy_update = lazy_update
        self.aggregate_num = aggregation(4)
        self.eta = eta
        self.eps = eps
        self.skip = 0
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def _numbers(self, indices: Sequence[Any]) -> list[Any]:
        rate = self.learning_rate
        self.last_lr = rate if self.cur_lr is None else self.cur_lr
        self.cur_lr = rate
        return super()._numbers(indices)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        corrected = self.momentum_correction and self.last_lr != 0
        share = self.cur_lr / self.last_lr if corrected else 1.0  # type: ignore[operator]  # both are set by now
        return lr, wd, self.momentum * share

    def _is_scaled(self, index: Any) -> bool:
        return not self.idx2name.get(index, str(index)).endswith(_UNSCALED)

    def _update(self, index: Index, weight: Any, grad: Any, state: Any, in_copies: bool) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        columns, rescale = self._step(indices)
        # Those that are scaled come first.
        order = sorted(range(len(indices)), key=lambda i: not self._is_scaled(indices[i]))
        weights, grads, states = ([each[i] for i in order] for each in (weights, grads, states))
        lrs, wds = (_array([each[i] for i in order], weights[0]) for each in columns[:2])
        scaled = sum(map(self._is_scaled, indices))
        if scaled:
            of_weights, of_grads = (nd.multi_sum_sq(*each[:scaled], num_arrays=scaled) for each in (weights, grads))
            made = nd.multi_lars(
                lrs[:scaled], of_weights, of_grads, wds[:scaled], eta=self.eta, eps=self.eps, rescale_grad=rescale
            )  # fmt: skip
            lrs = nd.concat(made, lrs[scaled:], dim=0) if scaled < len(weights) else made
        name, groups = self._grouped("sgd", states, in_copies)
        options = {"momentum": columns[2][0]} if self.momentum > 0 else {}
        preloaded(name, weights, grads, *groups, lrs=lrs, wds=wds, rescale_grad=rescale, **options, **self._clipping())


def preloaded(name: str, weights: list[NDArray], *groups: Any, lrs: NDArray, wds: NDArray, **options: Any) -> None:
    """Update weights at once by an operator whose rates and decays are arrays."""
    update = getattr(nd, f"preloaded_multi_{name}")
    update(*interleaved(weights, *groups), lrs, wds, out=weights, num_weights=len(weights), **options)


@register
class LBSGD(Optimizer):
    """Momentum for large batches: gradients of ``batch_scale`` steps together, and a rate that warms up.

    During ``warmup_epochs * updates_per_epoch`` updates the rate grows up to ``batch_scale`` times: "linear", "power2"
    or "sqrt" as ``warmup_strategy`` says; with "lars" it is scaled by the norms of weight and gradient instead. With
    ``batch_scale`` above 1 the host decides at each step whether weights move, so that no trace can hold it.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> update = optimizer.get_updater(optimizer.LBSGD(learning_rate=0.5, batch_scale=2, warmup_epochs=0))
    >>> update(0, nd.ones((1,)), w), w.asscalar()
    (None, np.float32(1.0))
    >>> update(0, nd.ones((1,)), w), w.asscalar()
    (None, np.float32(0.0))
    """

    def __init__(
        self,
        momentum: float = 0.0,
        multi_precision: bool = False,
        warmup_strategy: str = "linear",
        warmup_epochs: int = 5,
        batch_scale: int = 1,
        updates_per_epoch: int = 32,
        begin_epoch: int = 0,
        num_epochs: int = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        logging.info("Running Large-Batch SGD Algorithm")
        logging.info(
            "(Batch_scale=%f, warmup_epochs=%d, warmup_strategy=%s, updates_per_epoch=%d)",
            batch_scale, warmup_epochs, warmup_strategy, updates_per_epoch,
        )  # fmt: skip
        self.momentum = momentum
        self.multi_precision = multi_precision
        self.warmup_strategy = warmup_strategy
        self.warmup_epochs = warmup_epochs
        self.batch_scale = batch_scale
        self.updates_per_epoch = updates_per_epoch
        self.init_updates = begin_epoch * updates_per_epoch
        self.num_epochs = num_epochs
        self.lbmult = 1
        #: For each index the sum of its gradients, and how many steps there were.
        self.cumgrads: dict[Any, dict[str, Any]] = {}
        self.adaptive = False
        self.admult = 1

    def create_state(self, index: Index, weight: NDArray) -> Any:
        if self._in_copies(weight):
            copy = weight.astype("float32")
            return None if self.momentum == 0.0 else zeros_like(copy), copy
        self._warn_of_half(weight, "SGD ")
        return None if self.momentum == 0.0 else zeros_like(weight)

    def _counted(self, device_id: int, indices: Sequence[Any]) -> list[Any]:
        """As ever, but with the rate from before the step is counted."""
        self._set_current_context(device_id)
        for each in indices:
            known = self.cumgrads.setdefault(each, {"cum_grad": None, "num_cums": self.init_updates})
            known["num_cums"] += 1
        numbers = self._numbers(indices)
        self._update_count(indices)
        return numbers

    def _counters(self) -> list[dict[Any, Any]]:
        return [*super()._counters(), self.cumgrads, *self.cumgrads.values()]

    def _warmed(self, updates: int) -> float:
        """By how much the rate is multiplied after so many updates."""
        warming, most = self.warmup_epochs * self.updates_per_epoch, float(self.batch_scale)
        if updates >= warming:
            return most
        if warming <= 1:
            return 1.0
        share = updates / warming
        grown = {"linear": share, "power2": share * share, "sqrt": math.sqrt(share)}.get(self.warmup_strategy, 0.0)
        return 1.0 + (most - 1) * grown

    def _gather(self, index: Any, grad: NDArray) -> NDArray | None:
        """The mean of the gradients of this step and those before, if the weight is to move now."""
        if self.batch_scale == 1:
            return grad
        untraceable("LBSGD gathers the gradients of several batches")
        known = self.cumgrads[index]
        known["cum_grad"] = grad.copy() if known["cum_grad"] is None else known["cum_grad"] + grad
        if known["num_cums"] % self.batch_scale:
            return None
        mean: NDArray = known["cum_grad"] / self.batch_scale
        known["cum_grad"] = None
        return mean

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        warmed = 1.0 if self.warmup_strategy == "lars" else self._warmed(self.cumgrads[index]["num_cums"])
        return lr * warmed, wd

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((lr,), (wd,)), rescale = self._step([index])
        mean = self._gather(index, grad)
        if mean is None:
            return
        in_copies = isinstance(state, list | tuple)
        momentum, copies = (state[0], state[1:]) if in_copies else (state, ())
        lrs, wds = _array([lr], weight), _array([wd], weight)
        if self.warmup_strategy == "lars":
            lrs = lrs * self._trust(weight, mean, wds)
        moving = momentum is not None
        groups = [[each] for each in (mean, *([momentum] if moving else []), *copies)]
        options = {"momentum": self.momentum} if moving and self.momentum > 0 else {}
        name = f"{'mp_' if in_copies else ''}sgd{'_mom' if moving else ''}_update"
        preloaded(name, [weight], *groups, lrs=lrs, wds=wds, rescale_grad=rescale, **options, **self._clipping())

    def _trust(self, weight: NDArray, grad: NDArray, wd: NDArray) -> NDArray:
        """The root of the ratio of the sums of squares of weight and gradient, from 0.01 to 100."""
        w, g = nd.multi_sum_sq(weight, num_arrays=1), nd.multi_sum_sq(grad, num_arrays=1)
        made: NDArray = nd.clip(nd.sqrt(w / (g + wd * w + 1e-18)), 0.01, 100)
        return made


@register
class LAMB(Optimizer):
    """Adam whose rate is scaled layer by layer (You et al., 2020, arXiv 1904.00962).

    Along the direction ``d = m / (sqrt(v) + epsilon) + wd w``, where m and v are corrected for their start if
    ``bias_correction``, the step is ``lr |w| / |d|``; ``|w|`` is kept between ``lower_bound`` and ``upper_bound``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([4.0])
    >>> optimizer.get_updater(optimizer.LAMB(learning_rate=0.25))(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    3.0
    """

    _takes_lists = True

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        bias_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.bias_correction = bias_correction
        self.aggregate_num = max(1, min(45, aggregation(45)))

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return lr, wd, self._index_update_count[index]

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        self._update(index, weight, grad, state, False)

    def update_multi_precision(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        self._update(index, weight, grad, state, self._in_copies(weight))

    def _update(self, index: Index, weight: Any, grad: Any, state: Any, in_copies: bool) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds, counts), rescale = self._step(indices)
        bounds = {"lower_bound": self.lower_bound, "upper_bound": self.upper_bound}
        options: dict[str, Any] = {
            "beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon, "rescale_grad": rescale,
            "bias_correction": self.bias_correction, **self._clipping(),
            **{name: bound for name, bound in bounds.items() if bound},
        }  # fmt: skip
        copies, averages = zip(*states, strict=True) if in_copies else (None, states)
        groups = [grads, *zip(*averages, strict=True), *([copies] if in_copies else [])]
        update = getattr(nd._internal, f"_multi_{'mp_' if in_copies else ''}lamb_update")
        update(
            *interleaved(weights, *groups), learning_rates=lrs, wds=wds, step_count=counts, num_tensors=len(weights),
            out=weights, **options,
        )  # fmt: skip
