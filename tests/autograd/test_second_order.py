"""Gradients of gradients where the first is a constant: the second is 0, and no error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd
from lazynd.nd.generate import make_function
from lazynd.ops import OPERATORS, Operator


def variable(values: Any) -> nd.NDArray:
    made = nd.array(values, dtype="float64")
    made.attach_grad()
    made.grad[:] = 7
    return made


#: Functions whose slope does not depend on ``x``, of shape (2, 3), and that slope.
CONSTANT: dict[str, tuple[Any, Any]] = {
    "radians": (nd.radians, np.pi / 180),
    "degrees": (nd.degrees, 180 / np.pi),
    "floor": (nd.floor, 0),
    "rint": (nd.rint, 0),
    "sign": (nd.sign, 0),
    "Dropout that drops nothing": (lambda x: nd.Dropout(x, p=0.0), 1),
    "BlockGrad": (nd.BlockGrad, 0),
    "zeros_like": (nd.zeros_like, 0),
    "a comparison": (lambda x: x > 0, 0),
    "argmax": (lambda x: x.argmax(axis=1), 0),
    "x * 2": (lambda x: x * 2, 2),
    "x + x": (lambda x: x + x, 2),
    "mean": (lambda x: x.mean(), 1 / 6),
    "transpose": (lambda x: x.T, 1),
    "a view": (lambda x: x.reshape((3, 2)), 1),
    "the variable itself": (lambda x: x, 1),
    "abs": (nd.abs, np.sign([[-1.3, -0.7, -0.1], [0.5, 1.1, 1.7]])),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_the_second_order_of_a_constant_first_is_zero(name: str) -> None:
    function, slope = CONSTANT[name]
    x = variable([[-1.3, -0.7, -0.1], [0.5, 1.1, 1.7]])
    with autograd.record():
        (first,) = autograd.grad(function(x), [x], create_graph=True)
        (second,) = autograd.grad(first, [x], create_graph=True)
        (third,) = autograd.grad(second, [x], create_graph=True)
    np.testing.assert_allclose(first.asnumpy(), np.broadcast_to(slope, (2, 3)), rtol=1e-15)
    assert not second.asnumpy().any() and not third.asnumpy().any()
    first.backward()
    assert not x.grad.asnumpy().any(), "the buffer is overwritten"


def test_the_bias_of_a_layer() -> None:
    x, w, b = variable([[1, 2, 3]]), variable([[1, 0, 2], [0, 3, 1]]), variable([0, 0])
    with autograd.record():
        y = nd.FullyConnected(x, w, b, num_hidden=2)
        slopes = autograd.grad(y, [x, w, b], create_graph=True)
        total = sum(((s * s).sum() for s in slopes), nd.zeros(1, dtype="float64"))
    slopes[2].backward(retain_graph=True)
    assert not any(v.grad.asnumpy().any() for v in (x, w, b))
    total.backward()
    # The slope of x is the sum of w over its rows, that of w is x in each row, that of b is 1.
    assert x.grad.asnumpy().tolist() == [[4, 8, 12]]
    assert w.grad.asnumpy().tolist() == [[2, 6, 6], [2, 6, 6]]
    assert b.grad.asnumpy().tolist() == [0, 0]


def test_a_mixed_derivative_that_is_zero() -> None:
    x, y = variable([1, 2]), variable([3, 4])
    with autograd.record():
        z = x * 2 + y * y
        (dx,) = autograd.grad(z, [x], create_graph=True)
        (dxy,) = autograd.grad(dx, [y], create_graph=True)
        (dyy,) = autograd.grad(autograd.grad(z, [y], create_graph=True), [y], create_graph=True)
    assert dxy.asnumpy().tolist() == [0, 0] and dyy.asnumpy().tolist() == [2, 2]


def test_a_constant_slope_in_what_is_recorded_later() -> None:
    x = variable([1, 2])
    with autograd.record():
        (slope,) = autograd.grad(x * 3, [x], create_graph=True)
        y = slope * x + slope
    y.backward()
    assert x.grad.asnumpy().tolist() == [3, 3]


def test_a_slope_that_was_not_recorded_has_none() -> None:
    x = variable([1, 2])
    with autograd.record():
        (slope,) = autograd.grad(x * x, [x])
    with pytest.raises(MXNetError, match="not in a computational graph"):
        slope.backward()


def test_a_slope_knows_no_variable_that_its_head_does_not_know() -> None:
    x, y = variable([1, 2]), variable([3, 4])
    with autograd.record():
        (slope,) = autograd.grad(x * 2, [x], create_graph=True)
        with pytest.raises(MXNetError, match="unreachable"):
            autograd.grad(slope, [y])


def operators() -> list[Operator]:
    return [o for o in dict.fromkeys(OPERATORS.values()) if o.samples is not None and not o.shorthand]


@pytest.mark.parametrize("operator", operators(), ids=lambda o: o.name)
def test_every_operator_has_a_second_order(operator: Operator) -> None:
    """Nothing runs here: only that all of it is recorded."""
    assert operator.samples is not None
    given, attributes = operator.samples(np.random.default_rng(3))[0]
    arrays = [nd.array(a, dtype=np.asarray(a).dtype) for a in given]
    variables = [a for a in arrays if np.dtype(a.dtype).kind == "f"]
    for each in variables:
        each.attach_grad()
    with autograd.record():
        made = make_function(operator, operator.name)(*arrays, **attributes)
        heads = [made] if isinstance(made, nd.NDArray) else made
        if not variables or not heads:
            return
        slopes = autograd.grad(heads, variables, create_graph=True)
        for slope in slopes:
            assert [s.shape for s in autograd.grad(slope, variables, create_graph=True)] == [v.shape for v in variables]
