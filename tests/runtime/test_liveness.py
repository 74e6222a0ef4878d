"""Liveness by reference count: for each way to run, the outputs and donations of the program are those that are due.

A reference too many, held by whoever plans, makes a dead value an output and keeps a buffer from being donated.
"""

from __future__ import annotations

import ast
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.node import Output, leaf
from lazynd.ir.types import CPU, FLOAT32, Type
from lazynd.runtime import fence
from lazynd.runtime.run import liveness
from lazynd.runtime.run.plan import live
from lazynd.runtime.thread import LOCAL

from .conftest import Faulty

PACKAGE = pathlib.Path(lazynd.__file__).parent
SIZE = 1000


def test_one_module_asks_for_reference_counts() -> None:
    asking = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "getrefcount" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "getrefcount")
    ]
    assert asking == [str(pathlib.Path("runtime", "run", "liveness.py"))]


# ---------------------------------------------------------------------------------------------------- by hand


def node() -> Any:
    return leaf(Type((), FLOAT32, CPU), object())


def held_three_times(count: int) -> tuple[list[Any], list[Any], dict[Any, int]]:
    region = [node() for _ in range(count)]
    items = list(region)
    return region, items, dict.fromkeys(items, 0)


def test_an_item_is_wanted_if_one_reference_more_is_held() -> None:
    region, items, position = held_three_times(4)
    assert liveness.wanted_outside(items, [0] * 4) == [False] * 4
    held = items[2]
    assert liveness.wanted_outside(items, [0] * 4) == [False, False, True, False]
    assert liveness.wanted_outside(items, [0, 0, 1, 0]) == [False] * 4, "one use from within"
    del held
    assert liveness.wanted_outside(items, [0] * 4) == [False] * 4
    assert len(region) == len(position) == 4


@pytest.mark.parametrize("mistake", ["a loop variable", "enumerate", "a second list", "a variable"])
def test_what_the_callers_must_not_do(mistake: str) -> None:
    """Each makes an item look wanted; the module's text names them."""
    region, items, position = held_three_times(2)
    pairs = iter(())
    second: Any = None
    if mistake == "a loop variable":
        for second in items:  # noqa: B007 - it stays after the loop
            pass
    elif mistake == "enumerate":
        pairs = enumerate(items)  # type: ignore[assignment]
        next(pairs)
        next(pairs)
    elif mistake == "a second list":
        second = list(items)
    else:
        second = items[1]
    assert liveness.wanted_outside(items, [0, 0])[1]
    assert region and position and (pairs or second)


def test_a_leaf_is_dead_if_neither_it_nor_its_buffer_is_held() -> None:
    leaves = [node() for _ in range(3)]
    assert liveness.dead_leaves(leaves, {0: 0, 1: 0, 2: 0}) == [0, 1, 2]
    held, buffer = leaves[0], leaves[1].value
    assert liveness.dead_leaves(leaves, {0: 0, 1: 0, 2: 0}) == [2]
    assert liveness.dead_leaves(leaves, {0: 1, 1: 0}) == [0], "one use by the plan"
    assert held is not None and buffer is not None


def test_where_counts_prove_nothing_all_is_wanted(monkeypatch: pytest.MonkeyPatch, delta: Any) -> None:
    monkeypatch.setattr(liveness, "EXACT", False)
    region, items, position = held_three_times(3)
    assert liveness.wanted_outside(items, [0] * 3) == [True] * 3
    assert liveness.dead_leaves(items, {0: 0}) == []
    since = delta()
    x = nd.array(np.arange(SIZE))
    for n in range(3):
        x[:] = x * 2
        _ = x + n
        assert x.asnumpy()[1] == 2 ** (n + 1)
    assert since.donated == 0 and since.runs == 3
    assert region and position


# ---------------------------------------------------------------------------------------------------- by every way


class Watched:
    """How many outputs each program compiled has."""

    def __init__(self, faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outputs: list[int] = []
        real = faulty.inner.compile

        def compile(graph: Any, slots: int, donate: Any, keep: bool, given_kernels: Any = ()) -> Any:
            self.outputs.append(len(graph.outputs))
            return real(graph, slots, donate, keep, given_kernels)

        monkeypatch.setattr(faulty.inner, "compile", compile)


@pytest.fixture
def watched(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(faulty, monkeypatch)


def chain(x: nd.NDArray) -> None:
    """``x`` twice its values and one, by way of values that are dead; the buffer that it had is dead, too."""
    y = x * 2
    parts = nd.split(nd.concat(y, y, dim=0), 2, axis=0)
    x[:] = parts[0] + 1


def read(x: nd.NDArray) -> None:
    x.asnumpy()


def read_after_a_fence(x: nd.NDArray) -> None:
    fence()
    x.asnumpy()


def left_to_the_window(x: nd.NDArray) -> None:
    fence()
    _ = nd.ones((2,)) + 1
    fence()


def read_elsewhere(x: nd.NDArray) -> None:
    thread = threading.Thread(target=x.asnumpy)
    thread.start()
    thread.join()


def needed_by_the_next_region(x: nd.NDArray) -> None:
    fence()
    _ = (x.sum() + 1).asscalar()


def waited_for(x: nd.NDArray) -> None:
    nd.waitall()


WAYS: list[Callable[[nd.NDArray], None]] = [
    read, read_after_a_fence, left_to_the_window, read_elsewhere, waited_for, needed_by_the_next_region,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_dead_values_are_no_outputs_and_dead_buffers_are_donated(
    way: Callable[[nd.NDArray], None], watched: Watched, delta: Any
) -> None:
    x = nd.array(np.arange(SIZE))
    fence()
    for step in range(3):
        since = delta()
        del watched.outputs[:]
        chain(x)
        way(x)
        assert set(watched.outputs) <= {1}
        # The open region of another thread goes on listing what it ran: that buffer counts as wanted, and is copied.
        listed = step and way is read_elsewhere
        assert (since.donated, since.copied) == ((0, 1) if listed else (1, 0))
    assert x.asnumpy()[:2].tolist() == [7, 15]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_so_is_a_dead_value_that_was_recorded_last(way: Callable[[nd.NDArray], None], watched: Watched) -> None:
    x = nd.array(np.arange(SIZE))
    fence()
    y = x * 3
    _ = y.exp()
    del _
    way(y)
    assert set(watched.outputs) == {1}
    assert y.asnumpy()[:2].tolist() == [0, 3]


def test_pieces_of_a_plan_return_what_the_next_one_reads(watched: Watched, settings: Any, delta: Any) -> None:
    with settings(program_nodes=4):
        since = delta()
        x = nd.array(np.arange(SIZE))
        y = x * 2 + 1
        for _ in range(5):
            y = y * 2 + 1
        del x
        y.asnumpy()
    assert set(watched.outputs) == {1}
    # Each piece takes over the value before it; the region goes on listing those of the first two, so they are copied.
    assert since.runs == 3 and (since.donated, since.copied) == (1, 2)


def test_after_a_failure_the_attempts_return_the_root_alone(watched: Watched, faulty: Faulty, delta: Any) -> None:
    failures = iter(["run"])

    def fail(point: str) -> None:
        if point == next(failures, "none"):
            raise RuntimeError("injected")

    x = nd.array(np.arange(SIZE))
    fence()
    since = delta()
    chain(x)
    other = x * 3
    faulty.fail = lambda point: fail(point) if point == "run" else None
    x.asnumpy()
    faulty.fail = lambda point: None
    assert watched.outputs == [2, 1] and since.donated >= 1
    assert other.asnumpy()[:2].tolist() == [3, 9]


def test_a_training_step_returns_what_has_a_handle(watched: Watched, delta: Any) -> None:
    w, x = nd.array(np.ones((SIZE, 3))), nd.array(np.ones((2, SIZE)))
    w.attach_grad()
    fence()
    for step in range(3):
        since = delta()
        del watched.outputs[:]
        with autograd.record():
            loss = nd.log_softmax(nd.dot(x, w)).square().mean()
        loss.backward()
        w[:] = w - 0.1 * w.grad
        loss.asscalar()
        assert since.donated == 1 and since.copied == 0
        assert watched.outputs == ([3] if not step else []), "loss, gradient and weights"


def test_a_fence_keeps_what_something_outside_refers_to() -> None:
    x = nd.array([1.0, 2.0])
    parts = nd.split(x * 2, 2, axis=0)
    kept = parts[1]
    del parts
    region = LOCAL.state.regions.open
    found = live(region)
    assert found == [kept._cell.content] and isinstance(found[0], Output)
