"""Elementwise arithmetic of arrays and of arrays with scalars, comparisons and mathematical functions."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import require
from .kinds import Scalar
from .operator import op


def pair(rng: Any) -> list[Any]:
    """Samples of two arrays that broadcast."""
    a, b = rng.uniform(0.5, 2, (2, 1, 4)), rng.uniform(0.5, 2, (3, 1))
    return [((a.astype("float32"), b.astype("float32")), {})]


@op(samples=pair, aliases=("broadcast_plus",))
def broadcast_add(lhs: Value, rhs: Value) -> Value:
    return lhs + rhs


@op(samples=lambda r: [((r.random((2, 3)).astype("float32"),), {"scalar": 2.5})])
def _plus_scalar(data: Value, *, scalar: Scalar = 1.0) -> Value:
    return data + scalar


_ = require, ir
