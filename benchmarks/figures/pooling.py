"""Pooling in its forms against MXNet's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..layers import Layer, rows
from ..registry import figure
from ..result import Row
from ..timing import Effort


def layer(name: str, data: tuple[int, ...], **attributes: Any) -> Layer:
    return Layer(name, "Pooling", (data,), attributes)


LAYERS = (
    layer("max 2x2, stride 2", (256, 6, 24, 24), kernel=(2, 2), stride=(2, 2)),
    layer("max 3x3, stride 2", (16, 64, 48, 48), kernel=(3, 3), stride=(2, 2), pad=(1, 1)),
    layer("max 3x3", (16, 96, 28, 28), kernel=(3, 3), pad=(1, 1)),
    layer("max 3x3, stride 2, NHWC", (16, 48, 48, 64), kernel=(3, 3), stride=(2, 2), pad=(1, 1), layout="NHWC"),
    layer("max over all", (32, 512, 7, 7), kernel=(1, 1), global_pool=True),
    layer("max 2x2x2, stride 2", (4, 32, 16, 28, 28), kernel=(2, 2, 2), stride=(2, 2, 2)),
    layer("average 2x2, stride 2", (16, 64, 48, 48), kernel=(2, 2), stride=(2, 2), pool_type="avg"),
    layer("average 3x3", (16, 96, 28, 28), kernel=(3, 3), pad=(1, 1), pool_type="avg"),
    layer("average 3x3, stride 2", (16, 64, 48, 48), kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg"),
    layer("average 7x7", (16, 64, 28, 28), kernel=(7, 7), pool_type="avg"),
    layer("average over all", (32, 512, 7, 7), kernel=(1, 1), global_pool=True, pool_type="avg"),
    layer("average 3, one dimension", (32, 64, 512), kernel=(3,), stride=(2,), pool_type="avg"),
)


@figure("pooling against MXNet")
def measure(effort: Effort) -> Iterator[Row]:
    return rows(LAYERS, effort)
