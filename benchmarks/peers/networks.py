"""The networks in Gluon, for lazynd and MXNet alike: ``mx`` is the one that is asked for."""

from __future__ import annotations

import itertools
from typing import Any

from .workloads import BLOCKS, HEADS, LAYERS, LENET_DENSE, LENGTH, TOKENS, UNITS


def _resnet(mx: Any, made: Any) -> None:
    nn = mx.gluon.nn

    class Residual(mx.gluon.HybridBlock):
        def __init__(self, before: int, after: int, strides: int) -> None:
            super().__init__()
            self.one = nn.Conv2D(after, 3, strides, 1, use_bias=False, in_channels=before)
            self.one_norm = nn.BatchNorm(in_channels=after)
            self.two = nn.Conv2D(after, 3, 1, 1, use_bias=False, in_channels=after)
            self.two_norm = nn.BatchNorm(in_channels=after)
            self.straight = nn.Conv2D(after, 1, strides, use_bias=False, in_channels=before) if strides > 1 else None

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            y = self.two_norm(self.two(F.relu(self.one_norm(self.one(x)))))
            return F.relu(y + (x if self.straight is None else self.straight(x)))

    made.add(nn.Conv2D(64, 7, 2, 3, use_bias=False, in_channels=3), nn.BatchNorm(in_channels=64))
    made.add(nn.Activation("relu"), nn.MaxPool2D(3, 2, 1))
    for block in BLOCKS:
        made.add(Residual(*block))
    made.add(nn.GlobalAvgPool2D(), nn.Dense(10, in_units=512))


def _densenet(mx: Any, made: Any) -> None:
    nn = mx.gluon.nn

    class Grows(mx.gluon.HybridBlock):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.norm = nn.BatchNorm(in_channels=channels)
            self.kernel = nn.Conv2D(32, 3, padding=1, in_channels=channels)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.concat(x, self.kernel(F.relu(self.norm(x))), dim=1)

    made.add(nn.Conv2D(64, 3, padding=1, in_channels=3))
    for number in range(4):
        made.add(Grows(64 + 32 * number))
    made.add(nn.BatchNorm(in_channels=192), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Dense(10, in_units=192))


def _lenet(mx: Any, made: Any) -> None:
    nn = mx.gluon.nn
    for before, after in ((1, 6), (6, 16)):
        made.add(nn.Conv2D(after, 5, activation="relu", in_channels=before), nn.MaxPool2D(2, 2))
    _add_dense(mx, made, LENET_DENSE)


def _add_dense(mx: Any, made: Any, widths: tuple[int, ...]) -> None:
    nn = mx.gluon.nn
    for before, after in itertools.pairwise(widths[:-1]):
        made.add(nn.Dense(after, activation="relu", in_units=before))
    made.add(nn.Dense(widths[-1], in_units=widths[-2]))


def _bert(mx: Any, made: Any, dropout: float) -> None:
    nn = mx.gluon.nn

    def dense(after: int, before: int = UNITS) -> Any:
        return nn.Dense(after, flatten=False, in_units=before)

    class Embedded(mx.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(TOKENS, UNITS)
            self.places = self.params.get("places", shape=(LENGTH, UNITS))

        def hybrid_forward(self, F: Any, x: Any, places: Any) -> Any:
            return F.broadcast_add(self.words(x), F.expand_dims(places, 0))

    class Layer(mx.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.queries, self.keys, self.values, self.out = (dense(UNITS) for _ in range(4))
            self.norm = nn.LayerNorm(in_channels=UNITS)
            self.wide, self.narrow = dense(4 * UNITS), dense(UNITS, 4 * UNITS)
            self.norm_after = nn.LayerNorm(in_channels=UNITS)
            self.drop = nn.Dropout(dropout)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            def heads(y: Any) -> Any:  # [sentences * heads, length, units of a head]
                y = F.transpose(F.reshape(y, shape=(0, 0, HEADS, -1)), axes=(0, 2, 1, 3))
                return F.reshape(y, shape=(-3, 0, 0))

            scores = F.batch_dot(heads(self.queries(x)), heads(self.keys(x)), transpose_b=True)
            shares = self.drop(F.softmax(scores * (UNITS // HEADS) ** -0.5))
            seen = F.batch_dot(shares, heads(self.values(x)))
            seen = F.transpose(F.reshape(seen, shape=(-4, -1, HEADS, 0, 0)), axes=(0, 2, 1, 3))
            x = self.norm(x + self.drop(self.out(F.reshape(seen, shape=(0, 0, -3)))))
            return self.norm_after(x + self.drop(self.narrow(F.relu(self.wide(x)))))

    made.add(Embedded(), *(Layer() for _ in range(LAYERS)), dense(TOKENS))


def network(mx: Any, workload: str, values: list[Any]) -> Any:
    """The network of ``workload``, its parameters set to ``values``."""
    made = mx.gluon.nn.HybridSequential()
    kind = workload.split("_")[0]
    if kind == "bert":
        _bert(mx, made, 0.1 if workload == "bert_dropout" else 0.0)
    elif kind in ("mlp", "unread"):
        _add_dense(mx, made, (64,) * 50 + (10,) if kind == "mlp" else (784, 256, 10))
    else:
        {"resnet": _resnet, "densenet": _densenet, "lenet": _lenet}[kind](mx, made)
    made.initialize()
    parameters = in_order(made)
    assert [p.shape for p in parameters] == [v.shape for v in values]
    for parameter, value in zip(parameters, values, strict=True):
        parameter.set_data(mx.nd.array(value))
    return made


def in_order(block: Any) -> list[Any]:
    """Parameters as the blocks make them, children's before a block's own."""
    found = [each for child in block._children.values() for each in in_order(child)]
    return found + list(block.params.values()) if block._children else list(block.params.values())
