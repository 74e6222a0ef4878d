"""Updates of weights by stochastic gradients: the new weight is the result, the states are written in place.

All are computed in float32 at least. Rates and decays are inputs of the program: another value compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, is_floating, require
from ..ir.value import results
from .kinds import Wide
from .operator import Operator, op
from .partial import DTypeRule, ShapeRule, in_half, same
from .precision import wide

Results = tuple[Value, ...]

#: -1 means no limit, which is compiled in.
NONE: Final[dict[str, tuple[float, ...]]] = dict.fromkeys(
    ("clip_gradient", "clip_grad", "clip_weights", "lower_bound", "upper_bound"), (-1,)
)


def update_samples(arrays: int, *options: dict[str, Any], half: bool = False) -> Callable[[Any], list[Any]]:
    """Calls with a weight, its gradient and positive states; the last state is a float32 weight if ``half``."""

    def samples(rng: Any) -> list[Any]:
        found = []
        for each in options:
            made = [rng.uniform(0.5, 1.5, (2, 3)).astype("float32") for _ in range(arrays)]
            if half:
                made[:2] = [m.astype("float16") for m in made[:2]]
            found.append((tuple(made), each))
        return found

    return samples


def update(
    samples: Any, writes: Any = (), name: str | None = None, shapes: ShapeRule | None = same, dtypes: DTypeRule = same
) -> Callable[[Callable[..., Any]], Operator]:
    return op(
        samples=samples, writes=writes, name=name, method=False, differentiable=False, static_values=NONE,
        shapes=shapes, dtypes=dtypes,
    )  # fmt: skip


def clipped(x: Value, limit: Any) -> Value:
    """``x`` between -limit and limit; a negative limit is none."""
    if not isinstance(limit, Value):
        return x
    return ir.select(limit >= 0, ir.minimum(ir.maximum(x, -limit), limit), x)


def require_like(weight: Value, *others: Value) -> None:
    """Refuse states of another type."""
    for number, each in enumerate(others, 1):
        fits = each.type is weight.type.with_context(each.context)
        require(fits, f"Incompatible attr in node  at {number}-th input: expected {weight.type}, got {each.type}")


def require_half(weight: Value, grad: Value, *states: Value) -> None:
    """Refuse a gradient of another type than the weight, and states that are not float32."""
    require_like(weight, grad)
    half = is_floating(weight.dtype) and weight.dtype.itemsize <= FLOAT32.itemsize
    require(half, f"weight must be float16 or float32, got {weight.type}")
    for number, each in enumerate(states, 2):
        expected = weight.type.with_dtype(FLOAT32)
        fits = each.type is expected.with_context(each.context)
        require(fits, f"Incompatible attr in node  at {number}-th input: expected {expected}, got {each.type}")


def scaled(weight: Value, grad: Value, rescale_grad: Any, clip_gradient: Any, wd: Any) -> Value:
    """The gradient rescaled, clipped, and with weight decay, in the dtype of ``weight``."""
    return clipped(ir.convert(grad, weight.dtype) * rescale_grad, clip_gradient) + wd * weight


def narrow(like: Value, *values: Value) -> Results:
    """``values`` in the dtype of ``like``."""
    return tuple(ir.convert(v, like.dtype) for v in values)


def in_full(operator: Operator, weight32: Value, grad: Value, *states: Value, **options: Any) -> Results:
    """The results of another update, of the float32 weight, by a gradient that may be float16."""
    return results(operator(weight32, ir.convert(grad, weight32.dtype), *states, **options))


@update(update_samples(2, {"lr": 0.1, "wd": 0.01}, {"lr": 0.1, "clip_gradient": 0.6}))
def sgd_update(
    weight: Value,
    grad: Value,
    *,
    lr: Wide,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    lazy_update: bool = True,
) -> Results:
    """``(1 - lr wd) weight - lr g``, with g the gradient rescaled and clipped."""
    require_like(weight, grad)
    w = wide(weight)
    # Not w - lr (g + wd w), of which an infinite weight would make NaN.
    return narrow(weight, (1 - lr * wd) * w - lr * clipped(ir.convert(grad, w.dtype) * rescale_grad, clip_gradient))


@update(update_samples(3, {"lr": 0.1, "wd": 0.01, "momentum": 0.9}), writes=(2,))
def sgd_mom_update(
    weight: Value,
    grad: Value,
    mom: Value,
    *,
    lr: Wide,
    momentum: Wide = 0.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    lazy_update: bool = True,
) -> Results:
    """``weight + m`` with m = ``momentum mom - lr (g + wd weight)``, which is written to ``mom``."""
    require_like(weight, grad, mom)
    w = wide(weight)
    m = momentum * wide(mom) - lr * scaled(w, grad, rescale_grad, clip_gradient, wd)
    return narrow(weight, w + m, m)


@update(update_samples(3, {"lr": 0.1, "wd": 0.01}, half=True), writes=(2,), dtypes=in_half(2))
def mp_sgd_update(
    weight: Value,
    grad: Value,
    weight32: Value,
    *,
    lr: Wide,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    lazy_update: bool = True,
) -> Results:
    """``sgd_update`` of ``weight32``, whose float16 copy is the result."""
    require_half(weight, grad, weight32)
    (w,) = in_full(
        sgd_update, weight32, grad, lr=lr, wd=wd, rescale_grad=rescale_grad, clip_gradient=clip_gradient
    )  # fmt: skip
    return *narrow(weight, w), w


@update(update_samples(4, {"lr": 0.1, "wd": 0.01, "momentum": 0.9}, half=True), writes=(2, 3), dtypes=in_half(2))
def mp_sgd_mom_update(
    weight: Value,
    grad: Value,
    mom: Value,
    weight32: Value,
    *,
    lr: Wide,
    momentum: Wide = 0.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    lazy_update: bool = True,
) -> Results:
    """``sgd_mom_update`` of ``weight32`` and ``mom``, both float32; the float16 copy of the weight is the result."""
    require_half(weight, grad, mom, weight32)
    w, m = in_full(
        sgd_mom_update, weight32, grad, mom, lr=lr, momentum=momentum, wd=wd, rescale_grad=rescale_grad,
        clip_gradient=clip_gradient,
    )  # fmt: skip
    return *narrow(weight, w), m, w


@update(update_samples(3, {"lr": 0.1, "wd": 0.01, "momentum": 0.9}), writes=(2,))
def nag_mom_update(
    weight: Value,
    grad: Value,
    mom: Value,
    *,
    lr: Wide,
    momentum: Wide = 0.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """Nesterov's momentum: ``weight + momentum m - lr g`` with m = ``momentum mom - lr g``, written to ``mom``."""
    require_like(weight, grad, mom)
    w = wide(weight)
    step = lr * scaled(w, grad, rescale_grad, clip_gradient, wd)
    m = momentum * wide(mom) - step
    return narrow(weight, w + momentum * m - step, m)


@update(update_samples(4, {"lr": 0.1, "wd": 0.01, "momentum": 0.9}, half=True), writes=(2, 3), dtypes=in_half(2))
def mp_nag_mom_update(
    weight: Value,
    grad: Value,
    mom: Value,
    weight32: Value,
    *,
    lr: Wide,
    momentum: Wide = 0.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """``nag_mom_update`` of ``weight32`` and ``mom``, both float32; the float16 copy of the weight is the result."""
    require_half(weight, grad, mom, weight32)
    w, m = in_full(
        nag_mom_update, weight32, grad, mom, lr=lr, momentum=momentum, wd=wd, rescale_grad=rescale_grad,
        clip_gradient=clip_gradient,
    )  # fmt: skip
    return *narrow(weight, w), m, w


@update(update_samples(2, {"lr": 0.1, "wd": 0.01}))
def signsgd_update(
    weight: Value, grad: Value, *, lr: Wide, wd: Wide = 0.0, rescale_grad: Wide = 1.0, clip_gradient: Wide = -1.0
) -> Results:
    """``(1 - lr wd) weight - lr sign(grad)``."""
    require_like(weight, grad)
    return narrow(weight, (1 - lr * wd) * wide(weight) - lr * ir.sign(wide(grad)))


@update(update_samples(3, {"lr": 0.1, "wd": 0.01, "momentum": 0.9, "wd_lh": 0.1}), writes=(2,))
def signum_update(
    weight: Value,
    grad: Value,
    mom: Value,
    *,
    lr: Wide,
    momentum: Wide = 0.0,
    wd: Wide = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    wd_lh: Wide = 0.0,
) -> Results:
    """``(1 - lr wd_lh) weight + lr sign(m)`` with m = ``momentum mom - (1 - momentum) (g + wd weight)``."""
    require_like(weight, grad, mom)
    w = wide(weight)
    m = momentum * wide(mom) - (1 - momentum) * scaled(w, grad, rescale_grad, clip_gradient, wd)
    return narrow(weight, (1 - lr * wd_lh) * w + lr * ir.sign(m), m)
