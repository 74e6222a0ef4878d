"""Windows as columns, and blocks of pixels as channels."""

from __future__ import annotations

from ..case import Case, case, distinct, empty, f, lit, whole

CASES: dict[str, list[Case]] = {
    # MXNet 1.9.1 has two spatial dimensions alone: with one it raises, and three end it.
    "im2col": [
        case(f(2, 3, 4, 5), kernel=(2, 2)),
        case(f(1, 2, 5, 4), kernel=(2, 3), stride=(2, 1), dilate=(1, 2), pad=(1, 2)),
        case(f(2, 1, 6, 5, dtype="float64"), kernel=(3, 2), stride=(2, 3), pad=(0, 1)),
        case(f(1, 3, 3, 4, dtype="float16"), kernel=(3, 4)),
        case(f(1, 1, 7, 6), kernel=(2, 2), stride=(3, 4), dilate=(3, 2)),
        case(lit([[[[1, "inf", 2], ["nan", 4, 5]]]]), kernel=(2, 2), pad=(1, 0)),
        case(f(2, 2, 1, 5), kernel=(1, 3), dilate=(4, 1)),
        empty(f(0, 2, 3, 4), kernel=(2, 2)),
        empty(f(2, 0, 3, 4), kernel=(2, 2)),
        case(f(1, 1, 3, 4), kernel=(4, 2)),
        case(f(1, 1, 3, 4), kernel=(2, 2), stride=(0, 1)),
        case(f(1, 1, 3, 4), kernel=(2, 2), stride=(2,)),
        case(whole(1, 1, 3, 4), kernel=(2, 2)),
    ],
    "col2im": [
        case(f(2, 12, 12), output_size=(4, 5), kernel=(2, 2)),
        case(f(1, 12, 8), output_size=(3, 4), kernel=(2, 3), stride=(2, 1), dilate=(1, 2), pad=(1, 2)),
        case(f(2, 6, 4, dtype="float64"), output_size=(6, 5), kernel=(3, 2), stride=(2, 3), pad=(0, 1)),
        case(f(1, 36, 1, dtype="float16"), output_size=(3, 4), kernel=(3, 4)),
        case(f(1, 8, 2), output_size=(7, 6), kernel=(2, 2), stride=(3, 4), dilate=(3, 2)),
        case(lit([[[1, "inf"], [2, "nan"]]]), output_size=(1, 3), kernel=(1, 2)),
        case(f(1, 4, 2), output_size=(2, 7), kernel=(1, 2), stride=(1, 9)),
        empty(f(0, 8, 6), output_size=(3, 4), kernel=(2, 2)),
        case(f(1, 8, 6), output_size=(4, 4), kernel=(2, 2)),
        case(f(1, 8, 6), output_size=(3, 4), kernel=(3, 2)),
        case(whole(1, 4, 6), output_size=(3, 4), kernel=(2, 2)),
    ],
    "depth_to_space": [
        case(f(2, 8, 2, 3), block_size=2),
        case(f(1, 9, 1, 2), block_size=3),
        case(f(1, 3, 2, 2), block_size=1),
        case(distinct(1, 4, 3, 1, dtype="float64"), block_size=2),
        case(f(1, 4, 2, 2, dtype="float16"), block_size=2),
        case(whole(2, 4, 1, 3), block_size=2),
        case(whole(1, 4, 2, 2, dtype="uint8"), block_size=2),
        case(f(1, 8, 2, 3), block_size=3),
        case(f(1, 8, 2, 3), block_size=0),
        case(f(4, 2, 3), block_size=2),
    ],
    "space_to_depth": [
        case(f(2, 3, 4, 6), block_size=2),
        case(f(1, 2, 3, 6), block_size=3),
        case(f(1, 3, 2, 5), block_size=1),
        case(distinct(1, 1, 6, 2, dtype="float64"), block_size=2),
        case(f(1, 2, 2, 4, dtype="float16"), block_size=2),
        case(whole(2, 1, 2, 4), block_size=2),
        case(whole(1, 2, 4, 2, dtype="int8"), block_size=2),
        case(f(1, 2, 4, 6), block_size=4),
        case(f(1, 2, 4, 6), block_size=-2),
        case(f(1, 4, 6), block_size=2),
    ],
}
