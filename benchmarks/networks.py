"""The same training step three times: with ``nd`` and ``autograd``, and by hand under ``jax.jit``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lazynd import autograd, nd

RATE = 0.05
Step = Callable[[], Any]


@dataclass(frozen=True)
class Network:
    """Dense layers of ``widths``, rectified between, trained by plain gradient descent on cross-entropy."""

    widths: tuple[int, ...]
    batch: int

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch}"

    def arrays(self) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Parameters (weight, bias, weight, ...), images and labels."""
        rng = np.random.default_rng(3)
        parameters: list[np.ndarray] = []
        for fan_in, fan_out in pairwise(self.widths):
            parameters.append(rng.normal(0, fan_in**-0.5, (fan_in, fan_out)).astype("float32"))
            parameters.append(np.zeros(fan_out, "float32"))
        images = rng.random((self.batch, self.widths[0]), "float32")
        return parameters, images, rng.integers(0, self.widths[-1], self.batch).astype("float32")


def imperative(network: Network) -> Step:
    """The step as the book writes it; gives the loss, not yet computed."""
    arrays, images, labels = network.arrays()
    parameters = [nd.array(a) for a in arrays]
    x, y = nd.array(images), nd.array(labels)
    for parameter in parameters:
        parameter.attach_grad()
    nd.waitall()

    def forward() -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = nd.dot(h if i == 0 else nd.relu(h), parameters[i]) + parameters[i + 1]
        return h

    def step() -> Any:
        with autograd.record():
            loss = -nd.pick(nd.log_softmax(forward()), y).mean()
        loss.backward()
        for parameter in parameters:
            parameter[:] = parameter - RATE * parameter.grad
        return loss

    return step


def by_hand(network: Network, gradients: bool = True) -> Step:
    """The step under ``jax.jit``, parameters donated, ``gradients`` returned or not."""
    arrays, images, labels = network.arrays()
    x, y = jnp.asarray(images), jnp.asarray(labels)

    def loss_of(parameters: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        h = x
        for i in range(0, len(parameters), 2):
            h = (h if i == 0 else jax.nn.relu(h)) @ parameters[i] + parameters[i + 1]
        chosen = jnp.take_along_axis(jax.nn.log_softmax(h), y.astype("int32")[:, None], axis=1)
        return -chosen.mean()

    def update(parameters: list[jax.Array], x: jax.Array, y: jax.Array, rate: float) -> Any:
        loss, found = jax.value_and_grad(loss_of)(parameters, x, y)
        moved = [p - rate * g for p, g in zip(parameters, found, strict=True)]
        return (moved, loss, found) if gradients else (moved, loss, None)

    compiled = jax.jit(update, donate_argnums=0)
    state: dict[str, Any] = {"parameters": [jnp.array(a) for a in arrays]}

    def step() -> Any:
        state["parameters"], loss, state["gradients"] = compiled(state["parameters"], x, y, RATE)
        return loss

    return step
