"""Nodes that nobody wants any more and that share operands with others that were wanted."""

from __future__ import annotations

from collections.abc import Callable

from lazynd import autograd, nd


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
