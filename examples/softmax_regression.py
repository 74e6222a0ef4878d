"""Softmax regression with Gluon: one dense layer and the cross entropy."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Flatten(), nn.Dense(10))
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=5, rate=0.1, at_least={"FashionMNIST": 0.73, "digits": 0.91})
