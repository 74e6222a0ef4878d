"""The demo's own functions: a step of its perceptron, its batch made from NumPy arrays, its loss read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from lazynd import autograd, demo, nd

from ..registry import figure
from ..result import Row
from ..timing import Effort, interleave, repeated


@figure("a step of the demo's perceptron, batch and loss included")
def measure(effort: Effort) -> Iterator[Row]:
    rng = np.random.default_rng(5)
    images, labels = rng.random((demo.BATCH, 64)), rng.integers(0, 10, demo.BATCH)
    times = effort.times(200)
    cases = {
        "lazynd": repeated(_ours(images, labels), times),
        "jax.jit": repeated(_by_hand(images, labels), times),
    }
    yield Row("64-128-10, batch 64", "us", interleave(cases, effort.rounds, 1e6))


def _ours(images: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    parameters, net = demo.multilayer_perceptron()
    for parameter in parameters:
        parameter.attach_grad()

    def step() -> float:
        x, y = nd.array(images), nd.array(labels)
        with autograd.record():
            loss = demo.cross_entropy(net(x), y).sum()
        loss.backward()
        demo.sgd(parameters, 0.3)
        return float(loss.asscalar())

    return step


def _by_hand(images: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    rng = np.random.default_rng(6)

    def draw(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(0, 0.1, shape).astype("float32"))

    parameters = [draw(64, 128), jnp.zeros(128), draw(128, 10), jnp.zeros(10)]

    def loss_of(p: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        scores = jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]
        return -jnp.take_along_axis(jax.nn.log_softmax(scores), y.astype("int32")[:, None], axis=1).sum()

    def update(p: list[jax.Array], x: jax.Array, y: jax.Array, rate: float) -> tuple:
        loss, found = jax.value_and_grad(loss_of)(p, x, y)
        return [a - rate * g / demo.BATCH for a, g in zip(p, found, strict=True)], loss, found

    compiled = jax.jit(update, donate_argnums=0)
    state = {"parameters": parameters}

    def step() -> float:
        x, y = images.astype("float32"), labels.astype("float32")
        state["parameters"], loss, state["gradients"] = compiled(state["parameters"], x, y, 0.3)
        return float(loss)

    return step
