"""Pooling, normalisation by neighbouring channels, upsampling and cropping."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, distinct, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")


def ties(*shape: int, dtype: str = "float32") -> Any:
    """Many equal elements."""
    return whole(*shape, high=3, dtype=dtype)


def wide(*shape: int) -> Any:
    return f(*shape, dtype="float64")


AVERAGE = {"pool_type": "avg"}

CASES: dict[str, list[Case]] = {
    "Pooling": [
        case(distinct(2, 3, 5, 6), kernel=(2, 3)),
        case(distinct(2, 3, 5, 6), kernel=(2, 2), stride=(2, 2)),
        case(distinct(2, 3, 7, 6), kernel=(3, 3), stride=(2, 2), pad=(1, 1)),
        case(ties(2, 3, 6, 5), kernel=(3, 3), stride=(1, 2), pad=(1, 2)),
        case(ties(2, 2, 6, 7, dtype="float64"), kernel=(3, 2), pad=(2, 1)),
        case(distinct(2, 3, 6, 8), kernel=(3, 3), stride=(2, 3), pooling_convention="full"),
        case(distinct(2, 3, 6, 8), global_pool=True),
        case(ties(2, 4, 3, 3), global_pool=True),
        case(distinct(2, 5, 6, 3), kernel=(3, 2), stride=(2, 2), layout="NHWC"),
        case(distinct(2, 3, 9), kernel=(3,), stride=(2,), pad=(1,)),
        case(distinct(2, 9, 3), kernel=(4,), layout="NWC"),
        case(distinct(1, 2, 4, 5, 6), kernel=(2, 3, 2), stride=(2, 1, 2), pad=(1, 0, 0)),
        case(distinct(1, 3, 4, 5, 2), kernel=(2, 2, 3), layout="NDHWC"),
        case(distinct(1, 1, 40, 3), kernel=(36, 2), stride=(2, 1)),
        case(distinct(2, 2, 7, dtype="float64"), kernel=(3,), stride=(2,), pad=(0, 0, 0), pooling_convention="same"),
        case(lit([[[1, NAN, NAN, 2, NAN, NAN, 3, 3, INF, INF, -0.0, 0.0]]]), kernel=(2,), stride=(2,)),
        case(lit([[[-INF, -INF, -3, -INF]]]), kernel=(2,), stride=(1,)),
        case(f(1, 1, 1, 1), kernel=(1, 1)),
        case(distinct(2, 3, 5, 6, dtype="float16"), kernel=(2, 2), stride=(2, 1)),
        case(f(2, 3, 5, 6), kernel=(2, 3), **AVERAGE),
        case(f(2, 3, 7, 6), kernel=(3, 3), stride=(2, 2), pad=(1, 2), **AVERAGE),
        case(f(2, 3, 7, 6), kernel=(3, 3), stride=(2, 2), pad=(1, 2), count_include_pad=False, **AVERAGE),
        case(f(2, 3, 6, 8), kernel=(3, 3), stride=(2, 3), pad=(1, 1), pooling_convention="full", **AVERAGE),
        case(wide(2, 3, 6, 8), kernel=(3, 2), stride=(2, 3), pooling_convention="full", **AVERAGE),
        case(f(1, 2, 7), kernel=(2,), stride=(3,), pad=(1,), pooling_convention="full", **AVERAGE),
        case(f(2, 5, 4, 3), global_pool=True, layout="NHWC", **AVERAGE),
        case(f(2, 3, 5, dtype="float16"), kernel=(3,), **AVERAGE),
        case(f(1, 2, 3, 4, 5), kernel=(2, 2, 3), stride=(1, 2, 2), **AVERAGE),
        case(wide(2, 2, 7), kernel=(3,), stride=(3,), pad=(0, 0, 0), pooling_convention="same", **AVERAGE),
        case(f(2, 3, 5, 6), kernel=(2, 3), stride=(3, 2), pad=(1, 1), pool_type="sum"),
        case(wide(2, 3, 40), kernel=(35,), stride=(2,), pool_type="sum"),
        case(f(2, 3, 5, 6), kernel=(2, 3), stride=(1, 2), pool_type="lp", p_value=2),
        case(f(2, 3, 7), kernel=(3,), pad=(1,), pool_type="lp", p_value=3),
        case(f(2, 3, 7), kernel=(3,), stride=(2,), pool_type="lp", p_value=1),
        case(lit([[[0, 0, 1, -1, 2, 0]]]), kernel=(2,), stride=(2,), pool_type="lp", p_value=3),
        case(wide(2, 3, 4, 5), global_pool=True, pool_type="lp", p_value=2),
        empty(f(0, 2, 4, 4), kernel=(2, 2), pool_type="max"),
        empty(f(0, 2, 4, 4), kernel=(2, 2), pool_type="avg"),
    ],
    "LRN": [
        case(f(2, 5, 3, 4), nsize=3),
        case(f(2, 5, 3, 4), nsize=5, alpha=0.5, beta=0.25, knorm=1.0),
        case(f(2, 7, 2, 3), nsize=4, alpha=1.0, beta=2.0),
        case(f(2, 3, 2, 3), nsize=1, alpha=1.0),
        case(f(2, 3, 1, 1), nsize=9, alpha=2.0, knorm=0.5),
        case(f(3, 6), nsize=3, alpha=0.5),
        without_gradient(f(1, 1, 1, 1), nsize=3),  # its gradient reads beside the array, and may kill MXNet
        case(lit([[[[1.0]], [[NAN]], [[2.0]], [[3.0]], [[INF]]]]), nsize=3),
    ],
    "UpSampling": [
        case(f(2, 3, 2, 4), scale=2, sample_type="nearest"),
        case(f(1, 2, 3, 1), scale=3, sample_type="nearest", num_args=1),
        case(f(2, 1, 2, 3), f(2, 3, 4, 6), scale=4, sample_type="nearest", num_args=2),
        case(f(2, 2, 2, 3), f(2, 2, 4, 6), scale=2, sample_type="nearest", multi_input_mode="sum"),
        case(f(1, 2, 3, 4, dtype="float64"), scale=1, sample_type="nearest"),
        case(f(1, 2, 3, 4, dtype="float16"), scale=2, sample_type="nearest"),
        case(f(2, 3, 2, 4), f(3, 1, 4, 4), scale=2, sample_type="bilinear", num_filter=3, num_args=2),
        case(f(1, 2, 3, 2), f(2, 1, 5, 5), scale=3, sample_type="bilinear", num_filter=2),
        case(f(1, 1, 2, 3), f(1, 1, 8, 8), scale=4, sample_type="bilinear", num_filter=1),
        case(lit([[[[1, NAN], [INF, 2]]]]), scale=2, sample_type="nearest"),
    ],
    "Crop": [
        case(f(2, 3, 5, 6), h_w=(2, 3), offset=(1, 2), num_args=1),
        case(f(2, 3, 5, 6), h_w=(4, 3), center_crop=True),
        case(f(2, 3, 5, 6), h_w=(5, 6)),
        case(f(2, 3, 5, 6), f(1, 2, 3, 2), offset=(2, 1), num_args=2),
        case(f(2, 3, 5, 6), f(1, 2, 2, 1), center_crop=True),
        case(f(1, 1, 1, 1), h_w=(1, 1)),
        case(lit([[[[1, NAN], [INF, 2]]]]), h_w=(1, 2), offset=(1, 0)),
    ],
}
