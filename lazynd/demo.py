"""The demonstration: networks written from scratch learn real handwritten digits, then what happened inside.

``python -m lazynd.demo``. Needs scikit-learn (for its 1,797 digits) and tqdm: the extra ``examples``.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import autograd, nd, viz
from .nd import NDArray
from .runtime import stats

Model = Callable[[NDArray], NDArray]
BATCH = 64


def load_digits() -> tuple[np.ndarray[Any, Any], ...]:
    """Training and test images (n, 64) in [0, 1] and labels, a fixed fifth for testing."""
    from sklearn.datasets import load_digits as load  # noqa: PLC0415 - an extra, only the demo needs it

    images, labels = load(return_X_y=True)
    order = np.random.default_rng(2026).permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    held_out = len(images) // 5
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def batches(images: Any, labels: Any, rng: np.random.Generator) -> Iterator[tuple[NDArray, NDArray]]:
    """Shuffled batches of equal size; what is left over waits for another epoch."""
    order = rng.permutation(len(images))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        yield nd.array(images[chosen]), nd.array(labels[chosen])


def softmax_regression() -> tuple[list[NDArray], Model]:
    """One linear layer: its parameters, and the function of a batch."""
    w = nd.random.normal(scale=0.01, shape=(64, 10))
    b = nd.zeros(10)
    return [w, b], lambda x: nd.dot(x, w) + b


def multilayer_perceptron(hidden: int = 128) -> tuple[list[NDArray], Model]:
    """One hidden layer of rectified units."""
    w1, b1 = nd.random.normal(scale=0.1, shape=(64, hidden)), nd.zeros(hidden)
    w2, b2 = nd.random.normal(scale=0.1, shape=(hidden, 10)), nd.zeros(10)

    def net(x: NDArray) -> NDArray:
        h = nd.relu(nd.dot(x, w1) + b1)
        return nd.dot(h, w2) + b2

    return [w1, b1, w2, b2], net


def cross_entropy(scores: NDArray, labels: NDArray) -> NDArray:
    return -nd.pick(nd.log_softmax(scores), labels)


def sgd(parameters: list[NDArray], rate: float) -> None:
    for parameter in parameters:
        parameter[:] = parameter - rate * parameter.grad / BATCH


def accuracy(net: Model, images: Any, labels: Any) -> float:
    scores = net(nd.array(images))
    return float((scores.argmax(axis=1) == nd.array(labels)).mean().asscalar())


class Outcome:
    """What training showed: test accuracy, and program runs of each steady step."""

    def __init__(self) -> None:
        self.accuracy = 0.0
        self.runs: list[int] = []
        self.compiled: list[int] = []


def train(name: str, make: Callable[[], tuple[list[NDArray], Model]], epochs: int, rate: float, data: Any) -> Outcome:
    """Plain stochastic gradient descent, the loss read after each step."""
    from tqdm import tqdm  # noqa: PLC0415 - an extra, only the demo needs it

    images, labels, test_images, test_labels = data
    nd.random.seed(7)
    rng = np.random.default_rng(7)
    parameters, net = make()
    for parameter in parameters:
        parameter.attach_grad()
    outcome = Outcome()
    with tqdm(range(epochs), desc=f"{name:18}", file=sys.stdout, ncols=88, unit="epoch") as bar:
        for _ in bar:
            total = steps = 0.0
            for x, y in batches(images, labels, rng):
                before, known = stats.runs, stats.compiles
                with autograd.record():
                    loss = cross_entropy(net(x), y).sum()
                loss.backward()
                sgd(parameters, rate)
                total += float(loss.asscalar()) / BATCH
                steps += 1
                outcome.runs.append(stats.runs - before)
                outcome.compiled.append(stats.compiles - known)
            bar.set_postfix(loss=f"{total / steps:.4f}")
    outcome.accuracy = accuracy(net, test_images, test_labels)
    print(f"{name}: test accuracy {outcome.accuracy:.3f} on {len(test_labels)} digits")
    return outcome


def show_step(folder: pathlib.Path, data: Any) -> None:
    """One training step of the perceptron as IR, before and after the passes, into ``folder``."""
    parameters, net = multilayer_perceptron(16)
    for parameter in parameters:
        parameter.attach_grad()
    x, y = nd.array(data[0][:BATCH]), nd.array(data[1][:BATCH])
    nd.waitall()
    with autograd.record():
        loss = cross_entropy(net(x), y).sum()
    loss.backward()
    sgd(parameters, 0.1)
    stages = viz.stages(loss)
    folder.mkdir(exist_ok=True)
    (folder / "step.txt").write_text(viz.text(stages[0]), encoding="utf-8")
    (folder / "step.dot").write_text(viz.dot(stages[0]), encoding="utf-8")
    print(f"\none training step as recorded, {len(stages[0])} operators:\n\n{viz.text(stages[0])}")
    print(f"and after the passes, {len(stages[-1])} primitives:\n\n{viz.text(stages[-1], locations=False)}")
    print(f"the graph is in {folder / 'step.txt'} and {folder / 'step.dot'}")


def check(name: str, outcome: Outcome, least: float) -> list[str]:
    """What went wrong, in words."""
    wrong = []
    if outcome.accuracy < least:
        wrong.append(f"{name}: accuracy {outcome.accuracy:.3f} is below {least}")
    steady = outcome.runs[2:]
    if any(runs != 1 for runs in steady):
        wrong.append(f"{name}: a steady step ran {sorted(set(steady))} programs instead of 1")
    if any(outcome.compiled[2:]):
        wrong.append(f"{name}: a steady step compiled")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Train, show, and return 0 only if everything is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m lazynd.demo", description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("demo-out"), help="folder of the graph files")
    options = parser.parse_args(arguments)
    data = load_digits()
    print("1,797 handwritten digits of 8 x 8 pixels; a fifth of them is held out for testing.\n")
    linear = train("softmax regression", softmax_regression, 30, 0.5, data)
    deep = train("perceptron", multilayer_perceptron, 40, 0.3, data)
    print("\nwhat happened inside:")
    for name, value in stats.snapshot().items():
        print(f"  {name:>10} {value}")
    print(f"  each of the {len(linear.runs) + len(deep.runs)} training steps ran as one fused XLA program")
    show_step(options.out, data)
    wrong = check("softmax regression", linear, 0.93) + check("perceptron", deep, 0.96)
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
