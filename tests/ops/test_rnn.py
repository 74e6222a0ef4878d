"""What MXNet's ``RNN`` has on GPUs alone, so that no golden shows it: projection, clipping, lengths; and its budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd, viz
from lazynd.ir.graph import subgraphs
from lazynd.passes import run_pipeline
from lazynd.runtime.tell.stats import stats

GATES = {"gru": 3, "lstm": 4, "rnn_relu": 1, "rnn_tanh": 1}
T, N, D, H = 5, 3, 2, 4


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def size(mode: str, layers: int = 1, directions: int = 1, projected: int | None = None, inputs: int = D) -> int:
    width, rows = projected or H, GATES[mode] * H
    total = 0
    for layer in range(layers):
        total += rows * ((width * directions if layer else inputs) + width + 2) + (projected or 0) * H
    return directions * total


def inputs_of(rng: Any, mode: str, layers: int = 1, directions: int = 1, projected: int | None = None) -> list[Any]:
    shapes = [(T, N, D), (size(mode, layers, directions, projected),), (layers * directions, N, projected or H)]
    shapes += [(layers * directions, N, H)] if mode == "lstm" else []
    return [rng.uniform(-1, 1, shape).astype("float32") for shape in shapes]


def run(arrays: Sequence[Any], mode: str, *further: Any, **more: Any) -> list[Any]:
    given = {"state_size": H, "num_layers": 1, "mode": mode, "state_outputs": True, **more}
    return [o.asnumpy() for o in nd.RNN(*map(nd.array, arrays), *map(nd.array, further), **given)]


def lstm(
    x: Any, parameters: Any, h: Any, c: Any, clip: Any = None, projected: int | None = None
) -> tuple[Any, Any, Any]:
    """One layer of one direction, step by step: agrees with MXNet 1.9.1, which projects on a CPU without gradients."""
    at = 0

    def take(*shape: int) -> Any:
        nonlocal at
        at += int(np.prod(shape))
        return parameters[at - int(np.prod(shape)) : at].reshape(shape)

    from_input, from_state = take(4 * H, x.shape[-1]), take(4 * H, projected or H)
    projection = take(projected, H) if projected else None
    bias = take(4 * H) + take(4 * H)
    outputs = []
    for row in x:
        i, f, g, o = np.split(row @ from_input.T + h @ from_state.T + bias, 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        if clip is not None:
            c = clip(c)
        h = sigmoid(o) * np.tanh(c)
        if projection is not None:
            h = h @ projection.T
        outputs.append(h)
    assert at == parameters.size
    return np.stack(outputs), h, c


def test_projection(rng: Any) -> None:
    x, w, h, c = inputs_of(rng, "lstm", projected=2)
    for found, expected in zip(
        run((x, w, h, c), "lstm", projection_size=2), lstm(x, w, h[0], c[0], projected=2), strict=True
    ):
        # float32: sums of some ten numbers below 1.
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)


def test_projection_in_layers_and_directions(rng: Any) -> None:
    x, w, h, c = inputs_of(rng, "lstm", layers=2, directions=2, projected=3)
    found = run((x, w, h, c), "lstm", num_layers=2, bidirectional=True, projection_size=3)
    assert [f.shape for f in found] == [(T, N, 6), (4, N, 3), (4, N, H)]
    rows, at, weights = 4 * H, 0, []
    for cell in range(4):
        count = rows * ((6 if cell > 1 else D) + 3) + 3 * H
        weights.append(w[at : at + count])
        at += count
    biases = w[at:].reshape(4, 2 * rows)
    below = x
    for layer in range(2):
        made = []
        for direction in range(2):
            cell = 2 * layer + direction
            given = below[::-1] if direction else below
            outputs, last, cells = lstm(
                given, np.concatenate([weights[cell], biases[cell]]), h[cell], c[cell], projected=3
            )
            np.testing.assert_allclose(found[1][cell], last, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(found[2][cell], cells, rtol=1e-5, atol=1e-6)
            made.append(outputs[::-1] if direction else outputs)
        below = np.concatenate(made, 2)
    np.testing.assert_allclose(found[0], below, rtol=1e-5, atol=1e-6)


def test_clipped_cells(rng: Any) -> None:
    x, w, h, c = inputs_of(rng, "lstm")
    found = run((x, w, h, c), "lstm", lstm_state_clip_min=-0.2, lstm_state_clip_max=0.1)
    expected = lstm(x, w, h[0], c[0], clip=lambda v: np.clip(v, -0.2, 0.1))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.reshape(other.shape), other, rtol=1e-5, atol=1e-6)
    c[0, 0, 0] = np.nan
    bounds = {"lstm_state_clip_min": -0.2, "lstm_state_clip_max": 0.1}
    assert not np.isnan(run((x, w, h, c), "lstm", **bounds)[0]).any()
    assert np.isnan(run((x, w, h, c), "lstm", lstm_state_clip_nan=True, **bounds)[0]).any()


@pytest.mark.parametrize("mode", GATES)
def test_each_sequence_of_its_length_as_if_alone(mode: str, rng: Any) -> None:
    arrays = inputs_of(rng, mode, layers=2, directions=2)
    lengths = np.array([2, 5, 3], "float32")
    shared = {"num_layers": 2, "bidirectional": True}
    found = run(arrays, mode, lengths, use_sequence_length=True, **shared)
    for n, length in enumerate(map(int, lengths)):
        alone = [arrays[0][:length, n : n + 1], arrays[1], *(a[:, n : n + 1] for a in arrays[2:])]
        outputs, *last = run(alone, mode, **shared)
        np.testing.assert_allclose(found[0][:length, n], outputs[:, 0], rtol=1e-5, atol=1e-6)
        assert (found[0][length:, n] == 0).all()
        for one, other in zip(found[1:], last, strict=True):
            np.testing.assert_allclose(one[:, n], other[:, 0], rtol=1e-5, atol=1e-6)


def test_what_is_behind_the_end_has_no_gradient(rng: Any) -> None:
    arrays = [nd.array(a) for a in inputs_of(rng, "gru")]
    arrays[0].attach_grad()
    with autograd.record():
        made = nd.RNN(*arrays, nd.array([1, 5, 0]), state_size=H, num_layers=1, mode="gru", use_sequence_length=True)
    made.backward()
    assert (np.abs(arrays[0].grad.asnumpy()).sum(2) != 0).tolist() == [[s < n for n in (1, 5, 0)] for s in range(T)]


def test_dropout_between_layers(rng: Any) -> None:
    x, w, h = (nd.array(a) for a in inputs_of(rng, "rnn_tanh", layers=2))
    # The second layer's weights of the input are ones, its others zeros: outputs show which inputs were dropped.
    w[:] = 0
    w[H * (D + H) : H * (D + H) + H * H] = nd.array(np.eye(H).ravel())
    w[H * (D + H) + 2 * H * H :] = nd.array([0.5] * H + [0] * (3 * H))

    def call(p: float) -> Any:
        return nd.RNN(x, w, h, state_size=H, num_layers=2, mode="rnn_tanh", p=p).asnumpy()

    kept = np.tanh(np.tanh(0.5))
    np.testing.assert_allclose(call(0.4), kept, rtol=1e-5)
    with autograd.train_mode():
        dropped = call(0.4)
        compiled = stats.programs
        other = call(0.6)
        np.testing.assert_allclose(call(0), kept, rtol=1e-5)
    scaled = {0.4: np.tanh(np.tanh(0.5) / 0.6), 0.6: np.tanh(np.tanh(0.5) / 0.4)}
    for found, p in ((dropped, 0.4), (other, 0.6)):
        assert set(np.round(np.unique(found), 5)) == {0.0, np.round(np.float32(scaled[p]), 5)}
        # 60 elements; 4 standard deviations are 0.26.
        assert abs((found == 0).mean() - p) < 0.26
    assert stats.programs <= compiled + 1, "p is an input of the program; p=0 is another one"


ERRORS = [
    ({"mode": "lstmx"}, "Invalid Input: 'lstmx', valid values are"),
    ({"num_layers": 0}, "must be positive"),
    ({"state_size": 5}, r"state must be float32\[1,3,5\], got float32\[1,3,4\]"),
    ({"num_layers": 2}, r"state must be float32\[2,3,4\]"),
    ({"use_sequence_length": True}, "expects 5 inputs for lstm with use_sequence_length, but got 4"),
    ({"mode": "gru"}, "expects 3 inputs for gru, but got 4"),
    ({"projection_size": 2}, r"state must be float32\[1,3,2\]"),
    ({"lstm_state_clip_min": 0.1}, "go together"),
    ({"lstm_state_clip_min": 1.0, "lstm_state_clip_max": 0.0}, "is above"),
    ({"state_sizes": 1}, "Possible Arguments: state_size, num_layers"),
]


@pytest.mark.parametrize(("changed", "message"), ERRORS, ids=[next(iter(c)) for c, _ in ERRORS])
def test_wrong_calls(changed: dict[str, Any], message: str, rng: Any) -> None:
    arrays = map(nd.array, inputs_of(rng, "lstm"))
    with pytest.raises(MXNetError, match=re.compile(rf"\[RNN\].*{message}.*test_rnn.py", re.DOTALL)):
        nd.RNN(*arrays, **{"state_size": H, "num_layers": 1, "mode": "lstm", **changed})


def test_wrong_arrays(rng: Any) -> None:
    x, w, h, c = (nd.array(a) for a in inputs_of(rng, "lstm"))
    given = {"state_size": H, "num_layers": 1, "mode": "lstm"}
    for arrays, message in (
        ((x[0], w, h, c), "rank-3"),
        ((x, w[1:], h, c), r"parameters must be \[128\]"),
        ((x, w.astype("float64"), h, c), "expected parameters of float32"),
        ((x.astype("int32"), w, h, c), "needs floats"),
        ((x, w, h), "expects 4 inputs"),
    ):
        with pytest.raises(MXNetError, match=message):
            nd.RNN(*arrays, **given)


@pytest.mark.lazy
def test_one_node_one_loop_each_way_and_weights_hoisted() -> None:
    x, w, state = nd.ones((64, 8, 32)), nd.ones(size_of_lstm(32, 32)) * 0.1, nd.zeros((1, 8, 32))
    w.attach_grad()
    with autograd.record():
        made = nd.RNN(x, w, state, state, state_size=32, num_layers=1, mode="lstm")
    assert len(viz.graph(made)) <= 4, "the operator, and what its inputs are pending on"
    made.backward()
    graph = run_pipeline(viz.graph(w.grad), check=True)
    loops = [node.spec for node in graph.nodes if node.spec is not None and node.spec.op.name == "scan"]
    assert [spec.attributes["reverse"] for spec in loops] == [False, True]
    for spec in loops:
        (body,) = subgraphs(spec).values()
        products = [
            node.type.shape for node in body.nodes if node.spec is not None and node.spec.op.name == "dot_general"
        ]
        assert products == [(8, 128)] if spec is loops[0] else [(8, 32)], "one product a step"
        assert len(body) < 60


def size_of_lstm(inputs: int, state: int) -> int:
    return 4 * state * (inputs + state + 2)
