"""AdaGrad: steps divided by the root of the sum of the squares of all gradients so far. See ``updates``."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .kinds import Wide
from .partial import like
from .precision import wide
from .updates import Results, clipped, narrow, require_like, update, update_samples


@update(update_samples(3, {"lr": 0.1}, {"lr": 0.1, "clip_gradient": 0.6}), writes=(2,))
def _sparse_adagrad_update(
    weight: Value,
    grad: Value,
    history: Value,
    *,
    lr: Wide,
    epsilon: Wide = 1e-7,
    wd: float = 0.0,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
) -> Results:
    """``weight - lr g / sqrt(h + epsilon)`` with h = ``history + g^2``. There is no weight decay: ``wd`` is 0.

    (Duchi, Hazan and Singer, 2011.) All rows are updated, as by a row_sparse gradient that has all of them.
    """
    require(wd == 0, f"weight decay is not supported, wd must be 0, got {wd}")
    require_like(weight, grad, history)
    w = wide(weight)
    g = clipped(wide(grad) * rescale_grad, clip_gradient)
    total = wide(history) + ir.square(g)
    return narrow(weight, w - lr * g / ir.sqrt(total + epsilon), total)


def _group_samples(rng: Any) -> list[Any]:
    w, g = (rng.uniform(0.5, 1.5, (2, 3)).astype("float32") for _ in range(2))
    history = rng.uniform(0.5, 1.5, (2, 1)).astype("float32")
    return [((w, g, history), {"lr": 0.1}), ((w, g, history), {"lr": 0.1, "clip_gradient": 0.6})]


@update(_group_samples, writes=(2,), shapes=like(0, 1))
def _contrib_group_adagrad_update(
    weight: Value,
    grad: Value,
    history: Value,
    *,
    lr: Wide,
    rescale_grad: Wide = 1.0,
    clip_gradient: Wide = -1.0,
    epsilon: Wide = 1e-5,
) -> Results:
    """``weight - lr g / sqrt(h + epsilon)`` with h = ``history + mean(g^2)`` over each row: one rate a row.

    ``history`` has one number for each index of the first axis of ``weight``: ``[rows, 1]``. All rows are updated, as
    by a row_sparse gradient that has all of them.
    """
    require_like(weight, grad)
    require(weight.ndim > 1, f"weight must have rows, got {weight.type}")
    rows = weight.type.with_shape((weight.shape[0], *(1,) * (weight.ndim - 1)))
    fits = history.dtype == rows.dtype and history.shape in (rows.shape, rows.shape[:2])
    require(fits, f"history must be {rows}, one number a row, got {history.type}")
    g = clipped(wide(grad) * rescale_grad, clip_gradient)
    added = ir.mean(ir.square(g), tuple(range(1, weight.ndim)), keepdims=True)
    total = ir.reshape(wide(history), rows.shape) + added
    made = wide(weight) - lr * g / ir.sqrt(total + epsilon)
    return narrow(weight, made, ir.reshape(total, history.shape))
