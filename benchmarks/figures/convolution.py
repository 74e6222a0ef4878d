"""Convolutions in their forms against MXNet's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..layers import Layer, rows
from ..registry import figure
from ..result import Row
from ..timing import Effort

Ints = tuple[int, ...]


def layer(name: str, data: Ints, weight: Ints, **attributes: Any) -> Layer:
    """A convolution without bias."""
    rest = {"kernel": weight[2:], "num_filter": weight[0], "no_bias": True}
    return Layer(name, "Convolution", (data, weight), {**rest, **attributes})


def transposed(name: str, data: Ints, weight: Ints, **attributes: Any) -> Layer:
    groups = attributes.get("num_group", 1)
    rest = {"kernel": weight[2:], "num_filter": weight[1] * groups, "no_bias": True}
    return Layer(name, "Deconvolution", (data, weight), {**rest, **attributes})


LAYERS = (
    layer("1x1", (16, 128, 28, 28), (128, 128, 1, 1)),
    layer("1x1, stride 2", (16, 64, 48, 48), (128, 64, 1, 1), stride=(2, 2)),
    layer("3x3", (16, 64, 48, 48), (64, 64, 3, 3), pad=(1, 1)),
    layer("3x3, small map", (16, 512, 6, 6), (512, 512, 3, 3), pad=(1, 1)),
    layer("3x3, stride 2", (16, 64, 48, 48), (128, 64, 3, 3), pad=(1, 1), stride=(2, 2)),
    layer("3x3, dilated", (8, 64, 32, 32), (64, 64, 3, 3), pad=(2, 2), dilate=(2, 2)),
    layer("3x3, batch of one", (1, 64, 56, 56), (64, 64, 3, 3), pad=(1, 1)),
    layer("5x5, one channel", (256, 1, 28, 28), (6, 1, 5, 5)),
    layer("5x5, 6 channels", (256, 6, 12, 12), (16, 6, 5, 5)),
    layer("7x7, stride 2, 3 channels", (16, 3, 96, 96), (64, 3, 7, 7), pad=(3, 3), stride=(2, 2)),
    layer("3x3, 32 groups", (16, 128, 28, 28), (128, 4, 3, 3), pad=(1, 1), num_group=32),
    layer("3x3, 8 groups", (16, 128, 28, 28), (128, 16, 3, 3), pad=(1, 1), num_group=8),
    layer("3x3, depthwise", (16, 128, 28, 28), (128, 1, 3, 3), pad=(1, 1), num_group=128),
    layer("3x3, depthwise, stride 2", (16, 128, 28, 28), (128, 1, 3, 3), pad=(1, 1), stride=(2, 2), num_group=128),
    layer("3, one dimension", (32, 64, 512), (64, 64, 3), pad=(1,)),
    layer("3x3x3, three dimensions", (4, 16, 16, 28, 28), (32, 16, 3, 3, 3), pad=(1, 1, 1)),
    transposed("4x4, transposed, stride 2", (16, 128, 16, 16), (128, 64, 4, 4), pad=(1, 1), stride=(2, 2)),
    transposed("5x5, transposed", (16, 64, 16, 16), (64, 32, 5, 5)),
    transposed("4x4, transposed, depthwise", (16, 64, 16, 16), (64, 1, 4, 4), pad=(1, 1), stride=(2, 2), num_group=64),
)


@figure("a convolution against MXNet")
def measure(effort: Effort) -> Iterator[Row]:
    return rows(LAYERS, effort)
