"""What the tests look at."""

from __future__ import annotations

from collections.abc import Iterator

from lazynd import autograd, gluon, nd, sym, viz


def step() -> nd.NDArray:
    """What a training step leaves pending, written by hand."""
    w, b, x = nd.ones((3, 2)), nd.zeros(2), nd.ones((4, 3))
    for each in (w, b):
        each.attach_grad()
    nd.waitall()
    with autograd.record():
        loss = nd.relu(nd.dot(x, w) + b).square().sum()
    loss.backward()
    for each in (w, b):
        each[:] = each - 0.1 * each.grad
    step.kept = (w, b)  # type: ignore[attr-defined]  # else nobody asks for the updates
    return loss


def net() -> gluon.HybridBlock:
    made = gluon.nn.HybridSequential(prefix="net_")
    with made.name_scope():
        made.add(gluon.nn.Dense(4, in_units=3, activation="relu"), gluon.nn.Dense(2, in_units=4))
    made.initialize()
    nd.waitall()
    return made


def views() -> Iterator[viz.View]:
    yield viz.view(step())
    yield viz.view(net(), (5, 3))
    yield viz.view(sym.relu(sym.var("x")))
    yield viz.view(nd.contrib.foreach(lambda row, s: (row, s + row), nd.ones((7, 3)), nd.zeros((3,)))[1])
