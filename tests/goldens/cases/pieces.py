"""Pieces of arrays by another's shape, by places and by rows; shapes as arrays; numbers at equal distances."""

from __future__ import annotations

from ..case import Case, case, f, lit, whole

HALF, WIDE = "float16", "float64"


def described(*shapes: tuple[int, ...]) -> list[Case]:
    return [
        *(case(f(*shape)) for shape in shapes),
        case(f(2, 3, dtype=WIDE)),
        case(f(2, 3, dtype=HALF)),
        case(whole(4)),
    ]


CASES: dict[str, list[Case]] = {
    "slice_like": [
        case(f(3, 4), f(2, 3)),
        case(f(3, 4, 2), f(2, 4, 1)),
        case(f(3, 4), f(2, 3), axes=(0,)),
        case(f(3, 4), f(2, 3), axes=(-1,)),
        case(f(3, 4), f(5, 2, 7), axes=(1,)),
        case(f(3, 4, dtype=WIDE), f(2, 2, dtype=WIDE)),
        case(f(3, 4, dtype=HALF), f(2, 2, dtype=HALF)),
        case(whole(3, 4), whole(2, 3)),
        case(f(3, 4), f(4, 3)),
        case(f(3, 4), f(2, 3, 1)),
    ],
    "_split_v2": [
        case(f(6, 2), indices=(), sections=3, axis=0),
        case(f(2, 6), indices=(), sections=2, axis=1),
        case(f(6, 2), indices=(0, 2, 3)),
        case(f(6, 2), indices=(0, 2, 3), axis=0),
        case(f(2, 6), indices=(0, 1, 5), axis=-1),
        case(f(3, 2), indices=(), sections=3, axis=0, squeeze_axis=True),
        case(f(6, dtype=WIDE), indices=(), sections=2, axis=0),
        case(f(6, dtype=HALF), indices=(0, 4), axis=0),
        case(f(6, 2), indices=(0, 6), axis=0),
        case(f(6, 2), indices=(0, 4, 2), axis=0),
        case(f(6, 2), indices=(0, 7), axis=0),
        case(whole(6), indices=(), sections=3, axis=0),
    ],
    "batch_take": [
        case(f(3, 4), lit([0, 3, 1], "int32")),
        case(f(2, 1), lit([0, 0], "int32")),
        case(f(3, 4, dtype=WIDE), lit([3, 2, 0], "int32")),
        case(f(3, 4, dtype=HALF), lit([3, 2, 0], "int32")),
        case(whole(3, 4), lit([1, 1, 1], "int32")),
        case(f(1, 5), lit([4], "int32")),
        case(f(4, 2), lit([1, 0, 1, 0], "int32")),
    ],
    "shape_array": described((2, 3), (4,), (2, 1, 5)),
    "size_array": described((2, 3), (4,), (2, 1, 5)),
    "_linspace": [
        case(start=0, stop=1, num=5),
        case(start=-2.5, stop=4, num=7),
        case(start=3, stop=1, num=3, dtype=WIDE),
        case(start=0, stop=1, num=4, endpoint=False),
        case(start=2, stop=2, num=3),
        case(start=0, stop=8, num=5, dtype="int32"),
        case(start=0, stop=1, num=3, dtype=HALF),
    ],
}
