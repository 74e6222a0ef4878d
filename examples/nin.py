"""Network in network (Lin et al., 2013): small perceptrons across channels, and an average instead of dense layers."""

from __future__ import annotations

from learn import classify

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
    classify(network(), __doc__, epochs=5, rate=0.1, at_least={"FashionMNIST": 0.4, "digits": 0.4}, momentum=0.9)
