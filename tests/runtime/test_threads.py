"""Threads: recording and forcing private and shared arrays at once gives what one thread gives."""

from __future__ import annotations

import faulthandler
import random
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.runtime import fence

THREADS = 8


@pytest.fixture(autouse=True)
def no_deadlock() -> Iterator[None]:
    """A deadlock prints every stack and ends the run."""
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def work(number: int, seed: int, iterations: int, shared: list[Any]) -> list[float]:
    """What one thread does: values that depend on nothing but its arguments."""
    rng = random.Random(seed * 1000 + number)
    private = nd.array([1.0, 2.0, 3.0])
    w = nd.array([0.5, -0.5, 1.0])
    w.attach_grad()
    seen: list[float] = []
    for _ in range(iterations):
        kind = rng.randrange(6)
        other = shared[rng.randrange(len(shared))]
        if kind == 0:
            private = (private + other) * 0.5
        elif kind == 1:
            with autograd.record():
                loss = ((w * other - private) ** 2).sum()
            loss.backward()
            w[:] = w - 0.05 * w.grad
        elif kind == 2:
            seen.append(float((private * other).sum().asscalar()))
        elif kind == 3:
            private[1:] = private[:-1] * 0.5
        elif kind == 4:
            seen.append(float(other.asnumpy()[1]))
            assert not autograd.is_recording()
        else:
            fence()
    return seen + private.asnumpy().tolist() + w.asnumpy().tolist()


def made_shared() -> list[Any]:
    """Pending arrays of this thread, which others force."""
    base = nd.array([0.25, 0.5, 0.75])
    a = base * 2 + 1
    b = a - base
    c = (a * b).tanh()
    return [base, a, b, c, nd.split(nd.array(np.arange(6) / 8), 2, axis=0)[1]]


def run(seed: int, total: int) -> None:
    each = total // THREADS
    expected = [work(n, seed, each, made_shared()) for n in range(THREADS)]
    shared = made_shared()
    found: list[Any] = [None] * THREADS
    barrier = threading.Barrier(THREADS)

    def body(number: int) -> None:
        barrier.wait()
        try:
            found[number] = work(number, seed, each, shared)
        except BaseException as error:
            found[number] = error

    threads = [threading.Thread(target=body, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(THREADS):
        if isinstance(found[number], BaseException):
            raise found[number]
        # The same operations, but fused by other programs: float32 products and sums may round otherwise.
        np.testing.assert_allclose(found[number], expected[number], rtol=1e-4, atol=1e-5, err_msg=str(number))


def test_eight_threads_agree_with_one() -> None:
    run(0, 160)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_eight_threads_agree_with_one_for_long(seed: int) -> None:
    run(seed, 10_000)


def in_thread(function: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_flags_are_the_threads_own() -> None:
    with autograd.record():
        assert in_thread(autograd.is_recording) is False and in_thread(autograd.is_training) is False
        assert autograd.is_recording()


def test_another_thread_runs_the_root_and_its_ancestors_only(node_counts: Any) -> None:
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y + 1
    late = y - 1
    assert in_thread(lambda: z.asnumpy().tolist()) == [3, 5]
    assert {name for name, _, _ in node_counts} == {"_mul_scalar", "_plus_scalar"}
    assert late.asnumpy().tolist() == [1, 3]
    assert set(node_counts.values()) == {1}


def test_one_key_wanted_by_all_is_compiled_once(empty_cache: None, delta: Any) -> None:
    since = delta()
    barrier = threading.Barrier(THREADS)
    found: list[Any] = []

    def body() -> None:
        x = nd.array(np.arange(17))
        barrier.wait()
        found.append((x * 3 + 1).sum().asscalar())

    threads = [threading.Thread(target=body) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [17 * 16 / 2 * 3 + 17] * THREADS
    assert since.programs == 1 and since.runs == THREADS and since.hits == THREADS - 1


def test_what_a_dead_thread_left_pending_can_be_read() -> None:
    made = in_thread(lambda: nd.array([1.0, 2.0]) * 2 + 1)
    assert made.asnumpy().tolist() == [3, 5]
    recorded = in_thread(lambda: (nd.array([1.0]) + 1, fence())[0])
    assert (recorded * 3).asscalar() == 6


def test_a_plan_that_another_thread_runs_while_it_waits_to_be_compiled_is_made_anew(
    faulty: Any, node_counts: Any
) -> None:
    """Compiling is outside the lock: meanwhile another thread computes part of what this one planned."""
    x = nd.array([1.0, 2.0])
    y = x * 2
    z = y + 1
    threads: list[threading.Thread] = []

    def fail(point: str) -> None:
        if point == "compile" and not threads:
            threads.append(threading.Thread(target=y.asnumpy))
            threads[0].start()
            threads[0].join()

    faulty.fail = fail
    assert z.asnumpy().tolist() == [3, 5] and y.asnumpy().tolist() == [2, 4]
    assert len(threads) == 1 and set(node_counts.values()) == {1}


def test_a_plan_is_not_drafted_after_part_of_it_ran() -> None:
    from lazynd.runtime.run.plan import make_plan
    from lazynd.runtime.run.program import is_stale

    y = nd.array([1.0, 2.0]) * 2
    parts = nd.split(y, 2, axis=0)
    region = y._cell.content.node.region
    plan = make_plan(list(region.items), None, False)
    assert not is_stale(plan)
    assert in_thread(lambda: parts[1].asscalar()) == 4
    assert is_stale(plan)
