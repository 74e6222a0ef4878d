"""Layers of one's own: one without parameters, one with, and one whose weights two places share; saved and loaded."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

from learn import Run, accuracy, images

from lazynd import gluon, nd
from lazynd.gluon import nn


class Centered(nn.HybridBlock):
    """What it is given, less its mean: a layer without parameters."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.broadcast_sub(x, x.mean(axis=1, keepdims=True))


class Linear(nn.HybridBlock):
    """A dense layer with a rectifier. The number of inputs is learned from the first batch."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units, 0), allow_deferred_init=True)
            self.bias = self.params.get("bias", shape=(units,), init="zeros")

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any) -> Any:
        return F.relu(F.FullyConnected(x, weight, bias, num_hidden=self.units))


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    shared = nn.Dense(64, activation="relu", in_units=64)
    net.add(nn.Flatten(), Centered(), Linear(64), shared, nn.Dense(64, in_units=64, params=shared.params))
    net.add(nn.Dense(10))
    return net


def main() -> None:
    run = Run(__doc__, epochs=5)
    train, test = images(run)
    net = run.prepare(network())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.2})
    run.train(net, train, gluon.loss.SoftmaxCrossEntropyLoss(), trainer)
    learned = accuracy(net, test)
    run.result("test_accuracy", learned, at_least={"FashionMNIST": 0.77, "digits": 0.93})
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "custom.params")
        net.save_parameters(file)
        other = network()
        other.load_parameters(file)
    probe = nd.random.uniform(shape=(8, 1, 28, 28))
    run.result("difference_after_loading", float((net(probe) - other(probe)).abs().max().asscalar()), at_most=0)
    run.finish()


if __name__ == "__main__":
    main()
