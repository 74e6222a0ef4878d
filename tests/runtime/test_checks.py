"""Indices that are known only when a program runs: one out of bounds is an error at the read, never a wrong value."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd

BAD = {
    "an index array": (lambda x: x[nd.array([1, 5])], "index 5 is out of bounds for axis 0 with size 2"),
    "counted from the end": (lambda x: x[nd.array([-3])], "index -3 is out of bounds for axis 0 with size 2"),
    "the second of two": (lambda x: x[nd.array([1]), nd.array([7])], "index 7 is out of bounds for axis 1 with size 3"),
    "behind a slice": (lambda x: x[:, nd.array([3])], "index 3 is out of bounds for axis 1 with size 3"),
    "an integer array": (lambda x: x[nd.array([2], dtype="int64")], "index 2 is out of bounds for axis 0"),
    "not a number": (lambda x: x[nd.array([np.nan])], "index nan is out of bounds for axis 0"),
    "beyond 32 bits": (lambda x: x[nd.array([2.0**32])], "index 4294967296 is out of bounds for axis 0"),
    "beyond 32 bits, whole": (lambda x: x[nd.array([2**32], dtype="int64")], "index 4294967296 is out of bounds"),
    "take": (lambda x: x.take(nd.array([2]), mode="raise"), "index 2 is out of bounds for axis 0 with size 2"),
    "take from the end": (lambda x: x.take(nd.array([-1]), mode="raise"), "index -1 is out of bounds for axis 0"),
    "take between": (lambda x: x.take(nd.array([1.5]), mode="raise"), "index 1.5 is out of bounds for axis 0"),
    "gather_nd": (lambda x: nd.gather_nd(x, nd.array([[0], [3]])), "index 3 is out of bounds for axis 1 with size 3"),
}


def two_rows() -> nd.NDArray:
    return nd.arange(6).reshape((2, 3))


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_an_index_out_of_bounds_is_an_error_at_the_read(case: str, backend: str) -> None:
    function, text = BAD[case]
    with lazynd.config.using(backend=backend):
        x = two_rows()
        with pytest.raises(IndexError) as caught:
            (function(x) * 2).asnumpy()
        assert isinstance(caught.value, MXNetError)
        assert text in str(caught.value) and __file__ in str(caught.value)
        assert x.asnumpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_indices_in_bounds() -> None:
    x = two_rows()
    assert x[nd.array([1, -2])].asnumpy().tolist() == [[3, 4, 5], [0, 1, 2]]
    assert x[nd.array([1.9, -1.9])].asnumpy().tolist() == [[3, 4, 5], [3, 4, 5]], "their whole part"
    assert nd.gather_nd(x, nd.array([[-1, 0], [0, -1]])).asnumpy().tolist() == [3, 2]
    assert x.take(nd.array([0, 1]), mode="raise").shape == (2, 3)


@pytest.mark.lazy
def test_what_does_not_need_it_has_its_value_and_the_error_comes_again() -> None:
    x = two_rows()
    wrong = x[nd.array([5])] + 1
    right = x + 1
    both = wrong.sum() + right.sum()
    for _ in range(2):
        for each in (both, wrong):
            with pytest.raises(IndexError, match=r"\[_advanced_index\] index 5 .*\n  recorded at"):
                each.asnumpy()
    assert right.asnumpy().tolist() == [[1, 2, 3], [4, 5, 6]]
    nd.waitall()
    assert (right * 2).asnumpy().tolist() == [[2, 4, 6], [8, 10, 12]]
    with pytest.raises(IndexError, match=r"\[_advanced_index\] index 5"):
        (wrong + 1).asnumpy()


@pytest.mark.lazy
def test_waitall_names_the_culprit_once() -> None:
    x = two_rows()
    wrong = x[nd.array([5])] + 1
    after = wrong * 2
    with pytest.raises(IndexError, match=r"\[_advanced_index\] index 5"):
        nd.waitall()
    nd.waitall()
    with pytest.raises(IndexError, match=r"\[_advanced_index\] index 5"):
        after.asnumpy()
    assert x.asnumpy().tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.lazy
def test_no_buffer_is_given_up_to_a_program_that_may_fail() -> None:
    x = nd.ones((64,))
    x.wait_to_read()
    index = nd.array([70])
    x += 1  # its old buffer is dead, and of the new one's type
    wrong = x[index]
    with pytest.raises(IndexError):
        wrong.asnumpy()
    assert x.asnumpy().tolist() == [2] * 64


def test_a_write_out_of_bounds() -> None:
    x = two_rows()
    x[nd.array([1])] = 7
    x[nd.array([-2])] = nd.array([4, 5, 6])
    assert x.asnumpy().tolist() == [[4, 5, 6], [7, 7, 7]]
    kept = x.copy()
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 with size 2"):
        x[nd.array([2])] = 9
        x.asnumpy()
    assert kept.asnumpy().tolist() == [[4, 5, 6], [7, 7, 7]]
    if not lazynd.config.eager:  # there the write is refused
        x[:] = 1
        assert x.asnumpy().tolist() == [[1] * 3] * 2


def test_gradients_with_checks() -> None:
    x = two_rows()
    x.attach_grad()
    with autograd.record():
        y = (x[nd.array([1, 1, -2])] ** 2).sum()
    y.backward()
    assert x.grad.asnumpy().tolist() == [[0, 2, 4], [12, 16, 20]]
    with pytest.raises(IndexError):
        with autograd.record():
            y = (x[nd.array([2])] ** 2).sum()
        y.backward()
        x.grad.asnumpy()
    with autograd.record():
        y = (x * 3).sum()
    y.backward()
    assert x.grad.asnumpy().tolist() == [[3] * 3] * 2


def scanned(x: Any, last: int) -> Any:
    return nd.contrib.foreach(lambda i, s: (x[i], s + x[i]), nd.array([[0], [1], [last]]), nd.zeros((1, 3)))[0]


def repeated(x: Any, last: int) -> Any:
    steps = nd.contrib.while_loop(
        lambda i, s: i <= last, lambda i, s: (x[i], (i + 1, s + x[i])), (nd.array([0]), nd.zeros((1, 3))), 5
    )
    return steps[0]


def asked(x: Any, last: int) -> Any:
    """The test fails where ``last`` steps are allowed to reach the end of ``x``."""
    return nd.contrib.while_loop(
        lambda i: x[i].sum() >= 0, lambda i: (i + 1, i + 1), nd.array([0]), max_iterations=last + 1
    )[0]


def chosen(x: Any, last: int) -> Any:
    return nd.contrib.cond(nd.array([last > 1]), lambda: x[nd.array([last])], lambda: x[nd.array([0])])


@pytest.mark.parametrize("backend", ["xla", "numpy"])
@pytest.mark.parametrize("function", [scanned, repeated, asked, chosen])
def test_checks_inside_loops_and_choices(function: Callable[[Any, int], Any], backend: str) -> None:
    with lazynd.config.using(backend=backend):
        x = two_rows()
        assert function(x, 1).asnumpy().size
        with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 with size 2"):
            function(x, 2).asnumpy()


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_a_body_that_never_runs_checks_nothing(backend: str) -> None:
    with lazynd.config.using(backend=backend):
        x = two_rows()
        _, state = nd.contrib.while_loop(lambda i: i < 0, lambda i: (x[i + 9], i + 1), nd.array([0]), max_iterations=3)
        assert state.asnumpy().tolist() == [0]


def test_another_threads_wrong_index() -> None:
    made: list[nd.NDArray] = []
    worker = threading.Thread(target=lambda: made.append(two_rows()[nd.array([4])] + 1))
    if lazynd.config.eager:
        return
    worker.start()
    worker.join()
    with pytest.raises(IndexError, match="index 4"):
        (made[0] * 2).asnumpy()
    del made[:], worker


@pytest.mark.lazy
def test_one_program_for_all_indices() -> None:
    x = two_rows()
    x.wait_to_read()
    x[nd.array([0])].wait_to_read()
    before = lazynd.stats().programs
    for k in (1, -1, -2):
        assert x[nd.array([k])].asnumpy().shape == (1, 3)
    assert lazynd.stats().programs == before
