"""What lazynd adds to MXNet's autograd: any order, no execution in ``backward``, tapes that keep what was computed."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd
from lazynd.runtime.tell.stats import stats


def variable(*values: float, request: str = "write") -> nd.NDArray:
    made = nd.array(values, dtype="float64")
    made.attach_grad(grad_req=request)
    return made


def x_log_x(x: Any, order: int) -> Any:
    """A derivative of x log x."""
    if order == 1:
        return np.log(x) + 1
    return (-1) ** order * math.factorial(order - 2) / x ** (order - 1)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (lambda x: x**5, lambda x, n: math.perm(5, n) * x ** (5 - n)),
        (nd.exp, lambda x, n: np.exp(x)),
        (lambda x: nd.sin(2 * x), lambda x, n: 2.0**n * np.sin(2 * x + n * np.pi / 2)),
        (lambda x: x * nd.log(x), x_log_x),
        (lambda x: 1 / x, lambda x, n: (-1) ** n * math.factorial(n) / x ** (n + 1)),
    ],
    ids=["power", "exp", "sin", "x log x", "reciprocal"],
)  # fmt: skip
def test_any_order(order: int, function: Any, derivative: Any) -> None:
    x = variable(0.7, 1.3, 2.1)
    with autograd.record():
        y = function(x)
        for _ in range(order):
            (y,) = autograd.grad(y, [x], create_graph=True)
    # float64; each order adds a few roundings of numbers below 500.
    np.testing.assert_allclose(y.asnumpy(), derivative(x.asnumpy(), order), rtol=1e-11, atol=1e-11)


def test_gradient_penalty() -> None:
    """The norm of a gradient as part of a loss, through dot and a nonlinearity."""
    w, x = variable(0.5, -0.3, 0.8), nd.array([[1.0, 2.0, -1.0]], dtype="float64")
    x.attach_grad()
    with autograd.record():
        y = nd.tanh(nd.dot(x, w.reshape((3, 1)))).sum()
        (gx,) = autograd.grad(y, [x], create_graph=True)
        penalty = (gx * gx).sum()
    penalty.backward()
    z = float((x.asnumpy() @ w.asnumpy())[0])
    slope, values = 1 - np.tanh(z) ** 2, w.asnumpy()
    expected = 2 * slope**2 * values + (values @ values) * 2 * slope * (-2 * np.tanh(z) * slope) * x.asnumpy()[0]
    np.testing.assert_allclose(w.grad.asnumpy(), expected, rtol=1e-12, atol=1e-13)


def test_hessian_by_rows() -> None:
    x = variable(1.0, 2.0, 3.0)
    with autograd.record():
        y = (x * x * x).sum() + x[0] * x[1] * x[2]
        (g,) = autograd.grad(y, [x], create_graph=True)
        rows = [autograd.grad(g[i], [x], retain_graph=True)[0].asnumpy() for i in range(3)]
    assert np.array(rows).tolist() == [[6.0, 3.0, 2.0], [3.0, 12.0, 1.0], [2.0, 1.0, 18.0]]


@pytest.mark.lazy
def test_backward_runs_nothing() -> None:
    x = variable(1.0, 2.0)
    x.wait_to_read()
    before = stats.snapshot()
    with autograd.record():
        y = (nd.exp(x) * x).sum()
    y.backward()
    now = stats.snapshot()
    assert now["forces"] == before["forces"] and now["runs"] == before["runs"]
    np.testing.assert_allclose(x.grad.asnumpy(), np.exp([1, 2]) * [2, 3], rtol=1e-12)


def test_the_tape_keeps_what_the_forward_pass_saw() -> None:
    x = variable(2.0)
    with autograd.record():
        y = x * x
    x[:] = 10
    y.backward()
    assert x.grad.asnumpy().tolist() == [4.0]
    w = nd.array([5.0], dtype="float64")
    with autograd.record():
        y = x * w
    w[:] = 100
    y.backward()
    assert x.grad.asnumpy().tolist() == [5.0]


def test_views_of_a_variable_written_outside() -> None:
    w = variable(2.0, 3.0)
    with autograd.record():
        y = w[0:1] * 2
        part = w[1:2]
    part[:] = 100
    y.backward()
    assert w.grad.asnumpy().tolist() == [2.0, 0.0] and w.asnumpy().tolist() == [2.0, 100.0]


def test_parts_of_an_array_take_no_recorded_value() -> None:
    w = variable(2.0, 3.0)
    with autograd.record():
        buffer = nd.zeros((2, 2), dtype="float64")
        with pytest.raises(MXNetError, match="Inplace operations"):
            buffer[0] = w


def test_a_loss_head_ignores_its_cotangent() -> None:
    w = variable(2.0, 3.0)
    with autograd.record():
        y = nd.make_loss(w * 4) * 0
    y.backward()
    assert w.grad.asnumpy().tolist() == [4.0, 4.0]


def test_add_accumulates_over_batches_and_is_reset_by_assignment() -> None:
    w = variable(1.0, 1.0, request="add")
    for scale in (1, 2, 3):
        with autograd.record():
            y = (w * scale).sum()
        y.backward()
    assert w.grad.asnumpy().tolist() == [6.0, 6.0]
    w.grad[:] = 0
    with autograd.record():
        y = (w * 5).sum()
    y.backward()
    assert w.grad.asnumpy().tolist() == [5.0, 5.0]


def test_contributions_are_added_in_their_own_type() -> None:
    """The same program in several dtypes and shapes, in turns."""
    for _ in range(2):
        for dtype in ("float32", "float64", "float16"):
            for shape in ((2, 3), (3, 2), (6,)):
                x = nd.ones(shape, dtype=dtype)
                x.attach_grad()
                with autograd.record():
                    y = x * x + nd.exp(x * 0) + x
                y.backward()
                assert x.grad.dtype == np.dtype(dtype).type and x.grad.shape == shape
                np.testing.assert_array_equal(x.grad.asnumpy(), np.full(shape, 3, dtype))


def test_mark_variables_checks_its_arguments() -> None:
    x, g = nd.ones((2,)), nd.zeros((2,))
    for arguments, error in (
        (([x, x], [g]), MXNetError),
        (([x], [nd.zeros((3,))]), MXNetError),
        (([x], [g], "sum"), KeyError),
    ):
        with pytest.raises(error):
            autograd.mark_variables(*arguments)
    assert x.grad is None


def test_a_failed_backward_leaves_the_tape_usable() -> None:
    w = variable(2.0, 3.0)
    with autograd.record():
        y = w * w
    with pytest.raises(MXNetError, match="head gradient"):
        y.backward(nd.ones((3,)))
    y.backward()
    assert w.grad.asnumpy().tolist() == [4.0, 6.0]


def test_function_of_a_function() -> None:
    class Cube(autograd.Function):
        def forward(self, x: nd.NDArray) -> nd.NDArray:
            self.save_for_backward(x)
            return x * x * x

        def backward(self, dy: nd.NDArray) -> nd.NDArray:
            (x,) = self.saved_tensors
            return dy * 3 * x * x

    x = variable(2.0)
    with autograd.record():
        y = Cube()(Cube()(x)) + x
    y.backward()
    assert x.grad.asnumpy().tolist() == [9 * 2.0**8 + 1]


def test_function_checks_what_backward_gives() -> None:
    class Wrong(autograd.Function):
        def __init__(self, given: list[nd.NDArray]) -> None:
            super().__init__()
            self.given = given

        def forward(self, x: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
            return x * y

        def backward(self, dz: nd.NDArray) -> Any:
            return self.given

    x, y = variable(2.0), variable(3.0)
    for given, text in (([x], "1 gradients for 2 inputs"), ([x, nd.ones((2,))], r"float32\[2\] for float64\[1\]")):
        with autograd.record():
            z = Wrong(given)(x, y)
        with pytest.raises(MXNetError, match=text):
            z.backward()


def test_a_dropped_head_frees_its_tape() -> None:
    x = variable(1.0)

    class Keep(autograd.Function):
        def forward(self, x: nd.NDArray) -> nd.NDArray:
            return x * 2

        def backward(self, dy: nd.NDArray) -> nd.NDArray:
            return dy * 2

    function = Keep()
    alive = weakref.ref(function)
    with autograd.record():
        y = function(x) * 3
    del function
    assert alive() is not None
    y.backward()
    del y
    gc.collect()
    assert alive() is None


def test_what_an_earlier_backward_freed_is_an_error() -> None:
    x = nd.array([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        shared = x * 2
        one, other = shared * 3, shared * 4
    one.backward()
    with autograd.record():
        late = other + x
    for head in (other, late):
        with pytest.raises(MXNetError, match="freed by an earlier backward"):
            head.backward()
    with autograd.record():
        fresh = shared + x  # freed before it was read: a constant
    fresh.backward()
    assert x.grad.asnumpy().tolist() == [1, 1]


@pytest.mark.parametrize(("request_", "expected"), [("write", 3), ("add", 6)])
def test_variables_that_share_a_buffer_use_it_in_turn(request_: str, expected: float) -> None:
    x, y, buffer = nd.array([1.0, 2.0]), nd.array([1.0, 2.0]), nd.ones(2)
    autograd.mark_variables([x, y], [buffer, buffer], request_)
    with autograd.record():
        z = x * 2 + y * 3
    z.backward()
    assert buffer.asnumpy().tolist() == [expected, expected]


class Saved(autograd.Function):
    """Its gradient is an array of the caller's."""

    def forward(self, x: nd.NDArray) -> nd.NDArray:
        self.save_for_backward(x)
        return x * 1

    def backward(self, dy: nd.NDArray) -> nd.NDArray:
        return self.saved_tensors[0]


def test_a_gradient_is_no_handle_on_another_array() -> None:
    x, head = nd.array([1.0, 2.0]), nd.array([7.0, 7.0])
    x.attach_grad()
    found = autograd.grad(x, [x], head_grads=head)[0]
    found[:] = 0
    assert head.asnumpy().tolist() == [7, 7]
    with autograd.record():
        y = Saved()(x)
    found = autograd.grad(y, [x])[0]
    found += 100
    assert x.asnumpy().tolist() == [1, 2]


def test_a_detached_view_as_a_variable() -> None:
    d = nd.array([[1.0, 2.0]])[0].detach()
    d.attach_grad()
    with autograd.record():
        y = d[0:1] * 3
    y.backward()
    assert d.grad.asnumpy().tolist() == [3, 0]
