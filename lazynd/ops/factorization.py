"""Factors, inverses and determinants of the matrices in the last two axes, after LAPACK.

All take float32 and float64, and as many leading axes as there are. A matrix of which what is asked for does not exist
is an error when a result is read; NaN is none, and gives NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir import matrices
from ..ir.build import Value
from ..ir.primitives.factorization import cholesky_gradient, eigh_gradient
from ..ir.types import FLOAT32, FLOAT64, require
from .operator import numbered, op
from .partial import Shapes, same
from .reduce import one


def _matrices(rng: Any, *shape: int) -> Any:
    """Matrices that are well conditioned, and not symmetric."""
    return (rng.uniform(-1, 1, shape) + 2 * np.eye(shape[-1])).astype("float32")


def _definite(rng: Any, *shape: int) -> Any:
    """Positive definite matrices, whose eigenvalues lie apart."""
    x = rng.uniform(-1, 1, shape)
    return (x @ x.swapaxes(-1, -2) * 0.2 + np.diag(np.arange(1, shape[-1] + 1))).astype("float32")


def require_wide(a: Value) -> None:
    """Refuse what has neither of the dtypes that LAPACK knows."""
    require(a.dtype in (FLOAT32, FLOAT64), f"This operation only supports float32 and float64, got {a.type}")


def require_matrices(a: Value) -> None:
    require_wide(a)
    require(a.ndim >= 2, f"expected matrices in the last two axes, got {a.type}")


def require_square(a: Value) -> None:
    require_matrices(a)
    require(a.shape[-1] == a.shape[-2], f"expected square matrices, got {a.type}")


def _has_nan(x: Value) -> Value:
    """Whether each matrix has NaN."""
    return ir.max(x != x, (-2, -1))


@op(
    name="_linalg_potrf",
    method=False,
    shapes=same,
    samples=lambda r: [((_definite(r, 2, 3, 3),), {}), ((_definite(r, 2, 2),), {})],
)
def linalg_potrf(A: Value) -> Value:
    """Cholesky's factors: for each positive definite matrix ``A`` the lower triangular L with A = L L^T.

    Only the lower triangles are read. A matrix that is not positive definite is an error when the result is read. The
    gradient is symmetric, as ``A`` is.

    >>> from lazynd import nd
    >>> nd.linalg.potrf(nd.array([[4, 2], [2, 5]])).asnumpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    require_square(A)
    made = matrices.cholesky(A)
    if not A.size:
        return made
    wrong = _has_nan(made) & ~_has_nan(matrices.triangle(A))
    return matrices.check_matrices(made, wrong, "indefinite")


@linalg_potrf.gradient
def _potrf_gradient(g: Value, y: Value, A: Value) -> Value:
    return cholesky_gradient(g, y)


@op(
    name="_linalg_potri",
    method=False,
    shapes=same,
    samples=lambda r: [((_matrices(r, 2, 3, 3),), {}), ((_matrices(r, 2, 2),), {})],
)
def linalg_potri(A: Value) -> Value:
    """The inverses of matrices of which ``potrf`` has given the factors ``A``: (A A^T)^-1.

    Only the lower triangles are read. A factor with a zero on its diagonal is an error when the result is read.
    """
    require_square(A)
    if not A.size:
        return A
    wrong = ir.max(matrices.on_diagonal(A) & (A == 0), (-2, -1))
    inverse = matrices.triangular_solve(A, matrices.identity(A), lower=True)
    made = ir.batch_matmul(matrices.transposed(inverse), inverse)
    return matrices.check_matrices(made, wrong, "no factor")


def _gelqf_shapes(known: Shapes, **_: Any) -> None:
    """The orthonormal rows have the shape of the matrix, and L its rows."""
    known.learn_same([0], [0])
    given = known["A"]
    if given is not None and len(given) >= 2:
        known.learn_output((*given[:-2], given[-2], given[-2]), 1)


@op(
    name="_linalg_gelqf",
    method=False,
    shapes=_gelqf_shapes,
    outputs=numbered(2),
    samples=lambda r: [((r.uniform(-1, 1, s).astype("float32"),), {}) for s in ((2, 3, 4), (3, 3))],
)
def linalg_gelqf(A: Value) -> tuple[Value, Value]:
    """Orthonormal rows Q and lower triangular L with A = L Q, for matrices with as many columns as rows or more.

    They are those of Householder's reflections, so the diagonal of L may be negative. Where the rows of ``A`` depend on
    each other L has no inverse, and ``A`` no gradient: it is infinite or NaN, or rounding made large.
    """
    require_matrices(A)
    require(A.shape[-2] <= A.shape[-1], f"expected as many columns as rows or more, got {A.type}")
    q, r = matrices.qr(matrices.transposed(A))
    return matrices.transposed(q), matrices.transposed(r)


@op(
    name="_linalg_syevd",
    method=False,
    outputs=numbered(2),
    samples=lambda r: [((_definite(r, 2, 3, 3),), {}), ((_definite(r, 2, 2),), {})],
)
def linalg_syevd(A: Value) -> tuple[Value, Value]:
    """Eigenvectors U, as rows, and ascending eigenvalues L of symmetric matrices: A = U^T diag(L) U.

    Only the lower triangles are read. The first of the largest elements of each vector is positive. The gradient is
    symmetric, as ``A`` is; where two eigenvalues are equal that of their vectors does not exist.

    >>> from lazynd import nd
    >>> vectors, values = nd.linalg.syevd(nd.array([[1, 0], [0, -3]]))
    >>> values.asnumpy(), vectors.asnumpy()
    (array([-3.,  1.], dtype=float32), array([[0., 1.],
           [1., 0.]], dtype=float32))
    """
    require_square(A)
    values, vectors = matrices.eigh(A)
    return matrices.transposed(vectors), values


@linalg_syevd.gradient
def _syevd_gradient(g: Any, y: Any, A: Value) -> Value:
    (of_rows, of_values), (rows, values) = g, y
    of_vectors = None if of_rows is None else matrices.transposed(of_rows)
    return eigh_gradient((of_values, of_vectors), (values, matrices.transposed(rows)))


@op(
    name="_linalg_inverse",
    method=False,
    shapes=same,
    samples=lambda r: [((_matrices(r, 2, 3, 3),), {}), ((_matrices(r, 2, 2),), {})],
)
def linalg_inverse(A: Value) -> Value:
    """The inverses of square matrices. A singular one is an error when the result is read.

    >>> from lazynd import nd
    >>> nd.linalg.inverse(nd.array([[1, 2], [0, 4]])).asnumpy()
    array([[ 1.  , -0.5 ],
           [ 0.  ,  0.25]], dtype=float32)
    """
    require_square(A)
    made = matrices.inverse(A)
    if not A.size:
        return made
    return matrices.check_matrices(made, _has_nan(made) & ~_has_nan(A), "singular")


@op(
    name="_linalg_det",
    method=False,
    outputs=("output0",),  # as in MXNet, where two more are hidden
    samples=lambda r: [((_matrices(r, 2, 3, 3),), {}), ((_matrices(r, 2, 2),), {})],
)
def linalg_det(A: Value) -> Value:
    """The determinants of square matrices: of shape (1,) for one matrix. Where one is 0 its gradient is 0 too."""
    require_square(A)
    return one(matrices.determinant(A))


@op(
    name="_linalg_slogdet",
    method=False,
    outputs=numbered(2),
    samples=lambda r: [((_matrices(r, 2, 3, 3),), {}), ((_matrices(r, 2, 2),), {})],
)
def linalg_slogdet(A: Value) -> tuple[Value, Value]:
    """The signs of the determinants of square matrices, and the logarithms of their magnitudes.

    A singular matrix gives 0 and minus infinity, without a gradient; one with NaN gives 0 and NaN.
    """
    require_square(A)
    sign, logarithm = matrices.log_determinant(A)
    return one(sign), one(logarithm)
