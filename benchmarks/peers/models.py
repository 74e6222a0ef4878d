"""The networks as functions, for jax and torch alike: ``F`` has the layers, ``p`` gives parameter after parameter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .workloads import BLOCKS, HEADS, LAYERS, LENET_DENSE, UNITS


def resnet(F: Any, p: Iterator[Any], x: Any) -> Any:
    x = F.pool(F.relu(F.norm(F.convolve(x, next(p), 2, 3), p)), 3, 2, 1)
    for _, _, strides in BLOCKS:
        y = F.relu(F.norm(F.convolve(x, next(p), strides, 1), p))
        y = F.norm(F.convolve(y, next(p), 1, 1), p)
        x = F.relu(y + (F.convolve(x, next(p), strides, 0) if strides > 1 else x))
    return dense(F, p, F.average(x))


def densenet(F: Any, p: Iterator[Any], x: Any) -> Any:
    x = F.convolve(x, next(p), 1, 1, next(p))
    for _ in range(4):
        y = F.relu(F.norm(x, p))
        x = F.join(x, F.convolve(y, next(p), 1, 1, next(p)))
    return dense(F, p, F.average(F.relu(F.norm(x, p))))


def lenet(F: Any, p: Iterator[Any], x: Any) -> Any:
    for _ in range(2):
        x = F.pool(F.relu(F.convolve(x, next(p), 1, 0, next(p))), 2, 2, 0)
    return layers(F, p, F.flat(x), len(LENET_DENSE) - 1)


def mlp(F: Any, p: Iterator[Any], x: Any) -> Any:
    return layers(F, p, x, 50)


def perceptron(F: Any, p: Iterator[Any], x: Any) -> Any:
    return layers(F, p, x, 2)


def layers(F: Any, p: Iterator[Any], x: Any, count: int) -> Any:
    for number in range(count):
        x = dense(F, p, x)
        x = F.relu(x) if number < count - 1 else x
    return x


def dense(F: Any, p: Iterator[Any], x: Any) -> Any:
    return F.dense(x, next(p), next(p))


def attended(F: Any, queries: Any, keys: Any, values: Any) -> Any:
    """Attention as it is written out, its shares dropped at random if anything is."""
    scores = queries @ F.transposed(keys) * (UNITS // HEADS) ** -0.5
    return F.drop(F.softmax(scores)) @ values


def bert(F: Any, p: Iterator[Any], x: Any) -> Any:
    x = next(p)[x] + next(p)

    def heads(y: Any) -> Any:  # [sentences, heads, length, units of a head]
        return F.moved(y.reshape(*y.shape[:2], HEADS, -1))

    for _ in range(LAYERS):
        queries, keys, values = (heads(dense(F, p, x)) for _ in range(3))
        seen = F.moved(F.attended(queries, keys, values))
        x = F.layer_norm(x + F.drop(dense(F, p, seen.reshape(x.shape))), p)
        x = F.layer_norm(x + F.drop(dense(F, p, F.relu(dense(F, p, x)))), p)
    return dense(F, p, x)


MODELS = {
    "resnet": resnet, "densenet": densenet, "lenet": lenet, "mlp": mlp, "unread": perceptron, "bert": bert,
}  # fmt: skip
