"""The training steps of ``nets.py`` by hand in jax: ``jax.jit`` with donation, gradients returned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .nets import RATE, Net, Step

Parameters = Any
_NCHW = ("NCHW", "OIHW", "NCHW")


def step_of(net: Net) -> Step:
    """A training step; it gives the loss, not yet computed."""
    images, labels = (jax.device_put(each) for each in net.arrays())
    draw = _Draw()
    make, forward = _NETWORKS[net.kind]
    parameters, statistics = make(draw, net)

    def loss_of(p: Parameters, s: Any, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Any]:
        scores, s = forward(p, s, x)
        picked = jnp.take_along_axis(jax.nn.log_softmax(scores), y.astype("int32")[:, None], axis=1)
        return -picked.mean(), s

    def update(p: Parameters, s: Any, x: jax.Array, y: jax.Array, rate: float) -> tuple[Any, ...]:
        (loss, s), found = jax.value_and_grad(loss_of, has_aux=True)(p, s, x, y)
        return jax.tree.map(lambda a, g: a - rate * g, p, found), s, loss, found

    compiled = jax.jit(update, donate_argnums=(0, 1))
    state: dict[str, Any] = {"p": parameters, "s": statistics}

    def step() -> Any:
        state["p"], state["s"], loss, state["gradients"] = compiled(state["p"], state["s"], images, labels, RATE)
        return loss

    return step


class _Draw:
    def __init__(self) -> None:
        self._rng = np.random.default_rng(6)

    def __call__(self, *shape: int) -> jax.Array:
        fan = max(int(np.prod(shape[1:])), 1)
        return jnp.asarray(self._rng.normal(0, fan**-0.5, shape).astype("float32"))


def _dense(draw: _Draw, net: Net) -> tuple[Any, Any]:
    return [(draw(b, a), jnp.zeros(b)) for a, b in pairwise(net.widths)], ()


def _dense_forward(p: Any, s: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    for number, (w, b) in enumerate(p):
        x = x @ w.T + b
        x = jax.nn.relu(x) if number < len(p) - 1 else x
    return x, s


def _convolve(x: jax.Array, w: jax.Array, strides: int = 1, padding: int = 0) -> jax.Array:
    return lax.conv_general_dilated(x, w, (strides,) * 2, [(padding,) * 2] * 2, dimension_numbers=_NCHW)


def _lenet(draw: _Draw, net: Net) -> tuple[Any, Any]:
    convolutions = [(draw(6, 1, 5, 5), jnp.zeros(6)), (draw(16, 6, 5, 5), jnp.zeros(16))]
    return (convolutions, [(draw(b, a), jnp.zeros(b)) for a, b in pairwise((256, 120, 84, 10))]), ()


def _lenet_forward(p: Any, s: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    for w, b in p[0]:
        x = jax.nn.relu(_convolve(x, w) + b[:, None, None])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return _dense_forward(p[1], s, x.reshape(len(x), -1))


_BLOCKS = ((64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2),
           (512, 512, 1))  # fmt: skip


def _resnet(draw: _Draw, net: Net) -> tuple[Any, Any]:
    def norm(n: int) -> tuple[Any, Any]:
        return (jnp.ones(n), jnp.zeros(n)), (jnp.zeros(n), jnp.ones(n))

    (first_norm, first_statistics) = norm(64)
    p: list[Any] = [(draw(64, 3, 3, 3), first_norm)]
    s: list[Any] = [first_statistics]
    for before, after, strides in _BLOCKS:
        (one, one_s), (two, two_s) = norm(after), norm(after)
        straight = draw(after, before, 1, 1) if strides > 1 else ()
        p.append((draw(after, before, 3, 3), one, draw(after, after, 3, 3), two, straight))
        s.append((one_s, two_s))
    p.append((draw(10, 512), jnp.zeros(10)))
    return p, s


def _normalize(x: jax.Array, p: Any, s: Any) -> tuple[jax.Array, Any]:
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    scale = p[0] * lax.rsqrt(variance + 1e-5)
    made = (x - mean[:, None, None]) * scale[:, None, None] + p[1][:, None, None]
    return made, (0.9 * s[0] + 0.1 * mean, 0.9 * s[1] + 0.1 * variance)


def _resnet_forward(p: Any, s: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    x, first = _normalize(_convolve(x, p[0][0], 1, 1), p[0][1], s[0])
    x, kept = jax.nn.relu(x), [first]
    for (_, _, strides), (w1, n1, w2, n2, straight), (s1, s2) in zip(_BLOCKS, p[1:-1], s[1:], strict=True):
        y, s1 = _normalize(_convolve(x, w1, strides, 1), n1, s1)
        y, s2 = _normalize(_convolve(jax.nn.relu(y), w2, 1, 1), n2, s2)
        x = jax.nn.relu(y + (_convolve(x, straight, strides) if strides > 1 else x))
        kept.append((s1, s2))
    return x.mean((2, 3)) @ p[-1][0].T + p[-1][1], kept


def _lstm(draw: _Draw, net: Net) -> tuple[Any, Any]:
    n = 200
    gates = (draw(4 * n, n), draw(4 * n, n), jnp.zeros(4 * n), jnp.zeros(4 * n))
    return (draw(net.classes, n), gates, draw(net.classes, n), jnp.zeros(net.classes)), ()


def _lstm_forward(p: Any, s: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    table, (w_x, w_h, b_x, b_h), w, b = p
    sums = table[x.astype("int32")] @ w_x.T + b_x

    def one(state: Any, given: jax.Array) -> tuple[Any, jax.Array]:
        h, c = state
        i, f, g, o = jnp.split(given + h @ w_h.T + b_h, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], w_h.shape[1]))
    _, made = lax.scan(one, (zeros, zeros), sums)
    return made.reshape(-1, made.shape[2]) @ w.T + b, s


_NETWORKS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "dense": (_dense, _dense_forward), "lenet": (_lenet, _lenet_forward), "resnet": (_resnet, _resnet_forward),
    "lstm": (_lstm, _lstm_forward),
}  # fmt: skip
