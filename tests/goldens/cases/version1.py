"""Convolution, pooling and batch normalisation in their first versions."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, distinct, empty, f, lit, whole


def normalized(*shape: int, gradient: bool = True, train: bool = True, **attributes: Any) -> Case:
    channels = shape[1]
    arrays = f(*shape), f(channels), f(channels), f(channels), f(channels, low=0.5)
    late = (3, 4) if train and not gradient else ()  # MXNet writes when it goes backward
    return Case(arrays, attributes, grad=(0, 1, 2) if gradient else (), train=train, unchecked=late)


PADDED = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}
#: Windows that stick out, and some that lie outside.
FULL = {"kernel": (2, 2), "stride": (3, 3), "pooling_convention": "full"}

CASES: dict[str, list[Case]] = {
    # Outside training MXNet's gradient belongs to statistics of the batch; those that are shown have none.
    "BatchNorm_v1": [
        normalized(2, 3, 4, 2),
        normalized(2, 3, 4, 2, fix_gamma=False),
        normalized(2, 3, 2, 2, fix_gamma=False, use_global_stats=True),
        normalized(5, 3, fix_gamma=False, eps=0.1, momentum=0.3),
        normalized(2, 3, 2, 2, gradient=False, fix_gamma=False, output_mean_var=True),
        normalized(2, 3, 2, 2, gradient=False, use_global_stats=True, output_mean_var=True),
        normalized(2, 3, 2, 2, gradient=False, train=False),
        normalized(2, 3, 2, 2, gradient=False, train=False, output_mean_var=True),
    ],
    # MXNet's first version has two dimensions alone; half precision is not built.
    "Convolution_v1": [
        case(f(2, 4, 5, 6), f(6, 4, 3, 2), f(6), kernel=(3, 2), num_filter=6),
        case(f(2, 4, 5, 6), f(6, 4, 3, 2), f(6), kernel=(3, 2), num_filter=6, stride=(2, 1), pad=(1, 2)),
        case(f(1, 2, 7, 6), f(3, 2, 3, 2), f(3), kernel=(3, 2), num_filter=3, dilate=(2, 3)),
        case(f(1, 4, 4, 5), f(6, 2, 2, 2), kernel=(2, 2), num_filter=6, num_group=2, no_bias=True),
        case(f(1, 2, 4, 3, dtype="float64"), f(2, 2, 3, 3, dtype="float64"), f(2, dtype="float64"), kernel=(3, 3),
             num_filter=2, layout="NCHW"),
        case(f(1, 1, 1, 5), f(2, 1, 1, 3), f(2), kernel=(1, 3), num_filter=2, workspace=2, cudnn_tune="off"),
        case(f(1, 2, 5), f(2, 2, 3), f(2), kernel=(3,), num_filter=2),
        case(f(1, 5, 6, 4), f(6, 3, 2, 4), f(6), kernel=(3, 2), num_filter=6, layout="NHWC"),
        case(f(1, 2, 4, 5), f(2, 2, 2, 2), kernel=(2, 2), num_filter=2),
        case(f(1, 2, 4, 5), f(2, 2, 3, 2), f(2), kernel=(2, 2), num_filter=2),
        case(whole(1, 2, 4, 5), whole(2, 2, 2, 2), whole(2), kernel=(2, 2), num_filter=2),
    ],
    "Pooling_v1": [
        *(
            case(distinct(2, 2, 5, 6), pool_type=kind, **how)
            for kind in ("max", "avg", "sum")
            for how in ({"kernel": (2, 3)}, PADDED, {**PADDED, "pooling_convention": "full"}, FULL)
        ),
        case(distinct(1, 2, 4, 3), global_pool=True),
        case(f(1, 2, 4, 3), global_pool=True, pool_type="avg", kernel=(2, 2), pad=(1, 1), stride=(2, 2)),
        case(distinct(1, 1, 5, 4), kernel=(2, 2), pad=(3, 2)),
        case(lit([[[[1, 1, 0], [1, 0, 2], [0, 2, 2]]]]), kernel=(2, 2)),
        case(lit([[[[-1, -1], [-1, -1]]]]), kernel=(2, 2), pad=(1, 1)),
        case(lit([[[[1, "nan", 0], [1, 0, 2], [0, "-inf", 2]]]]), kernel=(2, 2)),
        case(distinct(1, 1, 4, 4, dtype="float64"), kernel=(3, 2)),
        case(f(1, 1, 4, 4, dtype="float16"), kernel=(3, 2), pool_type="avg"),
        empty(f(0, 2, 4, 4), kernel=(2, 2)),
        case(f(1, 1, 5), kernel=(2,)),
        case(f(1, 1, 5, 4), kernel=(8, 2)),
        case(f(1, 1, 5, 4), kernel=(2, 2), stride=(0, 1)),
        case(f(1, 1, 5, 4), kernel=(2, 2), pool_type="lp"),
        case(f(1, 1, 5, 4), kernel=(2, 2), pooling_convention="same"),
        case(f(1, 1, 5, 4)),
        case(whole(1, 1, 5, 4), kernel=(2, 2)),
    ],
}  # fmt: skip
