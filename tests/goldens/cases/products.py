"""Products of matrices. MXNet dies of a sum over nothing in ``dot``."""

from __future__ import annotations

from ..case import Case, case, empty, f, lit

NAN, INF = float("nan"), float("inf")

CASES: dict[str, list[Case]] = {
    "dot": [
        case(f(2, 3), f(3, 4)),
        case(f(3, 2), f(4, 3), transpose_a=True, transpose_b=True),
        case(f(5), f(5)),
        case(f(2, 3, 4), f(4, 5)),
        case(f(2, 3, dtype="float64"), f(3, 1, dtype="float64")),
        case(lit([[1, NAN], [0, 2]]), f(2, 3)),
        case(f(4, 3), f(5, 3), transpose_b=True),
        case(f(3, 2), f(3, 4), transpose_a=True),
        case(f(1), f(1)),
        case(f(3), f(3, 2)),
        case(f(2, 3, 4), f(4, 5, 2)),
        case(f(2, 3), f(4, 3)),
        empty(f(0, 3), f(3, 2)),
    ],
    "batch_dot": [
        case(f(2, 3, 4), f(2, 4, 5)),
        case(f(2, 4, 3), f(2, 4, 5), transpose_a=True),
        case(f(2, 3, 4), f(2, 5, 4), transpose_b=True),
        case(f(2, 4, 3), f(2, 5, 4), transpose_a=True, transpose_b=True),
        case(f(1, 1, 1), f(1, 1, 1)),
        case(f(3, 2, 4, dtype="float64"), f(3, 4, 1, dtype="float64")),
        case(lit([[[1, NAN], [0, INF]]]), f(1, 2, 3)),
        case(f(2, 3, 4), f(3, 4, 5)),
        case(f(2, 3, 4), f(2, 3, 5)),
        empty(f(0, 2, 3), f(0, 3, 2)),
        empty(f(2, 0, 3), f(2, 3, 2)),
        empty(f(2, 3, 0), f(2, 0, 2)),
    ],
    "FullyConnected": [
        case(f(4, 3), f(5, 3), f(5), num_hidden=5),
        case(f(4, 3), f(5, 3), num_hidden=5, no_bias=True),
        case(f(4, 2, 3), f(5, 6), f(5), num_hidden=5),
        case(f(4, 2, 3), f(5, 3), f(5), num_hidden=5, flatten=False),
        case(f(1, 1), f(1, 1), f(1), num_hidden=1),
        empty(f(0, 3), f(2, 3), f(2), num_hidden=2),
        case(f(4, 3, dtype="float64"), f(2, 3, dtype="float64"), f(2, dtype="float64"), num_hidden=2),
    ],
    "_linalg_gemm": [
        case(f(2, 3), f(3, 4), f(2, 4)),
        case(f(2, 3), f(3, 4), f(2, 4), alpha=0.5, beta=-2),
        case(f(3, 2), f(3, 4), f(2, 4), transpose_a=True),
        case(f(2, 3), f(4, 3), f(2, 4), transpose_b=True, beta=0),
        case(f(2, 3, 4), f(2, 4, 5), f(2, 3, 5)),
        case(f(4, 2, 3, dtype="float64"), f(4, 3, 1, dtype="float64"), f(4, 2, 1, dtype="float64"), alpha=3),
        case(f(2, 5, 3), f(3, 5, 4), f(2, 5, 4), axis=0),
        case(f(1, 1), f(1, 1), f(1, 1)),
        case(f(2, 3), f(2, 4), f(2, 4)),
    ],
    "_linalg_gemm2": [
        case(f(2, 3), f(3, 4)),
        case(f(2, 3), f(3, 4), alpha=-0.5),
        case(f(3, 2), f(4, 3), transpose_a=True, transpose_b=True),
        case(f(2, 3, 4), f(2, 5, 4), transpose_b=True),
        case(f(2, 1, 3, 4, dtype="float64"), f(2, 1, 4, 2, dtype="float64")),
        case(f(2, 5, 3), f(3, 5, 4), axis=0),
        case(f(1, 1), f(1, 1)),
        case(f(2, 3), f(2, 4)),
        case(f(3), f(3)),
        empty(f(2, 0), f(0, 2)),
        case(f(2, 5, 3), f(3, 5, 4), axis=-3),
        case(lit([[NAN, 1], [0, 2]]), f(2, 2)),
    ],
}
