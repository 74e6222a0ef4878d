"""A loop of training that is interrupted again and again: ``python -m tests.gluon.interrupts MODE COUNT SEED``.

A timer interrupts it at random moments. After each interrupt, parameters and states of the optimizer must be those
before a step or those after it, and so must the statistics of batch normalisation. A step in Python may be interrupted
between the two, after its forward pass; a compiled one may not. Training goes on. Prints what it saw, as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

import numpy as np

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon import nn

BATCH = 4


class Training:
    """A small network with statistics and momentum, on data that are the same at each step."""

    def __init__(self, mode: str) -> None:
        nd.random.seed(1)
        self.net = nn.HybridSequential()
        self.net.add(nn.Dense(6, in_units=3, activation="tanh"), nn.BatchNorm(in_channels=6), nn.Dense(2, in_units=6))
        self.net.initialize(lazynd.init.Xavier())
        if mode == "hybridized":
            self.net.hybridize()
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.trainer = gluon.Trainer(self.net.collect_params(), "sgd", {"learning_rate": 0.05, "momentum": 0.9})
        rng = np.random.default_rng(3)
        self.x, self.y = nd.array(rng.random((BATCH, 3))), nd.array(rng.integers(0, 2, BATCH))
        self.step = lazynd.compile(self._step) if mode == "compiled" else self._step

    def _step(self) -> nd.NDArray:
        with autograd.record():
            loss = self.loss(self.net(self.x), self.y)
        loss.backward()
        self.trainer.step(BATCH)
        return loss

    def statistics(self) -> list[Any]:
        return [each for name, each in self.net.collect_params().items() if "running" in name]

    def held(self) -> tuple[list[Any], list[Any]]:
        """All that a step changes: statistics, and parameters with the states and the count of the optimizer."""
        statistics = self.statistics()
        parameters = [each for each in self.net.collect_params().values() if each not in statistics]
        states = self.trainer._updaters[0].states
        learned = [each.data() for each in parameters] + [states[i] for i in sorted(states) if states[i] is not None]
        count = np.array(self.trainer.optimizer.num_update)
        return [each.data().asnumpy() for each in statistics], [*(each.asnumpy() for each in learned), count]

    def put_back(self, statistics: list[Any]) -> None:
        for each, values in zip(self.statistics(), statistics, strict=True):
            each.set_data(nd.array(values))


def when(found: list[Any], before: list[Any], after: list[Any]) -> str:
    """Whether ``found`` is what was ``before`` a step or ``after`` it."""
    for name, expected in (("after", after), ("before", before)):
        if all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)):
            return name
    return "torn"


def interrupted(training: Training, rng: np.random.Generator, longest: float) -> bool:
    """Run a step and read its loss, interrupted at a random moment; whether it was."""
    try:
        signal.setitimer(signal.ITIMER_REAL, max(rng.uniform(0, longest), 1e-5))
        training.step().asnumpy()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


def main() -> None:
    mode, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    reference, training = Training(mode), Training(mode)
    for each in (reference, training):
        for _ in range(3):
            each.step().asnumpy()
    started = time.perf_counter()
    reference.step().asnumpy()
    longest = 1.5 * (time.perf_counter() - started)
    training.step().asnumpy()
    rng = np.random.default_rng(seed)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    seen = {"interrupts": 0, "before": 0, "after": 0, "between": 0, "torn": 0}
    before = reference.held()
    assert all(when(f, b, b) == "after" for f, b in zip(training.held(), before, strict=True))
    while seen["interrupts"] < count and not seen["torn"]:
        reference.step().asnumpy()
        after = reference.held()
        while True:
            if not interrupted(training, rng, longest):
                assert [when(*each) for each in zip(training.held(), before, after, strict=True)] == ["after"] * 2
                break
            seen["interrupts"] += 1
            statistics, learned = (when(*each) for each in zip(training.held(), before, after, strict=True))
            if (statistics, learned) == ("after", "before") and mode != "compiled":
                seen["between"] += 1
                training.put_back(before[0])
            else:
                seen[learned if learned == statistics else "torn"] += 1
            if learned == "after" or seen["torn"]:
                break
        before = after
    training.step().asnumpy()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
