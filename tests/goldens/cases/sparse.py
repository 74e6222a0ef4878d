"""What MXNet has for sparse arrays, and zeros of a dtype by its code."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, f, lit, whole, without_gradient

HALF, WIDE = "float16", "float64"
MATRIX = [[1, 0, 2, 0], [0, 0, 0, 0], [0, 3, 0, -4]]


def matrix(dtype: str = "float32", values: Any = MATRIX, **attributes: Any) -> Case:
    return Case([lit(values, dtype)], attributes, grad=(), stype="csr")


def rows(indices: Any, dtype: str = "float32", kind: str = "float32", *shape: int, grad: Any = None) -> Case:
    """The rows of an array, as stored in rows."""
    data = f(*(shape or (4, 3)), dtype=dtype)
    return Case([data, lit(indices, kind)], grad=(0,) if grad is None else grad, stype=("row_sparse", "default"))


def embedded(data: Any, weight: Any, **attributes: Any) -> Case:
    """MXNet has no gradient of weights that are stored densely."""
    return Case([data, weight], {"input_dim": 3, "output_dim": 2, **attributes}, grad=())


def embedded_rows(data: Any, dtype: str = "float32") -> Case:
    attributes = {"input_dim": 3, "output_dim": 2}
    return Case([data, f(3, 2, dtype=dtype)], attributes, grad=(1,), stype=("default", "row_sparse"))


CASES: dict[str, list[Case]] = {
    "_contrib_getnnz": [
        matrix(),
        matrix(axis=1),
        matrix(WIDE, axis=1),
        matrix("int32"),
        matrix(values=[[0, 0]]),
        matrix(values=[[5]], axis=1),
        matrix(HALF),
        matrix(axis=-1),
        matrix(axis=2),
    ],
    "_sparse_retain": [
        rows([0, 2]),
        rows([2, 0, 2]),
        rows([3], WIDE, "int64"),
        rows([0, 9], kind="int32"),
        rows([-1, 1]),
        rows([1.7]),
        rows([1, 3], "float32", "float32", 4, 2, 3),
        Case([whole(4, 3, low=1), lit([0, 1])], grad=(), stype=("row_sparse", "default")),
    ],
    "_contrib_SparseEmbedding": [
        embedded(lit([0, 2]), f(3, 2)),
        embedded(lit([0, 2, 5, -1]), f(3, 2)),
        embedded(lit([0, 1.7]), f(3, 2)),
        embedded(lit([[0, 1], [2, 0]], "int32"), f(3, 2)),
        embedded(lit([0, 2], HALF), f(3, 2, dtype=HALF), dtype=HALF),
        embedded(lit([0, 2]), f(3, 2, dtype=WIDE), dtype=WIDE),
        embedded_rows(lit([0, 2, 0])),
        embedded_rows(lit([[1], [2]], "int64"), WIDE),
        embedded(lit([0, 2]), f(4, 2)),
        without_gradient(lit([0, 2]), f(3, 2), input_dim=3),
    ],
    "_zeros_without_dtype": [
        *(case(shape=(2, 3), dtype=code) for code in range(8)),
        case(shape=(2, 3), dtype=99),
    ],
}
