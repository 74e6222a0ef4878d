"""Factors, inverses, determinants and triangles of matrices.

Matrices with NaN are not here, but for systems and products: of them LAPACK computes what it likes. MXNet's determinant
of a matrix without elements is memory that nobody wrote.
"""

from __future__ import annotations

from typing import Any

from ..case import Case, Literal, case, empty, f, lit, without_gradient

NAN, INF = float("nan"), float("inf")
TWO = [[4.0, 2.0], [2.0, 3.0]]
THREE = [[4.0, 1.0, -1.0], [1.0, 3.0, 0.5], [-1.0, 0.5, 2.0]]
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
FACTOR = [[2.0, 0.0, 0.0], [1.0, 1.5, 0.0], [-0.5, 0.25, 3.0]]


def wide(values: Any) -> Literal:
    return lit(values, "float64")


def _triangular(rightside: bool) -> list[dict[str, Any]]:
    """All ways to multiply or solve by a triangle on one side."""
    ways = [(lower, transpose) for lower in (True, False) for transpose in (False, True)]
    side = {"rightside": True} if rightside else {}
    return [{**side, "lower": lower, "transpose": transpose} for lower, transpose in ways]


#: A triangle with a large diagonal, and numbers beside it that nobody is to read.
_TRIANGLE = lit([[3.0, -1.0, 9.0], [1.0, -2.0, 0.5], [9.0, 1.0, 4.0]])
_BOTH = [
    *[case(_TRIANGLE, f(3, 2), alpha=1.5, **way) for way in _triangular(False)],
    *[case(_TRIANGLE, f(2, 3), **way) for way in _triangular(True)],
    case(wide([THREE, FACTOR]), f(2, 3, 1, dtype="float64"), alpha=-2),
    case(lit([[-2.0]]), f(1, 3)),
    case(lit([[2.0, NAN], [1.0, 3.0]]), f(2, 2)),
    without_gradient(lit([[2.0, 1.0], [NAN, 3.0]]), f(2, 2)),
    without_gradient(lit([[2.0, 1.0], [1.0, 3.0]]), lit([[1.0, NAN], [2.0, INF]])),
    empty(f(0, 0), f(0, 0)),
    empty(f(0, 2, 2), f(0, 2, 3)),
    case(f(2, 2), f(3, 2)),
    case(f(2, 3), f(3, 2)),
    case(f(2, 2, 2), f(1, 2, 2)),
    case(f(2, 2), f(1, 2, 2)),
    case(f(2, 2), f(2, 2, dtype="float64")),
    case(f(2, 2, dtype="float16"), f(2, 2, dtype="float16")),
]
_OFFSETS: list[dict[str, Any]] = [{"offset": o, "lower": lower} for o in (-1, 0, 1) for lower in (True, False)]

CASES: dict[str, list[Case]] = {
    "_linalg_potrf": [
        case(lit(TWO)),
        case(lit(THREE)),
        case(wide(THREE)),
        case(wide([THREE, FACTOR])),
        case(lit([[TWO], [TWO]])),
        case(lit([[4.0, 100.0], [2.0, 3.0]])),
        case(lit([[9.0]])),
        without_gradient(lit([[4.0, NAN], [2.0, 3.0]])),
        without_gradient(lit([[INF, 2.0], [2.0, 3.0]])),
        empty(f(0, 0)),
        empty(f(0, 2, 2)),
        case(lit([[4.0, 2.0], [2.0, -3.0]])),
        case(lit([TWO, [[4.0, 2.0], [2.0, 1.0]], TWO])),
        case(lit([[0.0, 0.0], [0.0, 0.0]])),
        case(f(2, 3)),
        case(lit(TWO, "float16")),
        case(lit(TWO, "int32")),
    ],
    "_linalg_potri": [
        case(lit(FACTOR)),
        case(wide(FACTOR)),
        case(wide([FACTOR, THREE])),
        case(lit([[2.0, 7.0], [1.0, 1.5]])),
        case(lit([[-2.0, 0.0], [1.0, 1.0]])),
        case(lit([[0.5]])),
        empty(f(0, 0)),
        empty(f(2, 0, 0)),
        case(lit([[2.0, 0.0], [1.0, 0.0]])),
        case(lit([[[2.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [1.0, 1.0]]])),
        case(f(2, 3)),
        case(lit(TWO, "float16")),
    ],
    "_linalg_trmm": _BOTH,
    "_linalg_trsm": [
        *_BOTH,
        without_gradient(lit([[2.0, 7.0], [1.0, 0.0]]), lit([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])),
        without_gradient(lit([[[0.0, 7.0], [1.0, 1.0]]]), lit([[[0.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])),
    ],
    "_linalg_gelqf": [
        case(lit([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])),
        case(f(3, 3, dtype="float64")),
        case(f(2, 3, 5, dtype="float64")),
        case(lit([[-1.0, -2.0], [4.0, 5.0]])),
        case(lit([[[1.0, 2.0], [4.0, 5.0]], [[3.0, 1.0], [1.0, 0.0]]])),
        case(lit([[-3.0]])),
        case(f(1, 4)),
        without_gradient(lit([[0.0, 0.0], [0.0, 0.0]])),
        without_gradient(lit([[3.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 0.0]])),
        empty(f(0, 0)),
        empty(f(0, 2, 2)),
        case(f(3, 2)),
        case(f(2, 2, dtype="float16")),
    ],
    "_linalg_syevd": [
        case(lit(TWO)),
        case(wide(THREE)),
        case(wide([THREE, [[0.0, 2.0, 1.0], [2.0, -1.0, 0.5], [1.0, 0.5, 3.0]]])),
        case(lit([[4.0, 100.0], [2.0, 3.0]])),
        case(lit([[-3.0]])),
        case(lit([[2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])),
        without_gradient(lit([[0.0, -1.0], [-1.0, 0.0]])),
        without_gradient(lit([[1.0, 0.0], [0.0, 1.0]])),
        without_gradient(lit([TWO, [[4.0, 2.0], [NAN, 3.0]]])),
        empty(f(0, 0)),
        empty(f(2, 0, 0)),
        case(f(2, 3)),
        case(lit(TWO, "float16")),
    ],
    "_linalg_inverse": [
        case(lit([[1.0, 2.0], [3.0, 4.0]])),
        case(lit(THREE)),
        case(f(2, 3, 3, dtype="float64")),
        case(lit([[[TWO]]])),
        case(lit([[-4.0]])),
        case(lit([[0.0, 2.0], [1.0, 0.0]])),
        without_gradient(lit([[INF, 2.0], [2.0, 4.0]])),
        empty(f(0, 0)),
        empty(f(0, 2, 2)),
        case(lit(SINGULAR)),
        case(lit([TWO, SINGULAR])),
        case(lit([[0.0, 0.0], [0.0, 0.0]])),
        case(f(2, 3)),
        case(f(3)),
        case(lit(TWO, "float16")),
    ],
    "_linalg_det": [
        case(lit([[1.0, 2.0], [3.0, 4.0]])),
        case(f(3, 3, dtype="float64")),
        case(f(2, 1, 4, 4, dtype="float64")),
        case(lit(SINGULAR)),
        case(lit([TWO, SINGULAR, [[0.0, 0.0], [0.0, 0.0]]])),
        case(lit([[-4.0]])),
        case(lit([[0.0, 2.0], [1.0, 0.0]])),
        without_gradient(lit([[[1.0, NAN], [0.0, 1.0]], [[0.0, 0.0], [NAN, 4.0]], [[1.0, 2.0], [INF, 4.0]]])),
        without_gradient(lit([[1e30, 0.0], [0.0, 1e30]])),
        empty(f(0, 2, 2)),
        case(f(2, 3)),
        case(f(2)),
        case(lit(TWO, "float16")),
    ],
    "_linalg_slogdet": [
        case(lit([[1.0, 2.0], [3.0, 4.0]])),
        case(f(3, 3, dtype="float64")),
        case(f(2, 1, 4, 4, dtype="float64")),
        case(lit(SINGULAR)),
        case(lit([TWO, SINGULAR, [[0.0, 0.0], [0.0, 0.0]]])),
        case(lit([[-4.0]])),
        without_gradient(lit([[[1.0, NAN], [0.0, 1.0]], [[INF, 0.0], [0.0, 1.0]]])),
        case(lit([[[1e30, 0.0], [0.0, 1e30]], [[1e-30, 0.0], [0.0, -1e-30]]])),
        empty(f(0, 2, 2)),
        case(f(2, 3)),
        case(lit(TWO, "float16")),
    ],
    "_linalg_extracttrian": [
        *[case(f(4, 4), **given) for given in _OFFSETS],
        case(f(2, 3, 3, dtype="float64"), offset=2),
        case(f(1, 1)),
        empty(f(0, 2, 2)),
        case(f(3, 3), offset=3),
        case(f(3, 3), offset=-3),
        case(f(2, 3)),
        case(f(3)),
        case(f(2, 2, dtype="float16")),
    ],
    "_linalg_maketrian": [
        *[case(f(6), **given) for given in _OFFSETS],
        case(f(2, 3, dtype="float64"), offset=2),
        case(f(1)),
        empty(f(2, 0)),
        case(f(4)),
        case(f(3, dtype="float16")),
    ],
    "khatri_rao": [
        without_gradient(f(2, 2), f(3, 2)),
        without_gradient(f(2, 3)),
        without_gradient(f(1, 2), f(2, 2), f(2, 2)),
        without_gradient(f(2, 3, dtype="float64"), f(2, 3, dtype="float64")),
        without_gradient(f(1, 1), f(1, 1)),
        without_gradient(lit([[NAN, 0.0]]), lit([[0.0, INF]])),
        Case([f(0, 2), f(3, 2)], grad=(), np_shape=True),
        without_gradient(f(2, 2), f(1, 3)),
        without_gradient(f(2), f(2)),
        without_gradient(f(1, 1, 2), f(1, 1, 2)),
        without_gradient(f(2, 2), f(2, 2, dtype="float64")),
        without_gradient(f(2, 2, dtype="float16"), f(2, 2, dtype="float16")),
    ],
}
