"""VGG (Simonyan and Zisserman, 2014): blocks of convolutions that halve the image, narrow ones here."""

from __future__ import annotations

from learn import classify

from lazynd.gluon import nn

#: Convolutions and channels of each block.
BLOCKS = ((1, 16), (1, 32), (2, 64), (2, 64))


def block(convolutions: int, channels: int) -> nn.HybridSequential:
    made = nn.HybridSequential()
    for _ in range(convolutions):
        made.add(nn.Conv2D(channels, kernel_size=3, padding=1, activation="relu"))
    made.add(nn.MaxPool2D(pool_size=2, strides=2))
    return made


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    for convolutions, channels in BLOCKS:
        net.add(block(convolutions, channels))
    net.add(nn.Dense(256, activation="relu"), nn.Dropout(0.5), nn.Dense(256, activation="relu"), nn.Dropout(0.5))
    net.add(nn.Dense(10))
    return net


if __name__ == "__main__":
    classify(network(), __doc__, epochs=4, rate=0.05, at_least={"FashionMNIST": 0.61, "digits": 0.88}, size=32)
