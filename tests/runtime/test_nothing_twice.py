"""No recorded operation runs twice, however its value is asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.nd import NDArray
from lazynd.runtime import fence


def parameters() -> list[NDArray]:
    rng = np.random.default_rng(0)
    made = [nd.array(rng.normal(size=s)) for s in ((6, 5), (5,), (5, 3), (3,))]
    for each in made:
        each.attach_grad()
    return made


def net(x: NDArray, p: list[NDArray]) -> NDArray:
    return nd.dot(nd.relu(nd.dot(x, p[0]) + p[1]), p[2]) + p[3]


def data(n: int = 8) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(1)
    return nd.array(rng.normal(size=(n, 6))), nd.array(rng.integers(0, 3, n))


def once(counts: Counter[Any], *needed: str) -> None:
    """Every line ran exactly once, and the operators ``needed`` are among what ran."""
    assert counts and set(counts.values()) == {1}, counts.most_common(3)
    names = {name for name, _, _ in counts}
    assert names >= set(needed), names


def update(p: list[NDArray]) -> None:
    """One line a parameter, so that each has its own count."""
    p[0][:] = p[0] - 0.1 * p[0].grad
    p[1][:] = p[1] - 0.1 * p[1].grad
    p[2][:] = p[2] - 0.1 * p[2].grad
    p[3][:] = p[3] - 0.1 * p[3].grad


@pytest.mark.parametrize("read", ["print in mid-step", "before backward", "between backward and update", "after", "no"])
@pytest.mark.parametrize("cut", [False, True])
def test_reading_the_loss_anywhere_runs_each_line_once(
    read: str, cut: bool, node_counts: Counter[Any], delta: Any
) -> None:
    p, (x, y) = parameters(), data()
    nd.waitall()
    node_counts.clear()
    with autograd.record():
        hidden = nd.relu(nd.dot(x, p[0]) + p[1])
        if read == "print in mid-step":
            str(hidden.sum())
        scores = nd.dot(hidden, p[2]) + p[3]
        loss = -nd.pick(nd.log_softmax(scores), y)
        total = loss.sum()
        if read == "print in mid-step":
            str(total)
    if read == "before backward":
        str(total)
    total.backward()
    if read == "between backward and update":
        total.asscalar()
    update(p)
    if cut:
        fence()
    if read == "after":
        total.asscalar()
    nd.waitall()
    once(node_counts, "relu", "log_softmax", "pick")


def test_two_heads_over_one_body_run_it_once(node_counts: Counter[Any]) -> None:
    p, (x, _) = parameters(), data()
    nd.waitall()
    node_counts.clear()
    with autograd.record():
        body = nd.relu(nd.dot(x, p[0]) + p[1])
        first = nd.dot(body, p[2]).sum()
        second = (nd.dot(body, p[2] * 2) + p[3]).square().sum()
    first.asscalar()
    autograd.backward([first, second])
    second.asscalar()
    for each in p:
        each.grad.asnumpy()
    nd.waitall()
    names = Counter(name for name, _, _ in node_counts)
    assert names["relu"] == 1 and names["vjp_relu"] == 1
    # The line of ``backward`` records a seed a head and the sums of what meets: several nodes of one line.
    lines = {k: v for k, v in node_counts.items() if k[0] not in ("_full", "elemwise_add")}
    assert len(lines) > 12 and set(lines.values()) == {1}, lines


def test_retained_graph_runs_the_forward_pass_once_for_two_backward_passes(node_counts: Counter[Any]) -> None:
    p, (x, _) = parameters(), data()
    nd.waitall()
    node_counts.clear()
    with autograd.record():
        loss = net(x, p).square().sum()
    loss.backward(retain_graph=True)
    first = p[0].grad.asnumpy()
    loss.backward()
    assert (p[0].grad.asnumpy() == first).all()
    forward = {k: v for k, v in node_counts.items() if not k[0].startswith("vjp_") and k[0] != "ones_like"}
    assert max(v for (name, _, _), v in forward.items() if name in ("relu", "dot", "square", "sum")) == 1


def test_reading_every_value_of_a_chain_runs_each_once(node_counts: Counter[Any], delta: Any) -> None:
    x = nd.array([1.0, 2.0])
    since = delta()
    a = x * 2
    b = a + 1
    c = b * b
    assert c.asnumpy().tolist() == [9, 25]
    assert (since.runs, since.forces) == (1, 1)
    assert b.asnumpy().tolist() == [3, 5] and a.asnumpy().tolist() == [2, 4]
    assert (since.runs, since.forces) == (1, 1), "they came with c"
    d = a - c
    assert d.asnumpy().tolist() == [-7, -21]
    assert set(node_counts.values()) == {1} and sum(node_counts.values()) == 4


def test_outputs_of_a_node_with_several_come_together(node_counts: Counter[Any], delta: Any) -> None:
    x = nd.array(np.arange(12).reshape(2, 6))
    since = delta()
    parts = nd.split(x, 3, axis=1)
    total = parts[0] + 1
    total.asnumpy()
    for i, part in enumerate(parts):
        assert part.asnumpy().tolist() == x.asnumpy()[:, 2 * i : 2 * i + 2].tolist()
    assert since.runs == 1 and set(node_counts.values()) == {1}


def test_what_nobody_wants_is_not_run(node_counts: Counter[Any]) -> None:
    x = nd.array([1.0, 2.0])
    unused = (x * 3).exp()
    y = x + 1
    del unused
    y.asnumpy()
    nd.waitall()
    assert {name for name, _, _ in node_counts} == {"_plus_scalar"}


def test_unconnected_work_waits(node_counts: Counter[Any], delta: Any) -> None:
    x = nd.array([1.0, 2.0])
    since = delta()
    other = (x * 3).exp()  # shares the leaf x, which does not connect
    y = x + 1
    y.asnumpy()
    assert {name for name, _, _ in node_counts} == {"_plus_scalar"}
    np.testing.assert_allclose(other.asnumpy(), np.exp([3, 6]), rtol=1e-6)
    assert since.runs == 2 and set(node_counts.values()) == {1}


def test_work_beside_a_step_leaves_its_program_alone(delta: Any) -> None:
    """R76: an unrelated pending operation must not make the step another program."""
    p, (x, y) = parameters(), data()

    def step() -> float:
        with autograd.record():
            loss = -nd.pick(nd.log_softmax(net(x, p)), y).sum()
        loss.backward()
        for each in p:
            each[:] = each - 0.1 * each.grad
        return float(loss.asscalar())

    for _ in range(3):
        step()
    since = delta()
    beside = [nd.array([1.0]) + 1 for _ in range(3)]
    step()
    assert since.programs == 0
    inside = []
    with autograd.record():
        inside.append(nd.array([2.0]) * 5)
        loss = -nd.pick(nd.log_softmax(net(x, p)), y).sum()
        inside.append(nd.array([2.0]) * 6)
    loss.backward()
    for each in p:
        each[:] = each - 0.1 * each.grad
    loss.asscalar()
    assert since.programs <= 1, "the three sums beside it are one program; the step is known"
    assert [b.asscalar() for b in beside] == [2, 2, 2] and [i.asscalar() for i in inside] == [10, 12]
