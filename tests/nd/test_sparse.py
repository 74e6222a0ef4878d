"""Functions of ``nd.sparse`` and methods of sparse arrays, which are kept dense."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd import MXNetError, autograd, nd

X = [[1, 2], [0, 0], [5, 6]]


def test_retained_rows_are_stored_as_the_array_is(on_numpy: None) -> None:
    rows = nd.array(X).tostype("row_sparse")
    for found in (nd.sparse.retain(rows, nd.array([2, 9, -1])), rows.retain(nd.array([2], dtype="int64"))):
        assert found.stype == "row_sparse"
        assert found.indices.asnumpy().tolist() == [2] and found.data.asnumpy().tolist() == [[5, 6]]
    assert nd.sparse.retain(nd.array(X), nd.array([0])).stype == "default"
    into = nd.ones((3, 2))
    assert nd.sparse.retain(rows, nd.array([0]), out=into) is into
    assert into.asnumpy().tolist() == [[1, 2], [0, 0], [0, 0]]


def test_gradients_of_retained_rows(on_numpy: None) -> None:
    x = nd.array(X)
    x.attach_grad()
    with autograd.record():
        y = nd.sparse.retain(x, nd.array([1, 2, 2]))
    y.backward()
    assert x.grad.asnumpy().tolist() == [[0, 0], [1, 1], [1, 1]]


def test_arithmetic(on_numpy: None) -> None:
    x = nd.array(X).tostype("csr")
    wanted = np.array(X, "float32")
    assert np.array_equal(nd.sparse.add(x, 1).asnumpy(), wanted + 1)
    assert np.array_equal(nd.sparse.subtract(1, x).asnumpy(), 1 - wanted)
    assert np.array_equal(nd.sparse.multiply(x, x).asnumpy(), wanted * wanted)
    assert np.array_equal(nd.sparse.divide(x, nd.array([[2, 4]])).asnumpy(), wanted / [2, 4])
    assert nd.sparse.add(2, 3) == 5


def test_empty_ones_are_sparse() -> None:
    assert nd.sparse.empty("csr", (2, 3)).stype == "csr"
    with pytest.raises(MXNetError, match="unknown stype : default"):
        nd.sparse.empty("default", (2, 3))


def test_numbers_that_are_not_0(on_numpy: None) -> None:
    x = nd.array([[0, 1, float("nan")], [0, 0, -0.0]])
    found = [nd.contrib.getnnz(x.tostype("csr"), axis=axis) for axis in (None, 0, 1)]
    assert [each.asnumpy().tolist() for each in found] == [[2], [0, 1, 1], [2, 0]]
    assert {each.dtype for each in found} == {np.int64}
    with pytest.raises(MXNetError, match="getnnz is of matrices"):
        nd.contrib.getnnz(nd.ones(3))


def test_slices_are_assigned_in_place(on_numpy: None) -> None:
    x = nd.zeros((2, 3))
    view = x[1]
    assert x.slice_assign(nd.array([[7, 8]]), begin=(1, 0), end=(2, 3), step=(1, 2)) is x
    assert x.slice_assign_scalar(5, (0, 1), (1, 2), ()) is x
    assert x.asnumpy().tolist() == [[0, 5, 0], [7, 0, 8]] and view.asnumpy().tolist() == [7, 0, 8]
    with pytest.raises(MXNetError, match="Shape inconsistent"):
        x.slice_assign(nd.ones(2), (0,), (1,), ())


def test_a_matrix_for_scipy_has_the_same_parts(on_numpy: None) -> None:
    x = nd.array([[0, 5, 0], [0, 0, 0], [7, 0, 8]], dtype="float64").tostype("csr")
    made = x.asscipy()
    assert made.dtype == np.float64 and np.array_equal(made.toarray(), x.asnumpy())
    assert made.indptr.tolist() == x.indptr.asnumpy().tolist()
    assert made.indices.tolist() == x.indices.asnumpy().tolist()
    x.check_format()


def test_arrays_are_writable() -> None:
    assert nd.zeros(2).writable and nd.zeros(2)[:1].writable
