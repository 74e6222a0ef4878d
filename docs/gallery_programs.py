"""The training steps of the gallery: each gives the view that its explorer shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lazynd
from lazynd import autograd, gluon, nd, viz
from lazynd.gluon import nn, rnn
from lazynd.viz import View


def training_step(net: Any, x: Any, labels: Any, title: str) -> View:
    """What a step of training records: forward pass, gradients, updates with momentum. It is traced, not run."""
    net.initialize()
    measure = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05, "momentum": 0.9})
    net(x)  # the shapes of the parameters follow from those of the input

    def step(x: Any, labels: Any) -> Any:
        with autograd.record():
            error = measure(net(x), labels).mean()
        error.backward()
        trainer.step(1)
        return error

    return viz.view(lazynd.compile(step), x, labels, title=title, passes=True)


def softmax_regression() -> View:
    net = nn.HybridSequential(prefix="net_")
    net.add(nn.Dense(10))
    return training_step(net, nd.zeros((64, 784)), nd.zeros((64,)), "Softmax regression, a training step")


def lenet() -> View:
    net = nn.HybridSequential(prefix="net_")
    for channels in (6, 16):
        net.add(nn.Conv2D(channels, 5, padding=2, activation="tanh"), nn.MaxPool2D(2, 2))
    net.add(nn.Dense(120, activation="tanh"), nn.Dense(84, activation="tanh"), nn.Dense(10))
    return training_step(net, nd.zeros((64, 1, 28, 28)), nd.zeros((64,)), "LeNet, a training step")


class Language(gluon.Block):
    """An LSTM reads words one after another and says what the next one is."""

    def __init__(self, words: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embed, self.cell, self.head = nn.Embedding(words, width), rnn.LSTMCell(width), nn.Dense(words)

    def forward(self, text: Any) -> Any:
        embedded = self.embed(text)
        states = self.cell.begin_state(text.shape[1])
        for word in embedded:
            out, states = self.cell(word, states)
        return self.head(out)


def lstm() -> View:
    net = Language(50, 32, prefix="language_")
    return training_step(net, nd.zeros((35, 8)), nd.zeros((8,)), "An LSTM of 35 steps, a training step")


class Bottleneck(gluon.HybridBlock):
    """Three convolutions beside a path that goes straight on, or through a window of one where the shape changes."""

    def __init__(self, channels: int, strides: int, changes: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.body = nn.HybridSequential()
        for number, (width, size) in enumerate(((channels // 4, 1), (channels // 4, 3), (channels, 1))):
            stride = strides if number == 0 else 1
            self.body.add(nn.Conv2D(width, size, strides=stride, padding=size // 2, use_bias=False), nn.BatchNorm())
            if number < 2:
                self.body.add(nn.Activation("relu"))
        self.straight = None
        if changes:
            self.straight = nn.HybridSequential()
            self.straight.add(nn.Conv2D(channels, 1, strides=strides, use_bias=False), nn.BatchNorm())

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.relu(self.body(x) + (x if self.straight is None else self.straight(x)))


class ResNet50(gluon.HybridBlock):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.features = nn.HybridSequential()
        self.features.add(nn.Conv2D(64, 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
        self.features.add(nn.MaxPool2D(3, 2, 1))
        for number, (count, channels) in enumerate(zip((3, 4, 6, 3), (256, 512, 1024, 2048), strict=True)):
            stage = nn.HybridSequential()
            stage.add(*(Bottleneck(channels, 2 if i == 0 and number else 1, i == 0) for i in range(count)))
            self.features.add(stage)
        self.features.add(nn.GlobalAvgPool2D())
        self.output = nn.Dense(1000)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.output(self.features(x))


def resnet() -> View:
    net = ResNet50(prefix="resnet_")
    return training_step(net, nd.zeros((8, 3, 224, 224)), nd.zeros((8,)), "ResNet-50, a training step")


#: By the names of their pages.
PROGRAMS: dict[str, Callable[[], View]] = {
    "softmax-regression": softmax_regression, "lenet": lenet, "lstm": lstm, "resnet-50": resnet,
}  # fmt: skip
