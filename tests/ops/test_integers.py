"""Integers: reductions lose nothing before they are truncated, and indices may have 64 bits."""

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


def test_indices_beyond_int32_are_clipped_and_wrapped_like_others() -> None:
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    far = nd.array([2**40, -(2**40)], dtype="int64")
    assert nd.pick(x, far).asnumpy().tolist() == [3, 4]
    assert nd.pick(x, far, mode="wrap").asnumpy().tolist() == [2, 6]  # 2**40 is 3 n + 1
    for dtype, most in (("float32", 1e30), ("float64", 1e300), ("float16", np.inf)):
        index = nd.array(np.array([most, -most], dtype), dtype=dtype)
        assert nd.take(x, index, axis=1).asnumpy().tolist() == [[3, 1], [6, 4]], dtype


@pytest.mark.parametrize(
    ("positions", "shape", "expected"),
    [
        ([1, 5, 7], (-1, 4), [[0, 1, 1], [1, 1, 3]]),
        ([100], (2, 3), [[33], [1]]),  # beyond the array: the first row alone shows it
        ([-1, -5], (2, 3), [[0, -1], [-1, -2]]),
        ([7], (2,), [[7]]),
    ],
)
def test_coordinates_of_positions_as_mxnet_has_them(
    positions: list[int], shape: tuple[int, ...], expected: list[list[int]]
) -> None:
    assert nd.unravel_index(nd.array(positions), shape=shape).asnumpy().tolist() == expected
