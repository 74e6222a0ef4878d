"""AlexNet (Krizhevsky et al., 2012), its widths and windows cut for images of 64 by 64."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(24, kernel_size=7, strides=2, activation="relu"), nn.MaxPool2D(pool_size=3, strides=2),
        nn.Conv2D(64, kernel_size=5, padding=2, activation="relu"), nn.MaxPool2D(pool_size=3, strides=2),
        nn.Conv2D(96, kernel_size=3, padding=1, activation="relu"),
        nn.Conv2D(96, kernel_size=3, padding=1, activation="relu"),
        nn.Conv2D(64, kernel_size=3, padding=1, activation="relu"), nn.MaxPool2D(pool_size=3, strides=2),
        nn.Dense(256, activation="relu"), nn.Dropout(0.5),
        nn.Dense(256, activation="relu"), nn.Dropout(0.5),
        nn.Dense(10),
    )  # fmt: skip
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=5, rate=0.05, at_least={"FashionMNIST": 0.67, "digits": 0.92}, size=64)
