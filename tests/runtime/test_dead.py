"""Nodes that nobody wants any more and that share operands with others that were wanted."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np

from lazynd import autograd, nd, viz
from lazynd.runtime.thread import LOCAL


def second(function: Callable[[nd.NDArray], nd.NDArray]) -> nd.NDArray:
    x = nd.array([0.5, 0.7])
    x.attach_grad()
    with autograd.record():
        y = function(x)
        g = autograd.grad(y, [x], create_graph=True, retain_graph=True)[0]
    g.backward()
    return x.grad


def test_a_dead_node_whose_operand_ran_is_forgotten() -> None:
    """The first gradient is dead when the second is read, and its head gradient ran inside that program."""
    gradient = second(nd.sin)
    assert gradient.asnumpy().shape == (2,)
    for _ in range(2):
        with autograd.record():
            pass
    nd.waitall()


def test_so_are_those_that_hang_on_it() -> None:
    a = nd.ones((2,))
    b = a * 2
    c = (b + 1).exp()  # will be dead, two nodes of it
    d = b * 3
    del a, b, c
    assert d.asnumpy().tolist() == [6, 6]
    with autograd.record():
        pass
    nd.waitall()


def pending_operators() -> list[str]:
    return [item.node.spec.op.name for item in LOCAL.state.regions.open.items]


def test_a_force_forgets_what_nothing_wants_of_other_components() -> None:
    """Else each later force would walk all of it again."""
    a, other = nd.array([1, 2]), nd.array([3, 4])
    for _ in range(50):
        (other * 2).sum()
    wanted = other + 1
    assert (a * 2).asnumpy().tolist() == [2, 4]
    assert pending_operators() == ["_plus_scalar"]
    assert wanted.asnumpy().tolist() == [4, 5]
    assert pending_operators() == []


def test_what_is_forgotten_holds_no_memory() -> None:
    other = nd.array(np.ones(1000))
    alive = weakref.ref(other._cell.content.value)
    other * 2
    del other
    assert alive() is not None
    (nd.array([1, 2]) * 2).wait_to_read()
    assert alive() is None


def test_looking_at_what_is_pending_forgets_nothing() -> None:
    a = nd.array([1, 2])
    a * 2
    kept = a * 3
    assert viz.text(kept)
    assert pending_operators() == ["_mul_scalar", "_mul_scalar"]
    assert kept.asnumpy().tolist() == [3, 6]


def test_a_dead_node_that_a_tape_holds_is_not_forgotten() -> None:
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()  # the product is held by the tape alone
    assert (nd.array([1, 1]) * 2).asnumpy().tolist() == [2, 2]
    y.backward()
    assert x.grad.asnumpy().tolist() == [2, 4]
