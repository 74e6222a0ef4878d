"""GoogLeNet (Szegedy et al., 2014): blocks of four paths whose channels are joined; two of them here."""

from __future__ import annotations

from typing import Any

from learn import classify

from lazynd.gluon import nn


class Inception(nn.HybridBlock):
    """Windows of one, three and five, and a maximum, side by side."""

    def __init__(self, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.one = nn.Conv2D(one, kernel_size=1, activation="relu")
        self.three_first = nn.Conv2D(three[0], kernel_size=1, activation="relu")
        self.three = nn.Conv2D(three[1], kernel_size=3, padding=1, activation="relu")
        self.five_first = nn.Conv2D(five[0], kernel_size=1, activation="relu")
        self.five = nn.Conv2D(five[1], kernel_size=5, padding=2, activation="relu")
        self.pool = nn.MaxPool2D(pool_size=3, strides=1, padding=1)
        self.pooled = nn.Conv2D(pooled, kernel_size=1, activation="relu")

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        paths = (self.one(x), self.three(self.three_first(x)), self.five(self.five_first(x)), self.pooled(self.pool(x)))
        return F.concat(*paths, dim=1)


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(16, kernel_size=5, strides=2, padding=2, activation="relu"), nn.BatchNorm(),
        Inception(16, (16, 32), (4, 8), 8),
        nn.MaxPool2D(pool_size=3, strides=2, padding=1),
        Inception(32, (32, 48), (8, 24), 16),
        nn.GlobalAvgPool2D(), nn.Dense(10),
    )  # fmt: skip
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=5, rate=0.03, at_least={"FashionMNIST": 0.7, "digits": 0.92}, momentum=0.9)
