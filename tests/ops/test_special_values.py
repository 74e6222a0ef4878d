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
        ("rint", [-0.49999997, 0.49999997, 0.50000006, -0.50000006], [-0.0, 0, 1, -1]),
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


@pytest.mark.parametrize("count", [1, 7, 1024, 4096, 70000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_nan_is_the_extreme_of_any_number(dtype: str, count: int) -> None:
    """A library that XLA uses from 4,096 elements on passes over it."""
    for place in {0, count // 2, count - 1}:
        line = np.zeros(count, dtype)
        line[place] = NAN
        x = nd.array(line, dtype=dtype)
        assert np.isnan(x.max().asscalar()) and np.isnan(x.min().asscalar())
        if place <= float(np.finfo(dtype).max):
            assert x.argmax(axis=0).asscalar() == x.argmin(axis=0).asscalar() == np.dtype(dtype).type(place)
        assert np.isnan(nd.maximum(x, 1).sum().asscalar()) and np.isnan(nd.minimum(x, 1).sum().asscalar())


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_gradient_of_an_extreme_goes_to_what_equals_it(name: str) -> None:
    """As in MXNet 1.9.1: to all that do, and to nothing where it is NaN."""
    lines = np.tile(np.array([2, 5, 2, 5], "float32"), (3, 2000))
    lines[1, 77] = NAN
    x = nd.array(lines)
    x.attach_grad()
    with autograd.record():
        y = getattr(nd, name)(x, axis=1)
    y.backward(nd.array([1, 2, 3]))
    expected = (lines == (5 if name == "max" else 2)) * np.array([[1], [0], [3]])
    np.testing.assert_array_equal(x.grad.asnumpy(), expected)


def slopes(function: Any, *arrays: list[float]) -> list[Any]:
    """Values of a function and the gradients of its sum."""
    given = [nd.array(each) for each in arrays]
    for each in given:
        each.attach_grad()
    with autograd.record():
        y = function(*given)
    y.backward()
    return [y.asnumpy(), *(each.grad.asnumpy() for each in given)]


@pytest.mark.parametrize(
    "function",
    [
        nd.relu,
        lambda x: nd.Activation(x, act_type="relu"),
        lambda x: nd.LeakyReLU(x, act_type="elu"),
        lambda x: nd.LeakyReLU(x, act_type="selu"),
    ],
)
def test_the_slope_of_an_activation_at_nan_is_nan(function: Any) -> None:
    y, slope = slopes(function, [NAN, -1, 0, 2, INF])
    assert np.isnan(y[0]) and np.isnan(slope[0])
    assert np.isfinite(slope[1:]).all() and slope[4] > 0


@pytest.mark.parametrize("function", [nd.softsign, lambda x: nd.Activation(x, act_type="softsign")])
def test_softsign_is_flat_at_infinity(function: Any) -> None:
    _, slope = slopes(function, [INF, -INF, 3e30, 0, 1])
    assert slope.tolist() == [0, 0, 0, 1, 0.25]


def test_hypotenuses_of_what_is_large_small_or_infinite() -> None:
    """As in MXNet 1.9.1."""
    y, a, b = slopes(nd.broadcast_hypot, [INF, NAN, 3, 0, 2e38, 1e-30, -4, 1], [NAN, -INF, 4, 0, 2e38, 1e-30, 0, NAN])
    np.testing.assert_allclose(y, [INF, INF, 5, 0, 2.8284271e38, 1.4142135e-30, 4, NAN], rtol=1e-6)
    np.testing.assert_allclose(a, [NAN, NAN, 0.6, NAN, 0.70710678, 0.70710678, -1, NAN], rtol=1e-6)
    np.testing.assert_allclose(b, [NAN, NAN, 0.8, NAN, 0.70710678, 0.70710678, 0, NAN], rtol=1e-6)


def test_an_infinite_weight_decays_to_an_infinite_one() -> None:
    """As in MXNet 1.9.1: (1 - lr wd) w, not w - lr wd w."""
    w, g = nd.array([INF, 1, -INF, NAN]), nd.ones(4)
    for options in ({}, {"clip_gradient": 1}):
        found = nd.sgd_update(w, g, lr=0.1, wd=0.1, **options).asnumpy()
        np.testing.assert_allclose(found, [INF, 0.89, -INF, NAN], rtol=1e-6)
    narrow = nd.mp_sgd_update(w.astype("float16"), g.astype("float16"), w, lr=0.1, wd=0.1).asnumpy()
    np.testing.assert_allclose(narrow, [INF, 0.89, -INF, NAN], rtol=1e-3)


def test_pooled_regions_pass_over_nan() -> None:
    """As in MXNet 1.9.1: a part of nothing else gives the least finite number, without gradient."""
    image = np.arange(16, dtype="float32").reshape(1, 1, 4, 4)
    image[0, 0, 1, 1], image[0, 0, 3, 3], image[0, 0, 0, 2] = NAN, INF, -INF
    least = np.finfo("float32").min
    for data, expected, gradient in (
        (image, [[4, 7], [13, INF]], [[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]]),
        (image * NAN, [[least] * 2] * 2, [[0] * 4] * 4),
        (np.full_like(image, -INF), [[least] * 2] * 2, [[0] * 4] * 4),
    ):
        x = nd.array(data)
        x.attach_grad()
        with autograd.record():
            y = nd.ROIPooling(x, nd.array([[0, 0, 0, 3, 3]]), pooled_size=(2, 2), spatial_scale=1)
        y.backward()
        np.testing.assert_array_equal(y.asnumpy()[0, 0], expected)
        np.testing.assert_array_equal(x.grad.asnumpy()[0, 0], gradient)


def touched(shape: tuple[int, ...], at: tuple[int, ...], data: bool, **how: Any) -> list[list[int]]:
    """Where a Deconvolution is NaN if the data or the weight is NaN at one place."""
    x, w = np.ones((1, 1, 3, 3), "float32"), np.ones((1, 1, *shape), "float32")
    (x if data else w)[(0, 0, *at)] = NAN
    made = nd.Deconvolution(nd.array(x), nd.array(w), kernel=shape, num_filter=1, **how)
    return np.argwhere(np.isnan(made.asnumpy()[0, 0])).tolist()


def test_one_nan_in_a_deconvolution_stays_where_it_touches() -> None:
    """As in MXNet 1.9.1: zeros between and around the data are not multiplied."""
    everywhere = [[i, j] for i in range(3) for j in range(3)]
    assert touched((2, 2), (0, 1), False, stride=(2, 2)) == [[2 * i, 2 * j + 1] for i, j in everywhere]
    assert touched((3, 3), (0, 0), False) == everywhere
    assert touched((3, 3), (0, 0), False, pad=(1, 1)) == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert touched((3, 3), (1, 2), False, stride=(2, 2)) == [[2 * i + 1, 2 * j + 2] for i, j in everywhere]
    assert touched((2, 2), (1, 1), True, stride=(2, 2)) == [[2, 2], [2, 3], [3, 2], [3, 3]]
    x, w = nd.ones((2, 4, 3, 3)), nd.ones((4, 3, 2, 2))
    w[2, 1, 0, 1] = NAN
    x.attach_grad()
    with autograd.record():
        y = nd.Deconvolution(x, w, kernel=(2, 2), stride=(2, 2), num_filter=6, num_group=2)
    y.backward()
    nan = np.isnan(y.asnumpy())
    assert nan[:, 4, ::2, 1::2].all() and nan.sum() == 18, "the filter's own channel alone"
    slope = np.isnan(x.grad.asnumpy())
    assert slope[:, 2].all() and slope.sum() == 18, "and the gradient of the channel that it reads"
