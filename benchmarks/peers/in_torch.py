"""The workloads in torch, run eagerly; inference in ``inference_mode``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .models import MODELS, attended
from .workloads import HIDDEN, RATE, SEQUENCES, WORKLOADS, Step, inputs_of, parameters_of, values_of


class Layers:
    """Layers over images [batch, channels, height, width]; statistics are updated in place."""

    relu, dense = staticmethod(torch.relu), staticmethod(functional.linear)

    def __init__(self, training: bool, drops: bool = False) -> None:
        self._training, self._drops = training, drops

    @staticmethod
    def convolve(x: Any, w: Any, strides: int, padding: int, bias: Any = None) -> Any:
        return functional.conv2d(x, w, bias, strides, padding)

    def norm(self, x: Any, p: Iterator[Any]) -> Any:
        scale, shift, mean, variance = (next(p) for _ in range(4))
        return functional.batch_norm(x, mean, variance, scale, shift, self._training)

    @staticmethod
    def pool(x: Any, size: int, strides: int, padding: int) -> Any:
        return functional.max_pool2d(x, size, strides, padding)

    @staticmethod
    def average(x: Any) -> Any:
        return x.mean((2, 3))

    @staticmethod
    def join(a: Any, b: Any) -> Any:
        return torch.cat([a, b], dim=1)

    @staticmethod
    def flat(x: Any) -> Any:
        return x.flatten(1)

    @staticmethod
    def transposed(x: Any) -> Any:
        return x.transpose(-1, -2)

    @staticmethod
    def moved(x: Any) -> Any:
        return x.transpose(1, 2)

    @staticmethod
    def softmax(x: Any) -> Any:
        return torch.softmax(x, -1)

    @staticmethod
    def layer_norm(x: Any, p: Iterator[Any]) -> Any:
        return functional.layer_norm(x, x.shape[-1:], next(p), next(p))

    def drop(self, x: Any) -> Any:
        return functional.dropout(x, 0.1) if self._drops else x

    def attended(self, queries: Any, keys: Any, values: Any) -> Any:
        """Fused, which is quicker than written out, unless shares are dropped: then it is slower."""
        if self._drops:
            return attended(self, queries, keys, values)
        return functional.scaled_dot_product_attention(queries, keys, values)


def step_of(workload: str) -> Step:
    """A step whose result is read: a loss, or the mean of what was computed."""
    values = [_placed(workload, v) for v in values_of(workload)]
    inputs = [_placed(workload, _as_read(workload, each)) for each in inputs_of(workload)]
    if workload in _OTHERS:
        return _OTHERS[workload](*inputs)
    if workload.endswith("scratch"):
        return _descending(workload, values, lambda: _recurrent_loss(inputs, _CELLS[workload], values))
    if workload == "word2vec":
        return _descending(workload, values, lambda: _word2vec_loss(inputs, values))
    model = MODELS[workload.split("_")[0]]
    if workload.endswith("inference"):
        return _inference(model, values, inputs[0])
    layers = Layers(True, workload == "bert_dropout")

    def loss_of() -> Any:
        scores = model(layers, iter(values), inputs[0])
        return functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), inputs[1].reshape(-1))

    return _descending(workload, values, loss_of)


def _as_read(workload: str, array: np.ndarray) -> np.ndarray:
    tokens = workload.startswith(("bert", "rnn", "lstm")) or (workload == "word2vec" and array.max() > 1)
    labels = array.ndim == 1 and workload != "elementwise"
    return array.astype("int64") if tokens or labels else array


def _placed(workload: str, array: np.ndarray) -> Any:
    """Channels last for ResNet alone: inference takes 0.6 of the time, training the same; a step of LeNet 1.7 times."""
    made = torch.from_numpy(array)
    last = made.ndim == 4 and workload.startswith("resnet")
    return made.contiguous(memory_format=torch.channels_last) if last else made


def _inference(model: Any, values: list[Any], x: Any) -> Step:
    @torch.inference_mode()
    def step() -> float:
        return float(model(Layers(False), iter(values), x).mean())

    return Step(step)


def _descending(workload: str, values: list[Any], loss_of: Callable[[], Any]) -> Step:
    trained = [v.requires_grad_() for v, p in zip(values, parameters_of(workload), strict=True) if p.trained]
    optimizer, steps = torch.optim.SGD(trained, RATE), WORKLOADS[workload].steps

    def step() -> float:
        for _ in range(steps):
            loss = loss_of()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()

    return Step(step, lambda: [each.detach().numpy() for each in trained])


def _rnn_cell(p: list[Any], sums: tuple[Any, ...], h: Any, c: Any) -> tuple[Any, Any]:
    return torch.tanh(sums[0] + h @ p[1]), c


def _lstm_cell(p: list[Any], sums: tuple[Any, ...], h: Any, c: Any) -> tuple[Any, Any]:
    i, f, o, g = (sums[n] + h @ p[3 * n + 1] for n in range(4))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


_CELLS = {"rnn_scratch": _rnn_cell, "lstm_scratch": _lstm_cell}


def _recurrent_loss(inputs: list[Any], cell: Any, p: list[Any]) -> Any:
    """What a one-hot row picks is looked up, for all steps at once."""
    x, y = inputs
    sums = [functional.embedding(x, p[n]) + p[n + 2] for n in range(0, len(p) - 2, 3)]
    h, c, outputs = torch.zeros(SEQUENCES, HIDDEN), torch.zeros(SEQUENCES, HIDDEN), []
    for now in zip(*sums, strict=True):
        h, c = cell(p, now, h, c)
        outputs.append(h)
    return functional.cross_entropy(torch.cat(outputs) @ p[-2] + p[-1], y)


def _word2vec_loss(inputs: list[Any], p: list[Any]) -> Any:
    centers, contexts, labels = inputs
    scores = torch.bmm(functional.embedding(centers, p[0]), functional.embedding(contexts, p[1]).transpose(1, 2))
    return functional.binary_cross_entropy_with_logits(scores[:, 0], labels)


def _elementwise(a: Any, b: Any) -> Step:
    def step() -> float:
        x = torch.tanh(a * 1.5 + b)
        x = torch.relu(x * b - a) + torch.sigmoid(x)
        return float((torch.exp(-x) * torch.sqrt(torch.abs(x) + 1) - b).mean())

    return Step(step)


def _gradient_of(x: Any, total: Callable[[Any], Any]) -> Step:
    x.requires_grad_()

    def step() -> float:
        x.grad = None
        total(x).backward()
        return float(x.grad.mean())

    return Step(step)


def _adds(x: Any) -> Step:
    def total(x: Any) -> Any:
        y = x
        for _ in range(1000):
            y = y + x
        return y.sum()

    return _gradient_of(x, total)


def _control_flow(x: Any) -> Step:
    def total(x: Any) -> Any:
        y = x
        for _ in range(10):
            y = torch.tanh(y @ x)
            y = y * 1.1 if y.sum() > 0 else y * 0.9
        return y.sum()

    return _gradient_of(x, total)


_OTHERS: dict[str, Callable[..., Step]] = {"elementwise": _elementwise, "adds": _adds, "control_flow": _control_flow}
