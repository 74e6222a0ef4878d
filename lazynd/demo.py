"""The demonstration: LeNet, written with Gluon, learns to tell images apart; then what happened inside.

``python -m lazynd.demo``. The images are clothes (FashionMNIST, where ``make data`` has put it) or scikit-learn's 1,797
handwritten digits. Needs scikit-learn, tqdm, matplotlib and pydot: the extra ``examples``.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import autograd, gluon, initializer, metric, nd, viz
from .base import data_dir
from .gluon import nn
from .gluon.data import ArrayDataset, DataLoader, vision
from .ir.graph import Graph, equal_graphs
from .runtime import stats

BATCH = 64
#: Steps that may run more than one graph: of the first and the second, with what was left pending before.
WARM_UP = 2
#: So many images of clothes are learned from: enough for a minute.
CLOTHES = 12_000
#: Least accuracies, by what the images show. MXNet reaches 0.87 and 0.97 with three seeds.
GATES = {"clothes": 0.82, "digits": 0.93}
NAMES = {
    "clothes": ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"],
    "digits": [str(digit) for digit in range(10)],
}
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Images:
    """Images [n, 1, size, size] from 0 to 1, their labels, and what they show: "clothes" or "digits"."""

    show: str
    train: tuple[Array, Array]
    test: tuple[Array, Array]


def load_images() -> Images:
    """FashionMNIST if it is there, else scikit-learn's digits, a fixed fifth of them for testing."""
    if not clothes_are_there():
        return load_digits()
    pair = [vision.FashionMNIST(train=train) for train in (True, False)]
    train, test = (dataset[:count] for dataset, count in zip(pair, (CLOTHES, 2_000), strict=True))
    return Images("clothes", *((_scaled(x.asnumpy()), np.asarray(y, "float32")) for x, y in (train, test)))


def clothes_are_there() -> bool:
    """Whether FashionMNIST was fetched; the demo downloads nothing."""
    return (pathlib.Path(data_dir()) / "datasets" / "fashion-mnist" / "train-images-idx3-ubyte.gz").exists()


def _scaled(pixels: Array) -> Array:
    return pixels.transpose(0, 3, 1, 2).astype("float32") / 255


def load_digits() -> Images:
    from sklearn.datasets import load_digits as load  # noqa: PLC0415 - an extra, only the demo needs it

    images, labels = load(return_X_y=True)
    order = np.random.default_rng(2026).permutation(len(images))
    images, labels = images[order].reshape(-1, 1, 8, 8).astype("float32") / 16, labels[order].astype("float32")
    held_out = len(images) // 5
    return Images("digits", (images[held_out:], labels[held_out:]), (images[:held_out], labels[:held_out]))


def lenet(size: int) -> Any:
    """LeNet (LeCun et al., 1998) for images of ``size`` pixels a side: two convolutions, three dense layers."""
    window = 5 if size > 8 else 3
    net = nn.HybridSequential()
    for channels in (6, 16):
        net.add(nn.Conv2D(channels, window, padding=window // 2, activation="tanh"), nn.MaxPool2D(2, 2))
    net.add(nn.Dense(120, activation="tanh"), nn.Dense(84, activation="tanh"), nn.Dense(10))
    return net


@dataclass
class Outcome:
    """What training showed. For each step: its loss, programs run, programs compiled, results of operators.

    ``step`` is the graph of one steady step, looked at before it ran; ``answers`` are the classes of the test images.
    """

    accuracy: float = 0.0
    losses: list[float] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    compiled: list[int] = field(default_factory=list)
    executed: list[int] = field(default_factory=list)
    step: Graph | None = None
    answers: Any = ()

    def note(self, before: tuple[int, int, int]) -> None:
        for kept, now, was in zip((self.runs, self.compiled, self.executed), counters(), before, strict=True):
            kept.append(now - was)

    def wrong(self, least: float) -> list[str]:
        """What is not as it should be, in words."""
        found = []
        if not self.accuracy >= least:
            found.append(f"accuracy {self.accuracy:.3f} is below {least}")
        if len(self.runs) <= WARM_UP or self.step is None:
            return [*found, "no steady step was seen"]
        if any(runs != 1 for runs in self.runs[WARM_UP:]):
            found.append(f"steady steps ran {sorted(set(self.runs[WARM_UP:]))} programs, not 1 each")
        if sum(self.compiled[WARM_UP:]) > 1:  # once, when the step has come often enough for that to pay
            found.append(f"steady steps compiled {sum(self.compiled[WARM_UP:])} programs, not one at most")
        size = sum(len(node.spec.out_types) for node in self.step.nodes if node.spec is not None)
        if any(executed != size for executed in self.executed[WARM_UP:]):
            sizes = sorted(set(self.executed[WARM_UP:]))
            found.append(f"steady steps ran {sizes} results, a whole step has {size}")
        return found


def counters() -> tuple[int, int, int]:
    return stats.runs + stats.interpreted, stats.programs + stats.loaded, stats.executed


def train(images: Images, epochs: int) -> Outcome:
    """Stochastic gradient descent with momentum, the loss read after each step."""
    from tqdm import tqdm  # noqa: PLC0415 - an extra, only the demo needs it

    nd.random.seed(7)
    np.random.seed(7)  # the stream from which gluon's samplers draw the order of the images
    net = lenet(images.train[0].shape[2])
    net.initialize(initializer.Xavier())
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05, "momentum": 0.9})
    loader = DataLoader(ArrayDataset(*images.train), BATCH, shuffle=True, last_batch="discard")
    outcome = Outcome()
    # Without a terminal there is no bar, and what is left of it in one is one line.
    with tqdm(total=epochs * len(loader), desc="LeNet", file=sys.stdout, ncols=88, unit="step", disable=None) as bar:
        for _ in range(epochs):
            for x, y in loader:
                before = counters()
                with autograd.record():
                    error = loss(net(x), y)
                    mean = error.mean()
                error.backward()
                trainer.step(BATCH)
                if len(outcome.runs) == WARM_UP:
                    outcome.step = viz.graph(mean)  # looking runs nothing
                outcome.losses.append(float(mean.asscalar()))
                outcome.note(before)
                bar.update()
                bar.set_postfix(loss=f"{outcome.losses[-1]:.4f}", refresh=False)
    found = metric.Accuracy()
    answers = []
    for x, y in DataLoader(ArrayDataset(*images.test), 100):
        scores = net(x)
        found.update(y, scores)
        answers.append(scores.argmax(axis=1))
    outcome.answers = nd.concat(*answers, dim=0).asnumpy().astype(int)
    outcome.accuracy = float(found.get()[1])
    return outcome


def show_counters(outcome: Outcome) -> None:
    """What the engine did in all."""
    print("what happened inside:")
    print(f"  {len(outcome.runs)} training steps; each steady one recorded one graph and ran it")
    compiled = f"{stats.programs} programs compiled, {stats.loaded} taken from the cache of earlier runs"
    print(f"  {stats.interpreted:,} graphs ran in the interpreter, {stats.runs:,} as programs; {compiled}")
    print(f"  {stats.executed:,} results of operators, {stats.donated:,} buffers reused in place")


def show_step(step: Graph, folder: pathlib.Path) -> None:
    """One training step in a line, and as files in ``folder``: as recorded, after each pass, as a picture."""
    stages = viz.passes(step)
    print(f"  one step: {len(step)} operators recorded, {len(stages[-1].graph)} primitives after the passes")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "step.svg").write_text(viz.svg(step, "one training step"), encoding="utf-8")
    (folder / "step.txt").write_text(viz.text(step), encoding="utf-8")
    (folder / "step.dot").write_text(viz.dot(step), encoding="utf-8")
    after = [f"{stage}" for stage in stages] + ["", viz.text(stages[-1].graph, locations=False)]
    (folder / "passes.txt").write_text("\n".join(after), encoding="utf-8")
    print(f"  {folder / 'step.svg'} is its picture, step.txt its text, passes.txt what the passes made of it")


def show_explorer(step: Graph, folder: pathlib.Path) -> None:
    """The explorer of a training step, and how it is opened."""
    path = folder / "explorer.html"
    viz.save(viz.view(step, title="LeNet, one training step"), path)
    print(f"{path}: the step to click through; open {path.resolve().as_uri()} in any browser")


def draw(images: Images, outcome: Outcome, folder: pathlib.Path) -> None:
    """Two pictures: the losses of all steps, and test images with what the network says of them."""
    import matplotlib  # noqa: PLC0415 - an extra, only the demo needs it

    matplotlib.use("agg")
    from matplotlib import pyplot  # noqa: PLC0415 - after the choice of what draws

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots()
    axes.plot(outcome.losses)
    axes.set(xlabel="step", ylabel="loss", title="LeNet")
    figure.savefig(folder / "loss.png")
    pyplot.close(figure)
    figure, places = pyplot.subplots(3, 8, figsize=(12, 5.5))
    names = NAMES[images.show]
    for place, image, said, label in zip(places.flat, images.test[0], outcome.answers, images.test[1], strict=False):
        right = said == int(label)
        place.imshow(image[0], cmap="gray_r")
        title = names[said] if right else f"{names[said]} ({names[int(label)]})"
        place.set_title(title, fontsize=9, color="black" if right else "red")
        place.axis("off")
    figure.savefig(folder / "predictions.png")
    pyplot.close(figure)
    print(f"  {folder / 'loss.png'}: how the loss fell; predictions.png: images, and what LeNet says of them")


def read_dot(path: pathlib.Path) -> Any:
    """A DOT file as a networkx graph."""
    import networkx  # noqa: PLC0415 - a heavy third party, loaded when wanted

    drawn = networkx.nx_pydot.read_dot(path)
    drawn.remove_nodes_from(["node", "\\n"])  # pydot takes the default attributes for a node
    return drawn


def unreadable(step: Graph, folder: pathlib.Path) -> list[str]:
    """What is wrong with the files of ``show_step``: each is read back and compared with the graph."""
    import networkx  # noqa: PLC0415 - a heavy third party, loaded when wanted

    found = []
    drawn, expected = read_dot(folder / "step.dot"), viz.to_networkx(step)
    if not networkx.utils.edges_equal(drawn.edges(), expected.edges(), directed=True):
        found.append("step.dot: the edges that it draws are others")
    if not equal_graphs(viz.parse((folder / "step.txt").read_text(encoding="utf-8")), step):
        found.append("step.txt: it reads back as another graph")
    return found


def missing() -> str | None:
    """The sentence that says which extra is missing, if one is."""
    for name in ("sklearn", "tqdm", "matplotlib", "pydot"):
        try:
            importlib.import_module(name)
        except ImportError:
            return f"the demo needs {name}: install lazynd with its extra, pip install 'lazynd[examples]'"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, show, and return 0 only if everything is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m lazynd.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("demo-out"), help="folder of what it writes")
    parser.add_argument("--epochs", type=int, help="passes over the images (default: 3 of clothes, 25 of digits)")
    parser.add_argument("--gate", type=float, help="least accuracy (default: 0.82 on clothes, 0.93 on digits)")
    parser.add_argument("--digits", action="store_true", help="learn the digits also where FashionMNIST is there")
    options = parser.parse_args(arguments)
    lacking = missing()
    if lacking is not None:
        print(lacking, file=sys.stderr)
        return 2
    started = time.perf_counter()
    images = load_digits() if options.digits else load_images()
    others = "" if options.digits or images.show == "clothes" else "; make data fetches clothes (FashionMNIST)"
    size = images.train[0].shape[2]
    print(f"{len(images.train[0]):,} {images.show} of {size} x {size} pixels to learn from{others}", flush=True)
    epochs = options.epochs or {"clothes": 3, "digits": 25}[images.show]
    outcome = train(images, epochs)
    print(
        f"test accuracy {outcome.accuracy:.3f} on {len(images.test[0]):,} others, {time.perf_counter() - started:.1f} s"
    )
    show_counters(outcome)
    wrong = outcome.wrong(GATES[images.show] if options.gate is None else options.gate)
    if outcome.step is not None:
        show_step(outcome.step, options.out)
        wrong += unreadable(outcome.step, options.out)
    draw(images, outcome, options.out)
    if outcome.step is not None:
        show_explorer(outcome.step, options.out)
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
