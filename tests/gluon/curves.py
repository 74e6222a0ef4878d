"""Networks that are trained from the same parameters here and in MXNet: their losses, step by step.

For both libraries: ``mx`` is the one that is asked for, and nothing else is imported. Parameters and data are made by
NumPy's old generator, whose numbers never change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

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


def alexnet(mx: Any, rate: float = 0) -> Any:
    """Wide windows, pooling whose windows overlap, and dropout (of ``rate``) between wide dense layers."""
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(nn.Conv2D(6, 7, strides=2, activation="relu"), nn.MaxPool2D(3, 2))
    net.add(nn.Conv2D(8, 5, padding=2, activation="relu"), nn.MaxPool2D(3, 2))
    for channels in (12, 12, 8):
        net.add(nn.Conv2D(channels, 3, padding=1, activation="relu"))
    net.add(nn.MaxPool2D(3, 2))
    for units in (32, 32):
        net.add(nn.Dense(units, activation="relu"), nn.Dropout(rate))
    net.add(nn.Dense(CLASSES))
    return net


def vgg(mx: Any, rate: float = 0) -> Any:
    """Blocks of convolutions, each of which halves the image."""
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    for convolutions, channels in ((1, 6), (1, 8), (2, 12), (2, 12)):
        block = nn.HybridSequential()
        for _ in range(convolutions):
            block.add(nn.Conv2D(channels, 3, padding=1, activation="relu"))
        block.add(nn.MaxPool2D(2, 2))
        net.add(block)
    net.add(nn.Dense(24, activation="relu"), nn.Dropout(rate), nn.Dense(CLASSES))
    return net


def nin(mx: Any, rate: float = 0) -> Any:
    """Perceptrons across channels, and an average of each channel instead of dense layers."""
    nn = mx.gluon.nn

    def block(channels: int, window: int, padding: int) -> Any:
        made = nn.HybridSequential()
        made.add(nn.Conv2D(channels, window, padding=padding, activation="relu"))
        made.add(nn.Conv2D(channels, 1, activation="relu"), nn.Conv2D(channels, 1, activation="relu"))
        return made

    net = nn.HybridSequential()
    net.add(block(8, 5, 2), nn.MaxPool2D(3, 2), block(12, 3, 1), nn.MaxPool2D(3, 2), nn.Dropout(rate))
    net.add(block(CLASSES, 3, 1), nn.GlobalAvgPool2D(), nn.Flatten())
    return net


def googlenet(mx: Any) -> Any:
    """Blocks of four paths whose channels are joined."""
    nn = mx.gluon.nn

    class Inception(mx.gluon.HybridBlock):
        def __init__(self, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int) -> None:
            super().__init__()
            self.paths = nn.HybridSequential()
            for layers in (
                (nn.Conv2D(one, 1, activation="relu"),),
                (nn.Conv2D(three[0], 1, activation="relu"), nn.Conv2D(three[1], 3, padding=1, activation="relu")),
                (nn.Conv2D(five[0], 1, activation="relu"), nn.Conv2D(five[1], 5, padding=2, activation="relu")),
                (nn.MaxPool2D(3, 1, 1), nn.Conv2D(pooled, 1, activation="relu")),
            ):
                path = nn.HybridSequential()
                path.add(*layers)
                self.paths.add(path)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.concat(*(path(x) for path in self.paths), dim=1)

    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 7, 2, 3, activation="relu"), nn.MaxPool2D(3, 2, 1))
    net.add(Inception(4, (4, 6), (2, 4), 4), nn.MaxPool2D(3, 2, 1), Inception(6, (4, 8), (2, 4), 4))
    net.add(nn.GlobalAvgPool2D(), nn.Dense(CLASSES))
    return net


def densenet(mx: Any) -> Any:
    """Convolutions that read the outputs of all before them; normalisation before activation."""
    nn = mx.gluon.nn

    def convolution(channels: int, window: int) -> Any:
        made = nn.HybridSequential()
        made.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(channels, window, padding=window // 2))
        return made

    class Dense(mx.gluon.HybridBlock):
        def __init__(self, count: int, channels: int) -> None:
            super().__init__()
            self.net = nn.HybridSequential()
            for _ in range(count):
                self.net.add(convolution(channels, 3))

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            for each in self.net:
                x = F.concat(x, each(x), dim=1)
            return x

    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, 2, 1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1))
    net.add(Dense(2, 4), convolution(8, 1), nn.AvgPool2D(2, 2), Dense(2, 4))
    net.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Dense(CLASSES))
    return net


def mlp(mx: Any, rate: float = 0) -> Any:
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    for units in (24, 24):
        net.add(nn.Dense(units, activation="relu"), nn.Dropout(rate))
    net.add(nn.Dense(CLASSES))
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


class Case(NamedTuple):
    """A network, the shape of its inputs, its learning rate, and how much larger its first weights are."""

    make: Callable[[Any], Any]
    shape: tuple[int, ...]
    rate: float
    gain: float = 1.0


NETWORKS: dict[str, Case] = {
    "LeNet": Case(lenet, (16, 1, 20, 20), 0.02),
    "ResNet-18": Case(resnet, (16, 3, 16, 16), 0.002),
    "GRU": Case(recurrent("GRU"), (14, 8), 0.3),
    "LSTM": Case(recurrent("LSTM"), (14, 8), 0.5),
    "words": Case(words, (14, 8), 0.3),
    "groups": Case(grouped, (16, 3, 12, 12), 0.005),
    "MLP": Case(mlp, (16, 1, 6, 6), 0.02),
    "AlexNet": Case(alexnet, (8, 1, 40, 40), 0.01),
    "VGG": Case(vgg, (8, 1, 16, 16), 0.01, gain=1.4),
    "NiN": Case(nin, (8, 1, 16, 16), 0.01, gain=1.4),
    "GoogLeNet": Case(googlenet, (8, 1, 24, 24), 0.01),
    "DenseNet": Case(densenet, (8, 1, 16, 16), 0.02),
}
#: Dropout leaves out half: what each library draws differs, so that only the losses' distributions are alike.
DRAWN = {
    "MLP with dropout": NETWORKS["MLP"]._replace(make=functools.partial(mlp, rate=0.5)),
    "AlexNet with dropout": NETWORKS["AlexNet"]._replace(make=functools.partial(alexnet, rate=0.5)),
    "NiN with dropout": NETWORKS["NiN"]._replace(make=functools.partial(nin, rate=0.5)),
}
CASES = {**NETWORKS, **DRAWN}


def batches(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images that their class has shifted, or sequences in which each number follows from the one before."""
    shape, made = CASES[name].shape, []
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
    case = CASES[name]
    net = case.make(mx)
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
            values = random.uniform(-1, 1, shape) * case.gain * (3 / fan) ** 0.5
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
    options = {"learning_rate": CASES[name].rate, "momentum": 0.9}
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


def drawn(mx: Any, name: str, seeds: int) -> np.ndarray:
    """Losses of the first steps of one of ``DRAWN``, [seed, step]."""
    found = []
    for seed in range(seeds):
        mx.random.seed(seed)
        found.append(list(losses(mx, name, steps=BATCHES)))
    return np.array(found)
