"""Calls as they are recorded: one node, one node for the gradient, arrays that are written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from lazynd import autograd, nd
from lazynd.ir import build as ir
from lazynd.ir.call import call
from lazynd.ir.linearize import linearize
from lazynd.ir.specialization import Specialization
from lazynd.nd.invoke import record

from .. import differentiation as d
from ..ir.calls import NOISY, arrays_of, graph, long_call, made


def apply_to(spec: Specialization, arrays: Sequence[nd.NDArray], scalars: tuple[Any, ...] = ()) -> list[nd.NDArray]:
    cells = [a._cell for a in arrays]
    return [nd.NDArray(cell) for cell in record(spec, scalars, cells, cells, sys._getframe())]


def test_a_recorded_call_is_one_node_and_its_gradient_another() -> None:
    values = arrays_of(graph("two_layers"))
    spec = call(graph("two_layers"), "two_layers")
    arrays = [nd.array(v, dtype="float64") for v in values]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        first, second = apply_to(spec, arrays)
        loss = (first * second).sum()
    loss.backward()
    seeds = d.interpret(spec, values)
    expected = d.gradients(spec, values, seeds[::-1])
    for number, a in enumerate(arrays):
        np.testing.assert_allclose(a.grad.asnumpy(), expected[number], rtol=1e-9)


def test_what_a_recorded_call_writes_moves_its_arrays() -> None:
    x, w = nd.ones((3, 3), dtype="float64") / 2, nd.ones((3, 3), dtype="float64")
    (y,) = apply_to(NOISY, [x, w], (2.0, 3, 4))
    np.testing.assert_allclose(w.asnumpy(), 1 - y.asnumpy())
    updates = made(lambda a, b: [a + b, a], 2, writes=(0, 1))
    assert apply_to(updates, [x, w]) == []
    assert w.asnumpy().tolist() == [[0.5] * 3] * 3


def test_a_recorded_call_may_give_its_input_back() -> None:
    spec = call(graph("passing"), "passing")
    x, w = nd.ones((3, 3), dtype="float64") / 2, nd.ones((3, 3), dtype="float64") * 3
    x.attach_grad()
    with autograd.record():
        same, y, again, still = apply_to(spec, [x, w])
        loss = (same + y + again * still).sum()
    loss.backward()
    sine, cosine = 3 * np.sin(0.5), 3 * np.cos(0.5)
    np.testing.assert_allclose(x.grad.asnumpy(), np.full((3, 3), 1 + cosine + cosine * 0.5 + sine))
    x[:] = 7.0
    assert same.asnumpy().tolist() == still.asnumpy().tolist() == [[0.5] * 3] * 3
    assert np.array_equal(y.asnumpy(), again.asnumpy())


def test_second_order_of_a_recorded_call() -> None:
    spec = made(lambda x: [ir.exp(x) * x], 1)
    x = nd.array(np.full((3, 3), 0.5), dtype="float64")
    x.attach_grad()
    with autograd.record():
        (y,) = apply_to(spec, [x])
        (g,) = autograd.grad(y, [x], create_graph=True)
        z = (g * g).sum()
    z.backward()
    first, second = np.exp(0.5) * 1.5, np.exp(0.5) * 2.5
    np.testing.assert_allclose(x.grad.asnumpy(), np.full((3, 3), 2 * first * second), rtol=1e-9)


class Counting(int):
    """A number that counts how often it was compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counting.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_a_backward_pass_looks_no_residual_up_by_searching() -> None:
    spec = long_call(200)
    linear = linearize(spec, (True,) * len(spec.in_types))
    linear.kept = tuple(map(Counting, linear.kept))
    arrays = [nd.ones((3, 3), dtype="float64") for _ in spec.in_types]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        (y,) = apply_to(spec, arrays)
    Counting.compared = 0
    y.backward()
    assert len(linear.kept) > 100 and Counting.compared == 0
