"""The gamma function, its logarithm and slopes, and the inverse of erf, over the whole range of floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import lazynd
from lazynd import autograd, nd, sym

from ..backends.test_same_bits import assert_same_bits

Function = Callable[..., Any]
#: Half of the distance to the next double is 2 ** -53 of a number at most.
UNIT = 2.0**-53


def around(seed: int = 0) -> Any:
    """Numbers of all magnitudes, of which many are near 1 and 2, and none where logarithms of gamma are 0 below 0."""
    rng = np.random.default_rng(seed)
    near = 10.0 ** rng.uniform(-15, -1, 50)
    sizes = 10.0 ** rng.uniform(-300, 0, 50)
    return np.concatenate([
        rng.uniform(0, 3, 300), rng.uniform(3, 171.6, 300), rng.uniform(-2, 0, 100), rng.uniform(-170, -4, 200),
        1 + near, 1 - near, 2 + near, 2 - near, sizes, -sizes,
    ])  # fmt: skip


def test_gamma_and_its_logarithm() -> None:
    # SciPy's own are good to some dozens of units, ours to three.
    x = around()
    given = nd.array(x, dtype="float64")
    np.testing.assert_allclose(nd.gamma(given).asnumpy(), special.gamma(x), rtol=64 * UNIT)
    # Near 1 and 2 SciPy's logarithm of real numbers loses digits, and that of complex ones does not.
    near = np.abs(np.abs(x - 1.5) - 0.5) < 0.1
    found = nd.gammaln(given).asnumpy()
    np.testing.assert_allclose(found[near], special.loggamma(x[near] + 0j).real, rtol=64 * UNIT)
    np.testing.assert_allclose(found[~near], special.gammaln(x[~near]), rtol=64 * UNIT, atol=4 * UNIT)
    large = 10.0 ** np.arange(2.0, 305, 7)
    given = nd.array(large, dtype="float64")
    np.testing.assert_allclose(nd.gammaln(given).asnumpy(), special.gammaln(large), rtol=8 * UNIT)


def test_factorials_are_whole() -> None:
    n = np.arange(1, 8)
    exact = special.factorial(n - 1, exact=True)
    assert nd.gamma(nd.array(n, dtype="float64")).asnumpy().tolist() == exact.tolist()
    assert nd.gamma(nd.array([13, 17], dtype="int64")).asnumpy().tolist() == [479001600, 20922789888000]


def test_float32_is_the_nearest_number() -> None:
    x = around(1).astype("float32")
    x = x[np.abs(x) >= np.finfo("float32").tiny]
    for found, exact in ((nd.gamma, special.gamma), (nd.gammaln, special.gammaln)):
        with np.errstate(all="ignore"):
            expected = exact(x.astype("float64")).astype("float32")
        found = found(nd.array(x)).asnumpy()
        normal = np.abs(expected) >= np.finfo("float32").tiny  # smaller ones are zeros here
        assert (np.isfinite(found) == np.isfinite(expected)).all()
        assert (found[normal] == expected[normal]).mean() > 0.999  # two neighbours may be equally near to a double
        assert np.abs(found[~normal]).max() <= np.finfo("float32").tiny


def test_inverse_of_erf() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate(
        [rng.uniform(-1, 1, 500), 1 - 10.0 ** rng.uniform(-16, -1, 99), 10.0 ** rng.uniform(-300, -1, 99)]
    )
    found = nd.erfinv(nd.array(x, dtype="float64")).asnumpy()
    np.testing.assert_allclose(found, special.erfinv(x), rtol=16 * UNIT)
    back = nd.erf(nd.erfinv(nd.array(x))).asnumpy()
    np.testing.assert_allclose(back, x.astype("float32"), rtol=4e-7, atol=float(np.finfo("float32").tiny))


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_slopes_of_the_logarithm(order: int) -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.uniform(0.01, 9, 200), rng.uniform(9, 1e4, 50), 10.0 ** rng.uniform(-6, 0, 50)])
    found = nd._internal._polygamma(nd.array(x, dtype="float64"), n=order).asnumpy()
    expected = special.digamma(x) if order == 0 else special.polygamma(order, x)
    # Absolute near the zero of digamma.
    np.testing.assert_allclose(found, expected, rtol=128 * UNIT, atol=8 * UNIT)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_slopes_below_zero_by_the_recurrence(order: int) -> None:
    x = -np.random.default_rng(4).uniform(0.01, 30, 200)
    x = x[np.abs(x - np.round(x)) > 0.01]
    here, above = (nd._internal._polygamma(nd.array(a, dtype="float64"), n=order).asnumpy() for a in (x, x + 1))
    step = (-1.0) ** order * special.factorial(order) * x ** -(order + 1.0)
    scale = np.abs(here).max()
    np.testing.assert_allclose(above - here, step, rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize("function", [nd.gamma, nd.gammaln])
def test_slopes_of_slopes(function: Function) -> None:
    x = nd.array([0.3, 1.7, 4.2, 20.0, -1.3], dtype="float64")
    values = x.asnumpy()
    x.attach_grad()
    with autograd.record():
        slope = autograd.grad(function(x), x, create_graph=True)[0]
    slope.backward()
    curvature = special.zeta(2, np.where(values > 0, values, 1 - values))
    psi = special.digamma(values)
    mirrored = (np.pi / np.sin(np.pi * values)) ** 2 - curvature
    curvature = np.where(values > 0, curvature, mirrored)
    expected = curvature if function is nd.gammaln else special.gamma(values) * (psi**2 + curvature)
    np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-12)


@pytest.mark.lazy
@pytest.mark.parametrize("name", ["gamma", "gammaln", "erfinv"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_tiers_give_the_same_bits(name: str, dtype: str) -> None:
    rng = np.random.default_rng(5)
    special_values = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 2, -2, 1e30, -1e30]
    drawn = rng.uniform(-1, 1, 1_500) if name == "erfinv" else rng.uniform(-45, 45, 1_500)
    found: dict[str, list[Any]] = {}
    for tier in ("interpreted", "compiled"):
        with lazynd.config.using(tier=tier):
            x = nd.array(np.concatenate([special_values, drawn]), dtype=dtype)
            x.attach_grad()
            with autograd.record():
                y = getattr(nd, name)(x * 0.75)
            y.backward()
            found[tier] = [y.asnumpy(), x.grad.asnumpy()]
    for one, other in zip(*found.values(), strict=True):
        assert_same_bits(one, other)


def test_names() -> None:
    x = nd.array([0.5])
    assert nd.sparse.gamma(x).asscalar() == nd.gamma(x).asscalar() == x.gamma().asscalar()
    assert nd.sparse.gammaln(x).asscalar() == nd.gammaln(x).asscalar()
    assert sym.sparse.gammaln(sym.var("x")).list_arguments() == ["x"]
    assert sym.erfinv(sym.var("x")).eval(x=x)[0].asscalar() == nd.erfinv(x).asscalar()


@pytest.mark.parametrize("name", ["arccosh", "arcsinh", "arctan", "arctanh"])
def test_slopes_in_half_precision_are_computed_in_float32(name: str) -> None:
    """The square of 300 is infinite in half precision."""
    slopes = []
    for dtype in ("float16", "float64"):
        x = nd.array([1.5, 300, 1000], dtype=dtype)
        x.attach_grad()
        with autograd.record():
            y = getattr(nd, name)(x)
        y.backward()
        slopes.append(x.grad.asnumpy())
    np.testing.assert_allclose(*slopes, rtol=2**-10, atol=2**-24)  # the last digit, and the least number
