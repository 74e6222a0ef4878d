"""The pages that the tests open: explorers of training steps, recorded but not run."""

from __future__ import annotations

from typing import Any

import lazynd
from lazynd import autograd, gluon, nd, viz
from lazynd.gluon import nn, rnn
from lazynd.viz.model import Cluster, View, ViewProgram


def lenet(extra: bool = False) -> Any:
    net = nn.HybridSequential()
    for channels in (6, 16):
        net.add(nn.Conv2D(channels, 5, padding=2, activation="tanh"))
        if extra:
            net.add(nn.BatchNorm())
        net.add(nn.MaxPool2D(2, 2))
    net.add(nn.Dense(120, activation="tanh"), nn.Dense(84, activation="tanh"), nn.Dense(10))
    return net


class Recurrent(gluon.Block):
    """A cell that reads ``steps`` words, one call of it a word."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.embed, self.cell, self.head = nn.Embedding(50, 16), rnn.RNNCell(16, input_size=16), nn.Dense(50)

    def forward(self, words: Any) -> Any:
        embedded, states = self.embed(words), self.cell.begin_state(4)
        for step in range(self.steps):
            out, states = self.cell(embedded[step], states)
        return self.head(out)


class Bottleneck(gluon.HybridBlock):
    """Three convolutions beside a path that goes straight on."""

    def __init__(self, channels: int, strides: int, changes: bool) -> None:
        super().__init__()
        self.body = nn.HybridSequential()
        for number, (width, size) in enumerate(((channels // 4, 1), (channels // 4, 3), (channels, 1))):
            stride = strides if number == 0 else 1
            self.body.add(nn.Conv2D(width, size, strides=stride, padding=size // 2, use_bias=False), nn.BatchNorm())
            if number < 2:
                self.body.add(nn.Activation("relu"))
        self.straight = nn.HybridSequential() if changes else None
        if self.straight is not None:
            self.straight.add(nn.Conv2D(channels, 1, strides=strides, use_bias=False), nn.BatchNorm())

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.relu(self.body(x) + (x if self.straight is None else self.straight(x)))


class ResNet50(gluon.HybridBlock):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.HybridSequential()
        self.features.add(
            nn.Conv2D(64, 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1)
        )
        for number, (count, channels) in enumerate(zip((3, 4, 6, 3), (256, 512, 1024, 2048), strict=True)):
            stage = nn.HybridSequential()
            stage.add(*(Bottleneck(channels, 2 if i == 0 and number else 1, i == 0) for i in range(count)))
            self.features.add(stage)
        self.features.add(nn.GlobalAvgPool2D())
        self.output = nn.Dense(1000)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.output(self.features(x))


def step(net: Any, x: Any, labels: Any, title: str) -> View:
    """The view of a training step of ``net``: forward, gradients, updates."""
    net.initialize()
    measure = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05, "momentum": 0.9})
    net(x)  # shapes of parameters

    def train(x: Any, labels: Any) -> Any:
        with autograd.record():
            error = measure(net(x), labels).mean()
        error.backward()
        trainer.step(1)
        return error

    return viz.view(lazynd.compile(train), x, labels, title=title, passes=True)


def lenet_view(extra: bool = False) -> View:
    """LeNet's, with clusters as a backend would name them: neighbours of its graph."""
    found = step(lenet(extra), nd.zeros((8, 1, 28, 28)), nd.zeros((8,)), "LeNet, a training step")
    ids = found.graph.nodes
    found.clusters = [
        Cluster(0, "fusion", "loop", ids[0:2], fused=True, bytes=20, text="%fusion = f32[8] fusion(...)"),
        Cluster(1, "fusion.1", "output", ids[2:5], fused=True, bytes=40, text="%fusion.1 = f32[8] fusion(...)"),
        Cluster(2, "copy.3", "copy", ids[1:3], bytes=8, text="%copy.3 = f32[8] copy(...)"),
    ]
    found.program = ViewProgram("HloModule step", memory={"temp": 1234567}, cost={"flops": 8.5e6})
    return found


def views() -> dict[str, Any]:
    """A view by the name of each page, made when it is asked for."""
    return {
        "lenet": lenet_view,
        "rnn": lambda: step(Recurrent(100), nd.zeros((100, 4)), nd.zeros((4,)), "RNN of 100 steps, a training step"),
        "resnet": lambda: step(ResNet50(), nd.zeros((1, 3, 64, 64)), nd.zeros((1,)), "ResNet-50, a training step"),
        "diff": lambda: viz.diff(lenet_view(), lenet_view(extra=True), "LeNet, without and with batch norm"),
    }
