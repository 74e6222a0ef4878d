"""Products and diagonals of matrices in the last two axes, after BLAS."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, is_floating, normalize_axis, require
from .factorization import require_wide
from .kinds import Scalar, check_count
from .operator import op
from .partial import Shapes


def _f(rng: Any, *shape: int) -> Any:
    return rng.uniform(0.5, 2, shape).astype("float32")


def _product(a: Value, b: Value, transpose_a: bool, transpose_b: bool, axis: int) -> Value:
    """Matrix products over equal leading axes; rows lie along ``axis``, columns along the last axis."""
    require(a.dtype == b.dtype, f"Incompatible attr in node  at 1-th input: expected {a.dtype}, got {b.dtype}")
    require(is_floating(a.dtype), f"only floats are supported, got {a.dtype}")
    require(a.ndim == b.ndim and a.ndim >= 2, f"two arrays of equally many dimensions, 2 or more: {a.type}, {b.type}")
    row = normalize_axis(axis, a.ndim)
    require(row < a.ndim - 1, f"axis {axis} of the rows is the axis of the columns")
    order = [i for i in range(a.ndim) if i not in (row, a.ndim - 1)] + [row, a.ndim - 1]
    a, b = ir.transpose(a, order), ir.transpose(b, order)
    require(a.shape[:-2] == b.shape[:-2], "Shapes of inputs 0, 1 must be the same, except on row/col axis")
    n = a.ndim
    left, right = (n - 2 if transpose_a else n - 1), (n - 1 if transpose_b else n - 2)
    require(
        a.shape[left] == b.shape[right],
        f"Incompatible matrix dimensions for multiplication: {a.shape[left]} vs. {b.shape[right]}",
    )
    lead = tuple(range(n - 2))
    made = ir.dot_general(a, b, ((left,), (right,)), (lead, lead))
    back = sorted(range(n), key=order.__getitem__)
    return ir.transpose(made, back)


@op(
    name="_linalg_gemm2",
    method=False,
    samples=lambda r: [
        ((_f(r, 2, 3, 4), _f(r, 2, 4, 5)), {"alpha": 1.5}),
        ((_f(r, 4, 3), _f(r, 5, 4)), {"transpose_a": True, "transpose_b": True}),
        ((_f(r, 3, 2, 4), _f(r, 4, 2, 5)), {"axis": 0}),
    ],
)
def linalg_gemm2(
    A: Value,
    B: Value,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: Scalar = 1.0,
    axis: int = -2,
) -> Value:
    """``alpha`` times the products of the matrices of ``A`` and ``B``, each transposed if asked.

    Leading extents must be equal; ``axis`` is where the rows lie. Floats only; the result has that dtype.
    """
    return _product(A, B, transpose_a, transpose_b, axis) * alpha


def _gemm_shapes(known: Shapes, *, transpose_a: bool, transpose_b: bool, axis: int, **_: Any) -> None:
    """What is added has the shape of the product, as the result has."""
    a, b = known["A"], known["B"]
    if a is None or b is None or len(a) < 2:
        return
    rows = normalize_axis(axis, len(a))
    made = list(a)
    made[rows], made[-1] = a[-1 if transpose_a else rows], b[rows if transpose_b else -1]
    known.learn("C", tuple(made))
    known.learn_output(tuple(made))


@op(
    name="_linalg_gemm",
    shapes=_gemm_shapes,
    method=False,
    samples=lambda r: [((_f(r, 3, 4), _f(r, 4, 5), _f(r, 3, 5)), {"alpha": 1.5, "beta": -0.5})],
)
def linalg_gemm(
    A: Value,
    B: Value,
    C: Value,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: Scalar = 1.0,
    beta: Scalar = 1.0,
    axis: int = -2,
) -> Value:
    """``alpha`` times the products of the matrices of ``A`` and ``B``, plus ``beta`` times ``C``."""
    made = _product(A, B, transpose_a, transpose_b, axis)
    require(made.type is C.type, f"C must be {made.type}, got {C.type}")
    return made * alpha + C * beta


@op(
    name="_linalg_syrk",
    method=False,
    samples=lambda r: [((_f(r, 3, 4),), {"alpha": 0.5}), ((_f(r, 2, 3, 4),), {"transpose": True})],
)
def linalg_syrk(A: Value, *, transpose: bool = False, alpha: Scalar = 1.0) -> Value:
    """``alpha A A^T`` of each matrix, or ``alpha A^T A`` if ``transpose``."""
    return _product(A, A, transpose, not transpose, -2) * alpha


@op(
    method=False,
    samples=lambda r: [
        ((_f(r, 2, 4), _f(r, 3, 4)), {}),
        ((_f(r, 2, 3), _f(r, 1, 3), _f(r, 4, 3)), {}),
        ((_f(r, 2, 3),), {}),
    ],
)
def khatri_rao(*args: Value, num_args: int | None = None) -> Value:
    """The product of Khatri and Rao: matrices with the Kronecker products of the columns of ``args`` as columns.

    The matrices have one dtype, float32 or float64, and equally many columns.

    >>> from lazynd import nd
    >>> nd.khatri_rao(nd.array([[1, 2], [3, 4]]), nd.array([[5, 6], [7, 8]])).asnumpy()
    array([[ 5., 12.],
           [ 7., 16.],
           [15., 24.],
           [21., 32.]], dtype=float32)
    """
    check_count(args, num_args)
    made = args[0]
    for each in args:
        require_wide(each)
        require(each.ndim == 2, f"expected matrices, got {each.type}")
        require(each.dtype == made.dtype, f"all matrices must have one dtype, got {made.type} and {each.type}")
        require(each.shape[1] == made.shape[1], f"expected equally many columns, got {made.type} and {each.type}")
    for each in args[1:]:
        rows, columns = made.shape[0] * each.shape[0], made.shape[1]
        made = ir.reshape(ir.expand_dims(made, 1) * ir.expand_dims(each, 0), (rows, columns))
    return made


def _diagonal(n: int, like: Value, offset: int) -> Value:
    row, column = (ir.iota((n, n), a, INT32, like.context) for a in (0, 1))
    return column == row + offset


@op(
    name="_linalg_makediag",
    method=False,
    samples=lambda r: [((_f(r, 3),), {"offset": o}) for o in (0, 1, -2)] + [((_f(r, 2, 3),), {})],
)
def linalg_makediag(A: Value, *, offset: int = 0) -> Value:
    """Square matrices with the last axis of ``A`` on the diagonal ``offset`` (above the main one if positive)."""
    extra = abs(offset)
    lead = A.ndim - 1
    low, high = ([0] * lead + [n] for n in (max(offset, 0), max(-offset, 0)))
    padded = ir.pad(A, 0, low, high, [0] * A.ndim)
    n = A.shape[-1] + extra
    shape = (*A.shape[:-1], n, n)
    # Column j of the diagonal above the main one holds element j - offset; below it, element j.
    spread = ir.broadcast_to(ir.expand_dims(padded, lead), shape)
    return ir.select(ir.broadcast_to(_diagonal(n, A, offset), shape), spread, 0.0)


@op(
    name="_linalg_extractdiag",
    method=False,
    samples=lambda r: [((_f(r, 3, 3),), {"offset": o}) for o in (0, 1, -2)] + [((_f(r, 2, 3, 3),), {})],
)
def linalg_extractdiag(A: Value, *, offset: int = 0) -> Value:
    """The diagonals ``offset`` of square matrices."""
    require(A.ndim >= 2 and A.shape[-1] == A.shape[-2], f"expected square matrices, got {A.type}")
    n = A.shape[-1]
    count = n - abs(offset)
    require(count > 0, f"offset {offset} lies outside matrices of {n} rows")
    at = ir.iota((count,), 0, INT32, A.context)
    made = ir.gather(A, [at + max(-offset, 0), at + max(offset, 0)], (A.ndim - 2, A.ndim - 1))
    return ir.transpose(made, [*range(1, made.ndim), 0])


@op(
    name="_linalg_sumlogdiag",
    method=False,
    samples=lambda r: [((_f(r, 3, 3),), {}), ((_f(r, 2, 3, 3),), {})],
)
def linalg_sumlogdiag(A: Value) -> Value:
    """The sum of the logarithms of the diagonal of each square matrix."""
    made = ir.sum(ir.log(linalg_extractdiag(A)), -1)
    return made if made.ndim else ir.reshape(made, (1,))
