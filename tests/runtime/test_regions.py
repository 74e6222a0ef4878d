"""Regions, fences, the window and budgets: what runs together, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.runtime import fence
from lazynd.runtime.thread import LOCAL


def waiting() -> int:
    return len(LOCAL.state.regions.closed)


def test_a_fence_runs_nothing_and_parts_programs(delta: Any) -> None:
    since = delta()
    x = nd.array([1.0, 2.0]) + 1
    fence()
    y = x * 2
    fence()
    assert since.runs == 1, "a second closed region stands behind the first"
    z = y - 1
    assert z.asnumpy().tolist() == [3, 5]
    assert since.runs == 3 and since.windows == 1


def test_fences_with_nothing_between_are_one(delta: Any) -> None:
    since = delta()
    x = nd.array([1.0]) + 1
    for _ in range(5):
        fence()
    assert waiting() == 1 and since.runs == 0
    assert x.asscalar() == 2


@pytest.mark.parametrize("window", [0, 1, 3])
def test_the_window_is_a_setting(window: int, settings: Any, delta: Any) -> None:
    with settings(window=window):
        since = delta()
        kept = []
        for i in range(6):
            kept.append(nd.array([1.0]) + i)
            fence()
            assert waiting() == min(i + 1, window)
        assert since.runs == 6 - window and since.forces == 0
        assert [k.asscalar() for k in kept] == [1, 2, 3, 4, 5, 6]


def test_the_outermost_record_is_a_fence_and_inner_ones_are_not() -> None:
    x = nd.array([1.0])
    x.attach_grad()
    nd.waitall()
    y = x + 1
    with autograd.record():
        assert waiting() == 1
        z = x * y
        with autograd.pause():
            w = x * 3
        with autograd.record():
            z = z * 2
        assert waiting() == 1
    z.backward()
    assert x.grad.asscalar() == 4 and w.asscalar() == 3


def test_any_number_of_initialisations_is_one_program(delta: Any) -> None:
    nd.waitall()
    since = delta()
    parameters = [nd.random.normal(shape=(2, n + 1)) for n in range(24)]
    for each in parameters:
        each.attach_grad()
    fence()
    parameters[12].asnumpy()
    assert since.programs <= 1 and since.runs == 1
    assert all(p.grad.asnumpy().sum() == 0 for p in parameters) and since.runs == 1


def test_initialisations_that_are_read_one_by_one_compile_nothing(empty_cache: None, settings: Any, delta: Any) -> None:
    """However many parameters there are, and of whatever shapes."""
    since = delta()
    with settings(tier="auto"):
        drawn = [nd.random.normal(shape=(2, n + 1)).asnumpy() for n in range(62)]
        alike = [nd.random.uniform(shape=(7, 9)).asnumpy() for _ in range(100)]
    assert since.programs == 0
    assert len({each.tobytes() for each in drawn + alike}) == 162


def test_what_a_region_returns_is_settled_at_its_fence(empty_cache: None, delta: Any) -> None:
    """A value that dies between the fence and the run does not make it another program."""
    x = nd.array([1.0, 2.0])
    since = delta()
    for drop in (False, True, False):
        y = x * 2
        z = y + 1
        fence()
        if drop:
            del y
        assert z.asnumpy().tolist() == [3, 5]
    assert since.programs == 1


def test_inside_record_only_the_hard_limit_cuts(settings: Any, delta: Any) -> None:
    x = nd.array([1.0])
    x.attach_grad()
    nd.waitall()
    with settings(hard_limit=50), autograd.record():
        since = delta()
        y = x
        for _ in range(49):
            y = y + 1
        assert waiting() == 0
        for _ in range(60):
            y = y + 1
        assert waiting() == 1 and since.runs >= 1
    y.backward()
    assert x.grad.asscalar() == 1 and y.asscalar() == 110


def test_bytes_count_before_nodes(settings: Any) -> None:
    """R13: a few large arrays use up the budget that hundreds of small ones may share."""
    with settings(budget_nodes=10):  # or 40 MiB: two of the arrays and their nodes
        fence()  # the setting holds from the next region on
        total = nd.zeros((1 << 22,))  # 16 MiB
        most = 0
        for _ in range(40):
            total = total + 1
            most = max(most, LOCAL.state.regions.pending())
        assert most <= 10
        assert (total.asnumpy() == 40).all()


def test_a_total_that_is_never_read_holds_no_history() -> None:
    total = nd.zeros((1,))
    most = 0
    for i in range(3000):
        total += nd.array([float(i)])
        most = max(most, LOCAL.state.regions.pending())
    assert most <= 250
    assert total.asscalar() == 3000 * 2999 / 2


def test_big_arrays_are_arguments_of_programs_not_constants(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """R37."""
    sizes: list[int] = []
    real = faulty.inner.compile

    def compile(graph: Any, slots: int, donate: Any, keep: bool, given_kernels: Any = ()) -> Any:
        sizes.extend(np.size(n.spec.attributes["value"]) for n in graph.nodes if n.spec.op.name == "constant")
        return real(graph, slots, donate, keep, given_kernels)

    monkeypatch.setattr(faulty.inner, "compile", compile)
    table = nd.array(np.arange(1000))
    w = nd.array(np.ones((1000, 3)))
    w.attach_grad()
    with autograd.record():
        loss = (nd.dot(table.reshape((1, 1000)), w) + w[2:4].sum() + table[7]).sum()
    loss.backward()
    w[:] = w - 0.1 * w.grad
    w.asnumpy()
    assert all(size <= 64 for size in sizes)


def test_structural_powers_are_structure_and_others_are_not(empty_cache: None, delta: Any) -> None:
    """R9."""
    x = nd.array([4.0, 9.0])
    since = delta()
    for p, expected in ((2, [16, 81]), (0.5, [2, 3]), (1, [4, 9]), (0, [1, 1]), (-1, [0.25, 1 / 9])):
        np.testing.assert_allclose((x**p).asnumpy(), expected, rtol=1e-6)
    structural = since.programs
    assert structural <= 5
    for p in (1.5, 2.5, 3.0, 3.5):
        np.testing.assert_allclose((x**p).asnumpy(), np.array([4.0, 9.0]) ** p, rtol=1e-5)
    assert since.programs == structural + 1


def test_a_loop_after_record_is_cut_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "budget_nodes", 10)
    w = nd.ones((3,))
    w.attach_grad()
    with autograd.record():
        loss = (w * w).sum()
    loss.backward()
    loss.wait_to_read()
    total = nd.zeros((1,))
    longest = 0
    for i in range(500):  # an evaluation: 3 operators and a new batch each time
        total += (nd.array([i, 1.0]) * 2).sum()
        longest = max(longest, len(LOCAL.state.regions.open.items))
    assert longest <= 16 * 10, "at most 16 budgets"
    assert total.asscalar() == sum(2 * (i + 1) for i in range(500))


def test_a_step_is_not_cut_where_its_updates_repeat(
    monkeypatch: pytest.MonkeyPatch, delta: Any, empty_cache: None
) -> None:
    monkeypatch.setattr(lazynd.config, "budget_nodes", 10)
    parameters = [nd.full((2,), i) for i in range(20)]
    for each in parameters:
        each.attach_grad()
    nd.waitall()
    since = delta()
    for _ in range(3):
        with autograd.record():
            loss = nd.square(nd.add_n(*parameters)).sum()
        loss.backward()
        for each in parameters:
            each[:] = each - 0.1 * (each.grad / 2 + 0.01 * each)
        loss.wait_to_read()
    assert since.runs == 3
