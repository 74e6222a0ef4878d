"""The standard training loops, written from scratch, whose programs are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lazynd import autograd, nd

FEATURES, CLASSES, BATCH, SAMPLES = 12, 4, 16, 72
#: Loops run for this many epochs; the last batch of each is smaller.
EPOCHS = 3

LOOPS: dict[str, Callable[[], None]] = {}


def loop(function: Callable[[], None]) -> Callable[[], None]:
    LOOPS[function.__name__] = function
    return function


def batches(size: int = BATCH) -> Iterator[tuple[Any, Any]]:
    """Batches of a made-up problem; the last is smaller."""
    rng = np.random.default_rng(1)
    images = rng.normal(size=(SAMPLES, FEATURES)).astype("float32")
    labels = rng.integers(0, CLASSES, SAMPLES).astype("float32")
    for start in range(0, SAMPLES, size):
        yield nd.array(images[start : start + size]), nd.array(labels[start : start + size])


def parameters(outputs: int = CLASSES, request: str = "write", inputs: int = FEATURES) -> list[Any]:
    made = [nd.random.normal(scale=0.1, shape=(inputs, outputs)), nd.zeros((outputs,))]
    for each in made:
        each.attach_grad(request)
    return made


def linear(x: Any, given: list[Any]) -> Any:
    return nd.dot(x, given[0]) + given[1]


def cross_entropy(scores: Any, labels: Any) -> Any:
    return -nd.pick(nd.log_softmax(scores), labels)


def update(given: list[Any], batch: int) -> None:
    for each in given:
        each[:] = each - 0.1 * each.grad / batch


@loop
def loss_read_after_step() -> None:
    given = parameters()
    for _ in range(EPOCHS):
        for x, y in batches():
            with autograd.record():
                loss = cross_entropy(linear(x, given), y).sum()
            loss.backward()
            update(given, len(x))
            loss.asscalar()


def train_ch3(evaluate: bool) -> None:
    """The book's loop: loss and training accuracy summed on the host, and test accuracy once an epoch."""
    given = parameters()
    for _ in range(EPOCHS):
        for x, y in batches():
            with autograd.record():
                scores = linear(x, given)
                loss = cross_entropy(scores, y).sum()
            loss.backward()
            update(given, len(x))
            loss.asscalar()
            (scores.argmax(axis=1) == y).sum().asscalar()
        if evaluate:
            for x, y in batches():
                (linear(x, given).argmax(axis=1) == y).sum().asscalar()


@loop
def scratch_with_accuracy() -> None:
    train_ch3(False)


@loop
def scratch_with_evaluation() -> None:
    train_ch3(True)


@loop
def loss_read_before_backward() -> None:
    given = parameters()
    for _ in range(EPOCHS):
        for x, y in batches():
            with autograd.record():
                loss = cross_entropy(linear(x, given), y).sum()
            loss.asscalar()
            loss.backward()
            update(given, len(x))
    given[0].asnumpy()


@loop
def never_read() -> None:
    """Not even at the end: a last read finds its loss and gradients alive, which is one more program."""
    given = parameters()
    for _ in range(EPOCHS):
        for x, y in batches():
            with autograd.record():
                loss = cross_entropy(linear(x, given), y).sum()
            loss.backward()
            update(given, len(x))


@loop
def adversaries() -> None:
    """Two networks trained in turn, each through the other."""
    judge, maker = parameters(1), parameters(FEATURES, inputs=3)
    rng = np.random.default_rng(2)

    def loss_of(x: Any, sign: float) -> Any:
        return nd.log(1 + nd.exp(sign * linear(x, judge))).sum()

    for _ in range(EPOCHS):
        for x, _y in batches():
            noise = nd.array(rng.normal(size=(len(x), 3)))
            with autograd.record():
                fake = linear(noise, maker)
                judged = loss_of(x, -1.0) + loss_of(fake.detach(), 1.0)
            judged.backward()
            update(judge, len(x))
            with autograd.record():
                fooled = loss_of(linear(noise, maker), -1.0)
            fooled.backward()
            update(maker, len(x))
            judged.asscalar(), fooled.asscalar()


@loop
def gradients_added() -> None:
    """A step after eight batches whose gradients add up; every batch has the same size."""
    given = parameters(request="add")
    for _ in range(EPOCHS):
        for x, y in batches(SAMPLES // 8):
            with autograd.record():
                loss = cross_entropy(linear(x, given), y).sum()
            loss.backward()
            loss.asscalar()
        update(given, SAMPLES)
        for each in given:
            each.grad[:] = 0
        nd.waitall()
