"""Copies with elements replaced, storage types, and arrays made without others."""

from __future__ import annotations

from dataclasses import replace

from ..case import Case, case, empty, f, lit, updating, whole, without_gradient

NAN = float("nan")
WIDE = "float64"


def sparse(*shape: int, dtype: str = "float32", **attributes: object) -> Case:
    """MXNet sums the squares of sparse arrays alone."""
    return Case([f(*shape, dtype=dtype)], attributes, grad=(), stype="row_sparse")


CASES: dict[str, list[Case]] = {
    "_slice_assign": [
        case(f(3, 4), f(2, 2), begin=(0, 1), end=(2, 3)),
        case(f(3, 4), f(2, 4), begin=(0,), end=(2,)),
        case(f(3, 4), f(3, 2), begin=(None, None), end=(None, None), step=(1, 2)),
        case(f(3, 4), f(2, 4), begin=(2,), end=(0,), step=(-1,)),
        case(f(2, 3, 4, dtype=WIDE), f(2, 1, 4, dtype=WIDE), begin=(0, -1), end=(2, 3)),
        case(whole(3, 4), whole(1, 4), begin=(1,), end=(2,)),
        case(f(5), f(1), begin=(-1,), end=(None,)),
        case(f(3, 4), lit([[NAN, 1]]), begin=(1, 1), end=(2, 3)),
        case(f(3, 4), f(1, 2), begin=(0, 1), end=(2, 3)),
        case(f(3, 4), f(2, 4, dtype=WIDE), begin=(0,), end=(2,)),
    ],
    "_slice_assign_scalar": [
        case(f(3, 4), scalar=2, begin=(0, 1), end=(2, 3)),
        case(f(3, 4), scalar=1.5, begin=(1,), end=(2,)),
        case(f(3, 4), scalar=-1, begin=(0, None), end=(2, None), step=(1, 2)),
        case(f(3, 4), scalar=2, begin=(2,), end=(0,), step=(-1,)),
        case(f(3, 4), begin=(1,), end=(1,)),
        case(f(2, 3, 4, dtype=WIDE), begin=(0, -1), end=(2, 3)),
        case(whole(3, 4), scalar=2.75, begin=(1,), end=(2,)),
        case(f(1), scalar=NAN, begin=(0,), end=(1,)),
    ],
    "_scatter_set_nd": [
        updating(f(3, 4), f(2), lit([[0, 2], [1, 3]]), shape=(3, 4)),
        updating(f(3, 2), f(2, 2), lit([[0, 2]]), shape=(3, 2)),
        updating(f(3, 2, dtype=WIDE), f(2, 2, dtype=WIDE), whole(1, 2, high=2, dtype="int64"), shape=(3, 2)),
        updating(f(5), f(1), lit([[4]], "int32"), shape=(5,)),
        updating(whole(3, 4), whole(2), lit([[0, 2], [1, 3]]), shape=(3, 4)),
        updating(f(2, 3, 4), f(2, 2, 4), lit([[[0, 1], [1, 0]], [[2, 1], [0, 1]]]), shape=(2, 3, 4)),
        updating(f(3, 4), f(1), lit([[2], [1]]), shape=(3, 4)),
        updating(f(3, 4), f(3), lit([[0, 2], [1, 3]]), shape=(3, 4)),
    ],
    "fill_element_0index": [
        without_gradient(f(3, 4), f(3), lit([0, 3, 1])),
        without_gradient(f(1, 1), f(1), lit([0])),
        without_gradient(f(2, 5), f(2), lit([4, 4])),
        without_gradient(f(3, 4), lit([NAN, 1, 2]), lit([0, 3, 1])),
        without_gradient(f(3, 4), f(3), lit([0.5, 2.75, 1])),
        without_gradient(f(3, 4), f(3), lit([0, 9, -1])),
        without_gradient(f(3, 4), f(2), lit([0, 1])),
    ],
    "_onehot_encode": [
        updating(lit([0, 3, 1]), f(3, 4), out=1),
        updating(lit([0]), f(1, 1), out=1),
        updating(lit([1, 1]), f(2, 5), out=1),
        updating(lit([0.5, 2.75]), f(2, 3), out=1),
        updating(lit([0, 9, -1]), f(3, 4), out=1),
        updating(lit([4, 0, 1, 2]), f(4, 5), out=1),
    ],
    "_square_sum": [
        sparse(3, 4, axis=1),
        sparse(3, 4, axis=0),
        sparse(3, 4, axis=1, keepdims=True),
        sparse(3, 4, axis=0, keepdims=True),
        sparse(5, 1, axis=1),
        sparse(1, 4, axis=1),
        sparse(3, 4, dtype=WIDE, axis=1),
    ],
    "cast_storage": [
        case(f(3, 4), stype="csr"),
        case(f(3, 4), stype="row_sparse"),
        case(f(2, 3, 4), stype="row_sparse"),
        case(f(2, 3, 4), stype="default"),
        replace(case(lit([[0, 1, 0], [0, 0, 0]]), stype="csr"), grad=()),
        case(f(3, 4, dtype=WIDE), stype="csr"),
        case(whole(3, 4), stype="csr"),
        case(f(3), stype="csr"),
        case(f(3, 4), stype="other"),
    ],
    "_zeros": [
        case(shape=(2, 3)),
        case(shape=(4,), dtype="int32"),
        case(shape=(1, 2, 1), dtype="float16"),
        case(shape=(2,), dtype="bool"),
        case(shape=3, ctx="cpu(0)"),
        case(shape=(2, 2), dtype=WIDE),
        case(),
        case(shape=1),
        empty(shape=(0, 3)),
    ],
    "_ones": [
        case(shape=(2, 3)),
        case(shape=(4,), dtype="int32"),
        case(shape=(1, 2, 1), dtype="float16"),
        case(shape=(2,), dtype="bool"),
        case(shape=3, ctx="cpu(0)"),
        case(shape=(2, 2), dtype=WIDE),
        case(),
        case(shape=1),
        empty(shape=(0, 3)),
    ],
    "_full": [
        case(shape=(2, 3), value=1.5),
        case(shape=(4,), dtype="int32", value=-2.75),
        case(shape=(1, 2, 1), dtype="float16", value=NAN),
        case(shape=(2,), dtype="uint8", value=7),
        case(shape=3, ctx="cpu(0)", value=0),
        case(shape=(2, 2), dtype=WIDE, value=0.1),
        case(shape=(2,)),
        case(value=1),
        case(shape=(1,), value=2.5),
        case(shape=(2,), value=300, dtype="uint8"),
        case(shape=(2,), value=1e300),
        empty(shape=(0, 3), value=2),
    ],
    "_set_value": [
        replace(updating(each, src=src), passed=0)
        for each, src in (
            (f(3, 4), 1.5), (f(1), 0), (f(2, 3, 2, dtype=WIDE), -2.5), (whole(3), 2.75), (f(4), NAN),
            (f(2, 2, dtype="float16"), 7),
        )
    ],
}  # fmt: skip
