"""Factors of matrices, which are the last two axes: Cholesky's, eigenvectors, an orthonormal and a triangular one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import build as ir
from .. import matrices
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import FLOAT32, FLOAT64, Type, finfo
from ..value import Value
from .elementwise import Array, Samples


class OfMatrices(Primitive, family=True):
    """A function of square matrices, in float32 or float64."""

    kinds = "f"
    cheap = False

    def infer(self, x: Type, **attributes: Any) -> Any:
        require_matrices(self.name, x)
        if x.shape[-1] != x.shape[-2]:
            raise OperatorError(f"{self.name}: expected square matrices, got {x}")
        return self.results(x)

    def results(self, x: Type) -> Any:
        """The type of each result for the type of the operand."""
        return x

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.uniform(-1, 1, (2, 3, 3))
        return [((_definite(x).astype("float32"),), {}), ((_definite(x[0, :2, :2]).astype("float32"),), {})]


def _definite(x: Array) -> Array:
    """Symmetric positive definite matrices, whose eigenvalues lie apart."""
    n = x.shape[-1]
    return x @ x.swapaxes(-1, -2) * 0.2 + np.diag(np.arange(1, n + 1))


def require_matrices(name: str, x: Type) -> None:
    if x.dtype not in (FLOAT32, FLOAT64):
        raise OperatorError(f"{name}: only float32 and float64 are supported, got {x}")
    if x.ndim < 2:
        raise OperatorError(f"{name}: expected matrices in the last two axes, got {x}")


def each(function: Callable[[Array], tuple[Array, ...]], x: Array) -> tuple[Array, ...]:
    """``function`` of all matrices of ``x``; NaN for those that NumPy refuses."""
    try:
        return function(x)
    except np.linalg.LinAlgError:
        pass
    made = [_alone(function, matrix) for matrix in x.reshape(-1, *x.shape[-2:])]
    lead = x.shape[:-2]
    return tuple(np.stack(parts).reshape(*lead, *parts[0].shape) for parts in zip(*made, strict=True))


def _alone(function: Callable[[Array], tuple[Array, ...]], matrix: Array) -> tuple[Array, ...]:
    try:
        return function(matrix)
    except np.linalg.LinAlgError:
        accepted = function(np.identity(len(matrix), matrix.dtype))
        return tuple(np.full_like(part, np.nan) for part in accepted)


def spoiled(wrong: Array, made: Array) -> Array:
    """``made`` with NaN where ``wrong``, which says it for each matrix."""
    wrong = wrong.reshape((*wrong.shape, *(1,) * (made.ndim - wrong.ndim)))
    return np.where(wrong, made.dtype.type(np.nan), made)


def has_nan(x: Array) -> Array:
    """Whether each matrix has NaN."""
    return np.asarray(np.isnan(x).any((-2, -1)))


def _infinite(x: Array) -> Array:
    """Whether each matrix has a number that is not finite."""
    return ~np.asarray(np.isfinite(x).all((-2, -1)))


class Cholesky(OfMatrices):
    """The lower triangular L with positive diagonal of a positive definite matrix L L^T.

    Only the lower triangle is read; what is not positive definite, or has NaN there, gives a triangle of NaN.
    """

    name = "cholesky"

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        n = spec.in_types[0].shape[-1]
        return (_count(spec), n * (n + 1) * (2 * n + 1) // 6)

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (_into_lower(cholesky_gradient(g, y)),)

    def evaluate(self, x: Array) -> Array:
        lower = np.tril(x)
        (made,) = each(lambda matrices: (np.linalg.cholesky(matrices),), lower)
        return np.tril(spoiled(has_nan(lower), made))


class Eigh(OfMatrices):
    """Ascending eigenvalues of a symmetric matrix, and its eigenvectors, the columns of another.

    Only the lower triangle is read. The first of the largest elements of each vector is positive. What is not finite
    gives NaN.
    """

    name = "eigh"
    tupled = True

    def results(self, x: Type) -> tuple[Type, Type]:
        return x.with_shape(x.shape[:-1]), x

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """Reduction to a tridiagonal matrix, and the vectors by divide and conquer, without luck."""
        n = spec.in_types[0].shape[-1]
        return (_count(spec), 9, n, n, n)

    def vjp(self, g: Any, y: tuple[Value, Value], x: Value) -> tuple[Value]:
        return (_into_lower(eigh_gradient(g, y)),)

    def evaluate(self, x: Array) -> tuple[Array, ...]:
        lower = np.tril(x)
        values, vectors = each(lambda matrices: tuple(np.linalg.eigh(matrices)), lower)
        wrong = _infinite(lower)
        return spoiled(wrong, values), spoiled(wrong, vectors * _signs(vectors))


#: Elements of an eigenvector that differ by less, in units of the dtype's epsilon, are the same but for rounding.
SAME = 1000


def _signs(vectors: Array) -> Array:
    """What to multiply the columns by, for the first of their largest elements to be positive."""
    if not vectors.size:
        return np.ones_like(vectors)
    sizes = np.abs(vectors)
    largest = sizes >= sizes.max(-2, keepdims=True) * (1 - SAME * finfo(vectors.dtype).eps)
    first = np.take_along_axis(vectors, largest.argmax(-2, keepdims=True), -2)
    return np.where(first < 0, vectors.dtype.type(-1), vectors.dtype.type(1))


class QR(Primitive):
    """An orthonormal q and an upper triangular r whose product is a matrix with as many rows as columns or more.

    Made by Householder's reflections: each diagonal element of r has the other sign than the element in its place has
    before the reflection that makes it, or is that element where there is nothing below it. What is not finite gives
    NaN.
    """

    name = "qr"
    kinds = "f"
    cheap = False
    tupled = True

    def infer(self, x: Type) -> tuple[Type, Type]:
        require_matrices(self.name, x)
        rows, columns = x.shape[-2:]
        if rows < columns:
            raise OperatorError(f"qr: expected as many rows as columns or more, got {x}")
        return x, x.with_shape((*x.shape[:-2], columns, columns))

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """Of the reflections, and as much again to multiply them out."""
        m, n = spec.in_types[0].shape[-2:]
        return (_count(spec), 4, n, n, max(m - n // 3, 0))

    def vjp(self, g: Any, y: tuple[Value, Value], x: Value) -> tuple[Value]:
        (of_q, of_r), (q, r) = g, y
        inner = ir.zeros_like(r)
        if of_r is not None:
            inner = ir.batch_matmul(r, matrices.transposed(matrices.triangle(of_r, lower=False)))
        if of_q is not None:
            inner = inner - ir.batch_matmul(matrices.transposed(of_q), q)
        lower = matrices.triangle(inner)
        mirrored = lower + matrices.transposed(lower) - ir.select(matrices.on_diagonal(r), inner, 0.0)
        total = ir.batch_matmul(q, mirrored)
        if of_q is not None:
            total = total + of_q
        made = matrices.triangular_solve(r, matrices.transposed(total), lower=False)
        return (matrices.transposed(made),)

    def evaluate(self, x: Array) -> tuple[Array, Array]:
        q, r = np.linalg.qr(x)
        wrong = _infinite(x)
        return spoiled(wrong, q), np.triu(spoiled(wrong, r))

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        x = rng.uniform(-1, 1, (2, 4, 3)).astype("float32")
        return [((x,), {}), ((x[0, :3],), {})]


def _count(spec: Specialization) -> int:
    """How many matrices there are."""
    return int(np.prod(spec.in_types[0].shape[:-2]))


def _into_lower(gradient: Value) -> Value:
    """The gradient of a function of the lower triangle, from the symmetric one of a function of the whole."""
    lower = matrices.triangle(gradient)
    return lower + ir.select(matrices.on_diagonal(gradient), 0.0, lower)


def cholesky_gradient(g: Value, factor: Value) -> Value:
    """The gradient of a symmetric matrix from that of its Cholesky ``factor``: symmetric.

    After Iain Murray, *Differentiation of the Cholesky decomposition* (2016).
    """
    inner = matrices.triangle(ir.batch_matmul(matrices.transposed(factor), matrices.triangle(g)))
    inner = ir.select(matrices.on_diagonal(factor), inner * 0.5, inner)
    left = matrices.triangular_solve(factor, inner, lower=True, transpose=True)
    both = matrices.triangular_solve(factor, matrices.transposed(left), lower=True, transpose=True)
    return matrices.symmetrized(both)


def eigh_gradient(g: Any, y: tuple[Value, Value]) -> Value:
    """The gradient of a symmetric matrix from those of its eigenvalues and eigenvectors: symmetric.

    Where eigenvalues are equal, the vectors have none: the gradient is infinite or NaN, unless nothing asks for it.
    """
    (of_values, of_vectors), (values, vectors) = g, y
    inner = ir.zeros_like(vectors)
    if of_values is not None:
        spread = ir.broadcast_to(ir.expand_dims(of_values, -1), vectors.shape)
        inner = ir.select(matrices.on_diagonal(vectors), spread, 0.0)
    if of_vectors is not None:
        turned = ir.batch_matmul(matrices.transposed(vectors), of_vectors)
        turned = (turned - matrices.transposed(turned)) * 0.5
        apart = ir.expand_dims(values, -2) - ir.expand_dims(values, -1)
        nothing = (turned == 0) & (apart == 0)
        inner = inner + ir.select(nothing, 0.0, turned / ir.select(nothing, 1.0, apart))
    made = ir.batch_matmul(ir.batch_matmul(vectors, inner), matrices.transposed(vectors))
    return matrices.symmetrized(made)
