"""Adam and its kin: steps scaled by moving averages of the gradient and of its square."""

from __future__ import annotations

import math
from typing import Any

from .. import nd
from ..nd import NDArray
from .base import Index, Optimizer, Rates, listed, register, update_all, zeros_like


class Averages(Optimizer):
    """What has two moving averages as its state."""

    beta1: float
    beta2: float

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight), zeros_like(weight)


@register
class Adam(Averages):
    """Adam (Kingma and Ba, 2015, arXiv 1412.6980).

    With the moving averages m of ``g + wd w`` and v of its square:
    ``w = w - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)`` at step t from 1. ``lazy_update`` is for
    sparse gradients, which are stored dense here: it changes nothing.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.Adam(learning_rate=0.5))(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    0.5
    """

    _takes_lists = True

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lazy_update = lazy_update

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        t = self._index_update_count[index]
        return lr * math.sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t), wd

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        update_all(
            "_multi_adam_update", weights, grads, *zip(*states, strict=True), lrs=lrs, wds=wds, rescale_grad=rescale,
            beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon, **self._clipping(),
        )  # fmt: skip


@register
class Adamax(Averages):
    """Adam with the largest gradient in the place of the average square (Kingma and Ba, 2015, section 7).

    With the moving average m of ``g + wd w`` and ``u = max(beta2 u, |g + wd w|)``:
    ``w = w - lr / (1 - beta1^t) m / u`` at step t from 1.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.Adamax(learning_rate=0.5))(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(0.5)
    """

    def __init__(self, learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return lr / (1.0 - self.beta1 ** self._index_update_count[index]), wd

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((lr,), (wd,)), rescale = self._step([index])
        grad = self._clip(grad * rescale + weight * wd)
        mean, largest = state
        mean *= self.beta1
        mean += grad * (1.0 - self.beta1)
        largest[:] = nd.maximum(largest * self.beta2, nd.abs(grad))
        weight -= mean * lr / largest


@register
class Nadam(Averages):
    """Adam with Nesterov's momentum (Dozat, 2016), whose schedule falls by ``schedule_decay``.

    The momentum of step t is ``b_t = beta1 (1 - 0.96^(t schedule_decay) / 2)``; the gradient counts divided by one
    minus the product of all b up to t, the moving average by one minus the product up to t + 1, and
    ``w = w - lr ((1 - b_t) g' + b_{t+1} m') / (sqrt(v') + epsilon)``. As in MXNet the product goes on with each weight
    that is updated, not with each step.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.Nadam(learning_rate=0.5))(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    0.4718
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0

    def _momentum(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        t = self._index_update_count[index]
        now, following = self._momentum(t), self._momentum(t + 1)
        self.m_schedule *= now
        own, mean = 1.0 - self.m_schedule, 1.0 - self.m_schedule * following
        return lr, wd, own, mean, 1.0 - self.beta2**t, 1.0 - now, following

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        columns, rescale = self._step([index])
        lr, wd, of_grad, of_mean, of_var, share, following = (each[0] for each in columns)
        grad = self._clip(grad * rescale + weight * wd)
        mean, var = state
        mean *= self.beta1
        mean += grad * (1.0 - self.beta1)
        var *= self.beta2
        var += grad * (1.0 - self.beta2) * grad
        direction = grad / of_grad * share + mean / of_mean * following
        weight -= direction * lr / (nd.sqrt(var / of_var) + self.epsilon)


@register
class FTML(Optimizer):
    """Follow the moving leader (Zheng and Kwok, 2017).

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.FTML(learning_rate=0.5))(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    0.5
    """

    _takes_lists = True

    def __init__(self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return tuple(zeros_like(weight) for _ in range(3))

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return lr, wd, self._index_update_count[index]

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds, ts), rescale = self._step(indices)
        limit = {"clip_grad": self.clip_gradient} if self.clip_gradient else {}
        update_all(
            "_multi_ftml_update", weights, grads, *zip(*states, strict=True), lrs=lrs, wds=wds, ts=ts,
            rescale_grad=rescale, beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon, **limit,
        )  # fmt: skip
