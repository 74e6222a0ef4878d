"""Triangular systems, inverses and determinants of matrices, which are the last two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import build as ir
from .. import matrices
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type
from ..value import Value
from .elementwise import Array, Samples
from .factorization import OfMatrices, each, has_nan, require_matrices, spoiled


class TriangularSolve(Primitive):
    """The solution x of ``a`` x = ``b``, or of its transpose in place of ``a``, which is read in one triangle.

    By substitution: a zero on the diagonal divides, and gives an infinity or NaN.
    """

    name = "triangular_solve"
    kinds = "f"
    cheap = False

    def infer(self, a: Type, b: Type, *, lower: bool, transpose: bool) -> Type:
        require_matrices(self.name, a)
        if a.shape[-1] != a.shape[-2]:
            raise OperatorError(f"triangular_solve: expected square matrices, got {a}")
        if (a.dtype, a.shape[:-1]) != (b.dtype, b.shape[:-1]):
            raise OperatorError(f"triangular_solve: {b} does not fit {a}")
        return b

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        a, b = spec.in_types
        return (b.size, a.shape[-1])

    def vjp(self, g: Value, y: Value, a: Value, b: Value, *, lower: bool, transpose: bool) -> tuple[Value, Value]:
        of_b = matrices.triangular_solve(a, g, lower=lower, transpose=not transpose)
        left, right = (y, of_b) if transpose else (of_b, y)
        of_a = matrices.triangle(-ir.batch_matmul(left, matrices.transposed(right)), lower)
        return of_a, of_b

    def evaluate(self, a: Array, b: Array, *, lower: bool, transpose: bool) -> Array:
        if transpose:
            a, lower = a.swapaxes(-1, -2), not lower
        if lower:
            return _substituted(a, b)
        return np.ascontiguousarray(_substituted(a[..., ::-1, ::-1], b[..., ::-1, :])[..., ::-1, :])

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        a, b = rng.uniform(0.5, 1, (2, 3, 3)).astype("float32"), rng.uniform(-1, 1, (2, 3, 4)).astype("float32")
        ways = [(lower, transpose) for lower in (True, False) for transpose in (False, True)]
        cases = [((a, b), {"lower": lower, "transpose": transpose}) for lower, transpose in ways]
        return [*cases, ((a[0], b[0]), {"lower": True, "transpose": False})]


#: Smaller systems are solved row by row, larger ones as two with a product of matrices between them.
_ROWS = 32


def _substituted(a: Array, b: Array) -> Array:
    """The solution of a x = b by the lower triangle of ``a``."""
    n = a.shape[-1]
    if n <= _ROWS:
        x = b.copy()
        for i in range(n):
            if i:
                x[..., i : i + 1, :] -= a[..., i : i + 1, :i] @ x[..., :i, :]
            x[..., i, :] /= a[..., i, i, None]
        return x
    half = n // 2
    top = _substituted(a[..., :half, :half], b[..., :half, :])
    rest = b[..., half:, :] - a[..., half:, :half] @ top
    return np.concatenate([top, _substituted(a[..., half:, half:], rest)], -2)


class Inverse(OfMatrices):
    """The inverse of a square matrix; NaN of one that is singular, with a pivot of zero, or that has NaN."""

    name = "inverse"

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        x = spec.in_types[0]
        return (2, x.size, x.shape[-1])

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        turned = matrices.transposed(y)
        return (-ir.batch_matmul(ir.batch_matmul(turned, g), turned),)

    def evaluate(self, x: Array) -> Array:
        (made,) = each(lambda matrices: (np.linalg.inv(matrices),), x)
        return spoiled(has_nan(x), made)


class _OfDeterminant(OfMatrices, family=True):
    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """Of the elimination, whose pivots' product it is."""
        x = spec.in_types[0]
        return (2, x.size, -(-x.shape[-1] // 3))


def _transposed_inverse(x: Value, singular: Value) -> Value:
    """The transposed inverses of ``x``, with 0 for those that are ``singular``."""
    singular = _spread(singular)
    found = matrices.transposed(matrices.inverse(ir.select(singular, matrices.identity(x), x)))
    return ir.select(singular, 0.0, found)


def _spread(x: Value) -> Value:
    """One number for each matrix, shaped to broadcast with matrices."""
    return ir.reshape(x, (*x.shape, 1, 1))


class Determinant(_OfDeterminant):
    """The determinant of a square matrix: NaN of one with NaN, 1 of one without elements.

    Where it is 0 its gradient is taken for 0 too.
    """

    name = "determinant"

    def results(self, x: Type) -> Type:
        return x.with_shape(x.shape[:-2])

    def vjp(self, g: Value, y: Value, x: Value) -> tuple[Value]:
        return (_spread(g * y) * _transposed_inverse(x, y == 0),)

    def evaluate(self, x: Array) -> Array:
        return spoiled(has_nan(x), np.asarray(np.linalg.det(x), x.dtype))


class LogDeterminant(_OfDeterminant):
    """The sign of a determinant, and the logarithm of its magnitude: 0 and minus infinity of a singular matrix.

    Of one with NaN they are 0 and NaN. The sign has no gradient; that of the logarithm is taken for 0 where it is
    infinite.
    """

    name = "log_determinant"
    tupled = True

    def results(self, x: Type) -> tuple[Type, Type]:
        made = x.with_shape(x.shape[:-2])
        return made, made

    def vjp(self, g: Any, y: tuple[Value, Value], x: Value) -> tuple[Value | None]:
        if g[1] is None:
            return (None,)
        return (_spread(g[1]) * _transposed_inverse(x, y[1] == -np.inf),)

    def evaluate(self, x: Array) -> tuple[Array, Array]:
        sign, logarithm = (np.asarray(part, x.dtype) for part in np.linalg.slogdet(x))
        logarithm = spoiled(has_nan(x), logarithm)
        return np.where(np.isnan(logarithm), x.dtype.type(0), sign), logarithm
