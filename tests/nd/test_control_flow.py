"""``foreach``, ``while_loop`` and ``cond``: one operator each, MXNet's results, and Python where a graph cannot be."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd, viz
from lazynd.runtime.tell.stats import stats

W = np.random.default_rng(1).uniform(-1, 1, (3, 3)).astype("float32")
X = np.random.default_rng(2).uniform(-1, 1, (5, 2, 3)).astype("float32")


def operators(array: nd.NDArray) -> list[str]:
    return [node.spec.op.name for node in viz.graph(array).nodes if node.spec is not None]


def in_python(body: Any, data: Any, states: Any) -> tuple[Any, Any]:
    """What MXNet's imperative ``foreach`` does."""
    outputs = []
    for row in data:
        output, states = body(row, states)
        outputs.append(output)
    return nd.stack(*outputs, axis=0), states


class Counted:
    """A body that counts its calls."""

    def __init__(self, body: Any) -> None:
        self.body, self.calls = body, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.body(*arguments)


# ---------------------------------------------------------------------------------- foreach


def gradients(loop: Any) -> list[Any]:
    w, x, h, b = nd.array(W), nd.array(X), nd.zeros((2, 3)), nd.array([0.1, 0.2, 0.3])
    for each in (w, x, h, b):
        each.attach_grad()

    def body(row: Any, state: Any) -> Any:
        hidden = nd.tanh(nd.dot(state, w) + row * 0.5 + b)
        return hidden * hidden, hidden

    with autograd.record():
        outputs, last = loop(body, x, h)
        loss = (outputs * nd.arange(3)).sum() + last.sum()
    loss.backward()
    return [outputs.asnumpy(), last.asnumpy(), *(each.grad.asnumpy() for each in (w, x, h, b))]


def test_values_and_gradients_are_those_of_the_python_loop() -> None:
    for found, expected in zip(gradients(nd.contrib.foreach), gradients(in_python), strict=True):
        # float32: a dozen numbers below 10 summed in another order.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.lazy
def test_one_operator_and_one_program() -> None:
    w, x = nd.array(W), nd.array(X)
    body = Counted(lambda row, state: (nd.dot(row, w) + state, state + 1))
    outputs, last = nd.contrib.foreach(body, x, nd.zeros(1))
    assert operators(outputs).count("_foreach") == 1 and body.calls == 1
    outputs.wait_to_read()
    compiled = stats.programs
    for number in (2, 3, 4):
        outputs, last = nd.contrib.foreach(lambda row, state: (nd.dot(row, w) + state, state + 1), x, nd.zeros(1))
        scaled, _ = nd.contrib.foreach(lambda row, state, n=number: (row * n, state), x, nd.zeros(1))
        outputs.wait_to_read()  # ``last`` is held, as at first: what a program returns is part of its key
        np.testing.assert_array_equal(scaled.asnumpy(), X * number)
    assert stats.programs == compiled + 1, "the scaled one, once: numbers in a body are inputs of the program"
    assert last.asscalar() == len(X)


def test_structures() -> None:
    data = [nd.array(X), nd.ones((5, 1))]
    outputs, states = nd.contrib.foreach(
        lambda rows, states: ((rows[0], [rows[1], states[1][0]]), [states[0] + 1, (states[1][0] * 2,)]),
        data,
        [nd.zeros(1), [nd.ones(2)]],
    )
    assert outputs[0].shape == (5, 2, 3) and [o.shape for o in outputs[1]] == [(5, 1), (5, 2)]
    assert isinstance(outputs, list), "tuples among the outputs become lists, as in MXNet"
    assert isinstance(states[1], tuple), "the states are what the body gave, as in MXNet"
    assert lazynd.config.eager or operators(outputs[0]).count("_foreach") == 1
    assert states[0].asscalar() == 5 and states[1][0].asnumpy().tolist() == [32, 32]
    assert outputs[1][1].asnumpy()[:, 0].tolist() == [1, 2, 4, 8, 16]


def test_a_vector_has_rows_of_one_element() -> None:
    outputs, last = nd.contrib.foreach(lambda x, s: (x + s, x + s), nd.array([1, 2, 3]), nd.zeros(1))
    assert outputs.asnumpy().tolist() == [[1], [3], [6]] and last.asscalar() == 6


def test_no_states_and_no_outputs() -> None:
    outputs, states = nd.contrib.foreach(lambda x, s: (x * 2, s), nd.array(X), [])
    assert states == [] and (outputs.asnumpy() == 2 * X).all()
    outputs, last = nd.contrib.foreach(lambda x, s: ([], s + x), nd.array(X), nd.zeros((2, 3)))
    assert outputs == []
    np.testing.assert_allclose(last.asnumpy(), X.sum(0), rtol=1e-6)


def test_what_is_no_array_is_refused() -> None:
    x = nd.array(X)
    for data, states, body, message in (
        ([1, 2], x, lambda x, s: (x, s), "data should be an NDArray or a nested list of NDArrays"),
        (x, 0, lambda x, s: (x, s), "init_states should be an NDArray or a nested list of NDArrays"),
        (x, x[0], lambda x, s: (1, s), "foreach output must be .nested. list of NDArray, but got 1"),
    ):
        with pytest.raises(AssertionError, match=message):
            nd.contrib.foreach(body, data, states)


def test_an_error_in_the_body_has_the_line_of_the_body() -> None:
    with pytest.raises(MXNetError, match=re.compile(r"\[dot\].*test_control_flow.py:\d+: nd.contrib", re.DOTALL)):
        nd.contrib.foreach(lambda x, s: (nd.dot(x, x), s), nd.array(X), [])
    with pytest.raises(ZeroDivisionError):
        nd.contrib.foreach(lambda x, s: (1 / 0, s), nd.array(X), [])
    assert nd.ones(1).asscalar() == 1, "the thread records as before"


def test_draws_are_those_of_the_python_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(row: Any, state: Any) -> Any:
        first, second = nd.random.uniform(shape=(2, 3)), nd.Dropout(row, p=0.5, mode="always")
        return first + second, state + first

    found = []
    for loop in (nd.contrib.foreach, in_python):
        lazynd.random.seed(5)
        outputs, last = loop(noisy, nd.array(X), nd.zeros((2, 3)))
        found.append([outputs.asnumpy(), last.asnumpy(), nd.random.uniform(shape=(3,)).asnumpy()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_gradients_through_draws() -> None:
    x = nd.array(X)
    x.attach_grad()
    with autograd.record():
        outputs, _ = nd.contrib.foreach(lambda row, s: (nd.Dropout(row, p=0.5), s), x, [])
    outputs.backward()
    kept = outputs.asnumpy() != 0
    assert 0 < kept.sum() < kept.size
    np.testing.assert_array_equal(x.grad.asnumpy(), np.where(kept, 2, 0), "the mask of each step is drawn again")


def test_detached_and_paused_values_are_constants() -> None:
    w, x = nd.array([2.0]), nd.array([[1.0], [3.0]])
    w.attach_grad()
    x.attach_grad()

    def body(row: Any, state: Any) -> Any:
        with autograd.pause():
            constant = row * w
        return constant * w + row.detach() * row, state.detach() + w

    with autograd.record():
        outputs, last = nd.contrib.foreach(body, x, nd.ones(1))
        loss = outputs.sum() + last.sum()
    loss.backward()
    assert w.grad.asscalar() == 2 * 1 + 2 * 3 + 1 and x.grad.asnumpy().ravel().tolist() == [1, 3]


def test_two_variables_on_one_value() -> None:
    a = nd.array([2.0])
    a.attach_grad()
    b = a.detach()
    b.attach_grad()
    with autograd.record():
        outputs, _ = nd.contrib.foreach(lambda row, s: (row * a * a * b, s), nd.ones((3, 1)), [])
    outputs.backward()
    assert (a.grad.asscalar(), b.grad.asscalar()) == (3 * 8, 3 * 4)


def test_loops_in_loops() -> None:
    x = nd.array(X)
    x.attach_grad()

    def outer(matrix: Any, state: Any) -> Any:
        inner, last = nd.contrib.foreach(lambda row, s: (row * state, s + row.sum()), matrix, nd.zeros(1))
        return inner, state + last

    with autograd.record():
        outputs, last = nd.contrib.foreach(outer, x, nd.ones(1))
        loss = outputs.sum() + last.sum()
    assert lazynd.config.eager or operators(loss).count("_foreach") == 1
    loss.backward()
    sums = X.sum((1, 2))
    state = 1 + np.concatenate([[0], np.cumsum(sums)[:-1]])
    after = np.cumsum(sums[::-1])[::-1] - sums
    np.testing.assert_allclose(
        x.grad.asnumpy(), np.broadcast_to((state + after + 1)[:, None, None], X.shape), rtol=1e-5
    )


def test_second_order() -> None:
    x, w = nd.array([[1.0], [2.0]], dtype="float64"), nd.array([0.5], dtype="float64")
    w.attach_grad()
    with autograd.record():
        outputs, _ = nd.contrib.foreach(lambda row, s: (nd.exp(row * w) * s, s * w), x, nd.ones(1, dtype="float64"))
        first = autograd.grad(outputs.sum(), [w], create_graph=True)[0]
    first.backward()
    # exp(w) + w exp(2w)
    e, f = np.exp(0.5), np.exp(1.0)
    np.testing.assert_allclose(first.asscalar(), e + f + 0.5 * 2 * f, rtol=1e-12)
    np.testing.assert_allclose(w.grad.asscalar(), e + 2 * f + 2 * f + 4 * 0.5 * f, rtol=1e-12)


# ---------------------------------------------------------------------------------- where Python has to run


def reason(caplog: pytest.LogCaptureFixture, call: Any) -> str:
    with caplog.at_level(logging.INFO, logger="lazynd"):
        call()
    found = [record.reason for record in caplog.records if getattr(record, "event", "") == "trace"]
    return found[0] if found else ""


@pytest.mark.lazy
def test_why_a_body_runs_in_python_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def asks(row: Any, state: Any) -> Any:
        return (row if row.sum().asscalar() > 0 else -row), state

    assert reason(caplog, lambda: nd.contrib.foreach(asks, nd.array(X), [])) == "a value is needed: asscalar"
    caplog.clear()
    assert reason(caplog, lambda: nd.contrib.foreach(asks, nd.array(X), [])) == "", "it is not tried again"


def test_a_body_that_asks_for_values() -> None:
    def body(row: Any, state: Any) -> Any:
        return (row, state + 1) if float(row.sum()) > 0 else (-row, state)

    outputs, last = nd.contrib.foreach(body, nd.array(X), nd.zeros(1))
    positive = X.sum((1, 2)) > 0
    np.testing.assert_array_equal(outputs.asnumpy(), np.where(positive[:, None, None], X, -X))
    assert last.asscalar() == positive.sum()


def test_a_body_that_writes_in_place() -> None:
    def body(row: Any, state: Any) -> Any:
        state += row
        return state * 1, state

    start = nd.zeros((2, 3))
    outputs, last = nd.contrib.foreach(body, nd.array(X), start)
    np.testing.assert_allclose(outputs.asnumpy(), np.cumsum(X, 0), rtol=1e-5, atol=1e-6)
    assert (start.asnumpy() == last.asnumpy()).all(), "as in MXNet, the state is the array that was given"


def test_a_body_that_writes_outside() -> None:
    total = nd.zeros((2, 3))

    def body(row: Any, state: Any) -> Any:
        total[:] = total + row
        return row, state

    nd.contrib.foreach(body, nd.array(X), [])
    np.testing.assert_allclose(total.asnumpy(), X.sum(0), rtol=1e-5, atol=1e-6)


def test_a_body_that_writes_to_what_it_made() -> None:
    def body(row: Any, state: Any) -> Any:
        made = row * 1
        made[0:1] = 7
        made += 1
        return made, state

    outputs, _ = nd.contrib.foreach(body, nd.array(X), [])
    expected = X + 1
    expected[:, 0] = 8
    np.testing.assert_array_equal(outputs.asnumpy(), expected)


def test_states_that_grow() -> None:
    outputs, last = nd.contrib.foreach(lambda x, s: (x, nd.concat(s, x, dim=0)), nd.array(X), nd.zeros((1, 3)))
    assert last.shape == (11, 3) and (outputs.asnumpy() == X).all()


def test_a_body_that_differentiates() -> None:
    def body(row: Any, state: Any) -> Any:
        state = state.copy()
        state.attach_grad()
        with autograd.record():
            loss = (state * state * row).sum()
        loss.backward()
        return loss, state - 0.1 * state.grad

    _, last = nd.contrib.foreach(body, nd.ones((3, 1)), nd.array([1.0]))
    np.testing.assert_allclose(last.asscalar(), 0.8**3, rtol=1e-6)


def test_what_leaks_out_of_a_body_says_so() -> None:
    leaked = []

    def body(row: Any, state: Any) -> Any:
        leaked.append(row * 2)
        return row, state

    nd.contrib.foreach(body, nd.array(X), [])
    if not lazynd.config.eager:
        for use in (lambda a: a.asnumpy(), lambda a: (a + 1).asnumpy()):
            with pytest.raises(MXNetError, match="return it from the body instead"):
                use(leaked[0])


def test_a_draw_of_a_failed_trace_is_given_back() -> None:
    def body(row: Any, state: Any) -> Any:
        made = nd.random.uniform(shape=(2,))
        return made * float(row[0, 0]), state

    lazynd.random.seed(3)
    outputs, _ = nd.contrib.foreach(body, nd.ones((3, 2, 3)), [])
    found = outputs.asnumpy()
    lazynd.random.seed(3)
    np.testing.assert_array_equal(found, [nd.random.uniform(shape=(2,)).asnumpy() for _ in range(3)])


# ---------------------------------------------------------------------------------- while_loop


def counting(last: float, limit: int, step: Any = None) -> Any:
    return nd.contrib.while_loop(
        lambda i, total: i < last,
        step or (lambda i, total: ([total * 10, i], [i + 1, total + i])),
        [nd.array([1]), nd.zeros(1)],
        max_iterations=limit,
    )


def test_a_while_loop_pads_with_zeros() -> None:
    (outputs, numbers), (i, total) = counting(4, 5)
    assert outputs.asnumpy().ravel().tolist() == [0, 10, 30, 0, 0]
    assert numbers.asnumpy().ravel().tolist() == [1, 2, 3, 0, 0]
    assert (i.asscalar(), total.asscalar()) == (4, 6)
    (outputs, _), (i, _) = counting(100, 3)
    assert outputs.shape == (3, 1) and i.asscalar() == 4


def test_a_while_loop_without_a_step() -> None:
    assert counting(0, 5)[0] == []
    assert counting(4, 0)[0] == []
    outputs, i = nd.contrib.while_loop(lambda i: i < 3, lambda i: (None, i + 1), nd.zeros(1), max_iterations=9)
    assert outputs == [] and isinstance(i, nd.NDArray) and i.asscalar() == 3


@pytest.mark.lazy
def test_a_while_loop_is_one_operator_and_asks_once() -> None:
    forces = stats.forces
    (outputs, _), _ = counting(4, 5)
    assert stats.forces == forces + 1 and operators(outputs).count("_while_loop") == 1
    _, last = nd.contrib.while_loop(lambda i: i < 3, lambda i: ([], [i + 1]), [nd.zeros(1)], max_iterations=10**6)
    assert stats.forces == forces + 1, "nobody needs to know whether there is a first step"
    assert last[0].asscalar() == 3


def test_gradients_of_a_while_loop() -> None:
    def run(loop: Any) -> list[float]:
        w, x = nd.array([1.3]), nd.array([1.0])
        w.attach_grad()
        x.attach_grad()
        with autograd.record():
            outputs, (last,) = loop(lambda v: v < 3, lambda v: (nd.log(4 - v) * w, [v * w]), [x], max_iterations=9)
            loss = outputs.sum() + last.sum()
        loss.backward()
        return [loss.asscalar(), w.grad.asscalar(), x.grad.asscalar()]

    def unrolled(test: Any, step: Any, variables: Any, max_iterations: int) -> Any:
        outputs = []
        while test(*variables).asscalar():
            output, variables = step(*variables)
            outputs.append(output)
        return nd.stack(*outputs), variables

    np.testing.assert_allclose(run(nd.contrib.while_loop), run(unrolled), rtol=1e-5)


def test_errors_of_a_while_loop() -> None:
    one = nd.ones(1)
    for arguments, message in (
        ((lambda i: i, lambda i: ([], i), one), "max_iterations should be specified"),
        ((lambda i: i, lambda i: ([], i), one, "many"), "Cannot convert max_iteration to python int"),
        ((lambda: one, lambda: ([], []), [], 3), "loop_vars should contain at least one element"),
        ((lambda i: i, lambda i: ([], [i, i]), one, 3), "length of loop_vars should be consistent"),
        ((lambda i: nd.ones(2), lambda i: ([], i), one, 3), "not a scalar"),
    ):
        with pytest.raises(ValueError, match=message):
            nd.contrib.while_loop(*arguments)
    steps = iter(range(9))
    with pytest.raises(ValueError, match=r"(?s)Shapes of 1-th elements.*Step 1, shape is \(2,\)"):
        nd.contrib.while_loop(lambda i: float(i) < 2, lambda i: (nd.ones(next(steps) + 1), i + 1), nd.zeros(1), 3)


def test_a_while_loop_that_python_runs() -> None:
    def step(i: Any, total: Any) -> Any:
        return [nd.ones(1) * float(i)], [i + 1, total + float(i)]

    outputs, (_, total) = counting(4, 5, step)
    assert outputs[0].asnumpy().ravel().tolist() == [1, 2, 3, 0, 0] and total.asscalar() == 6


# ---------------------------------------------------------------------------------- cond


@pytest.mark.parametrize("x", [1.0, 3.0])
def test_the_branch_and_its_gradient(x: float) -> None:
    a, b = nd.array([x]), nd.array([2.0])
    a.attach_grad()
    b.attach_grad()
    with autograd.record():
        made = nd.contrib.cond(a * b < 5, lambda: (a + 5) * (b + 5), lambda: a * a)
    made.backward()
    low = x * 2 < 5
    assert made.asscalar() == ((x + 5) * 7 if low else x * x)
    assert a.grad.asscalar() == (7 if low else 2 * x) and b.grad.asscalar() == (x + 5 if low else 0)


@pytest.mark.lazy
def test_a_pending_choice_is_one_operator() -> None:
    x = nd.array(X)
    forces = stats.forces
    made = nd.contrib.cond(x.sum() > 0, lambda: [x + 1, (x,)], lambda: [x - 1, (x * 2,)])
    assert stats.forces == forces and operators(made[0]).count("_cond") == 1
    assert isinstance(made, list) and isinstance(made[1], tuple)
    np.testing.assert_allclose(made[0].asnumpy(), X + (1 if X.sum() > 0 else -1))


def test_a_known_choice_runs_one_function() -> None:
    ran = []
    known = nd.array([1.0])
    assert nd.contrib.cond(known, lambda: ran.append("then") or "anything", lambda: ran.append("else")) == "anything"
    assert ran == ["then"] and nd.contrib.cond(0, lambda: 1, lambda: 2) == 2


def test_branches_of_different_types() -> None:
    x = nd.array(X)
    assert nd.contrib.cond(x.max() > 5, lambda: x, lambda: x.sum()).shape == (1,)
    assert nd.contrib.cond(x.max() < 5, lambda: x, lambda: "no").shape == X.shape
    with pytest.raises(ValueError, match="not a scalar"):
        nd.contrib.cond(x > 0, lambda: x, lambda: x)


def test_a_recursion_of_choices_ends() -> None:
    def factorial(n: Any) -> Any:
        return nd.contrib.cond(n > 1, lambda: n * factorial(n - 1), lambda: nd.ones(1))

    assert factorial(nd.array([6.0])).asscalar() == 720
    assert factorial(nd.array([11.0])).asscalar() == 39916800


def test_a_choice_in_a_loop() -> None:
    x = nd.array(X)
    x.attach_grad()

    def body(row: Any, state: Any) -> Any:
        made = nd.contrib.cond(row.sum() > 0, lambda: row * 2, lambda: row * row)
        return made, state + made.sum()

    with autograd.record():
        outputs, _ = nd.contrib.foreach(body, x, nd.zeros(1))
    assert lazynd.config.eager or "_cond" not in operators(outputs)
    outputs.backward()
    positive = (X.sum((1, 2)) > 0)[:, None, None]
    np.testing.assert_allclose(outputs.asnumpy(), np.where(positive, 2 * X, X * X), rtol=1e-6)
    np.testing.assert_allclose(x.grad.asnumpy(), np.where(positive, 2, 2 * X), rtol=1e-6)


def test_loops_that_draw_in_loops_draw_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def inner(row: Any, state: Any) -> Any:
        return row + nd.random.uniform(shape=(3,)), state + nd.random.normal(shape=(3,))

    def outer(row: Any, state: Any) -> Any:
        noise = nd.random.uniform(shape=(2, 3))
        made, last = nd.contrib.foreach(inner, row + noise, state)
        return made, last + nd.random.uniform(shape=(3,))

    def run() -> list[Any]:
        nd.random.seed(11)
        outputs, last = nd.contrib.foreach(outer, nd.array(X), nd.zeros(3))
        return [outputs.asnumpy(), last.asnumpy(), nd.random.uniform(shape=(2,)).asnumpy()]

    found = run()
    monkeypatch.setattr("lazynd.nd.control_flow._attempt", lambda *_: None)
    for one, other in zip(found, run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_a_body_that_restarts_the_stream_does_so_in_each_step() -> None:
    def body(row: Any, state: Any) -> Any:
        nd.random.seed(3)
        return row + nd.random.uniform(shape=(2, 3)), state

    outputs, _ = nd.contrib.foreach(body, nd.zeros((4, 2, 3)), nd.zeros(1))
    rows = outputs.asnumpy()
    assert (rows == rows[0]).all()


def test_a_failed_trace_leaves_the_draws_of_other_threads() -> None:
    nd.random.seed(1)
    found: list[Any] = []

    def draw() -> None:
        found.append(nd.random.uniform(shape=(3,)).asnumpy())

    def body(row: Any, state: Any) -> Any:
        if not found:
            other = threading.Thread(target=draw)
            other.start()
            other.join()
        float(state.asscalar())  # which ends the trace
        return row + state, state

    nd.contrib.foreach(body, nd.array([[1], [2]]), nd.zeros(1))
    draw()
    assert (found[0] != found[1]).any()


@pytest.mark.lazy
def test_a_loop_whose_result_is_not_held_is_compiled_once() -> None:
    """Nothing of its call stays alive in a cycle: what is live is the same before and after compiling."""
    data, start = nd.array(X), nd.zeros((2, 3))
    nd.waitall()
    programs = lazynd.stats().programs + lazynd.stats().loaded
    nd.contrib.foreach(lambda row, state: (row * 3 + state, state - row), data, start)[0].wait_to_read()
    assert lazynd.stats().programs + lazynd.stats().loaded - programs == 1
