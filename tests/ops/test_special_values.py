"""Operators on NaN, infinities, -0.0 and integer types: what MXNet 1.9.1 answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd

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


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("round", [8388609, 16777215, 0.49999997, 2.5, -2.5], [8388609, 16777215, 0, 3, -3]),
        ("rint", [8388609, 16777215, -16777215, 2.5, -2.5], [8388609, 16777215, -16777215, 2, -3]),
        ("sinh", [-20, 100, 1e-8], [-242582597.704895, INF, 1e-8]),
        ("arcsinh", [1e-8, -1e-8, 1e30, -INF], [1e-8, -1e-8, 69.77069997, -INF]),
        ("arccosh", [1e30, 1, 0], [69.77069997, 0, NAN]),
        ("arctanh", [1e-8, 1, -1], [1e-8, INF, -INF]),
    ],
)
def test_functions_lose_nothing_that_a_float_holds(name: str, given: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(getattr(nd, name)(nd.array(given)).asnumpy(), expected, rtol=3e-7)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [(0.5, [INF, 0.0, 0.0, 2]), (-1, [-0.0, -INF, INF, 0.25]), (0, [1, 1, 1, 1]), (2, [INF, 0.0, 0.0, 16])],
)
def test_powers_that_are_compiled_in_are_powers(exponent: float, expected: list[float]) -> None:
    found = (nd.array([-INF, -0.0, 0.0, 4.0]) ** exponent).asnumpy()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("name", ["arcsinh", "softrelu", "root"])
def test_slopes_at_zero(name: str) -> None:
    rules: dict[str, Any] = {
        "arcsinh": (nd.arcsinh, 1),
        "softrelu": (lambda x: nd.Activation(x, act_type="softrelu"), 0.5),
        "root": (lambda x: x**0.5, INF),
    }
    x = nd.array([0.0])
    x.attach_grad()
    with autograd.record():
        y = rules[name][0](x)
    y.backward()
    assert x.grad.asscalar() == rules[name][1]


@pytest.mark.parametrize(
    ("dtype", "low", "high", "expected"),
    [
        ("uint8", -1, 1, [0, 1, 1, 1]),
        ("uint8", 3, 300, [3, 3, 3, 100]),
        ("int8", -200, 200, [0, 1, 2, 100]),
        ("int32", -INF, 1, [0, 1, 1, 1]),
        ("int64", -1, 1e19, [0, 1, 2, 100]),
        ("float32", 2, 1, [2, 2, 1, 1]),
    ],
)
def test_clip_beyond_what_the_dtype_holds(dtype: str, low: float, high: float, expected: list[float]) -> None:
    assert nd.clip(nd.array([0, 1, 2, 100], dtype=dtype), low, high).asnumpy().tolist() == expected


def test_reducing_all_but_nothing_reduces_all() -> None:
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    assert x.sum(exclude=True).asnumpy().tolist() == nd.sum(x, axis=(), exclude=True).asnumpy().tolist() == [21]
