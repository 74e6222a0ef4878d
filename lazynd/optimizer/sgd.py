"""Stochastic gradient descent and its nearest kin."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from .. import nd
from ..nd import NDArray
from .base import Index, Optimizer, Rates, listed, register, update_all, zeros_like


def aggregation(default: int) -> int:
    """How many weights MXNet updates together: here it says whether they are, all of one dtype at once."""
    return int(os.environ.get("MXNET_OPTIMIZER_AGGREGATION_SIZE", default))


class Momentum(Optimizer):
    """What has a momentum as its state, and the float32 copy of a float16 weight behind it."""

    momentum: float
    _called = ""
    _takes_lists = True

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return None if self.momentum == 0.0 else zeros_like(weight)

    def create_state_multi_precision(self, index: Index, weight: NDArray) -> Any:
        if self._in_copies(weight):
            copy = weight.astype("float32")
            return self.create_state(index, copy), copy
        self._warn_of_half(weight, self._called)
        return self.create_state(index, weight)

    def _grouped(self, name: str, states: Sequence[Any], in_copies: bool) -> tuple[str, list[Any]]:
        """The operator that updates weights with such ``states``, and these as it takes them."""
        moving = self.momentum > 0
        named = f"{'mp_' if in_copies else ''}{name}{'_mom' if moving else ''}_update"
        if in_copies:
            momenta, copies = zip(*states, strict=True)
            return named, [momenta, copies] if moving else [copies]
        return named, [states] if moving else []

    def _options(self) -> dict[str, float]:
        return {"momentum": self.momentum} if self.momentum > 0 else {}

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        self._update(index, weight, grad, state, False)

    def update_multi_precision(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        self._update(index, weight, grad, state, self._in_copies(weight))

    def _update(self, index: Index, weight: Any, grad: Any, state: Any, in_copies: bool) -> None:
        raise NotImplementedError


@register
class SGD(Momentum):
    """Stochastic gradient descent with weight decay and momentum.

    ``m = momentum m - lr (g + wd w)`` and ``w = w + m``, where g is the rescaled and clipped gradient. ``lazy_update``
    is for sparse gradients, which are stored dense here: it changes nothing. All weights of one dtype are updated by
    one operator.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> update = optimizer.get_updater(optimizer.SGD(learning_rate=0.5, momentum=0.9))
    >>> for _ in range(2):
    ...     update(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(-0.45)
    """

    _called = "SGD "

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lazy_update = lazy_update
        self.aggregate_num = aggregation(4)

    def _update(self, index: Index, weight: Any, grad: Any, state: Any, in_copies: bool) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        name, groups = self._grouped("sgd", states, in_copies)
        update_all(
            f"multi_{name}", weights, grads, *groups, lrs=lrs, wds=wds, rescale_grad=rescale, **self._options(),
            **self._clipping(),
        )  # fmt: skip


@register
class ccSGD(SGD):
    """``SGD`` under an old name.

    >>> from lazynd import optimizer
    >>> isinstance(optimizer.create("ccsgd"), optimizer.SGD)
    True
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


@register
class NAG(Momentum):
    """Stochastic gradient descent with Nesterov's momentum (Sutskever et al., 2013).

    ``m = momentum m - lr (g + wd w)`` and ``w = w + momentum m - lr (g + wd w)``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.NAG(learning_rate=0.5, momentum=0.5))(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(0.25)
    """

    _called = "NAG "

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def _update(self, index: Index, weight: Any, grad: Any, state: Any, in_copies: bool) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        moving = self.momentum > 0
        name, groups = self._grouped("nag" if moving else "sgd", states, in_copies)
        update_all(
            f"{'_' if moving else ''}multi_{name}", weights, grads, *groups, lrs=lrs, wds=wds, rescale_grad=rescale,
            **self._options(), **self._clipping(),
        )  # fmt: skip


@register
class Signum(Optimizer):
    """Steps of one size in the direction of the momentum's sign (Bernstein et al., 2018, arXiv 1802.04434).

    ``m = momentum m - (1 - momentum) (g + wd w)`` and ``w = (1 - lr wd_lh) w + lr sign(m)``. Without momentum it is
    SignSGD: ``w = (1 - lr wd) w - lr sign(g)``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0, 1.0])
    >>> optimizer.get_updater(optimizer.Signum(learning_rate=0.5))(0, nd.array([0.1, -7]), w)
    >>> w.asnumpy()
    array([0.5, 1.5], dtype=float32)
    """

    _takes_lists = True

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return None if self.momentum == 0.0 else zeros_like(weight)

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        options = {"lrs": lrs, "wds": wds, "rescale_grad": rescale, **self._clipping()}
        if self.momentum == 0.0:
            update_all("_multi_signsgd_update", weights, grads, **options)
            return
        if self.momentum > 0:
            options["momentum"] = self.momentum
        if self.wd_lh:
            options["wd_lh"] = self.wd_lh
        update_all("_multi_signum_update", weights, grads, states, **options)


@register
class SGLD(Optimizer):
    """Stochastic gradient Langevin dynamics: a descent with noise, whose steps sample (Welling and Teh, 2011).

    ``w = w - lr / 2 (g + wd w) + e``, where e is normal with variance ``lr``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.zeros((1000,))
    >>> optimizer.get_updater(optimizer.SGLD(learning_rate=0.25))(0, nd.zeros((1000,)), w)
    >>> round(float(w.norm() / 1000 ** 0.5), 1)
    0.5
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return -lr / 2, wd, math.sqrt(lr)

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((rate,), (wd,), (deviation,)), rescale = self._step([index])
        noise = nd.random.normal(shape=weight.shape, dtype=weight.dtype, ctx=weight.context) * deviation
        weight += (self._clip(grad * rescale) + weight * wd) * rate
        weight += noise


@register
class DCASGD(Optimizer):
    """Asynchronous descent that corrects for the delay of gradients (Zheng et al., 2016, arXiv 1609.08326).

    ``m = momentum m - lr (g + wd w + lamda g^2 (w - p))`` and ``w = w + m``, where p is the weight before the last
    update.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.DCASGD(learning_rate=0.5))(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(0.5)
    """

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.weight_previous: dict[Any, NDArray] = {}
        self.lamda = lamda

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return None if self.momentum == 0.0 else zeros_like(weight), weight.copy()

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return -lr, wd

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((rate,), (wd,)), rescale = self._step([index])
        grad = self._clip(grad * rescale)
        momentum, previous = state
        step = (grad + weight * wd + grad * self.lamda * grad * (weight - previous)) * rate
        if momentum is not None:
            momentum *= self.momentum
            momentum += step
            step = momentum
        previous[:] = weight
        weight += step


@register
class Test(Optimizer):
    """Adds the rescaled gradient, and keeps the weight as its state: for tests of what calls optimizers.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.Test(rescale_grad=0.5))(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(1.5)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight, "float32")

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        weight += grad * self.rescale_grad
        state[:] = weight
