"""Updates of weights in ``nd.contrib``: AdamW and LAMB, of one weight and of several in one call.

Results are written to ``out``, states in place. What they compute is told by the operators of the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from . import _internal
from .creation import full
from .ndarray import NDArray
from .refusal import reports

__all__ = [
    "adamw_update", "mp_adamw_update", "multi_adamw_update", "multi_lamb_update", "multi_mp_adamw_update",
    "multi_mp_lamb_update",
]  # fmt: skip

Arrays = Sequence[NDArray]


def _scale(rescale_grad: float | NDArray, like: NDArray) -> NDArray:
    """The scale of gradients as an array on the device of a weight."""
    if isinstance(rescale_grad, NDArray):
        return rescale_grad.as_in_context(like.context)
    made: NDArray = full((1,), rescale_grad, like.context)
    return made


def _interleaved(*groups: Arrays) -> list[NDArray]:
    """The first of each group, then the second of each, and so on."""
    return list(chain.from_iterable(zip(*groups, strict=True)))


@reports("adamw_update")
def adamw_update(
    weight: NDArray,
    grad: NDArray,
    mean: NDArray,
    var: NDArray,
    rescale_grad: float | NDArray,
    lr: float,
    eta: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0,
    clip_gradient: float = -1,
    out: NDArray | None = None,
    name: str | None = None,
) -> NDArray:
    """Adam with its weight decay apart (Loshchilov and Hutter, 2019, arXiv 1711.05101).

    ``weight - eta (lr m / (sqrt(v) + epsilon) + wd weight)``, m and v being the moving averages ``mean`` and ``var``.
    Nothing changes if ``rescale_grad``, a number or an array of one, is 0, infinite or NaN.

    >>> from lazynd import nd
    >>> w, m, v = nd.ones(1), nd.zeros(1), nd.zeros(1)
    >>> nd.contrib.adamw_update(w, nd.ones(1), m, v, 1.0, lr=0.1, eta=1, beta1=0, beta2=0, out=w).asnumpy()
    array([0.9], dtype=float32)
    """
    return _internal._adamw_update(
        weight, grad, mean, var, _scale(rescale_grad, weight), lr=lr, eta=eta, beta1=beta1, beta2=beta2,
        epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, out=out,
    )  # fmt: skip


@reports("mp_adamw_update")
def mp_adamw_update(
    weight: NDArray,
    grad: NDArray,
    mean: NDArray,
    var: NDArray,
    weight32: NDArray,
    rescale_grad: float | NDArray,
    lr: float,
    eta: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0,
    clip_gradient: float = -1,
    out: NDArray | None = None,
    name: str | None = None,
) -> NDArray:
    """``adamw_update`` of ``weight32``, with float32 states; the float16 copy of the weight is the result.

    >>> from lazynd import nd
    >>> w, m, v = nd.ones(1), nd.zeros(1), nd.zeros(1)
    >>> half = w.astype("float16")
    >>> out = nd.contrib.mp_adamw_update(half, half, m, v, w, 1.0, lr=0.5, eta=1, beta1=0, beta2=0, out=half)
    >>> half.asnumpy(), w.asnumpy()
    (array([0.5], dtype=float16), array([0.5], dtype=float32))
    """
    return _internal._mp_adamw_update(
        weight, grad, mean, var, weight32, _scale(rescale_grad, weight), lr=lr, eta=eta, beta1=beta1, beta2=beta2,
        epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, out=out,
    )  # fmt: skip


@reports("multi_adamw_update")
def multi_adamw_update(
    weights: Arrays,
    grads: Arrays,
    mean: Arrays,
    var: Arrays,
    rescale_grad: float | NDArray,
    lrs: Sequence[float],
    wds: Sequence[float],
    etas: Sequence[float],
    out: Arrays | None = None,
    name: str | None = None,
    size: int = 0,
    **kwargs: Any,
) -> Any:
    """``adamw_update`` of several weights in one call, with a rate, a decay and an eta for each.

    ``size``: how many there are, the length of ``weights`` if 0. ``kwargs``: ``beta1``, ``beta2``, ``epsilon`` and
    ``clip_gradient`` of all.

    >>> from lazynd import nd
    >>> w, g, m, v = ([make(1), make(2)] for make in (nd.ones, nd.ones, nd.zeros, nd.zeros))
    >>> options = {"beta1": 0, "beta2": 0}
    >>> out = nd.contrib.multi_adamw_update(w, g, m, v, 1.0, [0.5, 0.25], [0, 0], [1, 1], out=w, **options)
    >>> [each.asnumpy().tolist() for each in w]
    [[0.5], [0.75, 0.75]]
    """
    arrays = [*_interleaved(weights, grads, mean, var), _scale(rescale_grad, weights[0])]
    options = {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights), **kwargs}
    return _internal._multi_adamw_update(*arrays, out=out, **options)


@reports("multi_mp_adamw_update")
def multi_mp_adamw_update(
    weights: Arrays,
    grads: Arrays,
    mean: Arrays,
    var: Arrays,
    weights32: Arrays,
    rescale_grad: float | NDArray,
    lrs: Sequence[float],
    wds: Sequence[float],
    etas: Sequence[float],
    out: Arrays | None = None,
    name: str | None = None,
    size: int = 0,
    **kwargs: Any,
) -> Any:
    """``multi_adamw_update`` of ``weights32``, with float32 states; the float16 copies are the results.

    >>> from lazynd import nd
    >>> w, m, v = [nd.ones(1)], [nd.zeros(1)], [nd.zeros(1)]
    >>> half = [w[0].astype("float16")]
    >>> options = {"beta1": 0, "beta2": 0}
    >>> out = nd.contrib.multi_mp_adamw_update(half, half, m, v, w, 1.0, [0.5], [0], [1], out=half, **options)
    >>> half[0].asnumpy(), w[0].asnumpy()
    (array([0.5], dtype=float16), array([0.5], dtype=float32))
    """
    arrays = [*_interleaved(weights, grads, mean, var, weights32), _scale(rescale_grad, weights[0])]
    options = {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights), **kwargs}
    return _internal._multi_mp_adamw_update(*arrays, out=out, **options)


@reports("multi_lamb_update")
def multi_lamb_update(
    weights: Arrays,
    grads: Arrays,
    mean: Arrays,
    var: Arrays,
    step_count: Sequence[int],
    lrs: Sequence[float],
    wds: Sequence[float],
    out: Arrays | None = None,
    num_tensors: int = 0,
    **kwargs: Any,
) -> Any:
    """LAMB of several weights in one call (You et al., 2020, arXiv 1904.00962), with step, rate and decay of each.

    Along the direction ``d = m / (sqrt(v) + epsilon) + wd w`` the step is ``lr |w| / |d|``. ``num_tensors``: how many
    weights there are, the length of ``weights`` if 0. ``kwargs``: ``beta1``, ``beta2``, ``epsilon``,
    ``rescale_grad``, ``clip_gradient``, ``bias_correction``, ``lower_bound`` and ``upper_bound`` of ``|w|``.

    >>> from lazynd import nd
    >>> w, g, m, v = [nd.array([3, 4])], [nd.ones(2)], [nd.zeros(2)], [nd.zeros(2)]
    >>> out = nd.contrib.multi_lamb_update(w, g, m, v, [1], [0.2], [0], out=w)
    >>> w[0].asnumpy().round(4)
    array([2.2929, 3.2929], dtype=float32)
    """
    options = {"learning_rates": lrs, "wds": wds, "step_count": step_count, **kwargs}
    arrays = _interleaved(weights, grads, mean, var)
    return _internal._multi_lamb_update(*arrays, out=out, num_tensors=num_tensors or len(weights), **options)


@reports("multi_mp_lamb_update")
def multi_mp_lamb_update(
    weights: Arrays,
    grads: Arrays,
    mean: Arrays,
    var: Arrays,
    weights32: Arrays,
    step_count: Sequence[int],
    lrs: Sequence[float],
    wds: Sequence[float],
    out: Arrays | None = None,
    num_tensors: int = 0,
    **kwargs: Any,
) -> Any:
    """``multi_lamb_update`` of ``weights32``, with float32 states; the float16 copies are the results.

    >>> from lazynd import nd
    >>> w, m, v = [nd.array([3, 4])], [nd.zeros(2)], [nd.zeros(2)]
    >>> half = [w[0].astype("float16")]
    >>> out = nd.contrib.multi_mp_lamb_update(half, half, m, v, w, [1], [0.2], [0], out=half)
    >>> w[0].asnumpy().round(3)
    array([2.293, 3.293], dtype=float32)
    """
    options = {"learning_rates": lrs, "wds": wds, "step_count": step_count, **kwargs}
    arrays = _interleaved(weights, grads, mean, var, weights32)
    return _internal._multi_mp_lamb_update(*arrays, out=out, num_tensors=num_tensors or len(weights), **options)
