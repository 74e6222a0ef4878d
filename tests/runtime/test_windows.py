"""Windows: loops that read nothing run as the same program again and again, whatever their body."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends import get_backend
from lazynd.runtime import fence
from lazynd.runtime.thread import LOCAL

NAMES = ["sin", "cos", "tanh", "relu"]
START = np.array([0.3, -0.2, 1.5], np.float32)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    """Programs are counted here, and NumPy's are made in no time."""
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    fence()  # what the tests before have shown to repeat is forgotten
    nd.waitall()


def apply(names: list[str], times: int) -> float:
    x = nd.array(START)
    for _ in range(times):
        for name in names:
            x = getattr(nd, name)(x)
    return float(x.sum().asscalar())


def expected(names: list[str], times: int) -> float:
    x = START
    for _ in range(times):
        for name in names:
            x = np.maximum(x, 0) if name == "relu" else getattr(np, name)(x)
    return float(x.sum())


@pytest.mark.parametrize("length", [10, 13, 49, 52, 75, 100, 101, 150, 250, 400])
def test_a_loop_of_any_length_is_few_programs(length: int, delta: Any) -> None:
    names = random.Random(length).choices(NAMES, k=length)
    times = max(4000 // length, 12)
    since = delta()
    # Each function is a contraction or keeps distances, but for its own rounding.
    assert apply(names, times) == pytest.approx(expected(names, times), rel=1e-4)
    assert since.programs <= 5, "the first window, the others, and what is left at the end"
    assert since.executed == length * times + 1
    since = delta()
    apply(names, times)
    assert since.programs == 0, "the windows of the second time are cut as those of the first"
    since = delta()
    apply(names, times + 3)
    assert since.programs <= 3, "what is left at the end"


def test_a_window_holds_two_periods_at_least(delta: Any) -> None:
    names = random.Random(3).choices(NAMES, k=150)
    apply(names, 20)
    since = delta()
    apply(names, 40)
    assert 18 <= since.runs <= 22


def test_what_comes_before_the_loop_may_change(delta: Any) -> None:
    names = random.Random(1).choices(NAMES, k=52)
    apply(names, 20)
    since = delta()
    x = nd.array(START)
    for _ in range(5):
        x = x + 1
    for _ in range(40):
        for name in names:
            x = getattr(nd, name)(x)
    x.wait_to_read()
    assert since.programs <= 3, "the first window and what is left"


def test_another_loop_has_other_windows(delta: Any) -> None:
    first, second = (random.Random(seed).choices(NAMES, k=60) for seed in (1, 2))
    since = delta()
    x = nd.array(START)
    for names in (first, second, first):
        for _ in range(30):
            for name in names:
                x = getattr(nd, name)(x)
    x.wait_to_read()
    # Of each loop the first window, with what is left of the loop before, and the others; what is left at the end.
    assert since.programs <= 8
    total = sum(x.asnumpy())
    y = START
    for names in (first, second, first):
        for name in names * 30:
            y = np.maximum(y, 0) if name == "relu" else getattr(np, name)(y)
    assert total == pytest.approx(y.sum(), rel=1e-4)


def test_arrays_made_in_the_loop_and_several_outputs(delta: Any) -> None:
    """An evaluation: a batch from the host each time, through 24 layers, of which one splits and joins its values."""
    layers = [nd.array(np.eye(4) * 0.5) for _ in range(24)]

    def evaluate(batches: int) -> float:
        total = nd.zeros((1,))
        for number in range(batches):
            h = nd.array(np.full((2, 4), number))
            for w in layers:
                h = nd.relu(nd.dot(h, w))
            a, b = nd.split(h, 2, axis=1)
            total = total + nd.concat(b, a, dim=1).sum()
        return float(total.asscalar())

    since = delta()
    assert evaluate(24) == pytest.approx(8 * sum(range(24)) * 0.5**24)
    assert since.programs <= 4
    since = delta()
    assert evaluate(24) == pytest.approx(8 * sum(range(24)) * 0.5**24)
    assert since.programs <= 1


def test_a_loop_that_is_read_in_the_middle_stays_few_programs(delta: Any) -> None:
    """As many rounds between two reads as the data say."""
    names = random.Random(5).choices(NAMES, k=30)
    lengths = [random.Random(6).randrange(1, 25) for _ in range(40)]
    since = delta()
    for times in lengths:
        assert apply(names, times) == pytest.approx(expected(names, times), rel=1e-4)
    assert since.programs <= 10
    since = delta()
    for times in lengths:
        apply(names, times)
    assert since.programs <= 1


def test_what_is_left_after_a_window_belongs_to_the_next_region(delta: Any) -> None:
    names = random.Random(7).choices(NAMES, k=70)
    apply(names, 20)
    x = nd.array(START)
    kept = []
    for _ in range(20):
        for name in names:
            x = getattr(nd, name)(x)
            kept.append(x)
    closed, following = LOCAL.state.regions.closed[-1], LOCAL.state.regions.open
    assert all(item.node.region is closed for item in closed.items)
    assert all(item.node.region is following for item in following.items)
    y = START
    for name, value in zip(names * 20, kept, strict=True):
        y = np.maximum(y, 0) if name == "relu" else getattr(np, name)(y)
        np.testing.assert_allclose(value.asnumpy(), y, rtol=1e-4)


def test_a_force_in_progress_keeps_its_region_whole(faulty: Any) -> None:
    """While a program is compiled, what runs then (a handler, a finalizer) may record so much that a window is full."""
    faulty.inner = get_backend("numpy")
    names = random.Random(8).choices(NAMES, k=150)
    rounds = names * 4

    def interrupt(point: str) -> None:
        if point == "compile" and not others:
            others.append(x)
            for name in rounds[399:]:
                others.append(getattr(nd, name)(others[-1]))

    others: list[Any] = []
    x = nd.array(START)
    for name in rounds[:399]:  # one more, and the region is looked at again
        x = getattr(nd, name)(x)
    faulty.fail = interrupt
    y = START
    for name in rounds[:399]:
        y = np.maximum(y, 0) if name == "relu" else getattr(np, name)(y)
    np.testing.assert_allclose(x.asnumpy(), y, rtol=1e-4)
    assert float(others[-1].sum().asscalar()) == pytest.approx(expected(names, 4), rel=1e-4)


def rolled_out(lengths: list[int]) -> list[float]:
    """Episodes of a policy, one after the other: what was returned is read at the end of each."""
    rng = np.random.RandomState(1)
    first, second = (nd.array(rng.randn(*shape)) for shape in ((4, 8), (8, 2)))
    returns = []
    for length in lengths:
        state, total = nd.ones((1, 4)), nd.zeros((1,))
        for _ in range(length):
            chosen = nd.softmax(nd.dot(nd.tanh(nd.dot(state, first)), second))
            state = nd.tanh(state * 0.9 + chosen[0, 0] * 0.1)
            total = total + state.sum()
        returns.append(float(total.asscalar()))
    return returns


def trained(lengths: list[int]) -> list[float]:
    """Back-propagation through sequences of as many steps: the losses."""
    rng = np.random.RandomState(2)
    weights = [nd.array(rng.randn(*shape) * 0.3) for shape in ((3, 5), (5, 5), (5, 1))]
    for w in weights:
        w.attach_grad()
    losses = []
    for length in lengths:
        steps = [nd.array(rng.randn(2, 3)) for _ in range(length)]
        with autograd.record():
            h = nd.zeros((2, 5))
            for x in steps:
                h = nd.tanh(nd.dot(x, weights[0]) + nd.dot(h, weights[1]))
            loss = nd.square(nd.dot(h, weights[2])).sum()
        loss.backward()
        for w in weights:
            w[:] = w - 0.01 * w.grad
        losses.append(float(loss.asscalar()))
    return losses


@pytest.mark.parametrize(("loop", "most"), [(rolled_out, 10), (trained, 18)])
def test_lengths_that_change_are_few_programs(
    loop: Callable[[list[int]], list[float]], most: int, delta: Any, settings: Any
) -> None:
    lengths = random.Random(4).choices(range(1, 25), k=60)
    assert len(set(lengths)) > 20
    since = delta()
    found = loop(lengths)
    assert since.programs <= most
    since = delta()
    assert loop(lengths) == found, "the second time, plans are cut that ran whole: NumPy computes both alike"
    assert since.programs <= 3, "pieces of plans that ran whole the first time"
    with settings(eager=True):
        np.testing.assert_allclose(found, loop(lengths), rtol=1e-4)
