"""Where MXNet reads past its arrays, and the loss over alignments against the sum over all of them."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd

X = np.arange(24, dtype="float32").reshape(4, 3, 2)


def test_lengths_outside_the_array() -> None:
    x = nd.array(X)
    lengths = nd.array([0, 9, 2])
    used = {"use_sequence_length": True}
    assert nd.SequenceLast(x, lengths, **used).asnumpy().tolist() == [
        X[0, 0].tolist(),
        X[3, 1].tolist(),
        X[1, 2].tolist(),
    ]
    reverse = nd.SequenceReverse(x, lengths, **used).asnumpy()
    assert (reverse[:, 0] == X[:, 0]).all() and (reverse[:, 1] == X[::-1, 1]).all()
    masked = nd.SequenceMask(x, nd.array([-1, 9, 2]), value=7, **used).asnumpy()
    assert (masked[:, 0] == 7).all() and (masked[:, 1] == X[:, 1]).all()


@pytest.mark.parametrize("name", ["SequenceMask", "SequenceLast", "SequenceReverse"])
def test_wrong_calls(name: str) -> None:
    function, x = getattr(nd, name), nd.array(X)
    for arrays, attributes, message in (
        ((x, nd.ones(3)), {}, "expects 1 inputs, but got 2"),
        ((x,), {"use_sequence_length": True}, "expects 2 inputs, but got 1"),
        ((x, nd.ones(2)), {"use_sequence_length": True}, r"sequence_length must be \[3\], got float32\[2\]"),
        ((x,), {"axis": 2}, "expects axis to be 0"),
        ((nd.ones(3),), {}, "rank 2 or greater"),
    ):
        with pytest.raises(MXNetError, match=re.compile(rf"\[{name}\].*{message}.*test_sequence.py", re.DOTALL)):
            function(*arrays, **attributes)


def test_a_value_is_an_input_of_the_program() -> None:
    found = [nd.SequenceMask(nd.array(X), nd.ones(3), use_sequence_length=True, value=v)[1].asnumpy() for v in (0.5, 2)]
    assert (found[0] == 0.5).all() and (found[1] == 2).all()


def all_alignments(scores: Any, label: list[int], blank: int) -> float:
    """The negative logarithm of the summed chances of every path that reads as ``label``."""
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        read = [k for i, k in enumerate(path) if k != blank and (i == 0 or path[i - 1] != k)]
        if read == label:
            total += float(np.prod(chances[range(len(scores)), path]))
    return -float(np.log(total))


@pytest.mark.parametrize(
    ("first", "label"), [(True, [1, 2]), (True, [2, 2]), (True, []), (False, [0, 1, 0]), (False, [1])]
)
def test_the_loss_is_the_sum_over_alignments(first: bool, label: list[int], rng: Any) -> None:
    scores = rng.normal(size=(5, 1, 3))
    padded = np.full((1, 4), 0 if first else -1.0)
    padded[0, : len(label)] = label
    found = nd.CTCLoss(
        nd.array(scores, dtype="float64"), nd.array(padded), blank_label="first" if first else "last"
    ).asscalar()
    np.testing.assert_allclose(found, all_alignments(scores[:, 0], label, 0 if first else 2), rtol=1e-12)


def test_a_label_that_does_not_fit_costs_nothing() -> None:
    x = nd.array(np.random.default_rng(1).normal(size=(3, 2, 4)))
    x.attach_grad()
    with autograd.record():
        loss = nd.ctc_loss(x, nd.array([[1, 2, 0], [3, 3, 1]]))
    loss.backward()
    assert loss.asnumpy()[1] == 0 and loss.asnumpy()[0] > 0
    gradient = x.grad.asnumpy()
    assert (gradient[:, 1] == 0).all() and np.isfinite(gradient).all() and (gradient[:, 0] != 0).all()


def test_extreme_scores_have_finite_gradients() -> None:
    x = nd.array(np.random.default_rng(2).normal(size=(6, 2, 4)) * 1e4)
    x.attach_grad()
    with autograd.record():
        loss = nd.contrib.CTCLoss(x, nd.array([[1, 2, 0], [3, 3, 1]]))
    loss.backward()
    assert np.isfinite(loss.asnumpy()).all() and np.isfinite(x.grad.asnumpy()).all()


def test_half_precision_is_computed_in_float32() -> None:
    x = np.random.default_rng(3).normal(size=(5, 2, 4)).astype("float16")
    label = nd.array([[1, 2, 0], [3, 3, 1]])
    half, single = (nd.CTCLoss(nd.array(x, dtype=t), label) for t in ("float16", "float32"))
    assert half.dtype == np.float16
    assert (half.asnumpy() == single.asnumpy().astype("float16")).all()


def test_wrong_calls_of_the_loss() -> None:
    x, label = nd.ones((5, 2, 4)), nd.ones((2, 3))
    for arrays, attributes, message in (
        ((x[0], label), {}, "dimensions of data array must be 3"),
        ((x, label[0]), {}, "dimensions of labels array must be 2"),
        ((x, nd.ones((3, 3))), {}, "batch size for the labels and data"),
        ((x[:2], label), {}, "cannot exceed the maximum sequence length"),
        ((x, label, nd.ones(2)), {}, "expects 2 inputs, but got 3"),
        ((x, label, nd.ones(3)), {"use_data_lengths": True}, r"lengths must be \[2\]"),
        ((x, label), {"blank_label": "middle"}, "valid values are: {'first', 'last'}"),
        ((x.astype("int32"), label), {}, "needs floats"),
    ):
        with pytest.raises(MXNetError, match=re.compile(rf"\[CTCLoss\].*{message}.*test_sequence.py", re.DOTALL)):
            nd.CTCLoss(*arrays, **attributes)
