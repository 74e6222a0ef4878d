"""Functions that make arrays of nothing: ``out=``, and what they refuse. MXNet 1.9.1 gave each of these answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd

#: Calls that make an array of shape (2, 3), and its values.
MAKES: dict[str, tuple[Callable[..., nd.NDArray], Any]] = {
    "zeros": (lambda **given: nd.zeros((2, 3), **given), np.zeros((2, 3))),
    "ones": (lambda **given: nd.ones((2, 3), **given), np.ones((2, 3))),
    "eye": (lambda **given: nd.eye(2, 3, 1, **given), np.eye(2, 3, 1)),
    "full": (lambda **given: nd.full((2, 3), 4, **given), np.full((2, 3), 4)),
}


@pytest.mark.parametrize("name", MAKES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_out_is_filled_and_returned(name: str, dtype: str) -> None:
    make, values = MAKES[name]
    out = nd.full((2, 3), 7, dtype=dtype)
    alias, part = out.detach(), out[1]
    assert make(dtype=dtype, out=out) is out
    for array, expected in ((out, values), (alias, values), (part, values[1])):
        assert array.dtype == np.dtype(dtype) and array.asnumpy().tolist() == expected.tolist()


def test_out_may_be_part_of_an_array_or_on_another_context_of_the_host() -> None:
    whole = nd.full((2, 3), 7)
    nd.ones((3,), out=whole[1])
    assert whole.asnumpy().tolist() == [[7, 7, 7], [1, 1, 1]]
    pinned = nd.zeros((3,), ctx=lazynd.cpu(1))
    assert nd.ones((3,), out=pinned).context == lazynd.cpu(1) and pinned.asnumpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["zeros", "ones", "eye"])
def test_an_out_that_does_not_fit_is_refused_and_left_as_it_was(name: str) -> None:
    make, _ = MAKES[name]
    for out in (nd.full((3, 2), 7), nd.full((6,), 7), nd.full((2, 3), 7, dtype="int32")):
        with pytest.raises(MXNetError, match=rf"\[{name}\] out has type .*, the result is float32\[2,3\]"):
            make(out=out)
        assert (out.asnumpy() == 7).all()
    with pytest.raises(AssertionError, match="out must be an NDArray"):
        make(out=np.zeros((2, 3), "float32"))


def test_full_fills_an_out_of_any_shape() -> None:
    out = nd.zeros((3,), dtype="int32")
    assert nd.full((2, 2), 3.7, out=out) is out and out.asnumpy().tolist() == [3, 3, 3]


@pytest.mark.parametrize("name", ["zeros", "ones", "eye"])
def test_a_variable_is_not_overwritten_while_recording(name: str) -> None:
    make, values = MAKES[name]
    x = nd.full((2, 3), 7)
    x.attach_grad()
    with autograd.record():
        y = x * 2
        for out in (x, y):
            with pytest.raises(MXNetError, match="Inplace operations"):
                make(out=out)
    assert (x.asnumpy() == 7).all()
    assert make(out=x).asnumpy().tolist() == values.tolist(), "outside it is"


@pytest.mark.parametrize("name", ["zeros", "ones", "eye"])
def test_other_arguments(name: str) -> None:
    make, values = MAKES[name]
    assert make(name="called", out=None).asnumpy().tolist() == values.tolist()
    with pytest.raises(MXNetError, match=rf"\[{name}\] Cannot find argument 'nothing', Possible Arguments: "):
        make(nothing=1)
