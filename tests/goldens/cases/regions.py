"""Regions of images: means of samples, of rotated samples, of pixels by position, and of displaced parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import Case, Literal, case, empty, f, lit, without_gradient


def regions(
    count: int, images: int = 2, seed: int = 0, size: float = 7, dtype: str = "float32", rotated: bool = False
) -> Literal:
    """Numbers of images and boxes, some reaching out of five by six pixels; rotated: by middle, size and angle."""
    rng = np.random.RandomState(seed)
    low = rng.uniform(-1, 5, (count, 2))
    extent = rng.uniform(0.2, size, (count, 2))
    box = [low + extent / 2, extent, rng.uniform(-180, 180, (count, 1))] if rotated else [low, low + extent]
    return lit(np.concatenate([np.arange(count).reshape(-1, 1) % images, *box], 1).round(3).tolist(), dtype)


def image(channels: int = 2, images: int = 2, dtype: str = "float32") -> Any:
    return f(images, channels, 5, 6, dtype=dtype)


SIZE: dict[str, Any] = {"pooled_size": (3, 2), "spatial_scale": 1.0}
PARTS: dict[str, Any] = {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2}

CASES: dict[str, list[Case]] = {
    "_contrib_ROIAlign": [
        case(image(), regions(4), **SIZE),
        case(image(), regions(4, seed=1), **SIZE, sample_ratio=2),
        case(image(), regions(4, seed=2), **SIZE, aligned=True),
        case(image(), regions(4, seed=3), **SIZE, aligned=True, sample_ratio=3),
        case(image(), regions(3, seed=4, size=20), pooled_size=(2, 2), spatial_scale=0.5),
        case(image(6), regions(3, seed=5), **SIZE, position_sensitive=True),
        case(image(12), regions(3, seed=6), **SIZE, position_sensitive=True, sample_ratio=2),
        case(image(), regions(3, seed=7), pooled_size=(1, 1), spatial_scale=0.0),
        case(image(), lit([[0, -3, -3, 20, 20], [1, 9, 9, 12, 12], [1, 3, 3, 2, 2], [0.7, 0, 0, 5, 4]]), **SIZE),
        case(image(), lit([[0, 0, 0, 2, 2], [1, 0, 0, 6, 5]], "float64"), **SIZE),
        case(image(dtype="float64"), regions(4, seed=8, dtype="float64"), **SIZE),
        case(image(dtype="float16"), lit([[0, 0, 0, 2, 4], [1, 1, 1, 5, 3]], "float16"), **SIZE, sample_ratio=2),
        empty(image(), f(0, 5), **SIZE),
        case(f(2, 5, 6), regions(2), **SIZE),
        case(image(), f(2, 4), **SIZE),
        case(image(), regions(2), pooled_size=(2, 2), spatial_scale=1.5),
        case(image(), regions(2), pooled_size=(0, 2), spatial_scale=1),
        case(image(), regions(2), **SIZE, position_sensitive=True),
    ],
    "_contrib_RROIAlign": [
        without_gradient(image(), regions(4, rotated=True), **SIZE),
        without_gradient(image(), regions(4, seed=1, rotated=True), **SIZE, sampling_ratio=2),
        without_gradient(image(), regions(4, seed=2, rotated=True, size=20), pooled_size=(1, 2), spatial_scale=0.5),
        without_gradient(image(), lit([[0, 2, 2, 3, 2, 0], [1, 2, 2, 0.1, -3, 45], [1, 20, 2, 2, 2, 90]]), **SIZE),
        without_gradient(image(dtype="float64"), regions(3, seed=3, rotated=True, dtype="float64"), **SIZE),
        without_gradient(image(dtype="float16"), lit([[0, 2, 2, 3, 2, 0]], "float16"), **SIZE, sampling_ratio=2),
        without_gradient(image(), regions(2), **SIZE),
        without_gradient(image(), regions(2, rotated=True), pooled_size=(2,), spatial_scale=1.0),
        without_gradient(image(), regions(2, rotated=True), pooled_size=(2, 2), spatial_scale=-1.0),
    ],
    "_contrib_PSROIPooling": [
        case(image(8), regions(4), **PARTS),
        case(image(8), regions(4, seed=1, size=4), **{**PARTS, "spatial_scale": 0.5}),
        case(image(8), regions(4, seed=2), **{**PARTS, "pooled_size": 3}, group_size=2),
        case(image(18), regions(4, seed=3), **{**PARTS, "pooled_size": 2}, group_size=3),
        case(image(8, dtype="float64"), regions(4, seed=4, dtype="float64"), **PARTS),
        case(image(8, dtype="float16"), lit([[0, 0, 0, 2, 4], [1, 1, 1, 5, 3]], "float16"), **PARTS),
        case(image(8), lit([[0, -5, -5, 30, 30], [1, 2.5, 1.5, 3.5, 2.5], [1, 3, 3, 1, 1], [0, 9, 9, 9, 9]]), **PARTS),
        case(image(8), regions(2), **{**PARTS, "spatial_scale": 0.0}),
        case(image(8), f(2, 4), **PARTS),
        case(f(8, 5, 6), regions(2), **PARTS),
        case(image(8), regions(2), **{**PARTS, "spatial_scale": 1.5}),
    ],
    "_contrib_DeformablePSROIPooling": [
        case(image(8), regions(4), f(4, 2, 2, 2), **PARTS, group_size=2, trans_std=0.2),
        case(image(8), regions(4, seed=1), f(4, 4, 2, 2), **PARTS, group_size=2, trans_std=0.2, sample_per_part=2),
        case(image(8), regions(4, seed=2), **PARTS, group_size=2, no_trans=True, sample_per_part=3),
        case(
            image(8),
            regions(3, seed=3),
            f(3, 4, 2, 2),
            **{**PARTS, "pooled_size": 3},
            group_size=2,
            trans_std=0.1,
            part_size=2,
            sample_per_part=2,
        ),
        case(
            image(18),
            regions(3, seed=4),
            f(3, 2, 3, 3),
            **{**PARTS, "pooled_size": 2},
            group_size=3,
            trans_std=0.1,
            part_size=3,
            sample_per_part=2,
        ),
        case(
            image(8, dtype="float64"),
            regions(4, seed=5, dtype="float64"),
            f(4, 4, 2, 2, dtype="float64"),
            **PARTS,
            group_size=2,
            trans_std=0.25,
            sample_per_part=2,
        ),
        case(image(8), lit([[0, -5, -5, 30, 30], [1, 9, 9, 12, 12]]), f(2, 2, 2, 2), **PARTS, group_size=2),
        case(image(8), regions(2), f(2, 2, 2), **PARTS, group_size=2),
        case(image(8), regions(2), **PARTS, group_size=2),
        case(image(8), regions(2), f(2, 2, 2, 2), **PARTS, group_size=2, trans_std=2),
    ],
}
