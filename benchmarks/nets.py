"""Networks written with Gluon, for lazynd and MXNet alike, and training steps with them.

Nothing of either library is imported here: ``mx`` is the one that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 0.05
Step = Callable[[], Any]


@dataclass(frozen=True)
class Net:
    """A network, the shape of its inputs and how many classes it tells apart.

    ``kind``: "dense" of ``widths``, "lenet", "resnet" (18 layers) or "lstm". Labels are [batch], of an LSTM [steps *
    batch]. ``small``: a step takes less than 2 ms, so that recording it anew is not hidden.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    classes: int = 10
    widths: tuple[int, ...] = ()
    small: bool = False

    @property
    def batch(self) -> int:
        return self.inputs[1] if self.kind == "lstm" else self.inputs[0]

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels."""
        rng = np.random.default_rng(3)
        if self.kind == "lstm":
            characters = rng.integers(0, self.classes, self.inputs).astype("float32")
            return characters, rng.integers(0, self.classes, self.inputs).astype("float32").reshape(-1)
        images = rng.random(self.inputs, "float32")
        return images, rng.integers(0, self.classes, self.inputs[0]).astype("float32")


NETS = (
    Net("softmax regression 784-10, batch 256", "dense", (256, 784), widths=(784, 10), small=True),
    Net("64-128-10, batch 64", "dense", (64, 64), widths=(64, 128, 10), small=True),
    Net("784-256-10, batch 256", "dense", (256, 784), widths=(784, 256, 10)),
    Net("50 layers of 64, batch 64", "dense", (64, 64), widths=(64,) * 50 + (10,)),
    Net("LeNet, batch 256", "lenet", (256, 1, 28, 28)),
    Net("ResNet-18, 32 x 32, batch 32", "resnet", (32, 3, 32, 32)),
    Net("LSTM of 200, 35 steps, batch 32", "lstm", (35, 32), classes=64),
)


def network(mx: Any, net: Net) -> Any:
    """The network of ``net``."""
    nn = mx.gluon.nn
    made = nn.HybridSequential()
    if net.kind == "dense":
        for width in net.widths[1:-1]:
            made.add(nn.Dense(width, activation="relu"))
        made.add(nn.Dense(net.widths[-1]))
    elif net.kind == "lenet":
        for channels in (6, 16):
            made.add(nn.Conv2D(channels, 5, activation="relu"), nn.MaxPool2D(2, 2))
        made.add(nn.Dense(120, activation="relu"), nn.Dense(84, activation="relu"), nn.Dense(10))
    elif net.kind == "resnet":
        _add_residual_layers(mx, made)
    else:
        made.add(nn.Embedding(net.classes, 200), mx.gluon.rnn.LSTM(200), _rows(mx), nn.Dense(net.classes))
    made.initialize(mx.init.Xavier())
    return made


def _rows(mx: Any) -> Any:
    """From [steps, batch, units] to [steps * batch, units]."""
    return mx.gluon.nn.HybridLambda(lambda F, x: F.reshape(x, (-3, 0)))


def _add_residual_layers(mx: Any, made: Any) -> None:
    nn = mx.gluon.nn

    class Residual(mx.gluon.HybridBlock):
        def __init__(self, channels: int, strides: int) -> None:
            super().__init__()
            self.body = nn.HybridSequential()
            for number in range(2):
                self.body.add(nn.Conv2D(channels, 3, 1 if number else strides, 1, use_bias=False), nn.BatchNorm())
                if not number:
                    self.body.add(nn.Activation("relu"))
            self.straight = nn.Conv2D(channels, 1, strides, use_bias=False) if strides > 1 else None

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.relu(self.body(x) + (x if self.straight is None else self.straight(x)))

    made.add(nn.Conv2D(64, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
    for channels, strides in ((64, 1), (128, 2), (256, 2), (512, 2)):
        made.add(Residual(channels, strides), Residual(channels, 1))
    made.add(nn.GlobalAvgPool2D(), nn.Dense(10))


def step_of(mx: Any, net: Net, mode: str) -> Step:
    """A training step, "imperative", "hybridized" or "compiled"; it gives the loss, not yet computed."""
    images, labels = net.arrays()
    made = network(mx, net)
    x, y = mx.nd.array(images), mx.nd.array(labels)
    made(x)  # shapes are learned
    if mode == "hybridized":
        made.hybridize(static_alloc=True, static_shape=True)
    step = training(mx, made, x, y)
    mx.nd.waitall()
    return mx.compile(step) if mode == "compiled" else step


def training(mx: Any, net: Any, x: Any, y: Any) -> Step:
    """A step of ``net`` towards the labels ``y``; it gives the loss, not yet computed."""
    loss_of = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": RATE})

    def step() -> Any:
        with mx.autograd.record():
            loss = loss_of(net(x), y).mean()
        loss.backward()
        trainer.step(1)
        return loss

    return step
