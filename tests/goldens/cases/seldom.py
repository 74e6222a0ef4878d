"""Pieces of arrays and of matrices that nothing but MXNet's own tests asks for.

MXNet reads and writes past the end in ``_unravel_index`` of more than one dimension.
"""

from __future__ import annotations

from ..case import Case, case, f, lit, whole, without_gradient

HALF, WIDE = "float16", "float64"

CASES: dict[str, list[Case]] = {
    "_split_v2": [
        case(f(4, 6), indices=(0, 2, 3), axis=1),
        case(f(4, 6), indices=(0, 1), axis=0),
        case(f(4, 6), indices=(), sections=3, axis=1),
        case(f(4, 6), indices=(), sections=4, axis=0, squeeze_axis=True),
        case(f(4, 6, dtype=WIDE), indices=(0, 5), axis=-1),
        case(f(4, 6, dtype=HALF), indices=(), sections=2, axis=1),
        case(whole(4, 6), indices=(0, 2), axis=1),
        case(f(4, 6), indices=(), sections=5, axis=1),
        case(f(4, 6), indices=(), sections=7, axis=1),
        case(f(4, 6), indices=(), sections=5, axis=1, squeeze_axis=True),
    ],
    "_unravel_index": [
        case(whole(4, high=12), shape=(3, 4)),
        case(whole(6, high=12), shape=(4, 3)),
        case(whole(5, high=24), shape=(2, 3, 4)),
        case(whole(5, high=7), shape=(7,)),
        case(whole(4, high=12, dtype="int64"), shape=(-1, 4)),
        case(whole(4, high=12, dtype="float32"), shape=(3, 4)),
        case(lit([0, 11, 12, 23], "int32"), shape=(3, 4)),
    ],
    "_linspace": [
        case(start=0, stop=1, num=5),
        case(start=2, stop=-1, num=4),
        case(start=0, stop=1, num=1),
        case(start=-1.5, stop=2.5, num=9, dtype="float64"),
        case(start=0, stop=10, num=4, dtype="int32"),
        case(start=0, stop=1, num=3, dtype="float16"),
        case(start=0, stop=1, num=4, endpoint=False),
        case(start=0, stop=1, num=0),
    ],
    "_linalg_extractdiag": [
        case(f(3, 3)),
        case(f(2, 3, 3)),
        case(f(3, 3), offset=1),
        case(f(3, 3), offset=-2),
        case(f(2, 2, 3, 3, dtype=WIDE), offset=1),
        case(f(1, 1, dtype=WIDE)),
        case(f(3, 3), offset=3),
        case(f(2, 3)),
    ],
    "_linalg_makediag": [
        case(f(3)),
        case(f(2, 3)),
        case(f(3), offset=1),
        case(f(3), offset=-2),
        case(f(2, 2, 3, dtype=WIDE), offset=1),
        case(f(1, dtype=WIDE)),
    ],
    "_linalg_sumlogdiag": [
        case(f(3, 3, low=0.5, high=3)),
        case(f(2, 3, 3, low=0.5, high=3)),
        case(f(1, 1, low=0.5, high=3)),
        case(f(2, 2, 3, 3, low=0.5, high=3, dtype=WIDE)),
        case(f(4, 4, low=0.5, high=3, dtype=WIDE)),
        without_gradient(lit([[1.0, 5], [5, -1]])),
        without_gradient(lit([[0.0, 5], [5, 1]])),
        case(f(2, 3, low=0.5, high=3)),
    ],
    "_linalg_syrk": [
        case(f(2, 3)),
        case(f(2, 3), transpose=True),
        case(f(2, 2, 3), alpha=0.5),
        case(f(2, 3, 2, dtype=WIDE), transpose=True, alpha=-2.0),
        case(f(3, 3, dtype=WIDE)),
        case(f(1, 4)),
        case(f(4)),
    ],
    "_contrib_boolean_mask": [
        case(f(3, 2), lit([1.0, 0, 1])),
        case(f(4), lit([0.0, 1, 1, 0])),
        case(f(3, 2, 2), lit([1.0, 1, 1])),
        case(f(3, 2, dtype=WIDE), lit([0.0, 0, 1], WIDE)),
        case(f(3, 2, dtype=HALF), lit([1.0, 0, 0], HALF)),
        case(whole(3, 2), lit([1, 0, 1], "int32")),
        case(f(3, 2), lit([2.0, -1, 0])),
        case(f(3, 2), lit([1.0, 0])),
    ],
}
