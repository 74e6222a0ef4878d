"""Draws against their distributions: moments, Kolmogorov-Smirnov, and the same numbers however they are computed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import lazynd
from lazynd import autograd, nd
from lazynd.backends.numpy import evaluate
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.types import Type
from lazynd.ir.value import Value
from lazynd.ops.gamma import Blocks
from lazynd.ops.random import normal_of

N = 20_000
#: The largest distance between the distribution and that of N draws stays below this with probability 0.999.
DISTANCE = 1.95 / np.sqrt(N)

R = nd.random


def sampled(name: str, *parameters: float) -> Any:
    """Draws with arrays as parameters: N for the first of two elements, whose draws are looked at."""
    arrays = [nd.array([p, 1.0]) for p in parameters]
    return getattr(nd, f"sample_{name}")(*arrays, shape=N)[0]


CONTINUOUS: dict[str, tuple[Callable[[], Any], Any]] = {
    "uniform": (lambda: R.uniform(-1, 3, shape=N), stats.uniform(-1, 4)),
    "normal": (lambda: R.normal(-1, 3, shape=N), stats.norm(-1, 3)),
    "exponential": (lambda: R.exponential(2.5, shape=N), stats.expon(scale=2.5)),
    "gamma": (lambda: R.gamma(2.5, 1.5, shape=N), stats.gamma(2.5, scale=1.5)),
    "gamma of shape 1": (lambda: R.gamma(1, 1, shape=N), stats.gamma(1)),
    "gamma of a small shape": (lambda: R.gamma(0.3, 2, shape=N), stats.gamma(0.3, scale=2)),
    "gamma of a large shape": (lambda: R.gamma(400, 1, shape=N), stats.gamma(400)),
    "gamma of a huge shape": (lambda: R.gamma(1e6, 1, shape=N), stats.gamma(1e6)),
    "gamma of one shape each": (lambda: nd.sample_gamma(nd.full(N, 1.2), nd.ones(N)), stats.gamma(1.2)),
    "gamma of a few for each shape": (
        lambda: nd.sample_gamma(nd.full(N // 4, 0.8), nd.ones(N // 4), shape=4).reshape(-1),
        stats.gamma(0.8),
    ),
    "gamma in float64": (lambda: R.gamma(0.7, 1, shape=N, dtype="float64"), stats.gamma(0.7)),
    "uniform of arrays": (lambda: sampled("uniform", -1, 3), stats.uniform(-1, 4)),
    "normal of arrays": (lambda: sampled("normal", -1, 3), stats.norm(-1, 3)),
    "exponential of arrays": (lambda: sampled("exponential", 0.4), stats.expon(scale=2.5)),
    "exponential of scales": (lambda: R.exponential(nd.array([2.5, 9]), shape=N)[0], stats.expon(scale=2.5)),
    "exponential of a rate": (lambda: nd.random_exponential(lam=0.4, shape=N), stats.expon(scale=2.5)),
    "gamma of arrays": (lambda: sampled("gamma", 2.5, 1.5), stats.gamma(2.5, scale=1.5)),
    "uniform like": (lambda: R.uniform_like(nd.zeros(N), low=-1, high=3), stats.uniform(-1, 4)),
    "normal like": (lambda: R.normal_like(nd.zeros(N), loc=-1, scale=3), stats.norm(-1, 3)),
    "exponential like": (lambda: R.exponential_like(nd.zeros(N), lam=0.4), stats.expon(scale=2.5)),
    "gamma like": (lambda: R.gamma_like(nd.zeros(N), alpha=2.5, beta=1.5), stats.gamma(2.5, scale=1.5)),
    "randn": (lambda: R.randn(N, loc=-1, scale=3), stats.norm(-1, 3)),
    "random slopes": (
        lambda: -nd.LeakyReLU(-nd.ones(N), act_type="rrelu", lower_bound=0.25, upper_bound=0.75, training=True),
        stats.uniform(0.25, 0.5),
    ),
}
DISCRETE: dict[str, tuple[Callable[[], Any], Any]] = {
    "randint": (lambda: R.randint(-3, 9, shape=N), stats.randint(-3, 9)),
    "poisson": (lambda: R.poisson(3.5, shape=N), stats.poisson(3.5)),
    "poisson of a large rate": (lambda: R.poisson(80, shape=N), stats.poisson(80)),
    "poisson of a rate where its rule changes": (lambda: R.poisson(12, shape=N), stats.poisson(12)),
    "poisson of a huge rate": (lambda: R.poisson(1e6, shape=N), stats.poisson(1e6)),
    "poisson of one rate each": (lambda: nd.sample_poisson(nd.full(N, 11.9)), stats.poisson(11.9)),
    "poisson of arrays": (lambda: sampled("poisson", 3.5), stats.poisson(3.5)),
    "negative binomial": (lambda: R.negative_binomial(3, 0.4, shape=N), stats.nbinom(3, 0.4)),
    "negative binomial of a small and a large number": (
        lambda: R.negative_binomial(0.3, 0.02, shape=N),
        stats.nbinom(0.3, 0.02),
    ),
    "negative binomial that hardly varies": (lambda: R.negative_binomial(1000, 0.9, shape=N), stats.nbinom(1000, 0.9)),
    "negative binomial of arrays": (lambda: sampled("negative_binomial", 3, 0.4), stats.nbinom(3, 0.4)),
    "generalized negative binomial": (
        lambda: R.generalized_negative_binomial(4, 0.5, shape=N),
        stats.nbinom(2, 1 / 3),  # 1 / alpha successes of probability 1 / (1 + alpha mu)
    ),
    "generalized negative binomial without dispersion": (
        lambda: R.generalized_negative_binomial(4, 0, shape=N),
        stats.poisson(4),
    ),
    "generalized negative binomial of arrays": (
        lambda: sampled("generalized_negative_binomial", 4, 0.5),
        stats.nbinom(2, 1 / 3),
    ),
    "poisson like": (lambda: R.poisson_like(nd.zeros(N), lam=3.5), stats.poisson(3.5)),
    "negative binomial like": (lambda: R.negative_binomial_like(nd.zeros(N), k=3, p=0.4), stats.nbinom(3, 0.4)),
    "generalized negative binomial like": (
        lambda: R.generalized_negative_binomial_like(nd.zeros(N), mu=4, alpha=0.5),
        stats.nbinom(2, 1 / 3),
    ),
    "dropout": (lambda: nd.Dropout(nd.ones(N), p=0.3, mode="always") > 0, stats.bernoulli(0.7)),
    "multinomial": (
        lambda: R.multinomial(nd.array([0.1, 0, 0.6, 0.3]), shape=N),
        stats.rv_discrete(values=((0, 2, 3), (0.1, 0.6, 0.3))),
    ),
    "multinomial by weights": (
        lambda: R.multinomial(nd.array([[1, 0, 6, 3], [1, 0, 0, 0]]), shape=N)[0],
        stats.rv_discrete(values=((0, 2, 3), (0.1, 0.6, 0.3))),
    ),
}
ALL = CONTINUOUS | DISCRETE


def values(name: str, seed: int = 11) -> Any:
    R.seed(seed)
    with lazynd.config.using(tier="auto"):  # the same bits, sooner
        return ALL[name][0]().asnumpy().astype("float64")


@pytest.mark.parametrize("name", ALL)
def test_moments(name: str) -> None:
    """Four standard errors each, at a fixed seed."""
    found, expected = values(name), ALL[name][1]
    mean, variance, _, kurtosis = (float(v) for v in expected.stats(moments="mvsk"))
    assert found.shape == (N,)
    assert abs(found.mean() - mean) < 4 * np.sqrt(variance / N)
    assert abs(found.var() - variance) < 4 * variance * np.sqrt((kurtosis + 2) / N)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_draws_by_kolmogorov_and_smirnov(name: str) -> None:
    assert stats.kstest(values(name), ALL[name][1].cdf).statistic < DISTANCE


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_draws_by_kolmogorov_and_smirnov(name: str) -> None:
    """For a discrete distribution the bound holds all the more."""
    found, expected = values(name), DISCRETE[name][1]
    assert (found == np.round(found)).all()
    points = np.arange(found.min() - 1, found.max() + 1)
    distribution = np.searchsorted(np.sort(found), points, side="right") / N
    assert np.abs(distribution - expected.cdf(points)).max() < DISTANCE


@pytest.mark.parametrize("name", ["uniform", "gamma", "multinomial"])
def test_the_comparison_can_fail(name: str) -> None:
    assert stats.kstest(values(name) * 1.05, stats.norm(0, 1).cdf).statistic > DISTANCE


def test_neighbouring_draws_and_elements_are_independent() -> None:
    for name in ("gamma", "negative binomial", "multinomial"):
        R.seed(5)
        one, other = (ALL[name][0]().asnumpy().astype("float64") for _ in range(2))
        # The correlation of N independent pairs has a standard error of 1 / sqrt(N).
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(N)
        assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 4 / np.sqrt(N)


def test_each_parameter_has_draws_of_its_own() -> None:
    x = nd.sample_normal(nd.array([[0, 10], [20, 30]]), nd.array([[1, 0], [0.5, 2]]), shape=(50, 40)).asnumpy()
    assert x.shape == (2, 2, 50, 40)
    np.testing.assert_allclose(x.mean((2, 3)), [[0, 10], [20, 30]], atol=4 * 2 / np.sqrt(2000))
    assert (x[0, 1] == 10).all() and not np.allclose(x[0, 0], (x[1, 0] - 20) * 2)


def test_shuffles_are_permutations_and_all_of_them_occur() -> None:
    seen = [tuple(R.shuffle(nd.arange(3)).asnumpy().astype(int)) for _ in range(120)]
    assert all(sorted(s) == [0, 1, 2] for s in seen)
    # Each of 6 with probability 1/6: one is missing after 120 with probability 6 (5/6)^120 = 2e-9.
    assert len(set(seen)) == 6
    rows = nd.array(np.arange(12).reshape(6, 2))
    mixed = nd.shuffle(rows).asnumpy()
    assert sorted(map(tuple, mixed)) == sorted(map(tuple, rows.asnumpy())), "rows stay together"


def test_the_logarithm_of_a_drawn_probability_has_a_gradient() -> None:
    p = nd.array([[0.25, 0.75], [1, 0]])
    p.attach_grad()
    with autograd.record():
        drawn, logarithm = R.multinomial(p, shape=3, get_prob=True)
        loss = logarithm.sum()
    loss.backward()
    classes = drawn.asnumpy()
    np.testing.assert_allclose(logarithm.asnumpy(), np.log(p.asnumpy()[[[0], [1]], classes]), rtol=1e-6)
    counts = np.stack([(classes == c).sum(axis=1) for c in range(2)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(counts > 0, counts / p.asnumpy(), 0)
    np.testing.assert_allclose(p.grad.asnumpy(), expected, rtol=1e-6)


def test_the_normal_quantile_of_words() -> None:
    """To 7 digits, from the middle to the last word of each tail."""
    words = np.concatenate([np.arange(0, 2**32, 999983), [0, 1, 2, 77, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1]])
    bits, more = words.astype("uint32"), words[::-1].astype("uint32")
    for given, left in (([bits], 0.5), ([bits, more], (more + 0.5) * 2.0**-32)):
        leaves = [leaf(Type(each.shape, each.dtype)) for each in given]
        graph = Graph(leaves, [normal_of(*map(Value, leaves)).ref])
        (found,) = evaluate(graph, given)
        tail = ((bits & 0x7FFFFFFF) + left) * 2.0**-32
        expected = np.where(bits >= 2**31, -1, 1) * stats.norm.isf(tail)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-7)


def test_refused_candidates_are_replaced_by_accepted_ones() -> None:
    """Of a shape of 1 a candidate in twenty is refused; none of a million numbers is what is left if all are."""
    blocks = Blocks.of((), (1_000_000,))
    assert (blocks.size, blocks.columns * blocks.size) == (16, 1_000_000)
    R.seed(1)
    left = np.float32(1) - np.float32(1 / 3)  # of a candidate of 1
    assert (R.gamma(1, 1, shape=1_000_000).asnumpy() != left).all()
    assert Blocks.of((5, 1), (5, 40)).lines == 5 and Blocks.of((5, 1), (5, 4)).lines == 20
    assert Blocks.of((1, 3, 1), (2, 3, 40)).lines == 6


MAKERS: list[Callable[[], Any]] = [
    lambda: R.gamma(0.5, 2, shape=(4,)),
    lambda: R.uniform(nd.array([0, 10]), nd.array([1, 20]), shape=2),
    lambda: R.multinomial(nd.array([0.2, 0.3, 0.5]), shape=6),
    lambda: R.shuffle(nd.arange(9)),
    lambda: R.negative_binomial(4, 0.25, shape=5),
    lambda: R.normal_like(nd.zeros((2, 2))),
    lambda: nd.Dropout(nd.ones(9), p=0.5, training=True),
    lambda: nd.LeakyReLU(-nd.ones(5), act_type="rrelu", training=True),
]


def all_draws() -> list[Any]:
    R.seed(77)
    return [make() for make in MAKERS]


def same(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        # Logarithms, roots and powers are good to a few units in the last place, and rejection is as good as certain.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_draws_do_not_depend_on_when_they_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [each.asnumpy() for each in all_draws()]
    same([each.asnumpy() for each in all_draws()[::-1]][::-1], expected)
    monkeypatch.setattr(lazynd.config, "eager", True)
    same([each.asnumpy() for each in all_draws()], expected)


def test_backends_draw_the_same(on_numpy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreted = [each.asnumpy() for each in all_draws()]
    monkeypatch.setattr(lazynd.config, "backend", "xla")
    same([each.asnumpy() for each in all_draws()], interpreted)


def test_draws_of_threads_are_one_stream() -> None:
    """Which thread draws first is a race; the set of numbers drawn is not."""
    R.seed(5)
    expected = {str(R.gamma(2, 1, shape=(3,)).asnumpy()) for _ in range(20)}
    R.seed(5)
    found: set[str] = set()

    def body() -> None:
        for _ in range(5):
            found.add(str(R.gamma(2, 1, shape=(3,)).asnumpy()))

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_what_draws_nothing_moves_no_stream() -> None:
    R.seed(3)
    expected = R.uniform(shape=3).asnumpy()
    R.seed(3)
    nd.Dropout(nd.ones(4), p=0.5)
    nd.LeakyReLU(nd.ones(4))
    nd.LeakyReLU(nd.ones(4), act_type="rrelu")
    weights, state = nd.ones(2 * (2 * 2 + 2 * 2 + 2 * 2)), nd.zeros((2, 1, 2))
    nd.RNN(nd.ones((3, 1, 2)), weights, state, state_size=2, num_layers=2, mode="rnn_relu", p=0.5)
    assert (R.uniform(shape=3).asnumpy() == expected).all()


def test_wrong_parameters_are_refused() -> None:
    for call in (
        lambda: R.gamma(0, 1), lambda: R.gamma(1, -1), lambda: R.negative_binomial(-1, 0.5),
        lambda: R.generalized_negative_binomial(-1, 1), lambda: R.multinomial(nd.array([1, 2]), dtype="int64"),
        lambda: nd.sample_uniform(nd.ones(2), nd.ones(3)), lambda: R.normal_like(nd.zeros(3, dtype="int32")),
        lambda: nd.Dropout(nd.ones(2), p=1.5), lambda: R.gamma(float("nan"), 1),
    ):  # fmt: skip
        with pytest.raises(lazynd.MXNetError):
            call()
    with pytest.raises(AssertionError, match="must all have the same type"):
        R.gamma(nd.ones(2), 1)


def test_masks_are_the_same_in_both_tiers_and_threefry_can_be_asked_for() -> None:
    """Dropout of float32 and float64, and of a stack of recurrent layers, in both generators."""
    x = nd.ones((3, 4, 5))
    layers = {"state_size": 5, "num_layers": 2, "mode": "rnn_tanh", "p": 0.4, "training": True}
    draws = [
        lambda: nd.Dropout(x, p=0.4, mode="always"),
        lambda: nd.Dropout(x.astype("float64"), p=0.4, mode="always"),
        lambda: nd.Dropout(x.astype("float16"), p=0.4, mode="always", axes=(1,)),
        lambda: nd.RNN(x, nd.ones(120) * 0.01, nd.zeros((2, 4, 5)), **layers),
    ]
    for draw in draws:
        found = {}
        for generator in ("hash", "threefry"):
            for tier in ("interpreted", "compiled"):
                with lazynd.config.using(mask_generator=generator, tier=tier):
                    nd.random.seed(8)
                    found[generator, tier] = draw().asnumpy()
            zeros = [found[generator, tier] == 0 for tier in ("interpreted", "compiled")]
            np.testing.assert_array_equal(*zeros)
        assert (found["hash", "compiled"] != found["threefry", "compiled"]).any()


def test_a_generator_of_masks_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="one of hash, threefry, 'rbg' is not"):
        lazynd.config.mask_generator = "rbg"
