"""Batches of rows are data: what joins or cuts values runs on the host, and neither number nor choice compiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.errors import MXNetError
from lazynd.nd import NDArray
from lazynd.runtime import fence
from lazynd.runtime.run import moves
from lazynd.runtime.thread import LOCAL

from ..backends.fake import FakeBackend

pytestmark = pytest.mark.lazy
Array = np.ndarray[Any, Any]
Batch = Callable[[Array, NDArray, list[int]], NDArray]


def values(*shape: int) -> Array:
    return np.random.default_rng(0).random(shape).astype("float32")


def choices(steps: int, count: int, extent: int) -> list[list[int]]:
    return np.random.default_rng(1).integers(-extent, extent, (steps, count)).tolist()


BATCHES: dict[str, Batch] = {
    "stacked rows": lambda data, x, chosen: nd.stack(*[x[i] for i in chosen]),
    "joined rows": lambda data, x, chosen: nd.concat(*[x[i : i + 1 or None] for i in chosen], dim=0),
    "stacked samples": lambda data, x, chosen: nd.stack(*[nd.array(data[i]) for i in chosen]),
    "rows and samples": lambda data, x, chosen: nd.stack(*[x[i] if i % 2 else nd.array(data[i]) for i in chosen]),
}


def trained(batch: Batch, chosen: list[list[int]], data: Array) -> Array:
    """A linear model after some steps, its loss read at each."""
    x, w = nd.array(data), nd.array(values(data.shape[1], 1))
    w.attach_grad()
    nd.waitall()
    for each in chosen:
        rows = batch(data, x, each)
        with autograd.record():
            loss = (nd.dot(rows, w) ** 2).mean()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        loss.asscalar()
    return w.asnumpy()


@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.parametrize("count", [12, 300])
def test_how_a_batch_was_made_is_no_part_of_the_step(kind: str, count: int, empty_cache: None, delta: Any) -> None:
    data, chosen = values(50, 4), choices(4, count, 50)
    since = delta()
    expected = trained(lambda data, x, each: nd.array(data[each]), chosen, data)
    assert since.programs
    since = delta()
    np.testing.assert_array_equal(trained(BATCHES[kind], chosen, data), expected)
    assert since.programs == 0


@pytest.mark.parametrize("kind", BATCHES)
def test_no_number_of_rows_and_no_choice_of_them_compiles(kind: str, empty_cache: None, delta: Any) -> None:
    data = values(50, 4)
    x, since = nd.array(data), delta()
    batches = [chosen for count in (8, 9, 10, 31, 300, 1500) for chosen in choices(2, count, 50)]
    for chosen in batches:
        np.testing.assert_array_equal(BATCHES[kind](data, x, chosen).asnumpy(), data[chosen])
    assert since.programs == since.runs == 0
    samples = [sum(i % 2 == 0 for i in chosen) for chosen in batches] if kind == "rows and samples" else []
    assert since.moved == len(batches) + sum(n >= moves.MANY for n in samples)  # so many are joined first


def test_rows_of_an_array_on_the_device_are_moved_on_the_host_too(empty_cache: None, delta: Any) -> None:
    data = values(50, 4)
    x = nd.array(data) + 0  # of a program
    x.wait_to_read()
    since = delta()
    np.testing.assert_array_equal(BATCHES["stacked rows"](data, x, [*range(50)]).asnumpy(), data)
    parts = [x[i] + 0 for i in range(10)]
    for each in parts:
        each.wait_to_read()
    compiled = since.programs
    np.testing.assert_array_equal(nd.stack(*parts).asnumpy(), data[:10])
    assert since.moved == 2 and since.programs == compiled


def test_parts_of_a_value_are_cut_on_the_host(empty_cache: None, delta: Any) -> None:
    data = values(48, 4)
    x, since = nd.array(data), delta()
    for count in (8, 12, 16, 48):
        for part, expected in zip(nd.split(x, count, axis=0), np.split(data, count), strict=True):
            np.testing.assert_array_equal(part.asnumpy(), expected)
    assert since.programs == since.runs == 0 and since.moved == 4


def test_a_batch_is_recorded_as_one_node(delta: Any) -> None:
    x = nd.array(values(50, 4))
    before = len(LOCAL.state.regions.open.items)
    batch = BATCHES["stacked rows"](values(50, 4), x, [*range(50)] * 30)
    assert len(LOCAL.state.regions.open.items) == before + 1
    del batch


def test_recorded_rows_are_one_gather_in_the_program_of_the_step(empty_cache: None, delta: Any) -> None:
    """Nothing waits for the step before, whose result the rows are from."""
    w = nd.array(values(50, 4))
    w.attach_grad()
    nd.waitall()
    compiled = []
    for chosen in choices(4, 20, 50):
        since = delta()
        with autograd.record():
            loss = (nd.stack(*[w[i] for i in chosen]) ** 2).sum()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        loss.asscalar()
        assert (since.runs, since.moved) == (1, 0)
        compiled.append(since.programs)
    assert compiled == [1, 0, 0, 0]


def test_rows_of_what_the_same_program_computes_are_gathered_in_it(empty_cache: None, delta: Any) -> None:
    data, compiled = values(50, 4), []
    for chosen in choices(3, 20, 50):
        since = delta()
        x = nd.array(data) * 2
        np.testing.assert_array_equal(nd.stack(*[x[i] for i in chosen]).asnumpy(), data[chosen] * 2)
        compiled.append(since.programs)
    assert compiled == [1, 0, 0]


def test_nothing_is_moved_twice(node_counts: Counter[Any]) -> None:
    data = values(50, 4)
    x = nd.array(data)
    batch = nd.stack(*[x[i] for i in range(20)])
    joined = nd.concat(batch, *[nd.array(data[i : i + 1]) for i in range(9)], dim=0)
    (batch + 1).wait_to_read()
    np.testing.assert_array_equal(joined.asnumpy(), np.concatenate([data[:20], data[:9]]))
    np.testing.assert_array_equal(batch.asnumpy(), data[:20])
    assert node_counts and set(node_counts.values()) == {1}


@pytest.mark.parametrize("budget", [1, 3])
def test_a_region_that_ends_before_the_batch_is_recorded_hides_it_not(
    budget: int, settings: Any, empty_cache: None, delta: Any
) -> None:
    data = values(50, 4)
    x = nd.array(data)
    with settings(budget_nodes=budget):
        for count in range(10, 20):
            since = delta()
            y = x + 1
            y = y + 1
            batch = nd.stack(*[x[i] for i in range(count)])
            np.testing.assert_array_equal(batch.asnumpy(), data[:count])
            assert since.moved == 1
            np.testing.assert_array_equal(y.asnumpy(), data + 1 + 1)


def test_a_batch_that_waits_in_a_closed_region_is_moved(empty_cache: None, delta: Any) -> None:
    data = values(50, 4)
    x, since = nd.array(data), delta()
    first = nd.stack(*[x[i] for i in range(10)])
    fence()
    x[0] = 5
    second = nd.stack(*[x[i] for i in range(10)])
    assert since.moved == 0
    np.testing.assert_array_equal(first.asnumpy(), data[:10])
    assert second.asnumpy()[0].tolist() == [5] * 4


def test_a_failed_move_names_the_operator_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = nd.array(values(50, 4))
    batch = nd.stack(*[x[i] for i in range(10)])

    def full(spec: Any) -> Any:
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(moves, "_mover", full)
        said = r"(?s)_rows.*moving data failed for want of memory: no room.*test_rows\.py"
        with pytest.raises(MXNetError, match=said):
            batch.asnumpy()
    np.testing.assert_array_equal(batch.asnumpy(), values(50, 4)[:10])
    np.testing.assert_array_equal(x.asnumpy(), values(50, 4))


def test_what_is_moved_is_nobodys_memory_but_its_own(delta: Any) -> None:
    data = values(50, 4)
    x = nd.array(data)
    rows = nd.stack(*[x[i] for i in range(50)])
    joined = nd.concat(*[nd.array(data[i : i + 1]) for i in range(50)], dim=0)
    parts = nd.split(rows, 10, axis=0)
    for each in (rows, *parts):
        each.wait_to_read()
        each += 1
        each.wait_to_read()
    x += 5
    np.testing.assert_array_equal(x.asnumpy(), data + 5)
    np.testing.assert_array_equal(joined.asnumpy(), data)
    np.testing.assert_array_equal(nd.concat(*parts, dim=0).asnumpy(), data + 1)
    np.testing.assert_array_equal(rows.asnumpy(), data + 1)


def test_arrays_on_a_gpu_are_gathered_there(two_gpus: FakeBackend, delta: Any) -> None:
    data = values(50, 4)
    x, since = nd.array(data, ctx=lazynd.gpu(1)), delta()
    for chosen in choices(3, 20, 50):
        np.testing.assert_array_equal(nd.stack(*[x[i] for i in chosen]).asnumpy(), data[chosen])
    assert two_gpus.runs == [("gpu", 1)] * 3 and since.programs == 1 and since.moved == 0
