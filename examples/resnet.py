"""ResNet (He et al., 2015): what a block computes is added to what it was given; eight convolutions here."""

from __future__ import annotations

from typing import Any

from learn import classify

from lazynd.gluon import nn


class Residual(nn.HybridBlock):
    """Two convolutions beside a path that goes straight on, or through a window of one where the shape changes."""

    def __init__(self, channels: int, strides: int = 1, changes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = nn.Conv2D(channels, kernel_size=3, padding=1, strides=strides)
        self.second = nn.Conv2D(channels, kernel_size=3, padding=1)
        self.first_norm, self.second_norm = nn.BatchNorm(), nn.BatchNorm()
        self.straight = nn.Conv2D(channels, kernel_size=1, strides=strides) if changes else None

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        y = F.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return F.relu(y + (x if self.straight is None else self.straight(x)))


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Conv2D(16, kernel_size=3, strides=2, padding=1), nn.BatchNorm(), nn.Activation("relu"))
    net.add(Residual(16), Residual(32, strides=2, changes=True), Residual(64, strides=2, changes=True))
    net.add(nn.GlobalAvgPool2D(), nn.Dense(10))
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=4, rate=0.05, at_least={"FashionMNIST": 0.76, "digits": 0.94})
