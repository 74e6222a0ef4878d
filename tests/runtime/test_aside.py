"""What is recorded aside: one program of its own, whatever is recorded around it."""

from __future__ import annotations

import pytest

import lazynd
from lazynd import autograd, nd, runtime
from lazynd.nd import NDArray
from lazynd.runtime.thread import LOCAL


def drawn(count: int) -> list[NDArray]:
    return [nd.random.normal(shape=(3, 2 + i)) * 2 for i in range(count)]


@pytest.mark.lazy
def test_it_is_one_program_and_no_part_of_the_work_at_hand() -> None:
    made: list[NDArray] = []

    def step(inner: bool) -> float:
        x = nd.ones((2, 3))
        x.attach_grad()
        with autograd.record():
            y = x * 2
            for number in range(3):
                if inner:
                    with runtime.aside():
                        made.extend(drawn(number + 1))
                        with runtime.aside():
                            made.extend(drawn(1))
                y = y + 1
            loss = y.sum()
        loss.backward()
        for each in made:
            assert each._cell.history is None
        return float(loss.asscalar())

    step(False)
    before = lazynd.stats().programs
    assert step(True) == 30
    nd.waitall()
    assert lazynd.stats().programs - before == 1, "the step's is known"


@pytest.mark.lazy
def test_reading_one_value_computes_all() -> None:
    with runtime.aside():
        made = drawn(4)
    other = nd.ones(2) + 1
    before = lazynd.stats().runs
    made[2].asnumpy()
    assert lazynd.stats().runs - before == 1
    for each in made:
        each.asnumpy()
    assert lazynd.stats().runs - before == 1 and LOCAL.state.recorder.is_pending(other._cell)


def test_values_may_be_read_inside_and_more_be_recorded_after() -> None:
    with runtime.aside():
        first = drawn(1)[0]
        total = first.asnumpy().sum()
        second = nd.ones(2) * 3
    assert second.asnumpy().tolist() == [3, 3] and first.asnumpy().sum() == total
    with runtime.aside():
        third = second + 1
    assert third.asnumpy().tolist() == [4, 4]


def test_what_fails_inside_leaves_the_work_as_it_was() -> None:
    x = nd.ones(2) + 1
    with pytest.raises(ZeroDivisionError), runtime.aside():
        y = nd.ones(2) * 5
        1 / 0
    assert x.asnumpy().tolist() == [2, 2] and y.asnumpy().tolist() == [5, 5]
    assert not LOCAL.state.recording


def test_it_is_no_part_of_a_trace() -> None:
    kept: list[NDArray] = []

    def body(x: NDArray, state: NDArray) -> tuple[NDArray, NDArray]:
        if not kept:
            with runtime.aside():
                kept.append(nd.ones(2) * 3)
        return x * kept[0], state

    outputs, _ = nd.contrib.foreach(body, nd.array([[1, 2], [3, 4]]), nd.zeros(1))
    assert outputs.asnumpy().tolist() == [[3, 6], [9, 12]] and kept[0].asnumpy().tolist() == [3, 3]
