"""``autograd.check_gradients``: right gradients pass to any order, wrong ones are named, kinks are told as kinks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.ir import build as ir
from lazynd.ir.build import Value
from lazynd.ops import OPERATORS
from lazynd.ops.operator import op


def drawn(*shape: int, low: float = -1.0, high: float = 1.0) -> nd.NDArray:
    return nd.array(np.random.default_rng(4).uniform(low, high, shape))


def told(function: Any, inputs: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        autograd.check_gradients(function, inputs, **options)
    return str(caught.value)


class Scaled(autograd.Function):
    """``x * x``, whose backward is off by ``error`` in the elements ``where``."""

    def __init__(self, error: float, where: Any = ...) -> None:
        self.error, self.where = error, where

    def forward(self, x: Any) -> Any:
        self.save_for_backward(x)
        return x * x

    def backward(self, dy: Any) -> Any:
        (x,) = self.saved_tensors
        factors = np.full(x.shape, 2.0)
        factors[self.where] *= 1 + self.error
        return x * dy * nd.array(factors, dtype=x.dtype)


# ------------------------------------------------------------------------------------------------ right gradients


@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_gradients_pass_to_any_order(order: int) -> None:
    autograd.check_gradients(lambda x, w: nd.tanh(nd.dot(x, w)), [drawn(2, 3), drawn(3, 4)], order)
    autograd.check_gradients(lambda x: x, drawn(3), order)


def test_several_outputs_other_dtypes_and_inputs_that_nothing_depends_on() -> None:
    rows = nd.array([2, 0, 2], dtype="int32")

    def function(x: Any, rows: Any, unused: Any) -> Any:
        assert x.dtype == unused.dtype == np.float64 and rows.dtype == np.int32
        return nd.take(x, rows), nd.ones((2,), dtype="float64"), x.sum().exp(), rows * 2

    inputs = [drawn(3, 2).astype("float16"), rows, drawn(2)]
    autograd.check_gradients(function, inputs, order=2)
    assert [str(np.dtype(x.dtype)) for x in inputs] == ["float16", "int32", "float32"]
    assert not hasattr(inputs[0], "grad") or inputs[0].grad is None


def test_functions_of_large_values_small_slopes_and_huge_inputs() -> None:
    autograd.check_gradients(lambda x: 1e6 + nd.sin(x), drawn(4), order=2)
    autograd.check_gradients(lambda x: 1e-6 * nd.sin(x), drawn(4))
    autograd.check_gradients(lambda x: nd.log(x), nd.array([1e9, 3.0, 1e20]))
    assert "by differences" in told(lambda x: Scaled(0.01)(x) + 1e3, nd.array([3.0])), "what is large hides nothing"


def test_what_stays_infinite_has_the_slope_0() -> None:
    autograd.check_gradients(lambda x: nd.concat(x, nd.full((1,), -np.inf, dtype="float64"), dim=0), drawn(3))


def test_a_kink_beside_the_point_is_stepped_around() -> None:
    autograd.check_gradients(nd.relu, nd.array([1e-6, -1e-6]))


def test_arrays_with_the_rules_of_numpy() -> None:
    autograd.check_gradients(lazynd.np.exp, lazynd.np.array(0.5), order=2)
    autograd.check_gradients(lambda x: (lazynd.np.exp(x) * x).sum(), lazynd.np.array([0.5, 1]), order=2)


@pytest.mark.lazy
def test_a_check_compiles_two_programs_and_moves_run_them_again() -> None:
    stats = lazynd.stats()
    before = stats.snapshot()
    autograd.check_gradients(lambda x, y: nd.tanh(x * y).sum(), [drawn(3, 7), drawn(3, 7)])
    assert stats.programs + stats.loaded - before["programs"] - before["loaded"] == 2, "the values; the gradients"
    assert stats.runs - before["runs"] == 1 + 2 * 6, "the gradients; three values with each of two steps for each input"


# ------------------------------------------------------------------------------------------------ wrong gradients


def test_a_wrong_backward_is_named_with_input_element_and_both_numbers() -> None:
    text = told(lambda x, y: (y + Scaled(0.5, (1, 2))(x)).sum(), [drawn(3, 4), drawn(3, 4)])
    assert re.search(r"the gradient of <lambda> \(.*test_check_gradients\.py:\d+\) with respect to input 0\n", text)
    numbers = r"at element 1, 2 \(where it is (\S+)\) is (\S+), but by differences of the function it is (\S+)\n"
    found = re.search(numbers, text)
    assert found is not None
    x, gradient, slope = map(float, found.groups())
    assert gradient == pytest.approx(3 * x, rel=1e-4) and slope == pytest.approx(2 * x, rel=1e-4)
    assert "test_check_gradients.py" in text.rsplit("  at ", 1)[1], "and the line of the check"


@pytest.mark.parametrize("error", [1e-3, -2.0, float("nan"), float("inf")])
def test_small_errors_signs_and_numbers_that_are_none(error: float) -> None:
    assert "by differences" in told(lambda x: Scaled(error, (0, 1))(x), drawn(2, 2))


def test_one_wrong_element_in_ten_thousand_is_found() -> None:
    assert "at element 61, 7 (" in told(lambda x: Scaled(1.0, (61, 7))(x), drawn(100, 100))


def test_the_input_that_is_wrong_is_named() -> None:
    assert "with respect to input 1" in told(lambda x, y: x * Scaled(1.0)(y), [drawn(3), drawn(3)])


def test_a_gradient_that_was_cut_off_is_wrong() -> None:
    assert "is 0, but by differences" in told(lambda x: nd.BlockGrad(x) * 3, drawn(2))


@pytest.fixture
def cut() -> Iterator[str]:
    """An operator ``x * x`` whose gradient is right and forgets that it depends on x itself."""

    @op(name="square_cut_off")
    def square(data: Value) -> Value:
        """The square."""
        return data * data

    @square.gradient
    def square_gradient(g: Value, y: Value, data: Value) -> Value:
        return 2.0 * g * ir.stop_gradient(data)

    yield "square_cut_off"
    del OPERATORS["square_cut_off"]


def test_a_wrong_second_order_is_found_by_order_2_alone(cut: str) -> None:
    function = getattr(nd, cut)
    autograd.check_gradients(function, drawn(3))
    text = told(function, drawn(3), order=2)
    assert "the gradient of order 2 of square_cut_off" in text and "with respect to input 0" in text
    assert "is 0, but by differences" in text


def test_a_function_with_a_backward_of_its_own_has_no_second_order() -> None:
    autograd.check_gradients(lambda x: Scaled(0.0)(x), drawn(3))
    with pytest.raises(lazynd.MXNetError, match="a backward pass in Python is non-differentiable"):
        autograd.check_gradients(lambda x: Scaled(0.0)(x), drawn(3), order=2)


# ------------------------------------------------------------------------------- where there is nothing to compare with


@pytest.mark.parametrize(
    ("function", "values", "reason"),
    [
        (nd.relu, [1, 0], r"at element 1 \(where it is 0\) cannot be checked: .*a kink there, with a slope of 0 "),
        (nd.abs, [0, 1], r"at element 0 .* a kink there, with a slope of [-.\d]+ towards lower values and of "),
        (nd.floor, [0.5, 2], "at element 1 .* the function jumps"),
        (nd.sqrt, [3, 0], "at element 1 .* the function is not finite"),
        (nd.sqrt, [-1, 3, 4], "at element 0 .* the function is not finite"),
        (lambda x: 1 / x, [0, 2], "at element 0 .* the function is not finite"),
    ],
)
def test_kinks_jumps_and_poles_are_told_as_such(function: Any, values: Any, reason: str) -> None:
    assert re.search(reason, told(function, nd.array(values)))


def test_a_function_that_does_not_repeat_is_refused() -> None:
    rng = np.random.default_rng(1)
    assert "other outputs for the same inputs" in told(lambda x: x * float(rng.random()), drawn(3))


# ------------------------------------------------------------------------------------------------ random functions


def test_random_functions_draw_the_same_and_leave_the_streams_alone() -> None:
    nd.random.seed(5)
    expected = nd.random.uniform(shape=(3,)).asnumpy(), nd.random.uniform(shape=(3,)).asnumpy()
    nd.random.seed(5)
    first = nd.random.uniform(shape=(3,)).asnumpy()
    autograd.check_gradients(lambda x: nd.Dropout(x, p=0.5) * nd.random.normal(shape=(50,), dtype="float64"), drawn(50))
    autograd.check_gradients(lambda x: nd.Dropout(x * x, p=0.5), drawn(50), order=2)
    assert (first == expected[0]).all() and (nd.random.uniform(shape=(3,)).asnumpy() == expected[1]).all()


def test_streams_are_put_back_after_an_error_too() -> None:
    def fails(x: Any) -> Any:
        nd.random.uniform()
        raise KeyError("ours")

    nd.random.seed(5)
    with pytest.raises(KeyError, match="ours"):
        autograd.check_gradients(fails, drawn(2))
    found = nd.random.uniform().asscalar()
    nd.random.seed(5)
    assert nd.random.uniform().asscalar() == found


def test_the_mode_is_that_of_the_check() -> None:
    seen = []
    for mode in (True, False):
        autograd.check_gradients(lambda x: (seen.append(autograd.is_training()), x * x)[1], drawn(2), train_mode=mode)
    assert set(seen[: len(seen) // 2]) == {True} and set(seen[len(seen) // 2 :]) == {False}
    assert not autograd.is_recording() and not autograd.is_training()


# ------------------------------------------------------------------------------------------------ wrong calls


@pytest.mark.parametrize(
    ("call", "kind", "reason"),
    [
        (lambda: autograd.check_gradients(nd.exp, 3.0), TypeError, "float"),
        (lambda: autograd.check_gradients(nd.exp, [1.0]), TypeError, "inputs are NDArrays"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), order=0), ValueError, "order is a whole number"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), order=1.0), ValueError, "order is a whole number"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), step=0), ValueError, "step is a finite number"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), step=math.inf), ValueError, "step is a finite number"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), rtol=-1), ValueError, "rtol is a finite number"),
        (lambda: autograd.check_gradients(nd.exp, nd.ones(2), atol=math.nan), ValueError, "atol is a finite number"),
        (lambda: autograd.check_gradients(lambda x: 3, nd.ones(2)), TypeError, "the function gives arrays"),
        (lambda: autograd.check_gradients(nd.abs, nd.ones(2, dtype="int32")), ValueError, "no input is an array of fl"),
        (lambda: autograd.check_gradients(lambda x: x.astype("int32"), nd.ones(2)), ValueError, "no array of floats"),
        (lambda: autograd.check_gradients(lambda x: x.astype("float32"), nd.ones(2)), TypeError, "too coarse"),
    ],
)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        call()


def test_what_the_function_raises_passes() -> None:
    with pytest.raises(lazynd.MXNetError, match=r"\[broadcast_add\]"):
        autograd.check_gradients(lambda x: x + nd.ones(2), nd.ones(2))
