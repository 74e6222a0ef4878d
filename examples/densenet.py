"""DenseNet (Huang et al., 2016): each convolution reads the outputs of all before it in its block."""

from __future__ import annotations

from typing import Any

from learn import classify

from lazynd.gluon import nn


def convolution(channels: int) -> nn.HybridSequential:
    made = nn.HybridSequential()
    made.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(channels, kernel_size=3, padding=1))
    return made


class Dense(nn.HybridBlock):
    """``count`` convolutions, each of which adds ``channels`` channels to what it was given."""

    def __init__(self, count: int, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.net = nn.HybridSequential()
        for _ in range(count):
            self.net.add(convolution(channels))

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        for each in self.net:
            x = F.concat(x, each(x), dim=1)
        return x


def transition(channels: int) -> nn.HybridSequential:
    """Fewer channels, half the size."""
    made = nn.HybridSequential()
    made.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(channels, kernel_size=1))
    made.add(nn.AvgPool2D(pool_size=2, strides=2))
    return made


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Conv2D(16, kernel_size=3, strides=2, padding=1), nn.BatchNorm(), nn.Activation("relu"))
    net.add(Dense(3, 8), transition(20), Dense(3, 8))
    net.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Dense(10))
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=4, rate=0.1, at_least={"FashionMNIST": 0.5, "digits": 0.65})
