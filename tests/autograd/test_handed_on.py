"""Cotangents that an operator only passes on are handed to its inputs: no node is recorded, no memory is shared."""

from __future__ import annotations

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir.linearize import linearize
from lazynd.ir.types import DTYPES, Type
from lazynd.ops import OPERATORS

MATRIX, ROW = Type((2, 3), DTYPES["float32"]), Type((1, 3), DTYPES["float32"])


def step_of(name: str, *types: Type, needs: tuple[bool, ...] = (True, True)) -> tuple[int, tuple[int, ...]]:
    """How many outputs the recorded backward pass has, and which cotangent each input is given."""
    step = linearize(OPERATORS[name].bind(types, {})[0], needs).step((True,))
    return 0 if step.computed.spec is None else len(step.computed.spec.out_types), step.handed


def test_what_is_recorded_of_a_backward_pass() -> None:
    assert step_of("broadcast_add", MATRIX, MATRIX) == (0, (0, 0))
    assert step_of("broadcast_add", MATRIX, ROW) == (1, (0, -1)), "the row's is a sum"
    assert step_of("broadcast_add", ROW, MATRIX) == (1, (-1, 0))
    assert step_of("elemwise_sub", MATRIX, MATRIX) == (1, (0, -1))
    assert step_of("elemwise_mul", MATRIX, MATRIX) == (2, (-1, -1))
    assert step_of("broadcast_add", MATRIX, ROW, needs=(True, False)) == (0, (0,))


@pytest.mark.lazy
def test_a_thousand_additions_record_a_node_each_way() -> None:
    x = nd.ones((2, 3))
    x.attach_grad()
    nd.waitall()
    before = lazynd.stats().executed
    with autograd.record():
        y = x
        for _ in range(1000):
            y = y + x
    y.backward()
    assert (x.grad.asnumpy() == 1001).all()
    # 1,000 additions, as many of their contributions, and the cotangent of ones.
    assert lazynd.stats().executed - before <= 2001


def test_gradients_and_head_gradients_share_no_memory() -> None:
    x, z, given = nd.ones((2, 3)), nd.ones((2, 3)), nd.ones((2, 3)) * 5
    x.attach_grad()
    z.attach_grad()
    with autograd.record():
        y = x + z
    y.backward(given)
    given[:] = 7
    x.grad[0] = 9
    assert (given.asnumpy() == 7).all()
    assert (z.grad.asnumpy() == 5).all()
    np.testing.assert_array_equal(x.grad.asnumpy(), [[9] * 3, [5] * 3])
    z.grad[:] = 1
    assert (x.grad.asnumpy()[1] == 5).all()


def test_gradients_that_add_up_over_passes_that_hand_on() -> None:
    x = nd.array([1.0, 2.0])
    x.attach_grad(grad_req="add")
    for _ in range(3):
        with autograd.record():
            y = (x + x) - x * 4
        y.backward()
    assert x.grad.asnumpy().tolist() == [-6, -6]


def test_second_order_through_what_is_handed_on() -> None:
    x, b = nd.array([[1.0, 2.0], [3.0, 4.0]]), nd.array([1.0, 2.0])
    x.attach_grad()
    b.attach_grad()
    with autograd.record():
        y = x * x + b + x
        slope = autograd.grad(y, [x], create_graph=True)[0]
        total = (slope * slope).sum()
    total.backward()
    assert x.grad.asnumpy().tolist() == [[12, 20], [28, 36]]
