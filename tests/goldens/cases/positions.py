"""Positions as data, and arrays put together by positions."""

from __future__ import annotations

from ..case import Case, Drawn, Literal, case, f, lit, whole, without_gradient

HALF, WIDE = "float16", "float64"


def placed(*arrays: Drawn | Literal, grad: tuple[int, ...], **attributes: object) -> Case:
    """With the gradients of these arrays alone: indices have none."""
    return Case(arrays, attributes, grad=grad)


CASES: dict[str, list[Case]] = {
    "_contrib_arange_like": [
        without_gradient(f(2, 3)),
        without_gradient(f(2, 3), axis=1),
        without_gradient(f(2, 3), axis=-2, start=2, step=0.5),
        without_gradient(f(2, 3), start=0.001, step=0.1),
        without_gradient(f(2, 3), repeat=2, step=-1),
        without_gradient(f(2, 3), repeat=4),
        without_gradient(f(2, 4), axis=1, repeat=3),
        without_gradient(f(2, 3, dtype=WIDE), start=2, step=0.1),
        without_gradient(f(2, 3, dtype=HALF), start=2, step=3),
        without_gradient(whole(2, 3), start=2.7, step=1.9),
        without_gradient(whole(2, 3, dtype="int8"), start=126),
        without_gradient(whole(2, 3, dtype="uint8"), start=1, step=-1),
        without_gradient(f(2, 3), step=0, ctx="cpu(0)"),
        case(f(3)),
        without_gradient(f(2, 3), axis=2),
        without_gradient(f(2, 3), axis=-3),
    ],
    "_contrib_index_array": [
        without_gradient(f(2, 3)),
        without_gradient(f(2, 3), axes=(1,)),
        without_gradient(f(2, 3), axes=(1, 0)),
        without_gradient(f(2, 3), axes=(-1,)),
        without_gradient(f(2, 3), axes=(1, 1, 0)),
        without_gradient(f(2, 1, 3, 2), axes=(3, 0)),
        without_gradient(f(4)),
        without_gradient(whole(2, 1, 2, dtype="int64")),
        without_gradient(f(1, 1, dtype=HALF)),
    ],
    "_contrib_index_copy": [
        placed(f(4, 2), lit([3, 1], "int32"), f(2, 2), grad=(0, 2)),
        placed(f(4, 2), lit([0, 3], "int64"), f(2, 2), grad=(0, 2)),
        placed(f(5), lit([4, 0, 2]), f(3), grad=(0, 2)),
        placed(f(3, 1, 2), lit([1.7, 2.2]), f(2, 1, 2), grad=(0, 2)),
        placed(f(4, 2, dtype=WIDE), lit([2], "uint8"), f(1, 2, dtype=WIDE), grad=(0, 2)),
        placed(f(4, dtype=HALF), lit([1, 2], WIDE), f(2, dtype=HALF), grad=(0, 2)),
        case(whole(4), lit([1, 2], "int32"), whole(2)),
        # Of rows that another one replaces, MXNet counts the gradient too.
        placed(f(4, 2), lit([1, 3, 1], "int32"), f(3, 2), grad=(0,)),
        without_gradient(f(4, 2), lit([2, 2, 2, 2], "int64"), f(4, 2)),
        without_gradient(f(4, 2), lit([1, 2]), f(3, 2)),
        without_gradient(f(4, 2), lit([1, 2]), f(2, 3)),
        without_gradient(f(4, 2), lit([[1, 2]]), f(2, 2)),
        without_gradient(f(2), lit([0, 1, 0], "int32"), f(3)),
        without_gradient(f(4), lit([0, 1], "int32"), f(2, dtype=HALF)),
    ],
    "scatter_nd": [
        placed(f(3), lit([[1, 1, 0], [0, 1, 0]]), shape=(2, 2), grad=(0,)),
        placed(f(2, 4), lit([[2, 0]], "int32"), shape=(3, 4), grad=(0,)),
        placed(f(2, 3), lit([[[1, 0, 3], [4, 5, 2]]], "int64"), shape=(6,), grad=(0,)),
        placed(f(2, 3), lit([[0, 1], [1, 0]]), shape=(2, 2, 3), grad=(0,)),
        placed(f(2, dtype=WIDE), lit([[1, 0]], "uint8"), shape=(3,), grad=(0,)),
        placed(f(2, dtype=HALF), lit([[1.7, 0.2]]), shape=(3,), grad=(0,)),
        case(whole(2), lit([[1, 0]], "int32"), shape=(3,)),
        # Of elements that another one replaces, MXNet counts the gradient too.
        without_gradient(f(4), lit([[1, 1, 0, 1], [0, 0, 1, 0]]), shape=(2, 2)),
        without_gradient(f(2), lit([1, 0]), shape=(3,)),
        without_gradient(f(2), lit([[1, 0], [0, 0]]), shape=(3,)),
        without_gradient(f(2, 2), lit([[1, 0]], "int64"), shape=(2, 3)),
        without_gradient(f(2, 2), lit([[1, 0, 1]], "int64"), shape=(2, 2)),
        without_gradient(f(2), lit([[1, 0]])),
    ],
    "_ravel_multi_index": [
        without_gradient(lit([[3, 6, 6], [4, 5, 1]]), shape=(7, 6)),
        without_gradient(lit([[3, 6, 6], [4, 5, 1]], "int32"), shape=(7, 6)),
        without_gradient(lit([[3, 6, 6], [4, 5, 1]], "int64"), shape=(7, 6)),
        without_gradient(lit([[3, 6, 6], [4, 5, 1]], "uint8"), shape=(7, 60)),
        without_gradient(lit([[3, 6, 6], [4, 5, 1]], HALF), shape=(7, 6)),
        without_gradient(lit([[3, 6, 6], [4, 5, 1]], WIDE), shape=(-1, 6)),
        without_gradient(lit([[3, 6, 6], [-1, 5, 1]]), shape=(2, 2)),
        without_gradient(lit([[3.7, 6], [1.9, 5]]), shape=(7, 6)),
        without_gradient(lit([[1], [2], [3]]), shape=(2, 3, 4)),
        without_gradient(lit([[4, 2]]), shape=(5,)),
        without_gradient(lit([[1], [2]]), shape=(7, 0)),
        case(lit([[1], [2]]), shape=(7, 6)),
        without_gradient(lit([[3], [1]]), shape=(7, 6, 2)),
        without_gradient(lit([3, 1]), shape=(7, 6)),
        without_gradient(lit([[3], [1]])),
    ],
}
