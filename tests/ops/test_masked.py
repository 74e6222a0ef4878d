"""What lengths and masks leave out has no part in anything: not in results, and not in gradients by way of 0 * NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.ops import OPERATORS

Array = np.ndarray[Any, Any]
LENGTHS = [2, 5, 3]
STEPS, BATCH = 5, 3
#: Steps by batch: which count.
INSIDE = np.arange(STEPS)[:, None] < np.array(LENGTHS)
RNN = {"state_size": 2, "num_layers": 2, "state_outputs": True, "use_sequence_length": True}


def lengths(dtype: str = "float32") -> nd.NDArray:
    return nd.array(LENGTHS, dtype=dtype)


def _rnn(mode: str) -> Callable[[nd.NDArray], list[nd.NDArray]]:
    gates = {"lstm": 4, "gru": 3}.get(mode, 1)
    count = 2 * (gates * 2 * (4 + 2) + 2 * gates * 2) + 2 * (gates * 2 * (4 + 2) + 2 * gates * 2)
    weights = nd.array(np.random.default_rng(1).uniform(-1, 1, count))
    weights.attach_grad()

    def run(x: nd.NDArray) -> list[nd.NDArray]:
        states = [nd.zeros((4, BATCH, 2))] * (2 if mode == "lstm" else 1)
        made = nd.RNN(x, weights, *states, lengths(), mode=mode, bidirectional=True, **RNN)
        return [*made, weights]

    return run


def _ctc(x: nd.NDArray) -> list[nd.NDArray]:
    return [nd.CTCLoss(x, nd.array([[1, 2], [3, 3], [1, 1]]), lengths(), use_data_lengths=True)]


def _ctc_of_labels(x: nd.NDArray) -> list[nd.NDArray]:
    """Padded in classes: what no label names within its length is never."""
    label = nd.array([[1, 0], [2, 1], [1, 0]])
    return [nd.CTCLoss(x, label, lengths(), nd.array([1, 2, 1]), use_data_lengths=True, use_label_lengths=True)]


#: Functions of [steps, batch, 4] that leave out what is not INSIDE, by operator.
MASKED: dict[str, dict[str, Callable[[nd.NDArray], list[nd.NDArray]]]] = {
    "SequenceMask": {"": lambda x: [nd.SequenceMask(x, lengths(), use_sequence_length=True, value=3)]},
    "SequenceLast": {"": lambda x: [nd.SequenceLast(x, lengths(), use_sequence_length=True)]},
    "SequenceReverse": {
        "": lambda x: [nd.SequenceMask(nd.SequenceReverse(x, lengths(), use_sequence_length=True), lengths(), True)]
    },
    "softmax": {"": lambda x: [nd.softmax(x, nd.array([LENGTHS] * 4, dtype="int32").T, axis=0, use_length=True)]},
    "CTCLoss": {"": _ctc, "of labels": _ctc_of_labels},
    "RNN": {mode: _rnn(mode) for mode in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
}
CALLS = {f"{name} {case}".strip(): call for name, calls in MASKED.items() for case, call in calls.items()}


def test_every_operator_with_lengths_is_here() -> None:
    found = {each.name for each in OPERATORS.values() if any("length" in name for name in each.inputs)}
    assert found == MASKED.keys() | {"_contrib_hawkesll"}  # of events, not of arrays: tested in test_hawkes.py


def run(call: Callable[[nd.NDArray], list[nd.NDArray]], filler: float) -> tuple[list[Array], Array]:
    """Results and the gradient, of an array with ``filler`` where nothing counts."""
    data = np.random.default_rng(2).uniform(-1, 1, (STEPS, BATCH, 4)).astype("float32")
    x = nd.array(np.where(INSIDE[:, :, None], data, filler))
    x.attach_grad()
    with autograd.record():
        *results, last = call(x)
        results = [last] if last.grad is None else results
        loss = sum((each * nd.arange(1, each.size + 1).reshape(each.shape)).sum() for each in results)
    loss.backward()
    weights = [] if last.grad is None else [last.grad.asnumpy()]
    return [*(each.asnumpy() for each in results), *weights], x.grad.asnumpy()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("filler", [np.nan, np.inf, -np.inf])
def test_what_is_left_out_reaches_neither_results_nor_gradients(name: str, filler: float) -> None:
    expected, slope = run(CALLS[name], 0)
    found, found_slope = run(CALLS[name], filler)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)  # rounded alike but for fusions
    np.testing.assert_allclose(found_slope, slope, rtol=1e-6, atol=1e-7)
    assert (found_slope[~INSIDE] == 0).all() and np.abs(found_slope[INSIDE]).max() > 0


@pytest.mark.parametrize("name", ["SequenceMask", "softmax"])
def test_gradients_that_arrive_for_what_is_left_out_count_for_nothing(name: str) -> None:
    x = nd.array(np.random.default_rng(2).uniform(-1, 1, (STEPS, BATCH, 4)))
    x.attach_grad()
    slopes = []
    for filler in (0, np.nan, np.inf):
        with autograd.record():
            (y,) = CALLS[name](x)
        y.backward(nd.array(np.where(INSIDE[:, :, None], np.arange(60).reshape(STEPS, BATCH, 4), filler)))
        slopes.append(x.grad.asnumpy())
    assert np.abs(slopes[0]).max() > 0 and (slopes[0][~INSIDE] == 0).all()
    for each in slopes[1:]:
        np.testing.assert_array_equal(each, slopes[0])


def test_a_softmax_of_no_length_is_zero_with_no_gradient() -> None:
    x = nd.array([[np.nan, 1, np.inf], [1, 2, np.nan]])
    x.attach_grad()
    with autograd.record():
        y = nd.softmax(x, nd.array([0, 2], dtype="int32"), use_length=True)
    y.backward(nd.array([[np.nan] * 3, [1, 3, np.nan]]))
    np.testing.assert_allclose(y.asnumpy(), [[0, 0, 0], [0.26894143, 0.7310586, 0]], rtol=1e-6)
    np.testing.assert_allclose(x.grad.asnumpy(), [[0, 0, 0], [-0.39322388, 0.39322388, 0]], rtol=1e-5)


def test_a_softmax_of_nan_within_its_length_leaves_zeros_behind_it() -> None:
    found = nd.softmax(nd.array([[np.nan, 1, 5]]), nd.array([2], dtype="int32"), use_length=True).asnumpy()
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 0]])  # MXNet 1.9.1 has them too


def test_masks_that_select() -> None:
    """As MXNet 1.9.1 has it: nothing is multiplied by 0."""
    x, y = nd.array([[np.nan, 1], [2, np.inf]]), nd.array([[1, np.nan], [np.inf, 4]])
    for array in (x, y):
        array.attach_grad()
    with autograd.record():
        made = nd.where(nd.array([[0, 1], [1, 0]]), x, y)
    made.backward(nd.array([[np.nan, 1], [2, np.inf]]))
    np.testing.assert_array_equal(x.grad.asnumpy(), [[0, 1], [2, 0]])
    np.testing.assert_array_equal(y.grad.asnumpy(), [[np.nan, 0], [0, np.inf]])
    with autograd.record():
        made = nd.contrib.boolean_mask(x, nd.array([0, 1]))
    made.backward(nd.array([[np.nan, 3]]))
    np.testing.assert_array_equal(x.grad.asnumpy(), [[0, 0], [np.nan, 3]])
    with autograd.record():
        made = nd.SoftmaxOutput(x, nd.array([-1, 1]), use_ignore=True, ignore_label=-1)
    made.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [[0, 0], [np.nan, np.nan]])


def test_the_loss_of_nan_is_nan_and_of_what_never_is_infinite() -> None:
    scores = np.random.default_rng(3).normal(size=(4, 3, 3)).astype("float32")
    scores[1, 0, 2] = np.nan
    scores[:, 1, 2] = -np.inf
    x = nd.array(scores)
    x.attach_grad()
    with autograd.record():
        loss = nd.CTCLoss(x, nd.array([[1, 2], [1, 2], [2, 2]]))
    loss.backward()
    found, slope = loss.asnumpy(), x.grad.asnumpy()
    assert np.isnan(found[0]) and np.isposinf(found[1]) and np.isfinite(found[2])
    assert np.isnan(slope[:, 0]).any() and (slope[:, 1] == 0).all() and np.isfinite(slope[:, 2]).all()
