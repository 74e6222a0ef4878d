"""Parts of arrays, by ranges and by indices held in arrays."""

from __future__ import annotations

from ..case import Case, Drawn, Literal, case, empty, f, lit, whole, without_gradient

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"


def first(data: Drawn | Literal, *others: Drawn | Literal, **attributes: object) -> Case:
    """With the gradient of the data alone: indices have none."""
    return Case([data, *others], attributes, grad=(0,))


CASES: dict[str, list[Case]] = {
    "take": [
        first(f(4, 3), lit([0, 3, 3])),
        first(f(4, 3), lit([[0, 1], [2, 2]], "int32"), axis=1),
        first(f(2, 3, 4), lit([1, 0]), axis=-1),
        first(f(4, 3), lit([-1, 9, 2]), mode="clip"),
        first(f(4, 3), lit([-1, 9, 2]), mode="wrap"),
        first(f(4, 3), lit([-5, 6], "int64"), axis=1, mode="wrap"),
        first(f(4, 3), lit([0.75, 2.5])),
        first(f(4, 3, dtype=WIDE), whole(2, high=4, dtype="uint8")),
        first(f(4, 3, dtype=HALF), whole(5, high=4)),
        case(whole(4, 3), whole(2, high=4)),
        first(f(1), lit([0, 0])),
        first(f(4, 3), lit([1, 2]), mode="raise"),
        first(f(4, 3), lit([0]), axis=2),
        first(f(2, 1, 3), lit([2, 0]), axis=-1, mode="wrap"),
        empty(f(2, 3), f(0, 2), axis=1),
        empty(f(0, 3), f(0)),
        # The gradients of indices that int32 cannot hold go to other rows in MXNet.
        without_gradient(f(3, 2), lit([1e10, -1e10])),
        without_gradient(f(3, 2), lit([2**40, -(2**40)], "int64")),
        without_gradient(f(3, 2), lit([2**40 + 1, -(2**40)], "int64"), mode="wrap"),
        first(lit([[NAN, 1], [2, 3]]), lit([NAN, 1])),
    ],
    "pick": [
        first(f(3, 4), lit([0, 3, 1])),
        first(f(3, 4), lit([0, 3, 1]), keepdims=True),
        first(f(3, 4), lit([0, 2, 1, 1]), axis=0),
        first(f(2, 3, 4), whole(2, 4, high=3), axis=1),
        first(f(2, 3, 4), whole(2, 1, 4, high=3, dtype="float32"), axis=1, keepdims=True),
        first(f(3, 4), lit([-1, 9, 2])),
        first(f(3, 4), lit([-1, 9, 2]), mode="wrap"),
        first(f(3, 4, dtype=WIDE), lit([1, 0, 2], "int64")),
        first(f(3, 4, dtype=HALF), lit([1, 0, 2])),
        case(whole(3, 4), lit([1, 0, 2], "int32")),
        first(f(3, 4), lit([0.75, 2.5, 1])),
        first(f(1, 1), lit([0])),
        first(f(3, 4), lit([0, 1])),
        first(f(2, 3, 4), whole(2, 3, high=4), axis=-1, mode="wrap"),
        empty(f(0, 3), f(0)),
        first(lit([[NAN, 1], [2, 3]]), lit([0, NAN])),
    ],
    "gather_nd": [
        first(f(3, 4), lit([[0, 2], [1, 3]])),
        first(f(3, 4), lit([[0, 2, 2]], "int32")),
        first(f(2, 3, 4), lit([[1, 0], [2, 2]])),
        first(f(2, 3), lit([[[0, 1], [1, 0]], [[2, 1], [0, 1]]])),
        # MXNet puts the gradients of negative indices before the array.
        without_gradient(f(3, 4), lit([[-1, 2], [1, -2]])),
        first(f(3, 4, dtype=WIDE), whole(2, 2, high=3, dtype="int64")),
        first(f(3, 4, dtype=HALF), lit([[1, 1], [0, 0]])),
        case(whole(3, 4), lit([[1], [2]])),
        first(f(1), lit([[0, 0]])),
        first(f(3, 4), lit([[1], [2], [0]])),
        empty(f(2, 3), f(2, 0)),
    ],
    "slice": [
        case(f(3, 4), begin=(0, 1), end=(2, 3)),
        case(f(3, 4), begin=(1,), end=(3,)),
        case(f(3, 4), begin=(None, 1), end=(None, None), step=(2, 2)),
        case(f(3, 4), begin=(None, -1), end=(None, None), step=(None, -2)),
        case(f(2, 3, 4), begin=(-1, -2, 0), end=(None, None, -1)),
        case(f(3, 4), begin=(0, 1), end=(9, 9)),
        case(f(3, 4, dtype=WIDE), begin=(2,), end=(0,), step=(-1,)),
        case(f(3, 4, dtype=HALF), begin=(1, 1), end=(2, 2)),
        case(whole(5), begin=(1,), end=(4,), step=(2,)),
        case(f(3, 4), begin=(1,), end=(1,)),
        case(f(3, 4), begin=(0, 0, 0), end=(1, 1, 1)),
        case(f(3, 4), begin=(0,), end=(1, 1)),
        case(f(3, 4), begin=(0,), end=(1,), step=(0,)),
        empty(f(0, 3), begin=(0, 1), end=(0, 3)),
        empty(f(2, 3), begin=(0, 1), end=(2, 1)),
    ],
    "slice_axis": [
        case(f(3, 4), axis=0, begin=1, end=3),
        case(f(3, 4), axis=1, begin=1, end=None),
        case(f(3, 4), axis=-1, begin=-3, end=-1),
        case(f(2, 3, 4), axis=1, begin=0, end=1),
        case(f(3, 4, dtype=WIDE), axis=0, begin=-2, end=None),
        case(f(3, 4, dtype=HALF), axis=1, begin=0, end=4),
        case(whole(5), axis=0, begin=4, end=5),
        case(f(3, 4), axis=0, begin=2, end=2),
        case(f(3, 4), axis=0, begin=0, end=4),
        case(f(3, 4), axis=2, begin=0, end=1),
        empty(f(0, 3), axis=1, begin=1, end=3),
    ],
    "one_hot": [
        case(whole(3, high=4), depth=4),
        case(whole(2, 3, high=4, dtype="int64"), depth=5, on_value=2.5, off_value=-1),
        Case([lit([0, 3, -1, 9])], {"depth": 4}, grad=()),
        Case([lit([0.75, 2.5])], {"depth": 3}, grad=()),
        case(whole(3, high=4), depth=4, dtype=HALF),
        case(whole(3, high=4), depth=4, dtype=WIDE, on_value=0.1),
        case(whole(3, high=4), depth=4, dtype="int32", on_value=7),
        case(whole(3, high=4, dtype="uint8"), depth=4, dtype="uint8"),
        case(lit([0], "int32"), depth=1),
        empty(f(0), depth=3),
        empty(whole(2), depth=0),
        Case([lit([NAN, INF, 1])], {"depth": 2}, grad=()),
    ],
}
