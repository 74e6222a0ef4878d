"""Operators on NaN, infinities, -0.0 and integer types: what MXNet 1.9.1 answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import nd

NAN, INF = float("nan"), float("inf")
VALUES = [NAN, -0.0, 0.0, -3, INF]


@pytest.mark.parametrize(
    "name, expected",
    [
        ("sign", [0.0, 0.0, 0.0, -1, 1]),
        ("abs", [NAN, 0.0, 0.0, 3, INF]),
        ("round", [NAN, -0.0, 0.0, -3, INF]),
        ("relu", [NAN, 0.0, 0.0, 0, INF]),
    ],
)
def test_functions_of_one_array(name: str, expected: list[float]) -> None:
    found = getattr(nd, name)(nd.array(VALUES)).asnumpy()
    np.testing.assert_array_equal(found, np.array(expected, "float32"))
    kept = ~np.isnan(found)
    np.testing.assert_array_equal(np.signbit(found)[kept], np.signbit(expected)[kept])


@pytest.mark.parametrize("dtype, given, expected", [("int32", [-3, 0, 2], [-1, 0, 1]), ("uint8", [3, 0, 2], [1, 0, 1])])
def test_sign_of_integers(dtype: str, given: list[int], expected: list[int]) -> None:
    found: Any = nd.sign(nd.array(given, dtype=dtype))
    assert found.dtype == np.dtype(dtype)
    assert found.asnumpy().tolist() == expected


def test_nan_is_the_extreme() -> None:
    x, y = nd.array(VALUES), nd.array([1, 1, 1, 1, NAN])
    np.testing.assert_array_equal(nd.maximum(x, y).asnumpy(), [NAN, 1, 1, 1, NAN])
    np.testing.assert_array_equal(nd.minimum(x, y).asnumpy(), [NAN, 0, 0, -3, NAN])
    assert np.isnan(nd.max(x).asscalar()) and np.isnan(nd.min(x).asscalar())


def test_floats_that_no_integer_holds() -> None:
    x = nd.array([INF, -INF, NAN, 1e20, -1.5, 3e9])
    assert x.astype("int32").asnumpy().tolist() == [-(2**31)] * 4 + [-1, -(2**31)]
    assert x.astype("uint8").asnumpy().tolist() == [0, 0, 0, 0, 255, 0]
    assert x.astype("int64").asnumpy().tolist() == [-(2**63)] * 4 + [-1, 3 * 10**9]
