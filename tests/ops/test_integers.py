"""Reductions of integers whose exact result is known: nothing is lost before it is truncated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lazynd import nd

DTYPES = ["int32", "int64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_norm_is_the_integer_root_of_the_sum_of_squares(dtype: str) -> None:
    rows = [(a, b) for a in range(-1, 120, 7) for b in range(a, 240)]
    rows += [(15, 36), (21, 220), (-3, 4), (50_000, 50_000), (2**31 - 1, 0)]  # squares beyond 32 bits, exact in double
    found = nd.norm(nd.array(rows, dtype=dtype), axis=1)
    assert found.dtype == np.dtype(dtype)
    assert found.asnumpy().tolist() == [math.isqrt(a * a + b * b) for a, b in rows]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_norm_of_narrow_integers_wraps_once_at_the_end(dtype: str) -> None:
    assert nd.norm(nd.array([100, 100], dtype=dtype)).asscalar() == np.asarray(141).astype(dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, "int8", "uint8"])
@pytest.mark.parametrize("count", [1, 2, 3, 256, 1000])
def test_mean_sums_and_counts_in_64_bits(dtype: str, count: int) -> None:
    assert nd.mean(nd.full((count,), 100, dtype=dtype)).asscalar() == 100


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([2**24 + 1] * 2, 2**24 + 1),
        ([2**31 - 1] * 5, 2**31 - 1),
        ([-1, -2], -1),
        ([1, 2], 1),
        ([-(2**31)] * 3, -(2**31)),
    ],
)
def test_mean_is_truncated(values: list[int], mean: int) -> None:
    assert [nd.mean(nd.array(values, dtype=d)).asscalar() for d in DTYPES] == [mean, mean]


def test_mean_of_int64_is_exact() -> None:
    assert nd.mean(nd.array([2**60 + 1, 2**60 + 3], dtype="int64")).asscalar() == 2**60 + 2


def test_mean_of_booleans_is_whether_one_is_true() -> None:
    x = nd.array([[1, 0], [0, 0]], dtype="bool")
    assert nd.mean(x, axis=1).asnumpy().tolist() == [True, False]
