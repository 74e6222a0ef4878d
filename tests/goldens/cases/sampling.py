"""Images sampled at grids, through maps and from boxes, and convolutions that sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..case import Case, case, distinct, f, lit, without_gradient


def unit(*shape: int, dtype: str = "float32", reach: float = 1.3) -> Any:
    """Places around an image."""
    return f(*shape, low=-reach, high=reach, dtype=dtype)


def near(*shape: int, dtype: str = "float32") -> Any:
    return f(*shape, low=-0.9, high=0.9, dtype=dtype)


def deformed(make: Callable[..., Case], masked: bool) -> list[Case]:
    """Cases of deformable convolutions, with a factor for each place if ``masked``."""

    def one(data: Any, offset: Any, *weights: Any, dtype: str = "float32", **attributes: Any) -> Case:
        n, places, height, width = offset.shape
        mask = [near(n, places // 2, height, width, dtype=dtype)] if masked else []
        return make(data, offset, *mask, *weights, **attributes)

    paired = {"num_group": 2, "num_deformable_group": 2, "no_bias": True}
    step = {"im2col_step": 1} if masked else {}
    wide = {"dtype": "float64"}
    return [
        one(f(2, 3, 5, 6), near(2, 12, 4, 4), f(4, 3, 2, 3), f(4), kernel=(2, 3), num_filter=4),
        one(f(1, 4, 6, 5), near(1, 36, 6, 5), f(2, 2, 3, 3), kernel=(3, 3), pad=(1, 1), num_filter=2, **paired),
        one(
            f(2, 2, 7, 6), near(2, 8, 3, 2), f(3, 2, 2, 2), f(3), kernel=(2, 2), stride=(2, 3), dilate=(2, 1),
            num_filter=3, **step,
        ),
        one(
            f(1, 2, 4, 4, **wide), near(1, 8, 3, 3, **wide), f(1, 2, 2, 2, **wide), f(1, **wide), kernel=(2, 2),
            num_filter=1, **wide,
        ),
        one(f(1, 1, 3, 4), f(1, 2, 3, 4, low=-3, high=3), f(1, 1, 1, 1), kernel=(1, 1), num_filter=1, no_bias=True),
        one(f(1, 1, 1, 1), near(1, 2, 1, 1), f(2, 1, 1, 1), f(2), kernel=(1, 1), num_filter=2),
    ]  # fmt: skip


MAP = [[1, 0, 0, 0, 1, 0]]
TURNED = [[0.6, -0.8, 0.1, 0.8, 0.6, -0.2], [1.5, 0.1, 0.3, -0.2, 0.4, 0.6]]
TRANSFORM = {"transform_type": "affine", "sampler_type": "bilinear"}
WHOLE = {"spatial_scale": 1.0}

CASES: dict[str, list[Case]] = {
    "BilinearSampler": [
        case(f(2, 3, 4, 5), unit(2, 2, 3, 2)),
        case(f(1, 2, 5, 3), unit(1, 2, 4, 6, reach=0.9)),
        case(f(2, 1, 3, 4, dtype="float64"), unit(2, 2, 2, 5, dtype="float64")),
        case(f(1, 1, 3, 4), lit([[[[-1, 1, 0, -2]], [[-1, 1, 0, 0]]]]), cudnn_off=True),
        case(f(1, 1, 1, 1), unit(1, 2, 2, 2)),
        case(f(1, 1, 1, 4), unit(1, 2, 1, 1)),
        case(f(3, 2, 2, 2), unit(3, 2, 1, 7, reach=3)),
    ],
    "GridGenerator": [
        case(f(2, 6), transform_type="affine", target_shape=(3, 4)),
        case(f(3, 6), transform_type="affine", target_shape=(2, 5)),
        case(lit(MAP), transform_type="affine", target_shape=(4, 2)),
        case(f(2, 2, 3, 4), transform_type="warp"),
        case(f(1, 2, 5, 2), transform_type="warp"),
        case(lit([[[[0, 0, 1], [0, -1, 0]]] * 2]), transform_type="warp", target_shape=(7, 7)),
    ],
    "SpatialTransformer": [
        case(f(1, 2, 4, 5), lit(MAP), target_shape=(4, 5), **TRANSFORM),
        case(f(2, 3, 4, 5), lit(TURNED), target_shape=(3, 6), **TRANSFORM),
        case(f(2, 1, 5, 3, dtype="float64"), lit(TURNED, "float64"), target_shape=(2, 2), **TRANSFORM),
        case(f(2, 2, 3, 3), f(2, 6), target_shape=(5, 2), cudnn_off=True, **TRANSFORM),
        case(f(1, 1, 1, 1), lit(MAP), target_shape=(2, 3), **TRANSFORM),
        case(f(3, 1, 2, 6), f(3, 6, low=-0.4, high=0.4), target_shape=(3, 3), **TRANSFORM),
    ],
    "ROIPooling": [
        case(distinct(2, 3, 6, 7), lit([[0, 1, 1, 5, 4], [1, 0, 0, 6, 5]]), pooled_size=(2, 3), **WHOLE),
        case(distinct(1, 2, 8, 9), lit([[0, 2, 4, 15, 11], [0, 0, 0, 3, 3]]), pooled_size=(3, 2), spatial_scale=0.5),
        case(distinct(2, 1, 5, 4), lit([[1, 3, 4, 1, 2], [0, 2, 2, 2, 2]]), pooled_size=(2, 2), **WHOLE),
        case(distinct(1, 2, 4, 5), lit([[0, -3, -2, 2, 9], [0, 6, 6, 8, 8]]), pooled_size=(3, 3), **WHOLE),
        case(distinct(1, 1, 1, 1), lit([[0, 0, 0, 0, 0]]), pooled_size=(1, 1), **WHOLE),
        case(f(2, 2, 5, 6, dtype="float64"), lit([[1, 0.4, 1.5, 4.6, 3.5]], "float64"), pooled_size=(4, 4), **WHOLE),
        case(lit([[[[1, 1, 2], [2, 2, 1], [0, 2, 2]]]]), lit([[0, 0, 0, 2, 2]]), pooled_size=(2, 1), **WHOLE),
        case(distinct(1, 2, 12, 10), lit([[0, 8.4, 5, 50.2, 60]]), pooled_size=(3, 4), spatial_scale=0.1875),
    ],
    "_contrib_DeformableConvolution": [
        *deformed(case, masked=False),
        case(f(1, 2, 4, 5), lit([[[[0.0] * 4] * 3] * 8]), f(1, 2, 2, 2), kernel=(2, 2), num_filter=1, no_bias=True),
    ],
    # MXNet 1.9.1 has its gradient on a GPU alone.
    "_contrib_ModulatedDeformableConvolution": deformed(without_gradient, masked=True),
}
