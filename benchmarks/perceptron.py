"""A step of a perceptron that learns digits, twice: written from scratch with arrays, and by hand under ``jax.jit``.

Each imports its library when it is called, so that a process that measures one does not load the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]
BATCH = 64


def data(batch: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    """A batch of images and labels."""
    rng = np.random.default_rng(5)
    return rng.random((batch, 64)), rng.integers(0, 10, batch)


def ours() -> Step:
    """The step by lazynd: its batch made from NumPy arrays, its loss read."""
    from lazynd import autograd, nd

    images, labels = data()
    w1, w2 = (nd.random.normal(scale=0.1, shape=shape) for shape in ((64, 128), (128, 10)))
    b1, b2 = nd.zeros(128), nd.zeros(10)
    for parameter in (w1, b1, w2, b2):
        parameter.attach_grad()

    def step() -> float:
        x, y = nd.array(images), nd.array(labels)
        with autograd.record():
            scores = nd.dot(nd.relu(nd.dot(x, w1) + b1), w2) + b2
            loss = -nd.pick(nd.log_softmax(scores), y).sum()
        loss.backward()
        for parameter in (w1, b1, w2, b2):
            parameter[:] = parameter - 0.3 * parameter.grad / BATCH
        return float(loss.asscalar())

    return step


def by_hand() -> Step:
    """The same by jax: parameters donated, gradients returned."""
    import jax
    import jax.numpy as jnp

    images, labels = data()
    rng = np.random.default_rng(6)

    def draw(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(0, 0.1, shape).astype("float32"))

    parameters = [draw(64, 128), jnp.zeros(128), draw(128, 10), jnp.zeros(10)]

    def loss_of(p: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        scores = jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]
        return -jnp.take_along_axis(jax.nn.log_softmax(scores), y.astype("int32")[:, None], axis=1).sum()

    def update(p: list[jax.Array], x: jax.Array, y: jax.Array, rate: float) -> tuple:
        loss, found = jax.value_and_grad(loss_of)(p, x, y)
        return [a - rate * g / len(x) for a, g in zip(p, found, strict=True)], loss, found

    compiled = jax.jit(update, donate_argnums=0)
    state: dict[str, Any] = {"parameters": parameters}

    def step() -> float:
        x, y = images.astype("float32"), labels.astype("float32")
        state["parameters"], loss, state["gradients"] = compiled(state["parameters"], x, y, 0.3)
        return float(loss)

    return step


STEPS: dict[str, Callable[[], Step]] = {"lazynd": ours, "jax.jit": by_hand}
