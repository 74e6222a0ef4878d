"""Pieces: plans that are too big, or repeat as often as the data say, run as the same few programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends import get_backend
from lazynd.ir.node import Node
from lazynd.runtime import fence
from lazynd.runtime.run import partition, plan, tiers
from lazynd.runtime.thread import LOCAL

RNG = np.random.RandomState(0)
W, U, V = (RNG.uniform(-0.3, 0.3, shape).astype("float32") for shape in ((3, 5), (5, 5), (5, 5)))


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    """Programs are counted here, and NumPy's are made in no time."""
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    nd.waitall()


@pytest.fixture
def failing(faulty: Any) -> Any:
    """NumPy's backend, failing where ``failing.fail`` raises."""
    faulty.inner = get_backend("numpy")
    return faulty


def step(x: Any, h: Any, w: Any, u: Any, v: Any) -> Any:
    """A gated recurrence written out."""
    gate = nd.sigmoid(nd.dot(x, w) + nd.dot(h, u))
    return gate * h + (1 - gate) * nd.tanh(nd.dot(x, w) + nd.dot(gate * h, v))


def recurrence(steps: int) -> tuple[list[float], list[Any]]:
    """The loss after each of three training steps, and the weights then."""
    weights = [nd.array(each) for each in (W, U, V)]
    for each in weights:
        each.attach_grad()
    inputs = [nd.array(np.full((2, 3), np.cos(t))) for t in range(steps)]
    losses = []
    for _ in range(3):
        with autograd.record():
            h, outputs = nd.zeros((2, 5)), []
            for x in inputs:
                h = step(x, h, *weights)
                outputs.append(h.sum(axis=1))
            loss = nd.square(nd.concat(*outputs, dim=0)).mean()
        loss.backward()
        for each in weights:
            each[:] = each - 0.1 * each.grad
        losses.append(float(loss.asscalar()))
    return losses, [each.asnumpy() for each in weights]


def test_a_recurrence_that_is_too_big_is_few_programs(delta: Any, settings: Any) -> None:
    since = delta()
    with settings(program_nodes=600):
        losses, weights = recurrence(100)
        # A period and what comes before, between and after the loops forwards and backwards.
        assert since.programs <= 8 and since.runs > 3 * 20
        since = delta()
        recurrence(100)
        assert since.programs <= 1
    with settings(program_nodes=20_000):
        whole = recurrence(100)
    assert losses[2] < losses[0]
    # The same operations, each rounded by the same function, but gradients of 100 steps are summed in any case alike.
    np.testing.assert_allclose(losses, whole[0], rtol=1e-6)
    for one, other in zip(weights, whole[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_many_arrays_are_joined_and_parted_between_pieces_on_the_host(delta: Any, settings: Any) -> None:
    """A program that parts an array in a hundred has code for each part, and takes seconds to compile."""
    with settings(program_nodes=600):
        since = delta()
        losses, _ = recurrence(100)
        assert since.moved == 3 * 2, "the outputs of a step are joined, and the gradient of that is parted"
    assert losses[2] < losses[0]


def test_pieces_are_planned_in_a_walk_or_two(settings: Any, monkeypatch: pytest.MonkeyPatch, delta: Any) -> None:
    """Not each piece by planning all that is left: that took the square of their number."""
    walked = 0
    real = plan._walk

    def count(items: Any) -> Any:
        nonlocal walked
        walked += len(items)
        return real(items)

    monkeypatch.setattr(plan, "_walk", count)
    x = nd.array([3.0, 4.0])
    since = delta()
    with settings(program_nodes=100), autograd.record():
        y = x
        for _ in range(2000):
            y = y / 2 * 2
        assert y.asnumpy().tolist() == [3, 4]
    assert since.executed == 4000 and since.runs >= 40
    # The whole once, and each piece twice: before its program is there, and after.
    assert walked <= 4000 * (1 + 2)


def test_what_a_loop_leaves_behind_makes_no_other_program(delta: Any, settings: Any) -> None:
    """Variables of the last round are held, those of the rounds before are not."""
    since = delta()
    with settings(program_nodes=100), autograd.record():
        y = nd.array([1.0, 2.0])
        for _ in range(240):
            half = y / 2
            more = half + 1
            y = more * 2 - 2
    total = y.sum().asscalar()
    assert (total, half.asnumpy().tolist(), more.asnumpy().tolist()) == (3, [0.5, 1], [1.5, 2])
    assert since.programs <= 2, "the period, and the sum"
    assert since.executed == 240 * 4 + 1


def test_nothing_runs_twice_if_part_of_a_piece_runs_meanwhile(
    failing: Any, settings: Any, node_counts: Counter[Any], delta: Any
) -> None:
    """While the program of a piece is compiled, something else may need, and run, half of it."""

    def interfere(point: str) -> None:
        if point == "compile" and not read:
            read.append(None)
            read[0] = values[37].asnumpy().tolist()

    read: list[Any] = []
    values = []
    x = nd.array([1.0, 2.0])
    with settings(program_nodes=50), autograd.record():
        y = x
        for _ in range(60):
            y = y + 1
            values.append(y)
            y = y * 1
        failing.fail = interfere
        assert y.asnumpy().tolist() == [61, 62]
    assert read == [[39, 40]]
    assert [value.asnumpy().tolist() for value in values] == [[n + 2, n + 3] for n in range(60)]
    assert sorted(node_counts.values()) == [60, 60]


def test_after_a_piece_fails_the_others_can_be_read(failing: Any, settings: Any) -> None:
    runs = iter([False, False, True, True, True])
    values = []
    with settings(program_nodes=50), autograd.record():
        y = nd.array([1.0, 2.0])
        for _ in range(100):
            y = y + 1
            values.append(y)
            y = y * 1

        def fail(point: str) -> None:
            if point == "run" and next(runs, False):
                raise RuntimeError("injected")

        failing.fail = fail
        with pytest.raises(lazynd.MXNetError, match="injected"):
            y.asnumpy()
        failing.fail = lambda point: None
        assert [value.asnumpy()[0] for value in values] == [n + 2 for n in range(100)]
        assert y.asnumpy().tolist() == [101, 102]


def test_a_read_runs_all_that_is_connected_in_pieces_too(delta: Any, settings: Any) -> None:
    """So the rest of a step is no other program in the next round."""
    x = nd.array([0.5])
    x.attach_grad()
    with settings(program_nodes=60):
        since = delta()
        for number in range(4):
            with autograd.record():
                y = x
                for _ in range(50):
                    y = nd.sin(y)
                loss = y.sum()
            loss.backward()
            x[:] = x - x.grad
            loss.asscalar()
            moved = x.asscalar()
            if number == 0:
                since = delta()
                assert moved == pytest.approx(0.5 - sine_of_sines(0.5, 50), rel=1e-5)
        assert since.programs <= 1 and since.forces == 3


def sine_of_sines(x: float, times: int) -> float:
    """The derivative of so many sines of one another."""
    slope = 1.0
    for _ in range(times):
        slope, x = slope * np.cos(x), np.sin(x)
    return slope


def lengths_seen(times: int) -> float:
    y = nd.array([3.0, 4.0])
    for _ in range(times):
        y = nd.tanh(y * 2 + 1) - 0.5
    return float(y.sum().asscalar())


def test_a_plan_in_pieces_that_comes_often_becomes_one_program(
    delta: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the calls of its pieces have cost what compiling the whole does."""
    monkeypatch.setattr(partition, "_CALL", 1_000)
    monkeypatch.setattr(partition, "_COMPILING", 100)
    with settings(budget_nodes=20_000):
        fence()
        lengths_seen(14)
        since = delta()
        value = lengths_seen(21)  # 85 operators, 8.5 ms, in four pieces: 3 ms of calls each time
        assert since.runs == 4
        for _ in range(2):
            assert lengths_seen(21) == value
        since = delta()
        assert lengths_seen(21) == value
        assert (since.programs, since.runs) == (1, 1)
        since = delta()
        assert lengths_seen(21) == value
        assert (since.programs, since.runs) == (0, 1)


def test_two_keys_that_share_a_mark_are_cut_rightly(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.Plan, "mark", 0)
    with settings(budget_nodes=20_000):
        fence()
        for times in (14, 21, 3, 1, 30, 2):
            y = np.array([3.0, 4.0], np.float32)
            for _ in range(times):
                y = np.tanh(y * np.float32(2) + np.float32(1)) - np.float32(0.5)
            assert lengths_seen(times) == pytest.approx(float(y.sum()), rel=1e-5)


def test_contributions_are_added_as_they_come() -> None:
    """So the sums belong to the loop that is differentiated, and no step's contribution waits for the last."""
    w, x = nd.array([0.5, 0.25]), nd.array([2.0, 3.0])
    w.attach_grad()
    with autograd.record():
        y = x
        for _ in range(4):
            y = nd.tanh(y) * w
        loss = y.sum()
    loss.backward()
    names = [item.spec.op.name for item in LOCAL.state.regions.open.items if isinstance(item, Node) and item.spec]
    behind = names[names.index("sum") + 1 :]
    assert behind.count("elemwise_add") == 3
    assert behind[-1] == "elemwise_add" and behind[-2] != "elemwise_add"
    slope, value, expected = np.ones(2), np.array([2.0, 3.0]), np.zeros(2)
    weights = np.array([0.5, 0.25])
    values = [value]
    for _ in range(4):
        values.append(np.tanh(values[-1]) * weights)
    for value in reversed(values[:-1]):
        expected += slope * np.tanh(value)
        slope = slope * weights * (1 - np.tanh(value) ** 2)
    np.testing.assert_allclose(w.grad.asnumpy(), expected, rtol=1e-5)


def test_an_account_counts_equal_pieces_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What compiling costs is compared with what interpreting does: of 40 equal pieces one is compiled."""
    counted: list[int] = []
    real = tiers.compiling

    def compiling(specs: Any) -> float:
        counted.append(len(specs))
        return real(specs)

    monkeypatch.setattr(tiers, "compiling", compiling)
    with settings(program_nodes=100, tier="auto", backend="xla"), autograd.record():
        y = nd.array([3.0, 4.0])
        for _ in range(2000):
            y = y / 2 * 2
        assert y.asnumpy().tolist() == [3, 4]
    assert counted == [100]
