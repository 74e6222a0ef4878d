"""Triangular matrices in the last two axes: products and systems after BLAS, and triangles as vectors.

All take float32 and float64. Of a triangular matrix only the one triangle is read, and has a gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir import matrices
from ..ir.build import Value
from ..ir.types import FLOAT64, INT32, require
from .factorization import require_square, require_wide
from .kinds import Scalar
from .operator import op
from .partial import Shapes


def _samples(rng: Any) -> list[Any]:
    def pair(*shape: int, side: int = -2) -> tuple[Any, Any]:
        b = rng.uniform(-1, 1, shape).astype("float32")
        a = rng.uniform(-1, 1, (*shape[:-2], shape[side], shape[side])) + 2 * np.eye(shape[side])
        return a.astype("float32"), b

    return [
        (pair(2, 3, 4), {"alpha": 1.5}),
        (pair(3, 2), {"transpose": True, "lower": False}),
        (pair(2, 3, side=-1), {"rightside": True}),
        (pair(2, 3, side=-1), {"rightside": True, "transpose": True, "lower": False}),
    ]


def _shapes(known: Shapes, *, rightside: bool, **_: Any) -> None:
    """The result has the shape of what is multiplied or solved for, and tells the sides of the triangle."""
    made = known.output()
    if made is not None and len(made) >= 2:
        side = made[-1 if rightside else -2]
        known.learn("A", (*made[:-2], side, side))
        known.learn("B", made)


def _require_fit(a: Value, b: Value, rightside: bool) -> None:
    require_square(a)
    require(a.dtype == b.dtype, f"Incompatible attr in node  at 1-th input: expected {a.dtype}, got {b.dtype}")
    require(a.ndim == b.ndim, f"two arrays of equally many dimensions: {a.type}, {b.type}")
    require(a.shape[:-2] == b.shape[:-2], "Shapes of inputs 0, 1 must be the same, except on last two dimensions")
    side = b.shape[-1 if rightside else -2]
    require(side == a.shape[-1], f"Incompatible matrix dimensions for multiplication: {a.type}, {b.type}")


@op(name="_linalg_trmm", method=False, shapes=_shapes, samples=_samples)
def linalg_trmm(
    A: Value, B: Value, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: Scalar = 1.0
) -> Value:
    """``alpha`` times the products of the triangles of ``A`` with ``B``: A B, or B A if ``rightside``.

    ``lower``: which triangle of ``A`` counts; ``transpose``: its transpose is multiplied.

    >>> from lazynd import nd
    >>> nd.linalg.trmm(nd.array([[1, 9], [2, 3]]), nd.array([[1], [1]]), alpha=2).asnumpy()
    array([[ 2.],
           [10.]], dtype=float32)
    """
    _require_fit(A, B, rightside)
    factor = matrices.triangle(A, lower)
    factor = matrices.transposed(factor) if transpose else factor
    return (ir.batch_matmul(B, factor) if rightside else ir.batch_matmul(factor, B)) * alpha


@op(name="_linalg_trsm", method=False, shapes=_shapes, samples=_samples)
def linalg_trsm(
    A: Value, B: Value, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: Scalar = 1.0
) -> Value:
    """The solutions X of triangular systems: A X = ``alpha`` B, or X A = ``alpha`` B if ``rightside``.

    ``lower``: which triangle of ``A`` counts; ``transpose``: its transpose stands in the place of ``A``. A zero on the
    diagonal divides: what depends on it is infinite or NaN.

    >>> from lazynd import nd
    >>> nd.linalg.trsm(nd.array([[2, 9], [1, 4]]), nd.array([[4], [6]])).asnumpy()
    array([[2.],
           [1.]], dtype=float32)
    """
    _require_fit(A, B, rightside)
    given = B * alpha
    if not rightside:
        return matrices.triangular_solve(A, given, lower=lower, transpose=transpose)
    turned = matrices.triangular_solve(A, matrices.transposed(given), lower=lower, transpose=not transpose)
    return matrices.transposed(turned)


def _places(side: int, offset: int, lower: bool, like: Value) -> tuple[Value, Value]:
    """Row and column of each element of a triangle, whose short sides have ``side`` elements, in the order of vectors.

    A lower triangle is read row by row, an upper one column by column. Element t lies in the row or column whose number
    is the whole part of (sqrt(8 t + 1) - 1) / 2, which float64 gives exactly.
    """
    count = ir.iota((side * (side + 1) // 2,), 0, INT32, like.context)
    root = ir.sqrt(ir.convert(count, FLOAT64) * 8 + 1)
    line = ir.convert((root - 1) * 0.5, INT32)
    within = count - ir.convert(ir.convert(line, FLOAT64) * (ir.convert(line, FLOAT64) + 1) * 0.5, INT32)
    return (within, line + offset) if offset > 0 or (offset == 0 and not lower) else (line - offset, within)


_TRIANGLES: list[dict[str, Any]] = [{}, {"lower": False}, {"offset": 1}, {"offset": -1}]


@op(
    name="_linalg_extracttrian",
    method=False,
    samples=lambda r: [((r.uniform(-1, 1, (2, 3, 3)).astype("float32"),), given) for given in _TRIANGLES],
)
def linalg_extracttrian(A: Value, *, offset: int = 0, lower: bool = True) -> Value:
    """The triangles of square matrices as vectors.

    ``offset`` is the diagonal that is its longest side: above the main diagonal, if positive, begins an upper triangle,
    below it a lower one; on it ``lower`` says which. A lower triangle is read row by row, an upper one column by
    column.

    >>> from lazynd import nd
    >>> x = nd.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    >>> nd.linalg.extracttrian(x).asnumpy(), nd.linalg.extracttrian(x, offset=1).asnumpy()
    (array([1., 4., 5., 7., 8., 9.], dtype=float32), array([2., 3., 6.], dtype=float32))
    """
    require_square(A)
    side = A.shape[-1] - abs(offset)
    require(side > 0, f"Illegal offset {offset} for matrices of {A.shape[-1]} rows")
    places = _places(side, offset, lower, A)
    made = ir.gather(A, places, (A.ndim - 2, A.ndim - 1))
    return ir.moveaxis(made, 0, made.ndim - 1)


@op(
    name="_linalg_maketrian",
    method=False,
    samples=lambda r: [((r.uniform(-1, 1, (2, 6)).astype("float32"),), given) for given in _TRIANGLES],
)
def linalg_maketrian(A: Value, *, offset: int = 0, lower: bool = True) -> Value:
    """Square matrices with a triangle of the numbers of vectors, and zeros elsewhere: what ``extracttrian`` undoes.

    >>> from lazynd import nd
    >>> nd.linalg.maketrian(nd.array([1, 2, 3]), lower=False).asnumpy()
    array([[1., 2.],
           [0., 3.]], dtype=float32)
    """
    require(A.ndim >= 1, f"expected vectors in the last axis, got {A.type}")
    require_wide(A)
    count = A.shape[-1]
    side = (math.isqrt(8 * count + 1) - 1) // 2
    require(side * (side + 1) // 2 == count, f"{count} numbers are no triangle: 1, 3, 6, 10, ... are")
    n = side + abs(offset)
    empty = ir.full((*A.shape[:-1], n, n), 0, A.dtype, A.type.context)
    lead = A.ndim - 1
    return ir.scatter(empty, ir.moveaxis(A, lead, 0), _places(side, offset, lower, A), (lead, lead + 1), "set")
