"""A multilayer perceptron with Gluon."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Flatten(), nn.Dense(256, activation="relu"), nn.Dense(10))
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=8, rate=0.1, at_least={"FashionMNIST": 0.76, "digits": 0.93})
