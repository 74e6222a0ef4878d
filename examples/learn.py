"""What the examples share: their options, their data, the training loop of a classifier, and how they end.

An example makes a ``Run``, trains, tells its results and ends with ``finish``: that saves a plot of the losses and
exits with 1 if a result is past its bound. The bounds are the worst that MXNet 1.9.1 reached with three seeds,
and some room.
"""

from __future__ import annotations

import argparse
import itertools
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
from tqdm import tqdm

import lazynd as mx
from lazynd import autograd, gluon, nd
from lazynd.gluon.data import ArrayDataset, DataLoader

HERE = pathlib.Path(__file__).resolve().parent


class Run:
    """One run of an example. ``text`` describes it, its first line is its title."""

    def __init__(self, text: str, epochs: int, batch: int = 64, choices: Mapping[str, tuple[str, ...]] | None = None):
        parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--epochs", type=int, default=epochs, help="passes over the data (default %(default)s)")
        parser.add_argument("--steps", type=int, help="stop after so many steps; no bound is checked then")
        parser.add_argument("--batch", type=int, default=batch, help="samples in a step (default %(default)s)")
        parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default %(default)s)")
        parser.add_argument("--hybridize", action="store_true", help="trace the network once and run the trace")
        parser.add_argument("--out", type=pathlib.Path, default=HERE / "out", help="folder of the plot")
        for name, values in (choices or {}).items():
            parser.add_argument(f"--{name}", choices=values, default=values[0], help="(default %(default)s)")
        self.options = parser.parse_args()
        self.title = text.splitlines()[0].rstrip(".")
        self.data = "its own data"
        self.losses: list[Any] = []
        self._failed: list[str] = []
        mx.random.seed(self.options.seed)
        np.random.seed(self.options.seed)  # gluon's samplers draw from NumPy's stream

    def prepare(self, net: Any, initializer: Any = None) -> Any:
        """``net`` with parameters, which learn their shapes from the first batch; hybridized if that was asked for."""
        net.initialize(initializer or mx.init.Xavier())
        if self.options.hybridize:
            net.hybridize()
        return net

    def batches(self, loader: Iterable[Any]) -> Iterator[Any]:
        """The batches of all epochs, or of so many steps as were asked for, with a progress bar."""
        every = itertools.chain.from_iterable(loader for _ in range(self.options.epochs))
        chosen = itertools.islice(every, self.options.steps)
        total = self.options.steps
        if total is None and hasattr(loader, "__len__"):
            total = len(loader) * self.options.epochs
        return iter(tqdm(chosen, self.title, total, leave=False, disable=not sys.stderr.isatty()))

    def note(self, loss: Any) -> None:
        """Remember the mean of a step's ``loss``. It is not read before the end, so no step waits for it."""
        self.losses.append(loss.mean())

    def train(self, net: Any, loader: Iterable[Any], loss: Any, trainer: Any) -> None:
        """Train ``net`` on (data, labels): the loop of every chapter."""
        for x, y in self.batches(loader):
            with autograd.record():
                value = loss(net(x), y)
            value.backward()
            trainer.step(x.shape[0])
            self.note(value)

    def result(self, name: str, value: float, at_least: Any = None, at_most: Any = None) -> None:
        """Print a result. A bound is a number, or one for each set of images by its name."""
        print(f"RESULT {name} {value:.4g}")
        low, high = (each.get(self.data) if isinstance(each, Mapping) else each for each in (at_least, at_most))
        if self.options.steps is None and not ((low is None or value >= low) and (high is None or value <= high)):
            bound = f"at least {low}" if low is not None else f"at most {high}"
            self._failed.append(f"{name} is {value:.4g} on {self.data}, it should be {bound}")

    def finish(self, curves: list[tuple[str, list[float]]] | None = None) -> NoReturn:
        """Save the plot of the losses, or of several named ``curves`` of them, and end the process."""
        losses = [float(loss.asscalar()) for loss in self.losses]
        self.result("first_loss", losses[0])
        self.result("last_loss", float(np.mean(losses[-10:])))
        self.plot(curves or [("loss", losses)])
        for text in self._failed:
            print(text, file=sys.stderr)
        raise SystemExit(1 if self._failed else 0)

    def plot(self, curves: list[tuple[str, list[float]]]) -> None:
        """A picture of the losses at each step, in the folder of the option ``--out``, named after the script."""
        import matplotlib  # noqa: PLC0415 - takes longer to import than most steps to run

        matplotlib.use("agg")
        from matplotlib import pyplot  # noqa: PLC0415 - after the choice of what draws

        figure, axes = pyplot.subplots()
        for name, values in curves:
            axes.plot(values, label=name)
        axes.set(xlabel="step", ylabel="loss")
        axes.set_title(self.title, wrap=True)
        if len(curves) > 1:
            axes.legend()
        self.options.out.mkdir(parents=True, exist_ok=True)
        file = self.options.out / f"{pathlib.Path(sys.argv[0]).stem}.png"
        figure.savefig(file)
        pyplot.close(figure)
        print(f"wrote {file}")


Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def images(run: Run, size: int = 28, most: int = 6000) -> tuple[DataLoader, DataLoader]:
    """Loaders of training and test images, float32 of [batch, 1, size, size] from 0 to 1, and their labels.

    They are ``most`` pictures of clothes (FashionMNIST; ``make data`` fetches it), or else 1,797 handwritten digits,
    which are seen four times as often: so there are as many steps.
    """
    folder = pathlib.Path(mx.base.data_dir()) / "datasets" / "fashion-mnist"
    if (folder / "train-images-idx3-ubyte.gz").exists():
        train, test = _clothes(train=True, most=most), _clothes(train=False, most=most // 5)
        run.data = "FashionMNIST"
    else:
        print("no FashionMNIST, which make data fetches: the digits of scikit-learn are learned")
        (train, test), run.data = _digits(), "digits"
        run.options.epochs *= 4
    batch = run.options.batch
    made = [ArrayDataset(_sized(x, size), y) for x, y in (train, test)]
    return (
        DataLoader(made[0], batch, shuffle=True, last_batch="discard"),
        DataLoader(made[1], batch),
    )


def _clothes(train: bool, most: int) -> Arrays:
    found = gluon.data.vision.FashionMNIST(train=train)
    pictures, labels = found[:most]
    return pictures.asnumpy().transpose(0, 3, 1, 2).astype("float32") / 255, np.asarray(labels, "float32")


def _digits() -> tuple[Arrays, Arrays]:
    """A fixed fifth is held out."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - only where there is no FashionMNIST

    pictures, labels = load_digits(return_X_y=True)
    pictures = pictures.reshape(-1, 1, 8, 8).astype("float32") / 16
    held_out = np.arange(len(labels)) % 5 == 0
    labels = labels.astype("float32")
    return (pictures[~held_out], labels[~held_out]), (pictures[held_out], labels[held_out])


def _sized(pictures: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """``pictures`` of [n, 1, k, k], enlarged, as [n, 1, size, size]."""
    if pictures.shape[2] == size:
        return pictures
    resized = nd.image.resize(nd.array(pictures.transpose(0, 2, 3, 1)), (size, size))
    return resized.asnumpy().transpose(0, 3, 1, 2)


def accuracy(net: Callable[[Any], Any], loader: Iterable[Any], most: int | None = None) -> float:
    """How many of the labels in ``loader`` are the largest output of ``net``, from 0 to 1."""
    metric = mx.metric.Accuracy()
    for x, y in itertools.islice(loader, most):
        metric.update(y, net(x))
    return float(metric.get()[1])


def classify(
    net: Any,
    text: str,
    epochs: int,
    rate: float,
    at_least: Mapping[str, float],
    size: int = 28,
    initializer: Any = None,
    optimizer: str = "sgd",
    **settings: Any,
) -> NoReturn:
    """The whole example of a network of images: train ``net``, tell how much it learned.

    ``rate`` is the learning rate; ``settings`` are further ones of the ``optimizer``.
    """
    run = Run(text, epochs)
    train, test = images(run, size)
    run.prepare(net, initializer)
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": rate, **settings})
    run.train(net, train, gluon.loss.SoftmaxCrossEntropyLoss(), trainer)
    run.result("test_accuracy", accuracy(net, test, run.options.steps), at_least=at_least)
    run.finish()
