"""Fourier transforms and count sketches, which MXNet 1.9.1 has on a GPU alone, against NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd

pytestmark = pytest.mark.usefixtures("on_numpy")  # XLA agrees with it: tests/test_operators.py

SHAPES = [(3, 1), (2, 5), (1, 8), (2, 1, 3, 12)]
#: A sum of n terms of size 1 to 2, in the dtype; float16 is rounded once.
ATOL = {"float16": 2.0**-6, "float32": 1e-5, "float64": 1e-13}


def drawn(*shape: int, dtype: str = "float64") -> Any:
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(dtype)


def pairs(numbers: Any) -> Any:
    """Real and imaginary parts in turns."""
    return np.stack([numbers.real, numbers.imag], -1).reshape(*numbers.shape[:-1], -1)


def numbers(pairs: Any) -> Any:
    return pairs[..., ::2] + 1j * pairs[..., 1::2]


@pytest.mark.parametrize("dtype", ATOL)
@pytest.mark.parametrize("shape", SHAPES)
def test_transforms_and_their_gradients(shape: tuple[int, ...], dtype: str) -> None:
    n, x = shape[-1], drawn(*shape, dtype=dtype)
    there, back = drawn(*shape[:-1], 2 * n, dtype=dtype), drawn(*shape, dtype=dtype)
    for function, given, head, expected, slope in (
        (nd.contrib.fft, x, there, pairs(np.fft.fft(x)), n * np.fft.ifft(numbers(there)).real),
        (nd.contrib.ifft, there, back, n * np.fft.ifft(numbers(there)).real, pairs(np.fft.fft(back))),
    ):
        variable = nd.array(given, dtype=dtype)
        variable.attach_grad()
        with autograd.record():
            made = function(variable, compute_size=4)
        made.backward(nd.array(head, dtype=dtype))
        for found, right in ((made, expected), (variable.grad, slope)):
            assert found.dtype == np.dtype(dtype)
            np.testing.assert_allclose(found.asnumpy(), right, rtol=0, atol=ATOL[dtype] * n)


def test_there_and_back() -> None:
    x = drawn(2, 7)
    np.testing.assert_allclose(
        nd.contrib.ifft(nd.contrib.fft(nd.array(x, dtype="float64"))).asnumpy(), 7 * x, atol=1e-13
    )


def test_the_slope_of_what_the_spectrum_of_a_line_is() -> None:
    """Parseval: the power of the spectrum is n times that of the line, so that its slope is 2 n x."""
    x = nd.array(drawn(2, 6), dtype="float64")
    x.attach_grad()
    with autograd.record():
        power = nd.sum(nd.square(nd.contrib.fft(x)))
        (slope,) = autograd.grad(power, [x], create_graph=True)
    slope.backward()
    np.testing.assert_allclose(slope.asnumpy(), 12 * x.asnumpy(), atol=1e-13)
    np.testing.assert_allclose(x.grad.asnumpy(), np.full((2, 6), 12), atol=1e-12)


@pytest.mark.parametrize(
    ("function", "given", "match"),
    [
        (nd.contrib.fft, nd.ones((2, 3, 4)), "Data should be 2D or 4D"),
        (nd.contrib.fft, nd.array(np.ones((2, 0))), "a line of no numbers"),
        (nd.contrib.fft, nd.ones((2, 4), dtype="int32"), "only support floating point types"),
        (nd.contrib.ifft, nd.ones((2, 5)), "Last dimension must be an even number"),
        (nd.contrib.ifft, nd.ones(4), "Data should be 2D or 4D"),
    ],
)
def test_what_has_no_transform(function: Any, given: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        function(given)


PLACES, SIGNS = [[0, 3, 0, 2]], [[1, -1, -1, 1]]


@pytest.mark.parametrize("shape", [(3, 4), (2, 1, 2, 4)])
def test_count_sketch_adds_what_falls_together(shape: tuple[int, ...]) -> None:
    data = drawn(*shape, dtype="float32")
    x, h, s = nd.array(data), nd.array(PLACES), nd.array(SIGNS)
    for each in (x, h, s):
        each.attach_grad()
    with autograd.record():
        made = nd.contrib.count_sketch(x, h, s, out_dim=5)
    head = drawn(*shape[:-1], 5, dtype="float32")
    made.backward(nd.array(head))
    expected = np.zeros((*shape[:-1], 5), "float32")
    for i, (place, sign) in enumerate(zip(PLACES[0], SIGNS[0], strict=True)):
        expected[..., place] += sign * data[..., i]
    np.testing.assert_allclose(made.asnumpy(), expected, rtol=1e-6)
    assert np.array_equal(x.grad.asnumpy(), head[..., PLACES[0]] * np.array(SIGNS[0], "float32"))
    assert not h.grad.asnumpy().any() and not s.grad.asnumpy().any(), "tables are constants"


def test_count_sketch_keeps_the_inner_product_of_a_line_with_itself_without_collisions() -> None:
    x = nd.array(drawn(2, 4, dtype="float32"))
    made = nd.contrib.count_sketch(x, nd.array([[3, 1, 0, 2]]), nd.array([[1, -1, -1, 1]]), out_dim=4)
    np.testing.assert_allclose(np.square(made.asnumpy()).sum(1), np.square(x.asnumpy()).sum(1), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "places", "signs", "match"),
    [
        ((2, 3, 4), PLACES, SIGNS, "Data should be 2D or 4D"),
        ((2, 4), PLACES[0], SIGNS, r"h must be float32\[1,4\]"),
        ((2, 4), PLACES * 2, SIGNS, r"h must be float32\[1,4\]"),
        ((2, 4), PLACES, [[1, -1]], r"s must be float32\[1,4\]"),
    ],
)
def test_count_sketch_refuses_tables_that_do_not_fit(shape: Any, places: Any, signs: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        nd.contrib.count_sketch(nd.ones(shape), nd.array(places), nd.array(signs), out_dim=4)


def test_count_sketch_has_no_place_outside() -> None:
    with pytest.raises(IndexError, match="3"):
        nd.contrib.count_sketch(nd.ones((2, 4)), nd.array(PLACES), nd.array(SIGNS), out_dim=3).asnumpy()
