"""The workloads by hand in jax: one ``jax.jit`` a step, state donated, channels last, recurrences as ``scan``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .models import MODELS, attended
from .workloads import HIDDEN, RATE, SEQUENCES, WORKLOADS, Step, inputs_of, parameters_of, values_of

_AXES = ("NHWC", "HWIO", "NHWC")


class Layers:
    """Layers over images [batch, height, width, channels]; new statistics are gathered in ``statistics``."""

    relu, softmax = staticmethod(jax.nn.relu), staticmethod(jax.nn.softmax)

    def __init__(self, training: bool, key: Any = None) -> None:
        self._training, self._key = training, key
        self.statistics: list[Any] = []

    @staticmethod
    def convolve(x: Any, w: Any, strides: int, padding: int, bias: Any = 0.0) -> Any:
        made = lax.conv_general_dilated(x, w, (strides,) * 2, [(padding,) * 2] * 2, dimension_numbers=_AXES)
        return made + bias

    def norm(self, x: Any, p: Iterator[Any]) -> Any:
        scale, shift, mean, variance = (next(p) for _ in range(4))
        if self._training:
            old, mean = (mean, variance), x.mean((0, 1, 2))
            variance = (x * x).mean((0, 1, 2)) - mean * mean  # in one pass, as Flax does unless told otherwise
            pairs = zip(old, (mean, variance), strict=True)
            self.statistics += [0.9 * a + 0.1 * lax.stop_gradient(b) for a, b in pairs]
        factor = scale * lax.rsqrt(variance + 1e-5)
        return x * factor + (shift - mean * factor)

    @staticmethod
    def pool(x: Any, size: int, strides: int, padding: int) -> Any:
        around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, strides, strides, 1), around)

    @staticmethod
    def average(x: Any) -> Any:
        return x.mean((1, 2))

    @staticmethod
    def join(a: Any, b: Any) -> Any:
        return jnp.concatenate([a, b], axis=3)

    @staticmethod
    def flat(x: Any) -> Any:
        return x.transpose(0, 3, 1, 2).reshape(len(x), -1)

    @staticmethod
    def dense(x: Any, w: Any, b: Any) -> Any:
        return x @ w.T + b

    def attended(self, queries: Any, keys: Any, values: Any) -> Any:
        return attended(self, queries, keys, values)

    @staticmethod
    def transposed(x: Any) -> Any:
        return jnp.swapaxes(x, -1, -2)

    @staticmethod
    def moved(x: Any) -> Any:
        return x.transpose(0, 2, 1, 3)

    @staticmethod
    def layer_norm(x: Any, p: Iterator[Any]) -> Any:
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + 1e-5) * next(p) + next(p)

    def drop(self, x: Any) -> Any:
        if self._key is None:
            return x
        self._key, key = jax.random.split(self._key)
        return jnp.where(jax.random.bernoulli(key, 0.9, x.shape), x / 0.9, 0.0)


def _cross_entropy(scores: Any, labels: Any) -> Any:
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), labels[..., None], axis=-1).mean()


def _placed(array: np.ndarray) -> np.ndarray:
    """Kernels and images channels last."""
    return array if array.ndim != 4 else array.transpose(2, 3, 1, 0)


def _as_given(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array if array.ndim != 4 else array.transpose(3, 2, 0, 1)


def step_of(workload: str) -> Step:
    """A step whose result is read: a loss, or the mean of what was computed."""
    if workload in _OTHERS:
        return _OTHERS[workload](*inputs_of(workload))
    values = [jnp.array(_placed(v)) for v in values_of(workload)]
    inputs = [jnp.asarray(_as_read(workload, each)) for each in inputs_of(workload)]
    if workload.endswith("scratch"):
        return _descending(values, partial(_recurrent_loss, inputs, _CELLS[workload]))
    if workload == "word2vec":
        return _descending(values, partial(_word2vec_loss, inputs))
    model = MODELS[workload.split("_")[0]]
    if workload.endswith("inference"):
        infer = jax.jit(lambda p, x: model(Layers(False), iter(p), x))
        return Step(lambda: float(np.asarray(infer(values, *inputs)).mean()))
    return _training(workload, model, values, inputs)


def _as_read(workload: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 4:
        return array.transpose(0, 2, 3, 1)
    tokens = array.ndim < 2 or workload.startswith(("bert", "rnn", "lstm"))
    return array.astype("int32") if tokens or (workload == "word2vec" and array.max() > 1) else array


def _training(workload: str, model: Any, values: list[Any], inputs: list[Any]) -> Step:
    trained = [each.trained for each in parameters_of(workload)]
    drops, steps = workload == "bert_dropout", WORKLOADS[workload].steps

    def loss_of(weights: list[Any], others: list[Any], key: Any, x: Any, y: Any) -> Any:
        layers = Layers(True, key)
        a, b = iter(weights), iter(others)
        scores = model(layers, iter([next(a) if t else next(b) for t in trained]), x)
        return _cross_entropy(scores, y), layers.statistics

    def update(weights: list[Any], others: list[Any], key: Any, x: Any, y: Any) -> Any:
        key, now = jax.random.split(key) if drops else (key, None)
        grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, others), slopes = grad(weights, others, now, x, y)
        return [w - RATE * g for w, g in zip(weights, slopes, strict=True)], others, key, loss

    compiled = jax.jit(update, donate_argnums=(0, 1))
    state: list[Any] = [[v for v, t in zip(values, trained, strict=True) if t == which] for which in (True, False)]
    state.append(jax.random.key(0))

    def step() -> float:
        for _ in range(steps):
            *state[:], loss = compiled(*state, *inputs)
        return float(loss)

    return Step(step, lambda: [_as_given(each) for each in state[0]])


def _descending(values: list[Any], loss_of: Callable[[list[Any]], Any]) -> Step:
    def update(p: list[Any]) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(p)
        return [w - RATE * g for w, g in zip(p, slopes, strict=True)], loss

    compiled = jax.jit(update, donate_argnums=0)
    state = {"p": values}

    def step() -> float:
        state["p"], loss = compiled(state["p"])
        return float(loss)

    return Step(step, lambda: [_as_given(each) for each in state["p"]])


def _rnn_cell(p: list[Any], sums: list[Any], state: Any) -> tuple[Any, Any]:
    h, c = state
    return jnp.tanh(sums[0] + h @ p[1]), c


def _lstm_cell(p: list[Any], sums: list[Any], state: Any) -> tuple[Any, Any]:
    h, c = state
    i, f, o, g = (sums[n] + h @ p[3 * n + 1] for n in range(4))
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


_CELLS = {"rnn_scratch": _rnn_cell, "lstm_scratch": _lstm_cell}


def _recurrent_loss(inputs: list[Any], cell: Any, p: list[Any]) -> Any:
    """What a one-hot row picks is looked up, for all steps at once."""
    x, y = inputs
    sums = [p[n][x] + p[n + 2] for n in range(0, len(p) - 2, 3)]

    def one(state: Any, now: Any) -> tuple[Any, Any]:
        h, c = cell(p, now, state)
        return (h, c), h

    zeros = jnp.zeros((SEQUENCES, HIDDEN))
    _, made = lax.scan(one, (zeros, zeros), sums)
    return _cross_entropy(made.reshape(-1, HIDDEN) @ p[-2] + p[-1], y)


def _word2vec_loss(inputs: list[Any], p: list[Any]) -> Any:
    centers, contexts, labels = inputs
    scores = jnp.einsum("bod,bcd->bc", p[0][centers], p[1][contexts])
    return (jax.nn.relu(scores) - scores * labels + jnp.log1p(jnp.exp(-jnp.abs(scores)))).mean()


def _elementwise(a: np.ndarray, b: np.ndarray) -> Step:
    @jax.jit
    def work(a: Any, b: Any) -> Any:
        x = jnp.tanh(a * 1.5 + b)
        x = jax.nn.relu(x * b - a) + jax.nn.sigmoid(x)
        return (jnp.exp(-x) * jnp.sqrt(jnp.abs(x) + 1) - b).mean()

    given = jnp.asarray(a), jnp.asarray(b)
    return Step(lambda: float(work(*given)))


def _adds(x: np.ndarray) -> Step:
    def total(x: Any) -> Any:
        y = x
        for _ in range(1000):
            y = y + x
        return y.sum()

    work, given = jax.jit(lambda x: jax.grad(total)(x).mean()), jnp.asarray(x)
    return Step(lambda: float(work(given)))


def _control_flow(x: np.ndarray) -> Step:
    """The choices of Python are data: inside of one program."""

    def total(x: Any) -> Any:
        y = x
        for _ in range(10):
            y = jnp.tanh(y @ x)
            y = y * jnp.where(y.sum() > 0, 1.1, 0.9)
        return y.sum()

    work, given = jax.jit(lambda x: jax.grad(total)(x).mean()), jnp.asarray(x)
    return Step(lambda: float(work(given)))


_OTHERS: dict[str, Callable[..., Step]] = {"elementwise": _elementwise, "adds": _adds, "control_flow": _control_flow}
