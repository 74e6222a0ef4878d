"""Nets that learn: the losses of some steps of plain gradient descent, with real MXNet or with lazynd."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

STEPS, RATE = 6, 0.1


def lenet(mx: Any) -> tuple[Any, Any, list[Any], Any]:
    """LeNet on images of 28 by 28; net, loss, inputs, labels."""
    nn = mx.gluon.nn
    net = nn.HybridSequential(prefix="lenet_")
    with net.name_scope():
        net.add(nn.Conv2D(6, 5, padding=2, activation="sigmoid"), nn.AvgPool2D(2, 2))
        net.add(nn.Conv2D(16, 5, activation="sigmoid"), nn.MaxPool2D(2, 2), nn.Flatten())
        net.add(nn.Dense(120, activation="tanh"), nn.BatchNorm(), nn.Dense(84, activation="relu"), nn.Dense(10))
    return net, mx.gluon.loss.SoftmaxCrossEntropyLoss(), [_drawn("x", (8, 1, 28, 28))], np.arange(8) % 10


def words(mx: Any) -> tuple[Any, Any, list[Any], Any]:
    """A model of sequences: embedding, two recurrent layers, a dense layer on each step."""
    gluon = mx.gluon
    net = gluon.nn.HybridSequential(prefix="words_")
    with net.name_scope():
        net.add(gluon.nn.Embedding(11, 6), gluon.rnn.LSTM(8, layout="NTC"), gluon.rnn.GRU(7, layout="NTC"))
        net.add(gluon.nn.LayerNorm(), gluon.nn.Dense(11, flatten=False))
    tokens = np.arange(4 * 9).reshape(4, 9) * 7 % 11
    return net, gluon.loss.SoftmaxCrossEntropyLoss(), [tokens], (tokens + 3) % 11


def residual(mx: Any) -> tuple[Any, Any, list[Any], Any]:
    """A block of a residual net, and a regression on what it gives."""
    nn = mx.gluon.nn

    class Residual(mx.gluon.HybridBlock):
        def __init__(self, channels: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            with self.name_scope():
                self.body = nn.HybridSequential()
                self.body.add(nn.Conv2D(channels, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.PReLU())
                self.body.add(nn.Conv2D(channels, 3, padding=1), nn.GroupNorm(2))
                self.side = nn.Conv2D(channels, 1)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.relu(self.body(x) + self.side(x))

    net = nn.HybridSequential(prefix="res_")
    with net.name_scope():
        net.add(Residual(4), nn.GlobalAvgPool2D(), nn.Dense(2))
    return net, mx.gluon.loss.L2Loss(), [_drawn("x", (4, 3, 6, 6))], _drawn("y", (4, 2))


NETS = {"lenet": lenet, "words": words, "residual": residual}


def _drawn(name: str, shape: tuple[int, ...]) -> Any:
    made = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1, 1, shape)
    # Such numbers are exact in float32, and so are their names in every version of NumPy.
    return np.round(made * 64) / 64


def curve(mx: Any, name: str, dtype: str = "float32", hybridize: bool = False) -> list[float]:
    """The mean losses of ``STEPS`` steps, from parameters that the names of parameters say."""
    net, loss_of, inputs, labels = NETS[name](mx)
    net.cast(dtype)
    net.initialize()
    arrays = [mx.nd.array(each, dtype=dtype) for each in inputs]
    labels = mx.nd.array(labels, dtype=dtype)
    with mx.autograd.pause():
        net(*arrays)
    params = net.collect_params()
    for each in params.values():
        if not each.name.endswith(("running_mean", "running_var")):
            values = _drawn(each.name, each.shape) / max(1, np.prod(each.shape[1:])) ** 0.5
            each.set_data(mx.nd.array(values, dtype=each.dtype))
    if hybridize:
        net.hybridize()
    losses = []
    for _ in range(STEPS):
        with mx.autograd.record():
            loss = loss_of(net(*arrays), labels)
        loss.backward()
        for each in params.values():
            if each.grad_req != "null":
                each.data()[:] = each.data() - RATE * each.grad()
        losses.append(float(loss.mean().asscalar()))
    return losses
