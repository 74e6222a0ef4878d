"""What is measured: the workloads, and the numbers that every framework starts from. Imports no framework."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 0.05
#: Ways of writing a step with lazynd. MXNet knows the first two.
SPELLINGS = ("imperative", "hybridized", "compiled")


@dataclass(frozen=True)
class Parameter:
    """How a parameter begins: ``fill`` is "normal", "zeros" or "ones". Statistics are not trained."""

    shape: tuple[int, ...]
    fill: str = "normal"
    trained: bool = True


@dataclass(frozen=True)
class Step:
    """``run`` does a step and gives its result, as a number. ``trained`` gives the parameters that steps change."""

    run: Callable[[], float]
    trained: Callable[[], list[np.ndarray]] = list

    def __call__(self) -> float:
        return self.run()


@dataclass(frozen=True)
class Workload:
    """``spellings`` are those that make a difference. ``random``: the frameworks draw, so that losses differ."""

    name: str
    title: str
    spellings: tuple[str, ...] = SPELLINGS
    random: bool = False
    #: Steps in one call, for what is measured as a whole loop.
    steps: int = 1
    #: What is measured is running operator by operator: one program of all is another work, and compared with its like.
    eager: bool = False


WORKLOADS = {
    each.name: each
    for each in (
        Workload("resnet_inference", "ResNet-18 inference, one image 3x96x96", ("imperative", "hybridized")),
        Workload("resnet_training", "ResNet-18 step, 16x3x96x96"),
        Workload("densenet_training", "DenseNet block step, 16x64x24x24"),
        Workload("mlp_50", "50 layers of 64, batch 64, step"),
        Workload("bert", "Transformer encoder step, 2 layers of 256, 8x128 tokens"),
        Workload("bert_dropout", "the same with dropout 0.1", random=True),
        Workload("rnn_scratch", "RNN from scratch, 35 steps, batch 32, step", ("imperative", "compiled")),
        Workload("lstm_scratch", "LSTM from scratch, 35 steps, batch 32, step", ("imperative", "compiled")),
        Workload("word2vec", "word2vec step, 512 words, 60 contexts of 10,000", ("imperative", "compiled")),
        Workload("elementwise", "12 elementwise operators on 2,000,000 numbers", ("imperative", "compiled")),
        Workload("lenet_training", "LeNet step, batch 256"),
        Workload("lenet_inference", "LeNet inference, one image", ("imperative", "hybridized")),
        Workload("adds", "1,000 additions and their gradient", ("imperative", "compiled"), eager=True),
        Workload("control_flow", "Python control flow with gradient", ("imperative", "compiled"), eager=True),
        Workload("unread", "300 steps of 784-256-10, loss never read", SPELLINGS, steps=300),
    )
}

BLOCKS = ((64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2),
          (512, 512, 1))  # fmt: skip
LENET_DENSE = (256, 120, 84, 10)
VOCABULARY, HIDDEN, STEPS, SEQUENCES = 1027, 256, 35, 32
TOKENS, UNITS, HEADS, LENGTH, SENTENCES, LAYERS = 1000, 256, 4, 128, 8, 2
WORDS, EMBEDDED, CENTERS, CONTEXTS = 10_000, 100, 512, 60


def _norm(channels: int) -> list[Parameter]:
    """Scale, shift, running mean, running variance."""
    one, zero = Parameter((channels,), "ones"), Parameter((channels,), "zeros")
    return [one, zero, Parameter((channels,), "zeros", False), Parameter((channels,), "ones", False)]


def _dense(*widths: int) -> list[Parameter]:
    """Weight (outputs, inputs) and bias of each layer."""
    found = []
    for before, after in itertools.pairwise(widths):
        found += [Parameter((after, before)), Parameter((after,), "zeros")]
    return found


def _kernel(after: int, before: int, size: int) -> Parameter:
    return Parameter((after, before, size, size))


def _resnet() -> list[Parameter]:
    found = [_kernel(64, 3, 7), *_norm(64)]
    for before, after, strides in BLOCKS:
        found += [_kernel(after, before, 3), *_norm(after), _kernel(after, after, 3), *_norm(after)]
        found += [_kernel(after, before, 1)] if strides > 1 else []
    return found + _dense(512, 10)


def _densenet() -> list[Parameter]:
    found = [_kernel(64, 3, 3), Parameter((64,), "zeros")]
    for number in range(4):
        channels = 64 + 32 * number
        found += [*_norm(channels), _kernel(32, channels, 3), Parameter((32,), "zeros")]
    return [*found, *_norm(192), *_dense(192, 10)]


def _lenet() -> list[Parameter]:
    kernels = [_kernel(6, 1, 5), Parameter((6,), "zeros"), _kernel(16, 6, 5), Parameter((16,), "zeros")]
    return kernels + _dense(*LENET_DENSE)


def _bert() -> list[Parameter]:
    found = [Parameter((TOKENS, UNITS)), Parameter((LENGTH, UNITS))]
    norm = [Parameter((UNITS,), "ones"), Parameter((UNITS,), "zeros")]
    for _ in range(LAYERS):
        for _ in range(4):  # queries, keys, values, and what comes out
            found += _dense(UNITS, UNITS)
        found += [*norm, *_dense(UNITS, 4 * UNITS), *_dense(4 * UNITS, UNITS), *norm]
    return found + _dense(UNITS, TOKENS)


def _recurrent(gates: int) -> list[Parameter]:
    """Weights (inputs, outputs) as the book has them: of inputs, of states, bias, of outputs, bias."""
    found = []
    for _ in range(gates):
        found += [Parameter((VOCABULARY, HIDDEN)), Parameter((HIDDEN, HIDDEN)), Parameter((HIDDEN,), "zeros")]
    return [*found, Parameter((HIDDEN, VOCABULARY)), Parameter((VOCABULARY,), "zeros")]


_PARAMETERS = {
    "resnet": _resnet, "densenet": _densenet, "lenet": _lenet, "bert": _bert,
    "mlp": lambda: _dense(*(64,) * 50, 10), "rnn": lambda: _recurrent(1), "lstm": lambda: _recurrent(4),
    "word2vec": lambda: [Parameter((WORDS, EMBEDDED))] * 2, "elementwise": list, "adds": list,
    "control": list, "unread": lambda: _dense(784, 256, 10),
}  # fmt: skip


def parameters_of(workload: str) -> list[Parameter]:
    """The parameters of a workload, in the order in which its networks make them."""
    return _PARAMETERS[workload.split("_")[0]]()


def values_of(workload: str) -> list[np.ndarray]:
    """Their first values: normal ones are divided by the root of how many numbers an output adds up."""
    rng = np.random.RandomState(6)
    found = []
    for each in parameters_of(workload):
        if each.fill != "normal":
            found.append(getattr(np, each.fill)(each.shape, "float32"))
            continue
        inputs = each.shape[0] if workload.endswith("scratch") else int(np.prod(each.shape[1:]))
        found.append((rng.randn(*each.shape) * inputs**-0.5).astype("float32"))
    return found


def changes(workload: str, step: Step) -> list[float]:
    """How far each parameter that is trained is from its first values: a norm, whatever the order of its axes."""
    now = step.trained()
    before = [v for v, p in zip(values_of(workload), parameters_of(workload), strict=True) if p.trained]
    return [float(np.linalg.norm(b - a)) for a, b in zip(before, now, strict=True)] if now else []


def inputs_of(workload: str) -> tuple[np.ndarray, ...]:
    """What a step reads: images or tokens, labels."""
    rng = np.random.RandomState(3)

    def whole(most: int, *shape: int) -> Any:
        return rng.randint(0, most, shape).astype("float32")

    def images(*shape: int) -> Any:
        return rng.rand(*shape).astype("float32")

    if workload in ("resnet_inference", "lenet_inference"):
        return (images(1, 3, 96, 96) if workload.startswith("resnet") else images(1, 1, 28, 28),)
    made = {
        "resnet_training": lambda: (images(16, 3, 96, 96), whole(10, 16)),
        "densenet_training": lambda: (images(16, 3, 24, 24), whole(10, 16)),
        "lenet_training": lambda: (images(256, 1, 28, 28), whole(10, 256)),
        "mlp_50": lambda: (images(64, 64), whole(10, 64)),
        "unread": lambda: (images(64, 784), whole(10, 64)),
        "bert": lambda: (whole(TOKENS, SENTENCES, LENGTH), whole(TOKENS, SENTENCES, LENGTH)),
        "rnn_scratch": lambda: (whole(VOCABULARY, STEPS, SEQUENCES), whole(VOCABULARY, STEPS * SEQUENCES)),
        "word2vec": lambda: (whole(WORDS, CENTERS, 1), whole(WORDS, CENTERS, CONTEXTS), whole(2, CENTERS, CONTEXTS)),
        "elementwise": lambda: (images(2_000_000), images(2_000_000)),
        "adds": lambda: (images(64, 64),),
        "control_flow": lambda: (images(32, 32) * np.float32(0.1),),
    }
    same = {"bert_dropout": "bert", "lstm_scratch": "rnn_scratch"}
    found: tuple[np.ndarray, ...] = made[same.get(workload, workload)]()
    return found
