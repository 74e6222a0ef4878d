"""Random numbers: of what is drawn only shapes and types are compared."""

from __future__ import annotations

import mxnet as mx
from mxnet import nd

from .collection import add_all, read

add_all(
    "sampling",
    {
        "uniform": lambda: read(nd.random.uniform(shape=(3, 4))),
        "uniform(-1, 1)": lambda: read(nd.random.uniform(-1, 1, shape=(7,))),
        "normal": lambda: read(nd.random.normal(shape=(2, 3))),
        "normal(2, 0.1)": lambda: read(nd.random.normal(2, 0.1, shape=(5, 5))),
        "normal of float64": lambda: read(nd.random.normal(shape=(4,), dtype="float64")),
        "randn": lambda: read(nd.random.randn(3, 2)),
        "randint": lambda: read(nd.random.randint(0, 9, shape=(6,))),
        "exponential": lambda: read(nd.random.exponential(2.0, shape=(3, 3))),
        "gamma": lambda: read(nd.random.gamma(2.0, 0.5, shape=(4,))),
        "poisson": lambda: read(nd.random.poisson(3.0, shape=(2, 4))),
        "negative_binomial": lambda: read(nd.random.negative_binomial(3, 0.4, shape=(5,))),
        "multinomial": lambda: read(nd.random.multinomial(nd.array([0.1, 0.6, 0.3]), shape=8)),
        "shuffle": lambda: read(nd.random.shuffle(nd.arange(9))),
        "normal by arrays": lambda: read(nd.sample_normal(nd.array([0, 5]), nd.array([1, 2]), shape=(3,))),
        "uniform by arrays": lambda: read(nd.sample_uniform(nd.array([0, 5]), nd.array([1, 9]), shape=(2, 2))),
        "gamma by arrays": lambda: read(nd.sample_gamma(nd.array([1, 2]), nd.array([1, 3]), shape=(4,))),
        "uniform_like": lambda: read(nd.random.uniform_like(nd.ones((3, 3)))),
        "normal_like": lambda: read(nd.random.normal_like(nd.ones((4, 2)))),
        "mean of many": lambda: read(nd.random.normal(shape=(1000,)).mean()),
        "a Gaussian by hand": lambda: read(_box_muller()),
        "a bootstrap": lambda: read(_bootstrap()),
        "a dropout mask by hand": lambda: read(nd.ones((4, 5)) * (nd.random.uniform(shape=(4, 5)) > 0.5)),
        "seeds repeat": lambda: read(_twice()),
    },
    drawn=True,
)


def _box_muller() -> object:
    u, v = nd.random.uniform(0.01, 1, shape=(6,)), nd.random.uniform(shape=(6,))
    return nd.sqrt(-2 * nd.log(u)) * nd.cos(6.2831853 * v)


def _bootstrap() -> object:
    x = nd.arange(12)
    return x[nd.random.randint(0, 12, shape=(12,))].mean()


def _twice() -> object:
    mx.random.seed(3)
    first = nd.random.uniform(shape=(4,))
    mx.random.seed(3)
    return first - nd.random.uniform(shape=(4,))
