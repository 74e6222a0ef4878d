"""Work on the host: computed when it is recorded, whatever it is; what making batches is recorded in."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.nd import host


def programs() -> tuple[int, int, int]:
    stats = lazynd.stats()
    return stats.runs, stats.interpreted, stats.programs


@pytest.mark.lazy  # about programs
def test_nothing_is_pending_and_no_program_runs() -> None:
    x = nd.array([[1, 2, 3], [4, 5, 6]])
    x.wait_to_read()
    before = programs()
    with host.at_once():
        y = (x * 2 + 1)[1]
        y[1:] = 0
        parts = nd.split(x, 3, axis=1)
        z = nd.concat(*parts, dim=1).sum(axis=0)
        for each in (y, z, *parts):
            assert not host.is_pending(each)
    assert programs() == before
    assert y.asnumpy().tolist() == [9, 0, 0] and z.asnumpy().tolist() == [5, 7, 9]
    assert host.is_pending(x + 1), "afterwards things are as before"


def test_the_same_values_as_in_programs(rng: np.random.Generator) -> None:
    """Draws and functions too, to the bit."""
    values = rng.normal(size=(4, 5)).astype("float32")

    def compute() -> list[Any]:
        lazynd.random.seed(4)
        x = nd.array(values)
        made = [
            nd.exp(x),
            nd.softmax(x),
            nd.random.normal(shape=(3,)),
            nd.topk(x, k=2),
            nd.random.shuffle(x),
            x[2:4, 1],
        ]
        return [each.asnumpy() for each in made]

    there = compute()
    with host.at_once():
        here = compute()
    np.testing.assert_allclose(here[1], there[1], rtol=1e-6)  # a sum in another order
    for one, other in zip(here[:1] + here[2:], there[:1] + there[2:], strict=True):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes()


def test_what_is_pending_is_computed_first_and_results_are_no_views() -> None:
    x = nd.arange(4) + 1
    with host.at_once():
        y = x.reshape((2, 2))
        z = nd.transpose(y)
        y[:] = 7
    assert x.asnumpy().tolist() == [7, 7, 7, 7], "a view writes its base"
    assert z.asnumpy().tolist() == [[1, 3], [2, 4]]


def test_gradients() -> None:
    w = nd.array([1.0, 2.0])
    w.attach_grad()
    with autograd.record(), host.at_once():
        loss = (w * w).sum()
    loss.backward()
    assert w.grad.asnumpy().tolist() == [2, 4]


def test_errors_are_those_of_programs() -> None:
    with host.at_once():
        with pytest.raises(lazynd.MXNetError, match="dot"):
            nd.dot(nd.ones((2, 3)), nd.ones((2, 3)))
        with pytest.raises(IndexError, match=r"(?s)index 7.*test_host[.]py"):
            nd.take(nd.ones((2,)), nd.array([7]), mode="raise")
        assert (nd.ones((2,)) + 1).asnumpy().tolist() == [2, 2]


def test_it_is_the_threads_own() -> None:
    pending = []

    def look() -> None:
        pending.append(host.is_pending(nd.ones((2,)) + 1))

    with host.at_once():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert not host.is_pending(nd.ones((2,)) + 1)
    assert pending == [not lazynd.config.eager]


def test_a_trace_stays_a_trace() -> None:
    def body(x: Any, state: Any) -> Any:
        with host.at_once():
            assert host.traces()
            return x + state, state + 1

    made, last = nd.contrib.foreach(body, nd.ones((3, 2)), nd.zeros((2,)))
    assert made.asnumpy()[:, 0].tolist() == [1, 2, 3] and last.asnumpy().tolist() == [3, 3]
    assert not host.traces()


def test_adopted_memory() -> None:
    values = np.arange(6, dtype="int32").reshape((2, 3))
    x = host.adopted(values)
    assert np.shares_memory(host.lent(x), values) and x.dtype is np.int32
    assert (x + 1).asnumpy().tolist() == [[1, 2, 3], [4, 5, 6]]
    assert host.adopted(np.array(3.0)).shape == ()
    with pytest.raises(KeyError):
        host.adopted(np.array(["a"]))


def test_seeds_follow_from_the_seed() -> None:
    lazynd.random.seed(1)
    first = [host.fresh_seed() for _ in range(3)]
    lazynd.random.seed(1)
    assert [host.fresh_seed() for _ in range(3)] == first and len(set(first)) == 3
    assert all(0 <= seed < 1 << 32 for seed in first)
