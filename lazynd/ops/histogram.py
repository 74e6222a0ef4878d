"""Counting elements in bins."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, counting, require
from .kinds import Scalar
from .operator import numbered, op
from .partial import DTypes

_INT64: Final = np.dtype("int64")


def _samples(rng: Any) -> list[Any]:
    x = rng.uniform(-1, 5, (4, 5)).astype("float32")
    return [((x,), {"bin_cnt": 3, "low": 0.0, "high": 3.0})]


def _dtypes(known: DTypes, **_: Any) -> None:
    known.learn_output(_INT64)
    known.learn_output(known["data"], 1)


@op(name="_histogram", method=False, differentiable=False, samples=_samples, dtypes=_dtypes, outputs=numbered(2))
def histogram(data: Value, *, bin_cnt: int, low: Scalar, high: Scalar) -> tuple[Value, Value]:
    """How many elements lie in each of ``bin_cnt`` equal bins from ``low`` to ``high``, as int64, and the edges.

    A bin holds its lower edge, the last one its upper edge too; elements outside all bins are not counted.
    """
    require(bin_cnt > 0, f"bins must be positive, got {bin_cnt}")
    flat = ir.reshape(data, (-1, 1))
    edges = _edges(data, bin_cnt, low, high)
    return _count(flat, edges), edges


def _edges(data: Value, count: int, low: Value, high: Value) -> Value:
    position = ir.iota((count + 1,), 0, counting(data.dtype), data.context)
    low, high = (ir.convert(each, position.dtype) for each in (low, high))
    return ir.convert(low + position * ((high - low) / count), data.dtype)


def _count(flat: Value, edges: Value) -> Value:
    n = edges.size - 1
    lower, upper = (ir.reshape(ir.slice_(edges, [k], [k + n]), (1, n)) for k in (0, 1))
    last = ir.iota((1, n), 1, INT32, flat.context) == n - 1
    inside = (flat >= lower) & ((flat < upper) | (last & (flat == upper)))
    return ir.sum(ir.convert(inside, _INT64), 0)


@op(
    name="_histogram_edges",
    dtypes=_dtypes,
    outputs=numbered(2),
    method=False,
    differentiable=False,
    samples=lambda r: [((r.uniform(-1, 5, (4, 5)).astype("float32"), np.array([0, 1, 3], "float32")), {})],
)
def histogram_edges(data: Value, bins: Value) -> tuple[Value, Value]:
    """``_histogram`` with the edges given in ascending order."""
    require(bins.ndim == 1 and bins.size > 1, f"bins must be two edges or more in one dimension, got {bins.type}")
    return _count(ir.reshape(data, (-1, 1)), ir.convert(bins, data.dtype)), ir.stop_gradient(bins)
