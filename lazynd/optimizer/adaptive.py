"""Optimizers with a rate of its own for each element, by the squares of its gradients."""

from __future__ import annotations

from typing import Any

from .. import nd
from ..nd import NDArray
from .base import Index, Optimizer, Rates, listed, register, update_all, zeros_like


@register
class AdaGrad(Optimizer):
    """Each element's rate falls with the sum of its squared gradients (Duchi, Hazan and Singer, 2011).

    ``h = h + g^2`` and ``w = w - lr (g / sqrt(h + eps) + wd w)``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.AdaGrad(learning_rate=0.5))(0, nd.ones((1,)) * 4, w)
    >>> w.asscalar()
    np.float32(0.5)
    """

    def __init__(self, eps: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return -lr, wd

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((rate,), (wd,)), rescale = self._step([index])
        grad = self._clip(grad * rescale)
        state += nd.square(grad)
        weight += (grad / nd.sqrt(state + self.float_stable_eps) + weight * wd) * rate


@register
class RMSProp(Optimizer):
    """Gradients divided by the root of the moving average of their squares (Tieleman and Hinton, 2012).

    ``n = gamma1 n + (1 - gamma1) g^2`` and ``w = w - lr g / sqrt(n + epsilon)``, where g has the weight decay. If
    ``centered`` (Graves, 2013, arXiv 1308.0850) the square of the average gradient is subtracted from n, and the step
    has a momentum ``gamma2``. Weights stay within ``[-clip_weights, clip_weights]`` if that is given.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.RMSProp(learning_rate=0.5, gamma1=0.75))(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    0.0
    """

    _takes_lists = True

    def __init__(
        self,
        learning_rate: float = 0.001,
        gamma1: float = 0.9,
        gamma2: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1 = gamma1
        self.gamma2 = gamma2
        self.centered = centered
        self.epsilon = epsilon
        self.clip_weights = clip_weights

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return tuple(zeros_like(weight) for _ in range(3 if self.centered else 1))

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        options: dict[str, Any] = {"gamma1": self.gamma1, "epsilon": self.epsilon, **self._clipping()}
        if self.clip_weights:
            options["clip_weights"] = self.clip_weights
        if self.centered:
            options["gamma2"] = self.gamma2
        name = f"_multi_{'rmspropalex' if self.centered else 'rmsprop'}_update"
        update_all(name, weights, grads, *zip(*states, strict=True), lrs=lrs, wds=wds, rescale_grad=rescale, **options)


@register
class AdaDelta(Optimizer):
    """Steps of the size of former steps, without a rate (Zeiler, 2012, arXiv 1212.5701).

    With the moving averages n of ``g^2`` and d of the squared steps: the step is
    ``s = sqrt(d + epsilon) / sqrt(n + epsilon) g``, and ``w = w - s - wd w``.

    >>> from lazynd import nd, optimizer
    >>> w = nd.array([1.0])
    >>> optimizer.get_updater(optimizer.AdaDelta())(0, nd.ones((1,)), w)
    >>> round(float(w), 4)
    0.99
    """

    def __init__(self, rho: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        return (wd,)

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((wd,),), rescale = self._step([index])
        grad = self._clip(grad * rescale)
        squares, steps = state
        squares *= self.rho
        squares += grad * (1.0 - self.rho) * grad
        step = nd.sqrt(steps + self.epsilon) / nd.sqrt(squares + self.epsilon) * grad
        steps *= self.rho
        steps += step * (1.0 - self.rho) * step
        weight -= step + weight * wd


@register
class Ftrl(Optimizer):
    """Follow the regularised leader, which leaves many weights at 0 (McMahan et al., 2013).

    ``lamda1`` is the weight of the sum of absolute values, ``beta`` slows the first steps.

    >>> from lazynd import nd, optimizer
    >>> w = nd.zeros((2,))
    >>> optimizer.get_updater(optimizer.Ftrl(lamda1=0.5))(0, nd.array([0.25, 1]), w)
    >>> w.asnumpy()
    array([ 0.   , -0.025], dtype=float32)
    """

    _takes_lists = True

    def __init__(self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lamda1 = lamda1
        self.beta = beta
        self.lr = learning_rate

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        indices, weights, grads, states = listed(index, weight, grad, state)
        (lrs, wds), rescale = self._step(indices)
        update_all(
            "_multi_ftrl_update", weights, grads, *zip(*states, strict=True), lrs=lrs, wds=wds, rescale_grad=rescale,
            lamda1=self.lamda1, beta=self.beta, **self._clipping(),
        )  # fmt: skip
