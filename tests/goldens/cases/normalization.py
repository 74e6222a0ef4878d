"""Normalisation, and the statistics that it writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, case, empty, f, lit, without_gradient

NAN = float("nan")


def _channels(count: int, dtype: str = "float32") -> list[Drawn]:
    """gamma, beta, moving mean and moving variance."""
    return [f(count, low=low, high=high, dtype=dtype) for low, high in ((0.5, 2), (-1, 1), (-1, 1), (0.5, 2))]


def batch(data: Any, count: int, dtype: str = "float32", grad: tuple[int, ...] = (0, 1, 2), **kw: Any) -> Case:
    flags = {k: kw.pop(k) for k in ("train", "unchecked", "rtol") if k in kw}
    return Case([data, *_channels(count, dtype)], kw, grad=grad, **flags)


def scaled(data: Any, count: int, dtype: str = "float32", **attributes: Any) -> Case:
    """With gamma and beta; MXNet ignores the gradients of the statistics that it shows."""
    shown = "output_mean_var" in attributes
    return Case([data, *_channels(count, dtype)[:2]], attributes, grad=() if shown else None)


HALF = "float16"
WIDE = "float64"

CASES: dict[str, list[Case]] = {
    "moments": [
        case(f(3, 4), axes=(0,)),
        case(f(3, 4), axes=(1,), keepdims=True),
        case(f(2, 3, 4), axes=(0, 2)),
        case(f(2, 3, 4, dtype=WIDE), axes=(1, 2), keepdims=True),
        case(f(1, 4), axes=(0,)),
        case(lit([[1, NAN], [2, 5]]), axes=(0,)),
        case(lit([[1000, 1001, 1003], [-4000, -4001, -4000]]), axes=(1,)),
    ],
    "BatchNorm": [
        batch(f(4, 3), 3),
        batch(f(4, 3, 2), 3, fix_gamma=False),
        batch(f(4, 3, 2, 5), 3, fix_gamma=False, eps=0.1, momentum=0.5),
        batch(f(4, 3, 2), 2, fix_gamma=False, axis=-1),
        batch(f(4, 3, 2), 4, fix_gamma=False, axis=0),
        batch(f(4, 3, 2), 3, fix_gamma=False, use_global_stats=True),
        # Outside training MXNet's gradient belongs to statistics of the batch.
        batch(f(4, 3, 2), 3, grad=(), fix_gamma=False, train=False),
        batch(f(4, 3), 3, grad=(), train=False),
        batch(f(4, 3, 2), 3, grad=(), output_mean_var=True, unchecked=(3, 4)),  # MXNet writes when it goes backward
        batch(f(4, 3, 2), 3, grad=(), output_mean_var=True, use_global_stats=True),
        batch(f(4, 3, 2, dtype=HALF), 3, fix_gamma=False, rtol=2.0**-8),
        batch(f(4, 3, 2, dtype=WIDE), 3, WIDE, fix_gamma=False, momentum=0.75, eps=0.001),
        batch(f(1, 1), 1, fix_gamma=False),
        batch(lit([[1, NAN], [3, 4], [0, 1]]), 2, fix_gamma=False),
        batch(lit([[1000, 1], [1001, 2], [1003, 5]]), 2, fix_gamma=False, cudnn_off=True),
        batch(f(4, 3), 3, WIDE),
        batch(f(4, 3, dtype="int32"), 3, grad=(1, 2)),
    ],
    # MXNet moves no statistics here, and has gradients in one mode only.
    "_contrib_BatchNormWithReLU": [
        batch(f(4, 3, 2, 5), 3, unchecked=(3, 4)),
        batch(f(4, 3, 2, 5), 3, fix_gamma=False, unchecked=(3, 4)),
        batch(f(4, 3, 1, 5), 3, fix_gamma=False, eps=0.1, unchecked=(3, 4)),
        batch(f(4, 3, 2, 5), 3, grad=(), fix_gamma=False, train=False),
        batch(f(4, 3, 2, 5), 3, grad=(), fix_gamma=False, use_global_stats=True),
        batch(f(4, 3, 2, 5), 3, grad=(), output_mean_var=True, unchecked=(3, 4)),
        batch(f(1, 2, 1, 5), 2, grad=(), train=False),
    ],
    # float32 in training alone: MXNet refuses other dtypes and computes garbage outside training.
    "_contrib_SyncBatchNorm": [
        batch(f(4, 3), 3, key="a"),
        batch(f(4, 3, 2), 3, fix_gamma=False, key="b"),
        batch(f(4, 3, 2, 5), 3, fix_gamma=False, eps=0.1, momentum=0.5, key="c"),
        batch(f(4, 3, 2), 3, fix_gamma=False, use_global_stats=True, key="d"),
        batch(f(4, 3, 2), 3, grad=(), output_mean_var=True, key="e", unchecked=(3, 4)),
        batch(f(2, 1), 1, fix_gamma=False, ndev=1, key="f"),
        batch(f(4, 3), 3, fix_gamma=False),
    ],
    "LayerNorm": [
        scaled(f(3, 4), 4),
        scaled(f(2, 3, 4), 3, axis=1),
        scaled(f(2, 3, 4), 2, axis=-3, eps=0.1),
        scaled(f(2, 3, 4), 4, output_mean_var=True),
        scaled(f(2, 3, 4), 3, axis=1, output_mean_var=True),
        scaled(f(3, 4, dtype=HALF), 4, HALF),
        scaled(f(3, 4, dtype=WIDE), 4, WIDE, eps=0.125),
        scaled(f(3, 1), 1),
        scaled(f(5), 5),
        scaled(lit([[1, NAN, 2], [3, 3, 3]]), 3),
        scaled(lit([[1000, 1001, 1003], [-4000, -4001, -4000]]), 3),
        scaled(f(3, 4), 4, HALF),
        scaled(f(3, 4), 3),
        empty(f(0, 3), f(3), f(3)),
    ],
    "GroupNorm": [
        scaled(f(2, 4, 3), 2, num_groups=2),
        scaled(f(2, 4, 3), 1),
        scaled(f(2, 4, 3, 2), 4, num_groups=4, eps=0.1),
        scaled(f(2, 4, 3), 2, num_groups=2, output_mean_var=True),
        scaled(f(2, 6, 3, dtype=WIDE), 3, WIDE, num_groups=3, eps=0.125),
        scaled(f(2, 4, 3, dtype=HALF), 2, HALF, num_groups=2),
        scaled(f(1, 1, 5), 1),
        scaled(lit([[[1, NAN], [3, 4]], [[1, 1], [3, 4]]]), 2, num_groups=2),
        scaled(f(2, 4, 3), 2, num_groups=3),
        scaled(f(2, 4), 2, num_groups=2),
    ],
    "InstanceNorm": [
        scaled(f(2, 4, 3), 4),
        scaled(f(2, 4, 3, 2), 4, eps=0.1),
        scaled(f(2, 1, 5), 1),
        scaled(f(1, 3, 1), 3),
        scaled(f(2, 3, 2, 2, 2), 3),
        scaled(lit([[[1, NAN], [3, 4]], [[1, 1], [3, 4]]]), 2),
        # A mean of 4,000 is good to 1.2e-4, the deviation from it is 0.5: a few parts in 10,000.
        replace(scaled(lit([[[1000, 1001, 1003], [-4000, -4001, -4000]]]), 2), rtol=1e-3),
        scaled(f(2, 4), 4),
        scaled(f(2, 4, 3), 3),
    ],
    "L2Normalization": [
        case(f(2, 3, 4)),
        case(f(2, 3, 4), mode="channel"),
        case(f(2, 3, 4), mode="spatial", eps=0.5),
        case(f(2, 3, 2, 4, dtype=WIDE), mode="spatial", eps=0.125),
        case(f(2, 3, 4, dtype=HALF)),
        without_gradient(f(3)),  # which is 0 up to rounding
        case(f(1, 1)),
        case(lit([[0, 0], [NAN, 1], [3, -4]])),
        case(f(2, 3), mode="channel"),
        case(f(2, 3), mode="other"),
        empty(f(0, 3)),
    ],
}
