"""A step of the demo's perceptron twice: the demo's own functions, and by hand under ``jax.jit``.

Each imports its library when it is called, so that a process that measures one does not load the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], float]


def data(batch: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """A batch of images and labels."""
    rng = np.random.default_rng(5)
    return rng.random((batch, 64)), rng.integers(0, 10, batch)


def ours() -> Step:
    """The step by lazynd: its batch made from NumPy arrays, its loss read."""
    from lazynd import autograd, demo, nd

    images, labels = data(demo.BATCH)
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
