"""Optimizers side by side: the same perceptron learns with each, from the same parameters and the same batches."""

from __future__ import annotations

import pathlib
import tempfile

import numpy as np
from learn import Run, images

import lazynd as mx
from lazynd import autograd, gluon
from lazynd.gluon import nn

#: Names of optimizers, and options with which each learns well here.
CHOICES: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.1},
    "nag": {"learning_rate": 0.05, "momentum": 0.9},
    "adagrad": {"learning_rate": 0.02},
    "rmsprop": {"learning_rate": 0.001},
    "adadelta": {"rho": 0.9},
    "adam": {"learning_rate": 0.001},
    "ftrl": {"learning_rate": 0.1},
}


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Dense(64, activation="relu"), nn.Dense(10))
    return net


def main() -> None:
    run = Run(__doc__, epochs=2)
    train, _ = images(run)
    batches = list(train)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    start = network()
    start.initialize(mx.init.Xavier())
    start(batches[0][0])
    curves = []
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "start.params")
        start.save_parameters(file)
        for name, options in CHOICES.items():
            net = run.prepare(network())
            net.load_parameters(file)
            trainer = gluon.Trainer(net.collect_params(), name, options)
            losses = []
            for x, y in run.batches(batches):
                with autograd.record():
                    value = loss(net(x), y)
                value.backward()
                trainer.step(x.shape[0])
                losses.append(value.mean())
            curves.append((name, [float(each.asscalar()) for each in losses]))
            run.result(f"last_loss_{name}", float(np.mean(curves[-1][1][-10:])), at_most=1.1)
    run.losses = [mx.nd.array([each]) for each in curves[0][1]]
    run.finish(curves)


if __name__ == "__main__":
    main()
