"""Dropout (Srivastava et al., 2014): while training, each hidden unit is left out of a step with some probability."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(
        nn.Flatten(),
        nn.Dense(256, activation="relu"), nn.Dropout(0.2),
        nn.Dense(256, activation="relu"), nn.Dropout(0.5),
        nn.Dense(10),
    )  # fmt: skip
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=8, rate=0.1, at_least={"FashionMNIST": 0.77, "digits": 0.93})
