"""The small NumPy front end, NumPy's shapes, and arrays that say they are sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd as mx
from lazynd import MXNetError, nd


def test_numpy_arrays_print_as_in_mxnet() -> None:
    assert repr(mx.np.array([1, 2])) == "array([1., 2.])"
    assert repr(mx.np.array([[1, 2], [3, 4]], dtype="int32")) == "array([[1, 2],\n       [3, 4]], dtype=int32)"
    assert repr(mx.np.array([1.0], dtype="float64")) == "array([1.], dtype=float64)"
    assert str(mx.np.array([1, 2])) == "[1. 2.]"


def test_comparisons_are_booleans() -> None:
    assert repr(mx.np.ones((2,)) > 0) == "array([ True,  True])"
    assert (mx.np.array([1, 2]) == mx.np.array([1, 3])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("float64", "float32", "array([2., 4.], dtype=float64)"),
        ("int32", "float32", "array([2., 4.])"),
        ("int32", "int64", "array([2, 4], dtype=int64)"),
    ],
)
def test_dtypes_are_promoted(left: str, right: str, shown: str) -> None:
    assert repr(mx.np.array([1, 2], dtype=left) + mx.np.array([1, 2], dtype=right)) == shown


def test_integers_divide_to_floats() -> None:
    assert repr(mx.np.array([1, 2], dtype="int32") / 2) == "array([0.5, 1. ])"
    assert repr(mx.np.array([1, 2], dtype="int32") * 1.5) == "array([1, 2], dtype=int32)"


def test_scalars_have_no_dimension() -> None:
    x = mx.np.array([1.0, 2.0])
    assert [a.shape for a in (x.sum(), x.mean(), x[0], mx.np.dot(x, x), x @ x, x.argmax())] == [()] * 6
    assert (x.sum() + 1).item() == 4.0
    assert repr(mx.np.array([1, 3, 2]).argmax()) == "array(1, dtype=int64)"
    assert mx.np.exp(mx.np.array(0.0)).item() == 1.0


def test_both_front_ends_share_memory() -> None:
    x = nd.zeros((2,))
    y = x.as_np_ndarray()
    y[:] = 3
    assert x.asnumpy().tolist() == [3.0, 3.0]
    assert type(y.as_nd_ndarray()) is nd.NDArray


def test_gradients_of_numpy_arrays() -> None:
    x = mx.np.array([1.0, 2.0])
    x.attach_grad()
    with mx.autograd.record():
        y = (x * x * 3).sum()
    y.backward()
    assert repr(x.grad) == "array([ 6., 12.])"


@pytest.mark.parametrize(
    ("shape", "codes", "expected"),
    [
        ((2, 3, 4), (-5, -2), (6, 4)),
        ((2, 3, 4), (-2, -1), (2, 12)),
        ((1, 3, 4), (-3, -4), (3, 4)),
        ((6, 4), (-6, 2, -1, -4), (2, 3, 4)),
    ],
)
def test_reshape_codes(shape: tuple[int, ...], codes: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert mx.npx.reshape(mx.np.zeros(shape), codes).shape == expected


def test_reshape_codes_are_checked() -> None:
    with pytest.raises(MXNetError, match="extents"):
        mx.npx.reshape(mx.np.zeros((2,)), (-5,))
    with pytest.raises(MXNetError, match="skips"):
        mx.npx.reshape(mx.np.zeros((2,)), (-3,))


RESHAPES: list[tuple[tuple[int, ...], Any, tuple[int, ...]]] = [
    ((2, 3), (3, 2), (3, 2)),
    ((2, 3), 6, (6,)),
    ((2, 3), -1, (6,)),
    ((2, 3), (1, -1, 6), (1, 1, 6)),
    ((1, 1), (), ()),
    ((0, 2), (0, 3), (0, 3)),
    ((0, 2), (-1, 2), (0, 2)),
    ((0, 2), (2, -1), (2, 0)),
]


@pytest.mark.parametrize(("shape", "target", "expected"), RESHAPES)
def test_np_reshape(shape: tuple[int, ...], target: Any, expected: tuple[int, ...]) -> None:
    x = mx.np.array(np.arange(np.prod(shape)).reshape(shape))
    for made in (x.reshape(target), mx.np.reshape(x, target), x.reshape(target, order="C")):
        assert type(made) is mx.np.ndarray and made.shape == expected
        assert made.asnumpy().ravel().tolist() == x.asnumpy().ravel().tolist()


#: Shapes that an array of shape (2, 3) cannot have: wrong sizes, nd's codes, and what is no shape.
NO_SHAPES = [(), (1,), (7,), (0,), (0, 3), (0, -1), (-1, 0), (-1, 5), (-1, -1), (-2,), (-3,), (-4, 1, 2, -2), (3.0, 2)]


@pytest.mark.parametrize("target", [*NO_SHAPES, ("a",), (None,), ((3, 2), 1)])
def test_np_reshape_errors_are_mxnets(target: Any) -> None:
    """As in MXNet 1.9.1, where ``nd`` reads codes and has ``ValueError`` for some."""
    x = mx.np.ones((2, 3))
    for call in (lambda: x.reshape(target), lambda: mx.np.reshape(x, target)):
        with pytest.raises(MXNetError, match=r"\[reshape\] .*\n.*float32\[2,3\]"):
            call()


def test_other_arguments_of_np_reshape() -> None:
    x = mx.np.ones((2, 3))
    assert x.reshape(3, -1).shape == (3, 2) and x.flatten().shape == (6,)
    with pytest.raises(TypeError):
        x.reshape()
    with pytest.raises(NotImplementedError, match="order"):
        x.reshape(6, order="F")
    with pytest.raises(AssertionError, match="NDArray type"):
        mx.np.reshape([1, 2], (2, 1))
    for codes in ((4, 2), (-1, -1), (-7,), (0, 6), (-6, 4, 2, -4)):
        with pytest.raises(MXNetError, match=r"\[reshape\]"):
            mx.npx.reshape(x, codes)


def test_np_reshape_copies_and_has_a_gradient() -> None:
    x = mx.np.arange(6)
    made = x.reshape(6)
    made[:] = 7
    mx.npx.reshape(x, (6,))[:] = 7
    assert x.tolist() == [0, 1, 2, 3, 4, 5], "a copy, as in MXNet"
    x.attach_grad()
    with mx.autograd.record():
        y = (x.reshape(2, 3) * mx.np.array([[1, 2, 3], [4, 5, 6]])).sum()
    y.backward()
    assert x.grad.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_scalar_has_no_known_shape_until_numpy_shapes_are_on() -> None:
    x = nd.array(3)
    for call in (lambda: x + 1, lambda: nd.ones((3,)) * x, lambda: x.exp(), lambda: x.sum()):
        with pytest.raises(MXNetError, match="inferring shapes failed"):
            call()
        with mx.np_shape():
            assert call().asnumpy().size in (1, 3)
    with pytest.raises(MXNetError, match="inferring shapes failed"):
        x + 1  # not remembered from inside


def test_the_flag_nests_and_wraps() -> None:
    assert not mx.is_np_shape()
    with mx.np_shape(), mx.np_shape(False):
        assert not mx.is_np_shape()
    assert mx.use_np_shape(mx.is_np_shape)()
    assert not mx.set_np_shape(True) and mx.set_np_shape(False)


def test_sparse_arrays_know_their_parts() -> None:
    dense = nd.array([[0, 5, 0], [0, 0, 0], [7, 0, 8]])
    csr = dense.tostype("csr")
    assert repr(csr) == "\n<CSRNDArray 3x3 @cpu(0)>" and csr.stype == "csr"
    assert [a.asnumpy().tolist() for a in (csr.data, csr.indices, csr.indptr)] == [[5, 7, 8], [1, 0, 2], [0, 1, 1, 3]]
    again = nd.sparse.csr_matrix((csr.data, csr.indices, csr.indptr), shape=(3, 3))
    assert np.array_equal(again.asnumpy(), dense.asnumpy())
    rows = dense.tostype("row_sparse")
    assert rows.indices.asnumpy().tolist() == [0, 2] and rows.data.shape == (2, 3)
    assert np.array_equal(nd.sparse.row_sparse_array((rows.data, rows.indices), (3, 3)).asnumpy(), dense.asnumpy())
    assert type(csr.tostype("default")) is nd.NDArray and type(csr + 1) is nd.NDArray


def test_sparse_types_are_checked() -> None:
    with pytest.raises(MXNetError, match="two dimensions"):
        nd.zeros((2,)).tostype("csr")
    with pytest.raises(MXNetError, match="valid values are: default, csr, row_sparse"):
        nd.zeros((2,)).tostype("ragged")
