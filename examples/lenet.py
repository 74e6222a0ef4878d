"""LeNet (LeCun et al., 1998): two convolutions with pooling, then three dense layers."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(channels=6, kernel_size=5, activation="tanh"),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.Conv2D(channels=16, kernel_size=5, activation="tanh"),
        nn.MaxPool2D(pool_size=2, strides=2),
        nn.Dense(120, activation="tanh"),
        nn.Dense(84, activation="tanh"),
        nn.Dense(10),
    )
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=5, rate=0.1, at_least={"FashionMNIST": 0.74, "digits": 0.93})
