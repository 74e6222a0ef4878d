"""Failures: whatever goes wrong, each array has its value from before the program or after it; errors name the line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd
from lazynd.ir.errors import InternalError
from lazynd.ir.node import Node
from lazynd.runtime import fence
from lazynd.runtime.run.runs import RegionRun, Run

from .conftest import Faulty


class Bang(RuntimeError):
    """The injected failure."""


def failing(point: str, times: int = 1, after: int = 0) -> Callable[[str], None]:
    """Fails ``times`` times at ``point``, after it was passed ``after`` times."""
    seen = 0

    def fail(where: str) -> None:
        nonlocal seen
        if where == point:
            seen += 1
            if after < seen <= after + times:
                raise Bang(f"injected at {point}")

    return fail


def mentions_this_file(error: BaseException, *texts: str) -> None:
    text = str(error)
    assert __file__ in text, text
    for each in texts:
        assert each in text, text


@pytest.mark.parametrize("point", ["put", "compile", "run"])
def test_an_index_error_that_is_no_check_leaves_everything_pending(point: str, faulty: Faulty) -> None:
    def fail(where: str) -> None:
        if where == point:
            raise IndexError("a mistake of the backend")

    z = nd.array([1.0, 2.0, 3.0]) * 2 + 1
    faulty.fail = fail
    with pytest.raises(MXNetError) as caught:
        z.asnumpy()
    mentions_this_file(caught.value, "IndexError: a mistake of the backend")
    assert not isinstance(caught.value, IndexError)
    faulty.fail = lambda where: None
    assert z.asnumpy().tolist() == [3, 5, 7]


@pytest.mark.parametrize("point", ["put", "compile", "run", "ran"])
def test_a_failure_leaves_everything_pending_and_the_next_read_succeeds(point: str, faulty: Faulty) -> None:
    x = nd.array([1.0, 2.0, 3.0])
    y = x * 2
    z = y + 1
    faulty.fail = failing(point, times=3)  # the program, the root alone, operator by operator
    with pytest.raises(MXNetError) as caught:
        z.asnumpy()
    mentions_this_file(caught.value, "Bang", "injected")
    faulty.fail = lambda where: None
    assert z.asnumpy().tolist() == [3, 5, 7]
    assert y.asnumpy().tolist() == [2, 4, 6] and x.asnumpy().tolist() == [1, 2, 3]


@pytest.mark.parametrize("point", ["put", "compile", "run"])
def test_a_failure_that_passes_is_retried_without_the_user_noticing(point: str, faulty: Faulty, delta: Any) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y + 1
    faulty.fail = failing(point)
    assert z.asnumpy().tolist() == [3, 5]
    faulty.fail = lambda where: None
    assert y.asnumpy().tolist() == [2, 4]


def test_a_failing_program_of_several_roots_retries_the_root_alone(
    faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not need the failing operator is computed; what needs it says so, each time."""
    x = nd.array([1.0, 4.0])
    shared = x + 0
    good = shared.sqrt()
    bad = shared.exp()
    poisoned = {"exp", "exponential"}  # the operator alone, and its primitive in a program
    real = faulty.inner.compile

    def compile(graph: Any, slots: int, donate: Any, keep: bool, given_kernels: Any = ()) -> Any:
        if any(node.spec.op.name in poisoned for node in graph.nodes):
            raise Bang("no exp here")
        return real(graph, slots, donate, keep, given_kernels)

    monkeypatch.setattr(faulty.inner, "compile", compile)
    assert good.asnumpy().tolist() == [1, 2]
    for _ in range(2):
        with pytest.raises(MXNetError) as caught:
            bad.asnumpy()
        mentions_this_file(caught.value, "[exp]", "no exp here", "shared.exp()")
    assert shared.asnumpy().tolist() == [1, 4] and good.asnumpy().tolist() == [1, 2]
    poisoned.clear()
    np.testing.assert_allclose(bad.asnumpy(), np.exp([1, 4]), rtol=1e-6)


def test_the_culprit_is_named_operator_by_operator(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    real = faulty.inner.compile

    def compile(graph: Any, slots: int, donate: Any, keep: bool, given_kernels: Any = ()) -> Any:
        names = {node.spec.op.name for node in graph.nodes}
        if names & {"log", "tanh"}:
            raise Bang("not on this device")
        return real(graph, slots, donate, keep, given_kernels)

    monkeypatch.setattr(faulty.inner, "compile", compile)
    x = nd.array([1.0])
    y = (x + 1).log()  # the culprit
    z = y * 2 - 3
    with pytest.raises(MXNetError) as caught:
        z.asnumpy()
    mentions_this_file(caught.value, "[log]", "the culprit")


def train_step(w: Any, x: Any) -> Any:
    with autograd.record():
        loss = nd.dot(x, w).square().sum()
    loss.backward()
    w[:] = w - 0.125 * w.grad
    return loss


@pytest.mark.parametrize("point", ["put", "compile", "run"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_training_goes_on_after_a_failure_as_if_nothing_had_been(point: str, after: int, faulty: Faulty) -> None:
    def run(fail: Callable[[str], None]) -> tuple[list[float], Any]:
        w, x = nd.array([[0.5], [0.25]]), nd.array([[1.0, -1.0], [0.5, 1.0]])
        w.attach_grad()
        fence()
        faulty.fail = fail
        seen = []
        for _ in range(4):
            loss = train_step(w, x)
            try:
                seen.append(float(loss.asscalar()))
            except MXNetError:
                seen.append(float(loss.asscalar()))
        faulty.fail = lambda where: None
        return seen, w.asnumpy()

    smooth = run(lambda where: None)
    rough = run(failing(point, 3, after))
    assert smooth[0] == rough[0] and (smooth[1] == rough[1]).all()


def test_window_failures_are_logged_and_told_at_the_read(faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    fence()
    z = x * 3 + 1
    faulty.fail = failing("run", times=1)
    with caplog.at_level(logging.WARNING, "lazynd"):
        fence()  # a second closed region stands behind the first: it runs, and fails
        unrelated = x - 1
        assert unrelated.asnumpy().tolist() == [0, 1]
    records = [r for r in caplog.records if getattr(r, "event", "") == "failure"]
    assert len(records) == 1 and records[0].cause == "window" and "injected" in records[0].getMessage()
    assert z.asnumpy().tolist() == [4, 7]
    assert y.asnumpy().tolist() == [2, 4], "still pending, so it can be tried again"


def test_window_failure_that_stays_is_an_error_at_every_read(faulty: Faulty) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    fence()
    z = x * 3 + 1
    faulty.fail = failing("run", times=10**6)
    fence()
    for _ in range(2):
        with pytest.raises(MXNetError) as caught:
            y.asnumpy()
        mentions_this_file(caught.value, "y = x * 2")
    faulty.fail = lambda where: None
    assert y.asnumpy().tolist() == [2, 4] and z.asnumpy().tolist() == [4, 7]


def test_waitall_tells_the_failure_and_the_rest_can_still_run(faulty: Faulty) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    faulty.fail = failing("run", times=10**6)
    with pytest.raises(MXNetError, match="injected"):
        nd.waitall()
    faulty.fail = lambda where: None
    nd.waitall()
    assert y.asnumpy().tolist() == [2, 4]


def test_waitall_runs_the_others_and_waits_for_them(faulty: Faulty, settings: Any) -> None:
    """R7: what was dispatched is there, not only on its way."""
    with settings(window=5):
        first = nd.array([1.0]) + 1
        fence()
        big = nd.random.normal(shape=(700, 700))
        for _ in range(6):
            big = nd.dot(big, big) * 1e-3
        fence()
        faulty.fail = failing("compile")
        with pytest.raises(MXNetError, match="injected"):
            nd.waitall()
        faulty.fail = lambda where: None
        value = big._cell.content.value
        assert value is not None and value.is_ready()
    assert first.asscalar() == 2


def donating_pair(faulty: Faulty) -> tuple[Any, Any]:
    """An array whose program takes the old buffer over: compiled, so that the next run does so."""
    x = nd.array(np.arange(1000))
    (x + 0).asnumpy()

    def step() -> None:
        x[:] = x * 2

    for _ in range(2):
        step()
        x.asnumpy()
    return x, step


def test_a_value_lost_with_a_donated_buffer_says_so_with_line_and_cause(faulty: Faulty, delta: Any) -> None:
    x, step = donating_pair(faulty)
    step()
    since = delta()
    faulty.fail = failing("ran", times=10**6)  # the program ran, and took the buffer, but gave no result
    for _ in range(2):
        with pytest.raises(MXNetError) as caught:
            x.asnumpy()
        mentions_this_file(caught.value, "injected at ran", "x[:] = x * 2")
    assert since.donated >= 1
    assert "lost" in str(caught.value)
    faulty.fail = lambda where: None
    with pytest.raises(MXNetError, match="lost"):
        x.asnumpy()
    with pytest.raises(MXNetError, match="lost"):
        (x + 1).asnumpy()
    x[:] = 5
    assert (x.asnumpy() == 5).all(), "a new value ends the loss"
    other = nd.array([1.0]) + 1
    assert other.asscalar() == 2


def test_what_needs_a_lost_value_later_says_so_too(faulty: Faulty) -> None:
    x, step = donating_pair(faulty)
    step()
    faulty.fail = failing("ran", times=1)
    with pytest.raises(MXNetError):
        x.asnumpy()
    late = x.sum() * 2
    fence()
    with pytest.raises(MXNetError, match="lost"):
        late.asscalar()
    nd.waitall()


def test_before_a_donated_buffer_is_consumed_nothing_is_lost(faulty: Faulty) -> None:
    x, step = donating_pair(faulty)
    expected = x.asnumpy()
    step()
    faulty.fail = failing("run", times=10**6)
    with pytest.raises(MXNetError):
        x.asnumpy()
    faulty.fail = lambda where: None
    assert (x.asnumpy() == expected * 2).all()


def test_a_failure_while_publishing_is_before_or_after(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    from lazynd.runtime.run import execute

    real = execute.publish
    left = [3]

    def publish(*arguments: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise Bang("injected at publish")
        real(*arguments)

    monkeypatch.setattr(execute, "publish", publish)
    monkeypatch.setattr("lazynd.runtime.run.interpret.publish", publish)
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y + 1
    with pytest.raises((MXNetError, Bang), match="injected at publish"):
        z.asnumpy()
    assert z.asnumpy().tolist() == [3, 5] and y.asnumpy().tolist() == [2, 4]


def test_a_failing_backward_function_leaves_the_gradients_alone() -> None:
    class Broken(autograd.Function):
        def forward(self, x: Any) -> Any:
            return x * 2

        def backward(self, dy: Any) -> Any:
            raise Bang("in backward")

    x = nd.array([1.0, 2.0])
    w = nd.array([3.0, 4.0])
    x.attach_grad()
    w.attach_grad()
    x.grad[:] = 7
    with autograd.record():
        y = (Broken()(x) + w * 3).sum()
    with pytest.raises(Bang):
        y.backward()
    assert x.grad.asnumpy().tolist() == [7, 7] and w.grad.asnumpy().tolist() == [0, 0]
    assert not autograd.is_recording()


@pytest.fixture
def f_of_x() -> Iterator[Callable[[Any, Any], Any]]:
    yield lambda a, b: (a * b).sum()


def test_an_array_may_be_given_twice_even_when_it_is_overwritten(f_of_x: Callable[[Any, Any], Any]) -> None:
    """R29: the same buffer in two places is one leaf, and is not taken over while it is still read."""
    x = nd.array([1.0, 2.0])
    for _ in range(4):
        before = x.asnumpy()
        assert f_of_x(x, x).asscalar() == (before**2).sum()
        x[:] = x * x
        assert (x.asnumpy() == before * before).all()
    a = nd.array([1.0, 2.0])
    b = a.copy()
    for _ in range(3):
        a[:] = a + b
        b[:] = b + a
        a.asnumpy()
        b.asnumpy()
    assert a.asnumpy().tolist() == [13, 26] and b.asnumpy().tolist() == [21, 42]


def test_a_handle_that_appears_after_compiling_keeps_its_value(empty_cache: None, delta: Any) -> None:
    """Which buffers are taken over is fixed when compiling; one that is wanted after all is copied, not recompiled."""
    x = nd.array(np.arange(100))

    def step() -> None:
        x[:] = x + 1
        x.asnumpy()

    step()
    step()
    since = delta()
    for _ in range(3):
        old = x.detach()
        copy = x[:50]
        held = x._cell.content  # as a traceback or a notebook might
        before = x.asnumpy()
        step()
        assert (np.asarray(held.value) == before).all()
        assert (old.asnumpy() == before + 1).all() and (copy.asnumpy() == before[:50] + 1).all()
    assert since.copied == 3 and since.programs == 0


def _ran_without_value(array: nd.NDArray) -> None:
    """What a mistake in publishing would leave behind."""
    ref = array._cell.content
    ref.node.region.touched = True
    if isinstance(ref, Node):
        ref.inputs = None
    else:
        ref.node = None  # type: ignore[assignment]  # as an output that ran


@pytest.mark.parametrize("output", [0, 1])
def test_a_value_that_went_missing_is_an_internal_error(output: int) -> None:
    part = nd.split(nd.array([1.0, 2.0]), 2, axis=0)[output]
    _ran_without_value(part)
    with pytest.raises(InternalError, match=r"\[unknown\]" if output else r"\[SliceChannel\] (.|\n)*\.py:\d+: part"):
        part.asnumpy()


@pytest.mark.parametrize("output", [0, 1])
def test_so_it_is_where_another_region_needs_it(output: int) -> None:
    """The search for what a program needs ends: each round gives a value, a loss or an error."""
    part = nd.split(nd.array([1.0, 2.0]), 2, axis=0)[output]
    fence()
    z = part.exp()
    _ran_without_value(part)
    with pytest.raises(InternalError, match=r"\[unknown\]" if output else r"\[SliceChannel\]"):
        z.asnumpy()
    z._cell.content.node.region.touched = True  # as by a failure: what needs the missing value is passed over
    with pytest.raises(InternalError, match=r"\[exp\] ran without leaving its value"):
        z.asnumpy()


def test_a_region_that_does_not_run_what_is_needed_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[RegionRun] = []

    def nothing_left(run: RegionRun) -> None:
        rounds.append(run)
        assert len(rounds) < 3, "it goes round in circles"

    y = nd.array([1.0, 2.0]) * 2
    fence()
    z = y.exp()
    with monkeypatch.context() as patch:
        patch.setattr(RegionRun, "next_plan", nothing_left)
        patch.setattr(RegionRun, "finish", Run.finish)  # the region is not emptied, for the read below
        with pytest.raises(InternalError, match=r"\[_mul_scalar\] ran without"):
            z.asnumpy()
    assert len(rounds) == 1
    np.testing.assert_allclose(z.asnumpy(), np.exp([2, 4]), rtol=1e-6)
