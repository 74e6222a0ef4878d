"""Heads that are constants: one that was read while recording may stand beside others. MXNet 1.9.1 answers so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lazynd import MXNetError, autograd, nd

Heads = tuple[Any, ...]


def variable() -> nd.NDArray:
    made = nd.array([1, 2])
    made.attach_grad()
    return made


def read(a: nd.NDArray, b: nd.NDArray) -> Heads:
    return a * b, b


def before(a: nd.NDArray, b: nd.NDArray) -> Heads:
    return b, a * b


def twice(a: nd.NDArray, b: nd.NDArray) -> Heads:
    return a * b, b, b


def computed(a: nd.NDArray, b: nd.NDArray) -> Heads:
    d = b * 1
    return a * d, d


def detached(a: nd.NDArray, b: nd.NDArray) -> Heads:
    d = b.detach()
    return a * d, d


def paused(a: nd.NDArray, b: nd.NDArray) -> Heads:
    with autograd.pause():
        d = b * a / a
    return a * d, d


def a_view(a: nd.NDArray, b: nd.NDArray) -> Heads:
    d = b.reshape((2, 1)).reshape((2,))
    return a * d, d


def of_no_gradient(a: nd.NDArray, b: nd.NDArray) -> Heads:
    b.attach_grad("null")
    return a * b, b


def written_since(a: nd.NDArray, b: nd.NDArray) -> Heads:
    c = a * b
    with autograd.pause():
        b += 0
    return c, b


READ: list[Callable[[nd.NDArray, nd.NDArray], Heads]] = [
    read, before, twice, computed, detached, paused, a_view, of_no_gradient, written_since,
]  # fmt: skip


@pytest.mark.parametrize("program", READ, ids=lambda f: f.__name__)
def test_a_constant_that_was_read_may_be_a_head_beside_others(program: Callable[..., Heads]) -> None:
    a, b = variable(), nd.array([3, 4])
    with autograd.record():
        heads = program(a, b)
        (slope,) = autograd.grad(heads, [a], retain_graph=True)
    autograd.backward(heads, [nd.array([1, 10])] * len(heads))
    assert a.grad.asnumpy().tolist() == [3, 40] and slope.asnumpy().tolist() == [3, 4]


def test_constants_alone_have_nothing_to_differentiate() -> None:
    a, b = variable(), nd.array([3, 4])
    with autograd.record():
        a * b
    for call in (b.backward, lambda: autograd.backward([b, b])):
        with pytest.raises(MXNetError, match="no inputs in computation graph that require gradients"):
            call()
    with pytest.raises(MXNetError, match="unreachable"):
        autograd.grad([b], [a])


def test_a_head_that_was_never_read_while_recording_is_refused_each_time() -> None:
    """What was to be recorded, and was not, is told."""
    a, b = variable(), nd.array([3, 4])
    with autograd.record():
        c = a * a
        with autograd.pause():
            forgotten = a * b
    for head in (b, forgotten, b * 2, c.detach()):
        for heads in ([c, head], [head, c], [head]):
            for _ in range(2):
                with pytest.raises(MXNetError, match="not in a computational graph"):
                    autograd.backward(heads)
    c.backward()
    assert a.grad.asnumpy().tolist() == [2, 4]


def test_a_head_of_a_graph_that_was_freed_is_refused_also_when_it_was_read_since() -> None:
    a = variable()
    with autograd.record():
        c = a * 2
    c.backward()
    with autograd.record():
        d = a * c
    with pytest.raises(MXNetError, match="retain_graph=True"):
        autograd.backward([d, c])


def test_a_constant_that_was_read_may_become_a_variable() -> None:
    a, b = variable(), nd.array([3, 4])
    with autograd.record():
        a * b
    b.attach_grad()
    with autograd.record():
        c = a * b
    autograd.backward([c, b])
    assert a.grad.asnumpy().tolist() == [3, 4] and b.grad.asnumpy().tolist() == [2, 3]
