"""Networks that are trained from the same parameters here and in MXNet: their losses, step by step.

For both libraries: ``mx`` is the one that is asked for, and nothing else is imported. Parameters and data are made by
NumPy's old generator, whose numbers never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

STEPS, BATCHES = 50, 5
CLASSES = 6


def lenet(mx: Any) -> Any:
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    for channels in (6, 16):
        net.add(nn.Conv2D(channels, 5, activation="tanh"), nn.MaxPool2D(2, 2))
    net.add(nn.Dense(40, activation="tanh"), nn.Dense(24, activation="tanh"), nn.Dense(CLASSES))
    return net


def resnet(mx: Any) -> Any:
    """Eighteen layers, as in ResNet-18, of few channels."""
    nn = mx.gluon.nn

    class Residual(mx.gluon.HybridBlock):
        def __init__(self, channels: int, strides: int) -> None:
            super().__init__()
            self.body = nn.HybridSequential()
            self.body.add(nn.Conv2D(channels, 3, strides, 1), nn.BatchNorm(), nn.Activation("relu"))
            self.body.add(nn.Conv2D(channels, 3, 1, 1), nn.BatchNorm())
            self.straight = nn.Conv2D(channels, 1, strides) if strides > 1 else None

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.relu(self.body(x) + (x if self.straight is None else self.straight(x)))

    net = nn.HybridSequential()
    net.add(nn.Conv2D(12, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"))
    for channels, strides in ((12, 1), (16, 2), (20, 2), (24, 2)):
        net.add(Residual(channels, strides), Residual(channels, 1))
    net.add(nn.GlobalAvgPool2D(), nn.Dense(CLASSES))
    return net


def recurrent(kind: str) -> Callable[[Any], Any]:
    def make(mx: Any) -> Any:
        nn, layer = mx.gluon.nn, getattr(mx.gluon.rnn, kind)
        net = nn.HybridSequential()
        net.add(nn.Embedding(CLASSES, 10), layer(20), nn.HybridLambda(lambda F, x: F.reshape(x, (-3, 0))))
        net.add(nn.Dense(CLASSES))
        return net

    return make


def words(mx: Any) -> Any:
    """Two recurrent layers of batches first, and a dense layer on each step."""
    nn, rnn = mx.gluon.nn, mx.gluon.rnn
    net = nn.HybridSequential()
    net.add(nn.HybridLambda(lambda F, x: F.swapaxes(x, 0, 1)), nn.Embedding(CLASSES, 10))
    net.add(rnn.LSTM(12, layout="NTC"), rnn.GRU(10, layout="NTC"), nn.LayerNorm(), nn.Dense(CLASSES, flatten=False))
    net.add(nn.HybridLambda(lambda F, x: F.reshape(F.swapaxes(x, 0, 1), (-3, 0))))
    return net


def grouped(mx: Any) -> Any:
    """Normalisation by groups and of what is dense, activations that learn, and pooling of both kinds."""
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 5, padding=2, activation="sigmoid"), nn.AvgPool2D(2, 2))
    net.add(nn.Conv2D(8, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.PReLU(), nn.MaxPool2D(2, 2))
    net.add(nn.Conv2D(8, 3, padding=1), nn.GroupNorm(2), nn.Flatten())
    net.add(nn.Dense(20, activation="tanh"), nn.BatchNorm(), nn.Dense(CLASSES))
    return net


#: By name: the network, the shape of its inputs, and its learning rate.
NETWORKS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], float]] = {
    "LeNet": (lenet, (16, 1, 20, 20), 0.02),
    "ResNet-18": (resnet, (16, 3, 16, 16), 0.002),
    "GRU": (recurrent("GRU"), (14, 8), 0.3),
    "LSTM": (recurrent("LSTM"), (14, 8), 0.5),
    "words": (words, (14, 8), 0.3),
    "groups": (grouped, (16, 3, 12, 12), 0.005),
}


def batches(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images that their class has shifted, or sequences in which each number follows from the one before."""
    shape, made = NETWORKS[name][1], []
    random = np.random.RandomState(5)
    for _ in range(BATCHES):
        if len(shape) == 2:
            first = random.randint(0, CLASSES, (1, shape[1]))
            noise = random.randint(0, 2, (shape[0] + 1, shape[1]))
            numbers = (first + np.cumsum(1 + noise, 0)) % CLASSES
            made.append((numbers[:-1].astype("float32"), numbers[1:].reshape(-1).astype("float32")))
        else:
            labels = random.randint(0, CLASSES, shape[0])
            images = random.uniform(-1, 1, shape) + labels.reshape(-1, 1, 1, 1) - CLASSES / 2
            made.append((images.astype("float32"), labels.astype("float32")))
    return made


def network(mx: Any, name: str, dtype: str = "float32") -> Any:
    """The network with its first parameters."""
    net = NETWORKS[name][0](mx)
    net.initialize()
    first = mx.nd.array(batches(name)[0][0])
    net(first)
    random = np.random.RandomState(9)
    for parameter in net.collect_params().values():
        shape = parameter.shape
        if parameter.name.endswith("running_var"):
            values = np.ones(shape)
        elif parameter.name.endswith(("running_mean", "beta", "bias")):
            values = np.zeros(shape)
        elif parameter.name.endswith(("gamma", "alpha")):
            values = np.ones(shape)
        else:
            fan = float(np.prod(shape[1:])) if len(shape) > 1 else 20.0
            values = random.uniform(-1, 1, shape) * (3 / fan) ** 0.5
        parameter.set_data(mx.nd.array(values))
    if dtype != "float32":
        net.cast(dtype)
    return net


def losses(mx: Any, name: str, mode: str = "imperative", dtype: str = "float32", steps: int = STEPS) -> Iterator[float]:
    """The mean loss of each step; ``mode`` is "imperative", "hybridized" or "compiled"."""
    net = network(mx, name, dtype)
    if mode == "hybridized":
        net.hybridize()
    loss_of = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    options = {"learning_rate": NETWORKS[name][2], "momentum": 0.9}
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", options)

    def step(x: Any, y: Any) -> Any:
        with mx.autograd.record():
            loss = loss_of(net(x), y)
        loss.backward()
        trainer.step(len(y))
        return loss.mean()

    run = mx.compile(step) if mode == "compiled" else step
    given = batches(name)
    for number in range(steps):
        x, y = (mx.nd.array(each, dtype=dtype) for each in given[number % BATCHES])
        yield float(run(x, y).asscalar())
