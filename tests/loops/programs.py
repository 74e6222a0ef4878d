"""The loops of the design's table of program counts, written as their users write them.

``python -m tests.loops.programs NAME`` runs one and prints what it compiled as JSON. A data iterator and
``Trainer.step`` end with a fence; here ``batches`` and ``Trainer`` stand in for them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lazynd import autograd, nd
from lazynd.nd import NDArray
from lazynd.runtime import fence

from .watch import Watch

BATCH, LAST, FEATURES, CLASSES = 16, 6, 12, 5
STEPS = 6  # of an epoch, the last with the smaller batch
EPOCHS = 4


def batches(steps: int = STEPS) -> Iterator[tuple[NDArray, NDArray]]:
    """Batches of images and labels, the last smaller; each request for one is a fence, the last included."""
    rng = np.random.default_rng(steps)
    for step in range(steps):
        n = LAST if step == steps - 1 else BATCH
        fence()
        yield nd.array(rng.normal(size=(n, FEATURES))), nd.array(rng.integers(0, CLASSES, n), dtype="int32")
    fence()


def parameters(hidden: int = 8, outputs: int = CLASSES) -> list[NDArray]:
    made = [
        nd.random.normal(scale=0.1, shape=(FEATURES, hidden)), nd.zeros(hidden),
        nd.random.normal(scale=0.1, shape=(hidden, outputs)), nd.zeros(outputs),
    ]  # fmt: skip
    for each in made:
        each.attach_grad()
    return made


def initialised(*sizes: tuple[int, int]) -> list[list[NDArray]]:
    """Parameters of nets, initialised as blocks do it: in a region of its own."""
    made = [parameters(*each) for each in sizes]
    fence()
    return made


def net(x: NDArray, p: list[NDArray]) -> NDArray:
    return nd.dot(nd.relu(nd.dot(x, p[0]) + p[1]), p[2]) + p[3]


def cross_entropy(scores: NDArray, labels: NDArray) -> NDArray:
    return -nd.pick(nd.log_softmax(scores), labels)


class Trainer:
    """Plain gradient descent that ends, as Gluon's does, with a fence."""

    def __init__(self, params: list[NDArray], rate: float = 0.1) -> None:
        self.params = params
        self.rate = rate

    def step(self, batch_size: int) -> None:
        for p in self.params:
            p[:] = p - self.rate / batch_size * p.grad
        fence()


def sgd(params: list[NDArray], rate: float, batch_size: int) -> None:
    """The book's: no fence."""
    for p in params:
        p[:] = p - rate * p.grad / batch_size


def gluon(watch: Watch) -> None:
    """Loss read after ``step``."""
    (p,) = initialised((8, CLASSES))
    trainer = Trainer(p)
    for _ in range(EPOCHS):
        total = 0.0
        for x, y in batches():
            with autograd.record():
                loss = cross_entropy(net(x, p), y)
            loss.backward()
            trainer.step(x.shape[0])
            total += float(loss.asnumpy().mean())
            watch.step()
        watch.mark(total)


def _accuracy(p: list[NDArray], watch: Watch) -> float:
    right, seen = 0.0, 0
    for x, y in batches(3):
        y = y.astype("float32")
        right += (net(x, p).argmax(axis=1) == y).sum().asscalar()
        seen += y.size
    return right / seen


def _train_ch3(watch: Watch, evaluate: bool) -> None:
    (p,) = initialised((8, CLASSES))
    for _ in range(EPOCHS):
        loss_sum, right, seen = 0.0, 0.0, 0
        for x, y in batches():
            with autograd.record():
                scores = net(x, p)
                loss = cross_entropy(scores, y).sum()
            loss.backward()
            sgd(p, 0.1, x.shape[0])
            y = y.astype("float32")
            loss_sum += loss.asscalar()
            right += (scores.argmax(axis=1) == y).sum().asscalar()
            seen += y.size
            watch.step()
        if evaluate:
            _accuracy(p, watch)
            watch.step()
        watch.mark([float(loss_sum), float(right), seen])


def train_ch3(watch: Watch) -> None:
    """Loss and accuracy read in each step."""
    _train_ch3(watch, False)


def train_ch3_evaluated(watch: Watch) -> None:
    """The same, with an evaluation loop after each epoch."""
    _train_ch3(watch, True)


def read_before_backward(watch: Watch) -> None:
    """The loss is printed before ``backward``, and the accuracy read."""
    (p,) = initialised((8, CLASSES))
    trainer = Trainer(p)
    for _ in range(EPOCHS):
        for x, y in batches():
            with autograd.record():
                scores = net(x, p)
                loss = cross_entropy(scores, y).sum()
                right = (scores.argmax(axis=1) == y.astype("float32")).sum()
            watch.mark(str(loss))
            watch.mark(float(right.asscalar()))
            loss.backward()
            trainer.step(x.shape[0])
            p[0].wait_to_read()
            watch.step()


def never_read(watch: Watch) -> None:
    """Nothing is read until the end."""
    (p,) = initialised((8, CLASSES))
    trainer = Trainer(p)

    def epoch() -> None:
        for x, y in batches():
            with autograd.record():
                loss = cross_entropy(net(x, p), y).sum()
            loss.backward()
            trainer.step(x.shape[0])
            watch.step()

    for _ in range(EPOCHS):
        epoch()
    watch.mark(float(p[0].asnumpy().sum()))


def read_now_and_then(watch: Watch) -> None:
    """The loss is read in every third step only."""
    (p,) = initialised((8, CLASSES))
    trainer = Trainer(p)
    for _ in range(EPOCHS):
        for number, (x, y) in enumerate(batches()):
            with autograd.record():
                loss = cross_entropy(net(x, p), y).sum()
            loss.backward()
            trainer.step(x.shape[0])
            if number % 3 == 0:
                watch.mark(float(loss.asscalar()))
            watch.step()


def _gan(watch: Watch, noise_of: Callable[[int], NDArray]) -> None:
    generator, judge = initialised((8, FEATURES), (8, 2))
    train_g, train_j = Trainer(generator), Trainer(judge)
    for _ in range(EPOCHS):
        for x, _y in batches():
            n = x.shape[0]
            real, fake = nd.array(np.ones(n)), nd.array(np.zeros(n))
            noise = noise_of(n)
            with autograd.record():
                made = net(noise, generator)
                loss_j = cross_entropy(net(x, judge), real) + cross_entropy(net(made.detach(), judge), fake)
            loss_j.backward()
            train_j.step(n)
            with autograd.record():
                loss_g = cross_entropy(net(made, judge), real)
            loss_g.backward()
            train_g.step(n)
            watch.mark([float(loss_j.asnumpy().sum()), float(loss_g.asnumpy().sum())])
            watch.step()


def gan(watch: Watch) -> None:
    """Two trainers on one pair of nets, each loss used for one of them, both read; the noise comes with the data."""
    rng = np.random.default_rng(1)
    _gan(watch, lambda n: nd.array(rng.normal(size=(n, FEATURES))))


def gan_drawn(watch: Watch) -> None:
    """The same, the noise drawn before ``record()``: a region, so a small program, of its own."""
    _gan(watch, lambda n: nd.random.normal(shape=(n, FEATURES)))


def _accumulate(watch: Watch, update: Callable[[list[NDArray]], None]) -> None:
    (p,) = initialised((8, CLASSES))
    for each in p:
        each.attach_grad("add")
    for _ in range(5):
        for x, y in batches(8):
            with autograd.record():
                loss = cross_entropy(net(x, p), y)
            loss.backward()
            watch.mark(float(loss.asnumpy().sum()))
            watch.step()
        update(p)
        for each in p:
            each.grad[:] = 0
        watch.step()


def accumulate(watch: Watch) -> None:
    """``grad_req='add'``: eight batches, then one update that sets the gradients to zero."""
    _accumulate(watch, lambda p: sgd(p, 0.1, 8 * BATCH))


def accumulate_trainer(watch: Watch) -> None:
    """The same with a trainer, whose fence makes setting to zero a region, so a small program, of its own."""
    _accumulate(watch, lambda p: Trainer(p).step(8 * BATCH))


LOOPS: dict[str, Callable[[Watch], None]] = {
    f.__name__: f
    for f in (
        gluon,
        train_ch3,
        train_ch3_evaluated,
        read_before_backward,
        never_read,
        read_now_and_then,
        gan,
        gan_drawn,
        accumulate,
        accumulate_trainer,
    )
}


#: Loop: programs of the steps of a steady epoch, programs compiled in all.
TABLE: dict[str, tuple[list[int], int]] = {
    "gluon": ([1] * 6, 2 + 1),
    "train_ch3": ([1 + 1] * 6, 2 + 3),
    "train_ch3_evaluated": ([1 + 1] * 6 + [3], 2 + 5),  # three batches to evaluate
    "read_before_backward": ([2] * 6, 4 + 1),
    "never_read": ([1] * 6, 2 + 1),
    "read_now_and_then": ([2, 0, 1, 2, 0, 1], 2 + 1),  # a step that is not read runs with the next
    "gan": ([2] * 6, 4 + 1),
    "gan_drawn": ([2 + 1] * 6, 4 + 1 + 2),  # noise of two sizes
    # The update runs when the next batch needs it.
    "accumulate": ([1 + 1] + [1] * 7 + [0], 2 * 2 + 1),
    "accumulate_trainer": ([1 + 2] + [1] * 7 + [0], 2 * 2 + 1 + 1),  # setting to zero, behind the trainer's fence
}


def main(name: str) -> dict[str, Any]:
    """Run the loop ``name`` and say what happened."""
    watch = Watch()
    LOOPS[name](watch)
    nd.waitall()
    return watch.report()


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
