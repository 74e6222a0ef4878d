"""Optimizers of MXNet's contrib: one with a rate for each row, and those of SVRG."""

from __future__ import annotations

from typing import Any

from .. import nd
from ..nd import NDArray
from ..reference import fronts
from .base import Index, Optimizer, Rates, create, register

__all__ = ["GroupAdaGrad"]


@register
class GroupAdaGrad(Optimizer):
    """AdaGrad with one rate for each row of a matrix, as embeddings want it. There is no weight decay.

    ``h = h + mean(g^2)`` over each row, and ``w = w - lr g / sqrt(h + eps)``. ``AssertionError`` for a weight that is
    no matrix, or a weight decay.

    >>> from lazynd import nd, optimizer
    >>> w = nd.ones((1, 2))
    >>> optimizer.get_updater(optimizer.contrib.GroupAdaGrad(learning_rate=0.5))(0, nd.array([[1, 7]]), w)
    >>> w.asnumpy().round(4)
    array([[0.9, 0.3]], dtype=float32)
    """

    def __init__(self, eps: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Index, weight: NDArray) -> Any:
        if weight.ndim != 2:
            raise AssertionError(f"GroupAdaGrad updates matrices row by row, the weight has shape {weight.shape}")
        return nd.zeros((weight.shape[0], 1), weight.context, dtype=weight.dtype)

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        if wd != 0:
            raise AssertionError("Weight decay is not supported for GroupAdaGrad")
        return (lr,)

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        ((lr,),), rescale = self._step([index])
        grad = self._clip(grad * rescale)
        state += nd.mean(nd.square(grad), axis=1, keepdims=True)
        weight -= grad * lr / nd.sqrt(state + self.float_stable_eps)


@register
class _AssignmentOptimizer(Optimizer):
    """The gradient becomes the weight: how SVRG keeps the gradients of all data."""

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        weight[:] = grad


#: What every optimizer takes.
_COMMON = (
    "rescale_grad", "param_idx2name", "wd", "clip_gradient", "learning_rate", "lr_scheduler", "sym", "begin_num_update",
    "multi_precision", "param_dict",
)  # fmt: skip


@register
class _SVRGOptimizer(Optimizer):
    """Another optimizer for weights, and for what is called "full" an assignment: see ``_AssignmentOptimizer``."""

    def __init__(self, default_optimizer: Any, **kwargs: Any) -> None:
        super().__init__(**{name: value for name, value in kwargs.items() if name in _COMMON})
        named = isinstance(default_optimizer, str)
        self.default_opt = create(default_optimizer, **kwargs) if named else default_optimizer
        self.aux_opt = create("_AssignmentOptimizer")

    def _chosen(self, index: Index) -> Optimizer:
        name = index if index in self.idx2name.values() else self.idx2name[index]
        chosen: Optimizer = self.aux_opt if "full" in name else self.default_opt
        return chosen

    def create_state(self, index: Index, weight: NDArray) -> Any:
        return self._chosen(index).create_state(index, weight)

    def update(self, index: Index, weight: NDArray, grad: NDArray, state: Any) -> None:
        self._chosen(index).update(index, weight, grad, state)


__getattr__, __dir__ = fronts(__name__)
