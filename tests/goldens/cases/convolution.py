"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, empty, f, lit

NAN, INF = float("nan"), float("inf")


def wide(*shape: int) -> Any:
    return f(*shape, dtype="float64")


CASES: dict[str, list[Case]] = {
    "Convolution": [
        case(f(2, 3, 7, 6), f(4, 3, 3, 2), f(4), kernel=(3, 2), num_filter=4),
        case(f(2, 3, 7, 6), f(4, 3, 3, 3), f(4), kernel=(3, 3), num_filter=4, stride=(2, 3), pad=(1, 0)),
        case(f(2, 3, 8, 9), f(4, 3, 3, 3), kernel=(3, 3), num_filter=4, dilate=(2, 3), pad=(0, 2), no_bias=True),
        case(f(2, 4, 5, 6), f(6, 2, 3, 3), f(6), kernel=(3, 3), num_filter=6, num_group=2, pad=(1, 1)),
        case(f(2, 6, 5, 4), f(6, 1, 3, 3), f(6), kernel=(3, 3), num_filter=6, num_group=6, stride=(2, 1)),
        case(f(2, 3, 5, 4), f(5, 3, 1, 1), f(5), kernel=(1, 1), num_filter=5),
        case(f(2, 3, 5, 4), f(5, 3, 1, 1), kernel=(1, 1), num_filter=5, stride=(2, 2), no_bias=True),
        case(f(2, 3, 9), f(4, 3, 3), f(4), kernel=(3,), num_filter=4, stride=(2,), pad=(1,), dilate=(2,)),
        case(f(2, 2, 4, 5, 3), f(3, 2, 2, 3, 1), f(3), kernel=(2, 3, 1), num_filter=3, stride=(1, 2, 2), pad=(0, 1, 0)),
        case(f(1, 1, 1, 1), f(1, 1, 1, 1), f(1), kernel=(1, 1), num_filter=1),
        case(f(1, 2, 2, 3), f(3, 2, 2, 3), f(3), kernel=(2, 3), num_filter=3),
        case(f(3, 1, 6, 5), f(2, 1, 5, 5), f(2), kernel=(5, 5), num_filter=2, pad=(2, 2)),
        case(wide(2, 4, 5, 6), wide(2, 2, 3, 2), wide(2), kernel=(3, 2), num_filter=2, num_group=2, stride=(1, 2)),
        case(wide(2, 3, 9), wide(4, 3, 4), kernel=(4,), num_filter=4, dilate=(2,), pad=(3,), no_bias=True),
        case(lit([[[1, NAN, 2, 0, INF, 0, 3]]]), f(2, 1, 2), kernel=(2,), num_filter=2, no_bias=True),
        empty(f(0, 2, 5, 5), f(3, 2, 3, 3), f(3), kernel=(3, 3), num_filter=3),
    ],
    "Deconvolution": [
        case(f(2, 3, 4, 5), f(3, 2, 3, 2), kernel=(3, 2), num_filter=2),
        case(f(2, 3, 4, 5), f(3, 2, 3, 3), kernel=(3, 3), num_filter=2, stride=(2, 3), pad=(1, 1), adj=(1, 2)),
        case(f(2, 3, 4, 5), f(3, 2, 3, 3), f(2), kernel=(3, 3), num_filter=2, no_bias=False, stride=(2, 2)),
        case(f(2, 4, 3, 4), f(4, 3, 2, 2), kernel=(2, 2), num_filter=6, num_group=2, stride=(2, 2)),
        case(f(2, 3, 4, 3), f(3, 2, 3, 3), kernel=(3, 3), num_filter=2, dilate=(2, 1), pad=(1, 0)),
        case(f(2, 3, 6), f(3, 4, 4), kernel=(4,), num_filter=4, stride=(2,), pad=(1,)),
        case(f(1, 2, 3, 2, 4), f(2, 3, 2, 1, 3), kernel=(2, 1, 3), num_filter=3, stride=(1, 2, 2)),
        case(f(1, 1, 1, 1), f(1, 1, 1, 1), kernel=(1, 1), num_filter=1),
        case(wide(2, 3, 4, 5), wide(3, 2, 3, 3), kernel=(3, 3), num_filter=2, stride=(2, 2), target_shape=(8, 9)),
        case(wide(2, 3, 4, 5), wide(3, 2, 3, 3), wide(2), kernel=(3, 3), num_filter=2, no_bias=False, pad=(1, 2)),
        case(wide(2, 4, 5), wide(4, 1, 3), kernel=(3,), num_filter=4, num_group=4, stride=(2,), adj=(1,)),
        case(lit([[[1, NAN, 2]]]), f(1, 2, 2), kernel=(2,), num_filter=2),
    ],
}
