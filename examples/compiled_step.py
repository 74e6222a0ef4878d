"""A whole training step as one compiled call: forward, backward and the trainer's update run as one program.

The same step runs as plain Python first, from the same parameters, and both must learn the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from learn import Run, images

import lazynd as mx
from lazynd import autograd, gluon, nd
from lazynd.gluon import nn


def network() -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(nn.Dense(128, activation="relu"), nn.Dense(10))
    return net


def main() -> None:
    run = Run(__doc__, epochs=3)
    train, _ = images(run)
    batches = list(train)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

    def learned(compiled: bool) -> tuple[list[float], float]:
        """The losses of all steps, and the seconds that one takes at the end."""
        mx.random.seed(run.options.seed)
        net = run.prepare(network())
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})

        def step(x: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
            with autograd.record():
                value = loss(net(x), y)
            value.backward()
            trainer.step(x.shape[0])
            return value.mean()

        each: Callable[[nd.NDArray, nd.NDArray], nd.NDArray] = mx.compile(step) if compiled else step
        losses, seconds = [], []
        for x, y in run.batches(batches):
            start = time.perf_counter()
            losses.append(float(each(x, y).asscalar()))
            seconds.append(time.perf_counter() - start)
        return losses, float(np.median(seconds[len(seconds) // 2 :]))

    plain, compiled = learned(False), learned(True)
    run.losses = [nd.array([each]) for each in compiled[0]]
    print(f"a step takes {plain[1] * 1e3:.2f} ms, compiled {compiled[1] * 1e3:.2f} ms")
    run.result("largest_difference", float(np.abs(np.subtract(plain[0], compiled[0])).max()), at_most=1e-3)
    run.finish()


if __name__ == "__main__":
    main()
