"""The demonstration: networks written from scratch learn real handwritten digits, then what happened inside.

``python -m lazynd.demo``. Needs scikit-learn (for its 1,797 digits), tqdm and pydot: the extra ``examples``.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import autograd, nd, viz
from .ir.graph import Graph, equal_graphs
from .nd import NDArray
from .runtime import stats

Model = Callable[[NDArray], NDArray]
BATCH = 64
#: Steps that may run more than one graph: of the first and the second, with what was left pending before.
WARM_UP = 2


def load_digits() -> tuple[np.ndarray[Any, Any], ...]:
    """Training and test images (n, 64) in [0, 1] and labels, a fixed fifth for testing."""
    from sklearn.datasets import load_digits as load  # noqa: PLC0415 - an extra, only the demo needs it

    images, labels = load(return_X_y=True)
    order = np.random.default_rng(2026).permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    held_out = len(images) // 5
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def batches(images: Any, labels: Any, rng: np.random.Generator) -> Iterator[tuple[NDArray, NDArray]]:
    """Shuffled batches of equal size; images that fill no batch are left out of this epoch."""
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


def classify(net: Model, images: Any) -> np.ndarray[Any, Any]:
    """The class of each image."""
    return net(nd.array(images)).argmax(axis=1).asnumpy().astype(int)


@dataclass
class Outcome:
    """What training showed. For each step: programs run, programs compiled, operators run.

    ``step`` is the graph of one steady step, looked at before it ran; ``answers`` are the classes of the test images.
    """

    name: str
    accuracy: float = 0.0
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
            found.append(f"{self.name}: accuracy {self.accuracy:.3f} is below {least}")
        if len(self.runs) <= WARM_UP or self.step is None:
            return [*found, f"{self.name}: no steady step was seen"]
        if any(runs != 1 for runs in self.runs[WARM_UP:]):
            found.append(f"{self.name}: steady steps ran {sorted(set(self.runs[WARM_UP:]))} programs, not 1 each")
        if sum(self.compiled[WARM_UP:]) > 1:  # once, when the step has come often enough for that to pay
            found.append(f"{self.name}: steady steps compiled {sum(self.compiled[WARM_UP:])} programs, not one at most")
        size = sum(len(node.spec.out_types) for node in self.step.nodes if node.spec is not None)
        if any(executed != size for executed in self.executed[WARM_UP:]):
            sizes = sorted(set(self.executed[WARM_UP:]))
            found.append(f"{self.name}: steady steps ran {sizes} results, a whole step has {size}")
        return found


def counters() -> tuple[int, int, int]:
    return stats.runs + stats.interpreted, stats.programs + stats.loaded, stats.executed


def train(name: str, make: Callable[[], tuple[list[NDArray], Model]], epochs: int, rate: float, data: Any) -> Outcome:
    """Plain stochastic gradient descent, the loss read after each step."""
    from tqdm import tqdm  # noqa: PLC0415 - an extra, only the demo needs it

    images, labels, test_images, test_labels = data
    nd.random.seed(7)
    rng = np.random.default_rng(7)
    parameters, net = make()
    for parameter in parameters:
        parameter.attach_grad()
    outcome = Outcome(name)
    # Without a terminal there is no bar, and what is left of it in one is one line.
    with tqdm(range(epochs), desc=f"{name:18}", file=sys.stdout, ncols=88, unit="epoch", disable=None) as bar:
        for _ in bar:
            total = steps = 0.0
            for x, y in batches(images, labels, rng):
                before = counters()
                with autograd.record():
                    loss = cross_entropy(net(x), y).sum()
                loss.backward()
                sgd(parameters, rate)
                if len(outcome.runs) == WARM_UP:
                    outcome.step = viz.graph(loss)  # looking runs nothing
                total += float(loss.asscalar()) / BATCH
                steps += 1
                outcome.note(before)
            bar.set_postfix(loss=f"{total / steps:.4f}")
    outcome.answers = classify(net, test_images)
    outcome.accuracy = float((outcome.answers == test_labels).mean())
    print(f"{name}: test accuracy {outcome.accuracy:.3f} on {len(test_labels)} digits", flush=True)
    return outcome


def show_counters(outcomes: Sequence[Outcome]) -> None:
    """What the engine did in all."""
    steps = sum(len(outcome.runs) for outcome in outcomes)
    print("what happened inside:")
    compiled = f"{stats.programs} programs compiled, {stats.loaded} taken from the cache of earlier runs"
    print(f"  {steps} training steps; each steady one recorded one graph and ran it")
    print(f"  {stats.interpreted:,} graphs ran in the interpreter, {stats.runs:,} as programs; {compiled}")
    print(f"  {stats.executed:,} results of operators, {stats.donated:,} buffers reused in place")


def show_step(step: Graph, folder: pathlib.Path, ir: bool = False) -> None:
    """One training step in a line and as files in ``folder``; with ``ir`` all of it, before and after the passes."""
    stages = viz.passes(step)
    count = len(stages[-1].graph)
    print(f"  one step of the perceptron: {len(step)} operators recorded, {count} primitives after the passes")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "step.svg").write_text(viz.svg(step, "one training step"), encoding="utf-8")
    (folder / "step.txt").write_text(viz.text(step), encoding="utf-8")
    (folder / "step.dot").write_text(viz.dot(step), encoding="utf-8")
    print(f"  its picture is {folder / 'step.svg'}, for any browser; step.txt is its text: --ir prints that and more")
    if ir:
        show_ir(stages)


def show_ir(stages: Sequence[viz.Stage]) -> None:
    """The graph as recorded, the passes, and what they made of it."""
    step = stages[0].graph
    print(f"\none training step as recorded, {len(step)} operators (the comment names the line of {__file__}):\n")
    print(viz.text(step))
    print("the passes:")
    for stage in stages:
        print(f"  {stage}")
    print(f"\nafter the passes, {len(stages[-1].graph)} nodes, all of them primitives:\n")
    print(viz.text(stages[-1].graph, locations=False))
    print(f"in numbers: {viz.summary(step)}\n")


#: How an upper and a lower pixel look as one character, by whether each is dark; and where there is only ASCII.
BLOCKS = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}
PLAIN = {(0, 0): " ", (1, 0): "'", (0, 1): ".", (1, 1): "#"}


def picture(images: Any, answers: Any, labels: Any, encoding: str = "utf-8") -> str:
    """Images side by side, and under each what the network says; behind it the label in brackets, where that differs.

    >>> import numpy
    >>> from lazynd import demo
    >>> bar = numpy.pad(numpy.ones((6, 2)), ((1, 1), (3, 3)))
    >>> print(demo.picture([bar], [1], [7], encoding="ascii"))
        ..
        ##
        ##
        ''
      1 (7)
    """
    try:
        "".join(BLOCKS.values()).encode(encoding)
        blocks = BLOCKS
    except UnicodeEncodeError:
        blocks = PLAIN
    dark = (np.asarray(images).reshape(-1, 8, 8) > 0.4).astype(int)
    lines = []
    for row in range(0, 8, 2):
        pairs = ([blocks[int(up), int(low)] for up, low in zip(*image[row : row + 2], strict=True)] for image in dark)
        lines.append(" " + "  ".join(map("".join, pairs)))
    said = [f"{a}" if a == b else f"{a} ({b})" for a, b in zip(answers, map(int, labels), strict=True)]
    lines.append("  " + "  ".join(f"{each:8}" for each in said))
    return "\n".join(line.rstrip() for line in lines)


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
    try:
        import pydot  # noqa: F401, PLC0415 - asked only whether it is there
        import sklearn  # noqa: F401, PLC0415 - the same
        import tqdm  # noqa: F401, PLC0415 - the same
    except ImportError as error:
        return f"the demo needs {error.name}: install lazynd with its extra, pip install 'lazynd[examples]'"
    return None


def main(arguments: list[str] | None = None) -> int:
    """Train, show, and return 0 only if everything is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m lazynd.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("demo-out"), help="folder of the graph files")
    parser.add_argument(
        "--gates", type=float, nargs=2, default=(0.93, 0.96), metavar=("SOFTMAX", "PERCEPTRON"),
        help="least test accuracies (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--ir", action="store_true", help="print a training step before and after the passes")
    options = parser.parse_args(arguments)
    lacking = missing()
    if lacking is not None:
        print(lacking, file=sys.stderr)
        return 2
    started = time.perf_counter()
    data = load_digits()
    print("1,797 handwritten digits of 8 x 8 pixels; a fifth of them is held out for testing.", flush=True)
    linear = train("softmax regression", softmax_regression, 30, 0.5, data)
    deep = train("perceptron", multilayer_perceptron, 40, 0.3, data)
    show_counters((linear, deep))
    wrong = linear.wrong(options.gates[0]) + deep.wrong(options.gates[1])
    if deep.step is not None:
        show_step(deep.step, options.out, options.ir)
        wrong += unreadable(deep.step, options.out)
    print(f"{time.perf_counter() - started:.1f} s in all. Digits it had not seen, and what the perceptron says:")
    _, _, images, labels = data
    print(picture(images[:8], deep.answers[:8], labels[:8], sys.stdout.encoding or "ascii"))
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
