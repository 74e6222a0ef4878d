"""The vocabulary of linear algebra: functions of values whose last two axes are matrices, all others a batch of them.

Beside ``build``, for operators and gradient rules: ``from lazynd.ir import matrices``.
"""

from __future__ import annotations

from . import build as ir
from .types import INT32
from .value import VOCABULARY, Value, emit

VOCABULARY.add(__file__)


def transposed(x: Value) -> Value:
    """Each matrix transposed."""
    lead = x.ndim - 2
    return ir.transpose(x, (*range(lead), lead + 1, lead))


def identity(like: Value) -> Value:
    """Identity matrices of the type of ``like``, whose matrices are square."""
    row, column = _places(like)
    return ir.broadcast_to(ir.convert(row == column, like.dtype), like.shape)


def on_diagonal(like: Value) -> Value:
    """A boolean matrix: which elements of those in ``like`` lie on the diagonal."""
    row, column = _places(like)
    return row == column


def triangle(x: Value, lower: bool = True) -> Value:
    """Each matrix with zeros above its diagonal, or below it."""
    row, column = _places(x)
    return ir.select(row >= column if lower else row <= column, x, 0.0)


def symmetrized(x: Value) -> Value:
    """The mean of each matrix and its transpose."""
    return (x + transposed(x)) * 0.5


def _places(x: Value) -> tuple[Value, Value]:
    """The row and the column of each element of a matrix."""
    shape = x.shape[-2:]
    return ir.iota(shape, 0, INT32, x.context), ir.iota(shape, 1, INT32, x.context)


def cholesky(x: Value) -> Value:
    """Lower triangular factors L of positive definite x = L L^T, read from the lower triangles; NaN of others."""
    return emit("cholesky", x)


def triangular_solve(a: Value, b: Value, *, lower: bool, transpose: bool = False) -> Value:
    """The solutions x of a x = b, or of a^T x = b, where ``a`` is read in one triangle."""
    return emit("triangular_solve", a, b, lower=lower, transpose=transpose)


def eigh(x: Value) -> tuple[Value, Value]:
    """Ascending eigenvalues of symmetric matrices, read from the lower triangles, and eigenvectors as columns."""
    values, vectors = emit("eigh", x)
    return values, vectors


def qr(x: Value) -> tuple[Value, Value]:
    """Orthonormal columns q and upper triangular r with x = q r, of x with as many rows as columns or more."""
    q, r = emit("qr", x)
    return q, r


def inverse(x: Value) -> Value:
    """The inverses of square matrices; NaN of singular ones."""
    return emit("inverse", x)


def determinant(x: Value) -> Value:
    """The determinants of square matrices."""
    return emit("determinant", x)


def log_determinant(x: Value) -> tuple[Value, Value]:
    """The signs of determinants, and the logarithms of their magnitudes."""
    sign, logarithm = emit("log_determinant", x)
    return sign, logarithm


def check_matrices(x: Value, wrong: Value, fault: str) -> Value:
    """``x``; an error if any element of ``wrong`` holds, one for each matrix. ``fault``: key of ``errors.FAULTS``."""
    return emit("check_matrices", x, wrong, fault=fault)
