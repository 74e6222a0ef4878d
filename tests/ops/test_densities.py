"""Densities against SciPy's distributions, and at the edges of what they are defined for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from lazynd import autograd, nd, sym
from lazynd.ir.errors import MXNetError

#: Name, SciPy's logarithm of the density by the same parameters, samples, bounds of the parameters.
DISTRIBUTIONS: dict[str, tuple[Callable[..., Any], tuple[float, float], list[tuple[float, float]]]] = {
    "uniform": (lambda x, a, b: stats.uniform.logpdf(x, a, b - a), (0.1, 0.9), [(-1, 0), (1, 2)]),
    "normal": (stats.norm.logpdf, (-3, 3), [(-1, 1), (0.1, 3)]),
    "gamma": (lambda x, a, b: stats.gamma.logpdf(x, a, scale=1 / b), (0.01, 9), [(0.1, 9), (0.1, 3)]),
    "exponential": (lambda x, a: stats.expon.logpdf(x, scale=1 / a), (0.1, 9), [(0.1, 3)]),
    "poisson": (stats.poisson.logpmf, (0, 30), [(0.1, 20)]),
    "negative_binomial": (stats.nbinom.logpmf, (0, 30), [(0.5, 20), (0.1, 0.9)]),
    "generalized_negative_binomial": (
        lambda x, mu, a: stats.nbinom.logpmf(x, 1 / a, 1 / (1 + mu * a)), (0, 30), [(0.5, 20), (0.1, 2)],
    ),
}  # fmt: skip
COUNTS = ("poisson", "negative_binomial", "generalized_negative_binomial")


def density(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(nd, f"random_pdf_{name}")
    return found


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_against_scipy(name: str) -> None:
    exact, bounds, parameters = DISTRIBUTIONS[name]
    rng = np.random.default_rng(1)
    x = rng.integers(0, 30, (5, 20)) if name in COUNTS else rng.uniform(*bounds, (5, 20))
    given = [rng.uniform(*each, (5,)) for each in parameters]
    expected = exact(x, *(each[:, None] for each in given))
    for dtype, rtol in (("float32", 1e-6), ("float64", 1e-12)):
        arrays = [nd.array(each, dtype=dtype) for each in (x, *given)]
        # A logarithm is a sum of terms of both signs, of which the largest are some dozens.
        found = density(name)(*arrays, is_log=True).asnumpy()
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=30 * rtol)
        np.testing.assert_allclose(density(name)(*arrays).asnumpy(), np.exp(expected), rtol=60 * rtol)


def test_dirichlet_against_scipy() -> None:
    rng = np.random.default_rng(2)
    alpha = rng.uniform(0.5, 4, (3, 4))
    x = rng.dirichlet(np.ones(4), (3, 6))
    expected = [[stats.dirichlet.logpdf(each, a) for each in line] for line, a in zip(x, alpha, strict=True)]
    found = nd.random_pdf_dirichlet(nd.array(x), nd.array(alpha), is_log=True)
    assert found.shape == (3, 6)
    np.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-5, atol=1e-5)
    lone = nd.random_pdf_dirichlet(nd.array(x[0, 0]), nd.array(alpha[0]))
    assert lone.shape == (1,)
    np.testing.assert_allclose(lone.asnumpy(), np.exp(expected[0][0]), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "sample", "parameters", "expected"),
    [
        ("poisson", [0, 1], [0], [1, 0]),
        ("gamma", [0, 1], [1, 3], [3, 3 * np.exp(-3)]),
        ("negative_binomial", [0, 1], [2, 1], [1, 0]),
        ("generalized_negative_binomial", [0, 1], [0, 0.5], [1, 0]),
        ("generalized_negative_binomial", [0, 1], [1e-10, 0.5], [1, 1e-10]),
    ],
)
def test_nothing_to_the_power_of_nothing_is_one(
    name: str, sample: list[float], parameters: list[float], expected: list[float]
) -> None:
    found = density(name)(nd.array([sample]), *(nd.array([each]) for each in parameters))
    np.testing.assert_allclose(found.asnumpy()[0], expected, rtol=1e-6)


def test_slopes_at_the_shape_of_exponential_numbers() -> None:
    x, alpha, beta = nd.array([[0.5, 2]]), nd.array([1]), nd.array([2])
    for each in (x, alpha, beta):
        each.attach_grad()
    with autograd.record():
        made = nd.random_pdf_gamma(x, alpha, beta, is_log=True)
    made.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [[-2, -2]])
    np.testing.assert_allclose(beta.grad.asnumpy(), [2 * 0.5 - 2.5], rtol=1e-6)
    # log(beta x) - digamma(1) for each sample.
    np.testing.assert_allclose(alpha.grad.asnumpy(), [np.log(4) + 2 * np.euler_gamma], rtol=1e-6)


def test_counts_have_no_slope() -> None:
    x, lam = nd.array([[1.0, 2]]), nd.array([2.0])
    x.attach_grad()
    lam.attach_grad()
    with autograd.record():
        made = nd.random_pdf_poisson(x, lam)
    made.backward()
    assert x.grad.asnumpy().tolist() == [[0, 0]]
    np.testing.assert_allclose(lam.grad.asnumpy(), [-0.5 * 2 * np.exp(-2)], rtol=1e-6)


def test_shapes() -> None:
    assert nd.random_pdf_normal(nd.array(np.ones((2, 0))), nd.zeros(2), nd.ones(2)).shape == (2, 0)
    assert nd.random_pdf_dirichlet(nd.array(np.ones((0, 3))), nd.ones(3)).shape == (0,)
    made = sym.random_pdf_gamma(sym.var("sample"), sym.var("alpha", shape=(0,)), sym.var("beta", shape=(2,)))
    assert made.infer_shape(sample=(2, 3)) == ([(2, 3), (2,), (2,)], [(2, 3)], [])
    for shapes in (((3, 2), (2,), (2,)), ((2,), (2, 3), (2, 3)), ((2, 3), (2,), (2, 3)), ((2, 3), (1,), (2,))):
        with pytest.raises(MXNetError, match=r"dimension of input samples|Shape inconsistent"):
            nd.random_pdf_normal(*map(nd.ones, shapes))
