"""Network in network (Lin et al., 2013): small perceptrons across channels, and an average instead of dense layers."""

from __future__ import annotations

from learn import classify

from lazynd import init
from lazynd.gluon import nn


def block(channels: int, kernel_size: int, strides: int, padding: int) -> nn.HybridSequential:
    made = nn.HybridSequential()
    made.add(
        nn.Conv2D(channels, kernel_size, strides, padding, activation="relu"),
        nn.Conv2D(channels, kernel_size=1, activation="relu"),
        nn.Conv2D(channels, kernel_size=1, activation="relu"),
    )
    return made


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(
        block(24, 5, 1, 2), nn.MaxPool2D(pool_size=3, strides=2),
        block(64, 5, 1, 2), nn.MaxPool2D(pool_size=3, strides=2),
        block(96, 3, 1, 1), nn.Dropout(0.5),
        block(10, 3, 1, 1), nn.GlobalAvgPool2D(), nn.Flatten(),
    )  # fmt: skip
    return net


if __name__ == "__main__":
    bounds = {"FashionMNIST": 0.73, "digits": 0.93}
    classify(network(), __doc__, 8, 0.001, bounds, size=20, initializer=init.MSRAPrelu(), optimizer="adam")
