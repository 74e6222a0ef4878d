"""Arrays put together by positions: what is outside, what is for one place, and how far positions count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd, sym


@pytest.mark.parametrize("index", [4, -1, 1e12, float("nan")])
@pytest.mark.lazy
def test_index_copy_refuses_what_is_outside(index: float, on_numpy: None) -> None:
    made = nd.contrib.index_copy(nd.zeros((4, 2)), nd.array([1, index], dtype="float64"), nd.ones((2, 2)))
    with pytest.raises(IndexError, match="axis 0 with size 4"):
        made.asnumpy()


def test_scatter_nd_counts_negative_positions_from_the_end_and_refuses_others(on_numpy: None) -> None:
    made = nd.scatter_nd(nd.array([5, 6]), nd.array([[0, -1], [-3, 2]]), shape=(2, 3))
    assert made.asnumpy().tolist() == [[5, 0, 0], [0, 0, 6]]
    for outside in (-4, 3):
        with pytest.raises(IndexError, match="axis 1 with size 3"):
            nd.scatter_nd(nd.array([5]), nd.array([[0], [outside]]), shape=(2, 3)).asnumpy()


def in_one_place(scatter: bool) -> Any:
    data = nd.array([1, 2, 3, 4])
    data.attach_grad()
    with autograd.record():
        if scatter:
            made = nd.scatter_nd(data, nd.array([[1, 0, 1, 1], [2, 0, 2, -1]]), shape=(2, 3))
        else:
            made = nd.contrib.index_copy(nd.zeros(6), nd.array([5, 0, 5, 5]), data)
    made.backward(nd.arange(10, 16).reshape(made.shape))
    return made.reshape(-1).asnumpy().tolist(), data.grad.asnumpy().tolist()


@pytest.mark.parametrize("scatter", [True, False])
def test_of_several_for_one_place_the_last_stays_and_has_the_gradient(scatter: bool, on_numpy: None) -> None:
    assert in_one_place(scatter) == ([2, 0, 0, 0, 0, 4], [0, 10, 0, 15])


def test_the_last_stays_in_programs_too() -> None:
    assert in_one_place(scatter=False) == ([2, 0, 0, 0, 0, 4], [0, 10, 0, 15])


def test_scatter_nd_gives_back_what_gather_nd_took(on_numpy: None) -> None:
    data = nd.random.uniform(shape=(3, 4, 2))
    places = nd.array([[2, 0, 1], [3, 1, -4]])
    again = nd.scatter_nd(nd.gather_nd(data, places), places, shape=data.shape).asnumpy()
    at = (np.array([2, 0, 1]), np.array([3, 1, 0]))
    assert np.array_equal(again[at], data.asnumpy()[at])
    again[at] = 0
    assert not again.any()


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_flat_positions_go_beyond_32_bits(dtype: str, on_numpy: None) -> None:
    made = nd.ravel_multi_index(nd.array([[60000], [2]], dtype=dtype), shape=(70000, 70000))
    assert made.asnumpy().tolist() == [60000 * 70000 + 2]


def test_ravel_and_unravel_are_each_others_converse(on_numpy: None) -> None:
    flat = nd.arange(24)
    assert np.array_equal(
        nd.ravel_multi_index(nd.unravel_index(flat, shape=(2, 3, 4)), shape=(2, 3, 4)).asnumpy(), flat.asnumpy()
    )


@pytest.mark.parametrize("axes", [(2,), (-3,), (0, 5)])
def test_index_array_refuses_axes_that_there_are_not(axes: Any) -> None:
    with pytest.raises(MXNetError, match=r"\[_contrib_index_array\] axis"):
        nd.contrib.index_array(nd.zeros((2, 3)), axes=axes)


def test_positions_along_no_axis_and_of_nothing(on_numpy: None) -> None:
    assert nd.contrib.index_array(nd.zeros((2, 3)), axes=()).shape == (2, 3, 0)
    same = nd.contrib.index_copy(nd.ones((3, 2)), nd.zeros(2)[2:], nd.zeros((2, 2))[2:])
    assert same.asnumpy().tolist() == np.ones((3, 2)).tolist()
    with pytest.raises(MXNetError, match="repeat must be above 0"):
        nd.contrib.arange_like(nd.ones(3), repeat=0)


def test_halves_are_counted_in_fractions(on_numpy: None) -> None:
    found = nd.contrib.arange_like(nd.zeros(4, dtype="float16"), start=2, step=0.25)
    assert found.asnumpy().tolist() == [2, 2.25, 2.5, 2.75]  # MXNet truncates the steps of float16 to 0


def test_symbols_know_shapes() -> None:
    data = sym.var("data")
    places = sym.contrib.index_array(data, axes=(1,))
    assert places.infer_shape(data=(2, 3))[1] == [(2, 3, 1)]
    assert sym.contrib.arange_like(data, axis=0).infer_shape(data=(2, 3))[1] == [(2,)]
    assert sym.scatter_nd(data, sym.var("at"), shape=(2, 3)).infer_shape_partial()[1] == [(2, 3)]
