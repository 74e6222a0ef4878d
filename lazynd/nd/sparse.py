"""Sparse arrays by name: the classes and their parts, kept dense underneath.

A program gains nothing from zeros that are not stored, so these exist for code that asks for them. Operators take
them and give dense arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import Context
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame
from .binary import add, divide, multiply, subtract
from .creation import array
from .creation import zeros as dense_zeros
from .invoke import invoke
from .namespace import namespace
from .ndarray import _STYPES, NDArray
from .out import Out
from .refusal import reports

__all__ = [
    "BaseSparseNDArray", "CSRNDArray", "RowSparseNDArray", "add", "cast_storage", "csr_matrix", "divide", "empty",
    "multiply", "retain", "row_sparse_array", "subtract", "zeros",
]  # fmt: skip


class BaseSparseNDArray(NDArray):
    """An array that says it is sparse.

    >>> from lazynd import nd
    >>> isinstance(nd.zeros((2, 3)).tostype("csr"), nd.sparse.BaseSparseNDArray)
    True
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"\n<{type(self).__name__} {'x'.join(map(str, self.shape))} @{self.context}>"

    __str__ = __repr__

    def check_format(self, full_check: bool = True) -> None:
        """Nothing: parts that are found when asked for are always right.

        >>> from lazynd import nd
        >>> nd.zeros((2, 3)).tostype("csr").check_format()
        """

    def _whole(self, values: Any) -> NDArray:
        return array(values, self.context, "int64")


class CSRNDArray(BaseSparseNDArray):
    """A matrix in compressed rows: ``data``, ``indices`` (columns) and ``indptr``, found when asked for (forces).

    >>> from lazynd import nd
    >>> x = nd.array([[0, 5, 0], [7, 0, 8]]).tostype("csr")
    >>> x.data.asnumpy(), x.indices.asnumpy(), x.indptr.asnumpy()
    (array([5., 7., 8.], dtype=float32), array([1, 0, 2]), array([0, 1, 3]))
    """

    __slots__ = ()

    @property
    def stype(self) -> str:
        return "csr"

    @property
    def data(self) -> NDArray:
        """The elements that are not 0, row by row."""
        values = self.asnumpy()
        return array(values[values != 0], self.context, self.dtype)

    @property
    def indices(self) -> NDArray:
        """The column of each element of ``data``, int64."""
        return self._whole(np.nonzero(self.asnumpy())[1])

    @property
    def indptr(self) -> NDArray:
        """Where each row begins in ``data``, and its end, int64."""
        return self._whole(np.concatenate([[0], np.cumsum((self.asnumpy() != 0).sum(axis=1))]))

    def asscipy(self) -> Any:
        """A ``scipy.sparse.csr_matrix`` of the elements that are not 0. Forces.

        >>> from lazynd import nd
        >>> nd.array([[0, 5], [7, 0]]).tostype("csr").asscipy().nnz
        2
        """
        import scipy.sparse  # type: ignore[import-untyped]  # noqa: PLC0415 - a third party, loaded when wanted

        return scipy.sparse.csr_matrix(self.asnumpy())


class RowSparseNDArray(BaseSparseNDArray):
    """An array of which few rows are not 0: ``data`` (those rows) and ``indices``, found when asked for (forces).

    >>> from lazynd import nd
    >>> x = nd.array([[0, 0], [3, 4], [0, 0]]).tostype("row_sparse")
    >>> x.data.asnumpy(), x.indices.asnumpy()
    (array([[3., 4.]], dtype=float32), array([1]))
    """

    __slots__ = ()

    @property
    def stype(self) -> str:
        return "row_sparse"

    def retain(self, indices: NDArray) -> NDArray:
        """The rows at ``indices``, and zeros elsewhere: see ``nd.sparse.retain``.

        >>> from lazynd import nd
        >>> nd.ones((3, 2)).tostype("row_sparse").retain(nd.array([1])).indices.asnumpy()
        array([1])
        """
        return retain(self, indices)

    def _rows(self) -> Any:
        values = self.asnumpy()
        return values, np.nonzero(values.reshape(len(values), -1).any(axis=1))[0]

    @property
    def data(self) -> NDArray:
        """The rows that are not all 0."""
        values, rows = self._rows()
        return array(values[rows], self.context, self.dtype)

    @property
    def indices(self) -> NDArray:
        """The positions of the rows of ``data``, int64."""
        return self._whole(self._rows()[1])


__getattr__, __dir__ = namespace(__name__, "_sparse_")

_STYPES.update(default=NDArray, csr=CSRNDArray, row_sparse=RowSparseNDArray)


def zeros(stype: str, shape: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """Zeros of ``shape`` that say they are ``stype``: "default", "csr" or "row_sparse".

    >>> from lazynd import nd
    >>> nd.sparse.zeros("csr", (2, 3)).stype
    'csr'
    """
    return dense_zeros(shape, ctx, dtype).tostype(stype)


def empty(stype: str, shape: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """Zeros of ``shape`` that say they are ``stype``: "csr" or "row_sparse". ``MXNetError`` for any other.

    >>> from lazynd import nd
    >>> nd.sparse.empty("row_sparse", (2, 3), dtype="float64").dtype
    <class 'numpy.float64'>
    """
    if stype not in ("csr", "row_sparse"):
        raise MXNetError(f"unknown stype : {stype}; nd.empty makes arrays that are not sparse")
    return zeros(stype, shape, ctx, dtype)


@reports("retain")
def retain(data: NDArray, indices: NDArray, out: NDArray | None = None, name: str | None = None) -> NDArray:
    """``data`` with the rows (slices of the first axis) at ``indices``, and zeros elsewhere; as ``data`` is stored.

    Indices that are none of ``data``, negative ones too, retain nothing.

    >>> from lazynd import nd
    >>> x = nd.array([[1, 2], [3, 4], [5, 6]]).tostype("row_sparse")
    >>> nd.sparse.retain(x, nd.array([2, 0])).indices.asnumpy()
    array([0, 2])
    """
    frame = calling_frame()
    for each in (data, indices):
        if not isinstance(each, NDArray):
            raise AssertionError(f"data and indices must be NDArrays, but got {each!r}")
    into = None if out is None else Out("retain", out, (data, indices), frame)
    made = invoke(OPERATORS["_sparse_retain"], (data._cell, indices._cell), (), frame)
    return type(data)(made[0]) if into is None else into.write(made)


@reports("cast_storage")
def cast_storage(data: NDArray, stype: str, out: NDArray | None = None, name: str | None = None) -> NDArray:
    """A copy of ``data`` that says it is ``stype``: "default", "csr" (two dimensions) or "row_sparse".

    >>> from lazynd import nd
    >>> nd.cast_storage(nd.eye(2), "csr").indices.asnumpy()
    array([0, 1])
    """
    cell = invoke(OPERATORS["cast_storage"], (data._cell,), (stype,), calling_frame())[0]
    if out is not None:
        out[:] = NDArray(cell)
        return out
    return _STYPES[stype](cell)


def csr_matrix(arg1: Any, shape: Any = None, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """A ``CSRNDArray`` of a dense matrix, or of ``(data, indices, indptr)`` and ``shape``.

    >>> from lazynd import nd
    >>> nd.sparse.csr_matrix(([5, 7], [1, 0], [0, 1, 2]), shape=(2, 3)).asnumpy()
    array([[0., 5., 0.],
           [7., 0., 0.]], dtype=float32)
    """
    if not isinstance(arg1, tuple):
        return array(arg1, ctx, dtype).tostype("csr")
    if len(arg1) != 3 or shape is None:
        raise ValueError("csr_matrix takes a matrix, or (data, indices, indptr) and shape")
    values, columns, starts = map(np.asarray, arg1)
    made = np.zeros(shape, values.dtype)
    made[np.repeat(np.arange(shape[0]), np.diff(starts.astype(int))), columns.astype(int)] = values
    return array(made, ctx, dtype).tostype("csr")


def row_sparse_array(arg1: Any, shape: Any = None, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """A ``RowSparseNDArray`` of a dense array, or of ``(data, indices)`` and ``shape``.

    ``MXNetError`` for rows that do not fit ``shape``.

    >>> from lazynd import nd
    >>> nd.sparse.row_sparse_array(([[3, 4]], [1]), shape=(3, 2)).asnumpy()
    array([[0., 0.],
           [3., 4.],
           [0., 0.]], dtype=float32)
    """
    if not isinstance(arg1, tuple):
        return array(arg1, ctx, dtype).tostype("row_sparse")
    if len(arg1) != 2 or shape is None:
        raise ValueError("row_sparse_array takes an array, or (data, indices) and shape")
    rows, positions = map(np.asarray, arg1)
    if rows.shape[1:] != tuple(shape)[1:]:
        raise MXNetError(f"rows of shape {rows.shape[1:]} do not fit an array of shape {tuple(shape)}")
    made = np.zeros(shape, rows.dtype)
    made[positions.astype(int)] = rows
    return array(made, ctx, dtype).tostype("row_sparse")
