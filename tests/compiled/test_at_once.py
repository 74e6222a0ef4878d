"""Calls that run without being recorded: what they write, what they leave alone, and how they fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.compiled import Compiled
from lazynd.runtime.record.cell import Cell
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.stats import stats
from lazynd.runtime.thread import LOCAL

pytestmark = pytest.mark.lazy


def _step(w: Any, x: Any) -> Any:
    with autograd.record():
        loss = (w * x).sum()
    loss.backward()
    w[:] = w + 1
    return loss


class Stepped:
    """A step whose program is known; ``run`` takes another one, which must run at once unless ``recorded``."""

    def __init__(self, size: int) -> None:
        self.step = Compiled(_step)
        self.w, self.x = nd.zeros(size), nd.ones(size)
        self.w.attach_grad()
        for _ in range(4):
            self.step(self.w, self.x).wait_to_read()

    def run(self, recorded: bool = False, **given: Any) -> Any:
        before = stats.runs
        loss = self.step(given.get("w", self.w), given.get("x", self.x))
        assert (stats.runs == before) == recorded and bool(LOCAL.state.regions.open.items) == recorded
        return loss

    def family(self) -> Any:
        return next(reversed(PROGRAMS.families.values()))


def test_results_are_those_of_recorded_calls() -> None:
    with_lane, plain = Stepped(6), Stepped(6)
    for _ in range(3):
        total = nd.zeros(1) + 1  # pending: the step beside it is recorded
        expected = plain.step(plain.w, plain.x)
        assert with_lane.step(with_lane.w, with_lane.x).asscalar() == expected.asscalar()
        del total
    assert with_lane.w.asnumpy().tolist() == plain.w.asnumpy().tolist()
    assert with_lane.w.grad.asnumpy().tolist() == plain.w.grad.asnumpy().tolist()


def test_what_shares_a_value_with_a_written_array_keeps_it() -> None:
    at = Stepped(6)
    at.run()
    copies: list[Any] = []
    for _ in range(3):
        w, grad = nd.zeros(6), nd.zeros(6)
        w[:], grad[:] = at.w, at.w.grad
        copies.append((w, grad))
        nd.waitall()
        at.run(x=at.x)
    assert [w.asnumpy().tolist() for w, _ in copies] == [[5 + i] * 6 for i in range(3)]
    assert all(grad.asnumpy().tolist() == [1] * 6 for _, grad in copies)


def test_what_is_recorded_from_the_value_before_sees_that_value() -> None:
    at = Stepped(6)
    at.run().wait_to_read()
    product, seen = at.w * 10, at.w.grad * 10
    loss = at.step(at.w, at.x)  # recorded, since something is pending
    assert loss.asscalar() == 5 * 6
    assert product.asnumpy().tolist() == [50] * 6 and seen.asnumpy().tolist() == [10] * 6


def test_written_arrays_have_a_new_version_at_each_step() -> None:
    at = Stepped(6)
    view = at.w[2:4]
    versions = []
    for i in range(3):
        at.run()
        versions.append(at.w._cell.version)
        assert view.asnumpy().tolist() == [5 + i] * 2
    assert versions == sorted(set(versions))


def test_a_history_that_was_recorded_before_is_not_changed() -> None:
    at = Stepped(6)
    at.run()
    other = nd.ones(6) * 3
    other.attach_grad()
    other.wait_to_read()
    with autograd.record():
        y = other * at.w  # holds what the weights are now
    nd.waitall()
    at.run()
    at.run()
    y.backward()
    assert other.grad.asnumpy().tolist() == [5] * 6


@pytest.mark.parametrize("what", ["input", "target"])
def test_arrays_on_shared_memory_or_parts_of_others_are_recorded(what: str) -> None:
    at = Stepped(4)
    base = nd.arange(8).reshape((2, 4))
    base.wait_to_read()
    if what == "input":
        loss = at.step(at.w, base[1])
        assert loss.asscalar() == 4 * (4 + 5 + 6 + 7)
    else:
        part = base[0]
        part.attach_grad()
        for i in range(3):
            assert at.step(part, at.x).asscalar() == 0 + 1 + 2 + 3 + 4 * i
        assert base.asnumpy().tolist() == [[3, 4, 5, 6], [4, 5, 6, 7]]


def test_one_array_in_two_places_is_another_call() -> None:
    at = Stepped(6)
    at.run()
    assert at.step(at.w, at.w).asscalar() == 6 * 25
    assert at.run().asscalar() == 6 * 6


def test_two_arrays_on_one_buffer_are_recorded() -> None:
    at = Stepped(6)
    at.run()
    other = nd.zeros(6)
    other[:] = at.w
    nd.waitall()
    assert other._cell.content is at.w._cell.content
    loss = at.run(recorded=True, x=other)
    assert loss.asscalar() == 6 * 25 and other.asnumpy().tolist() == [5] * 6 and at.w.asnumpy().tolist() == [6] * 6


class _Wrapped:
    """A program that runs ``instead``, and is otherwise the one that it stands for."""

    def __init__(self, program: Any, instead: Callable[..., Any]) -> None:
        self._executable, self._instead = program.executable, instead
        program.executable = self

    def __call__(self, *given: Any) -> Any:
        return self._instead(self._executable, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executable, name)


def test_a_program_that_fails_after_it_took_over_buffers_loses_what_needed_them() -> None:
    at = Stepped(6)
    program = at.family().baked
    real = program.executable

    def fail(executable: Any, *given: Any) -> Any:
        executable(*given)
        raise RuntimeError("too late")

    at.run()
    _Wrapped(program, fail)
    loss = at.step(at.w, at.x)
    program.executable = real
    if not program.donate:
        pytest.skip("this backend takes over nothing")
    with pytest.raises(lazynd.MXNetError, match=r"(?s)lost with a buffer.*too late"):
        at.w.asnumpy()
    with pytest.raises(lazynd.MXNetError, match="lost with a buffer"):
        loss.asnumpy()
    at.w[:] = 2
    assert at.step(at.w, at.x).asscalar() == 12 and at.w.asnumpy().tolist() == [3] * 6
    assert at.run().asscalar() == 18


def test_a_thread_that_reads_while_the_program_runs_finds_a_whole_value() -> None:
    """It has looked at the array just before its buffer is taken over."""
    at = Stepped(6)
    at.run().wait_to_read()
    program, found = at.family().baked, []

    def read() -> None:
        found.append(at.w.asnumpy().tolist())

    def run(executable: Any, *given: Any) -> Any:
        reader.start()
        while not held.wait(0.01):
            pass
        return executable(*given)

    held = threading.Event()
    reader = threading.Thread(target=read)
    real_read = LOCAL.state.recorder.__class__.needs

    def needs(self: Any, cell: Cell, cause: str) -> Any:
        ref = real_read(self, cell, cause)
        if threading.current_thread() is reader:
            held.set()
        return ref

    wrapped = _Wrapped(program, run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LOCAL.state.recorder.__class__, "needs", needs)
        at.step(at.w, at.x)
    program.executable = wrapped._executable
    reader.join()
    assert found in ([[5] * 6], [[6] * 6]) and at.w.asnumpy().tolist() == [6] * 6


def test_numbers_that_are_compiled_in_are_looked_at() -> None:
    """An index is part of the program as first seen; the call has another one."""
    w = nd.zeros((5, 2))

    @lazynd.compile
    def write(x: Any, at: int) -> Any:
        w[at] = x
        with autograd.record():
            pass
        return x * 2

    x = nd.ones(2)
    for i in (0, 0, 0, 3, 1, 1, 4):
        write(x * (i + 1), i).wait_to_read()
    np.testing.assert_array_equal(w.asnumpy()[:, 0], [1, 2, 0, 4, 5])


def test_counters_say_what_ran() -> None:
    at = Stepped(6)
    at.run()
    before = stats.snapshot()
    at.run()
    after = stats.snapshot()
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed == {"runs": 1, "hits": 1, "executed": 3, "donated": 1, "computed": 52}
