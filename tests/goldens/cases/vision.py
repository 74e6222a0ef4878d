"""Images averaged, resized, bordered and compared."""

from __future__ import annotations

from typing import Any

from ..case import Case, case, distinct, empty, f, lit, whole, without_gradient

ROW = {"top": 0, "bot": 0, "left": 0, "right": 0}
SIDES = {"top": 1, "bot": 2, "left": 3, "right": 1}


def pair(*shape: int, dtype: str = "float32") -> tuple[Any, Any]:
    """Two images that differ in every pixel, and from the padding."""
    return f(*shape, low=0.5, high=1, dtype=dtype), f(*shape, low=1.5, high=2, dtype=dtype)


CASES: dict[str, list[Case]] = {
    "_contrib_AdaptiveAvgPooling2D": [
        case(f(2, 3, 5, 4)),
        case(f(2, 3, 5, 4), output_size=3),
        case(f(1, 2, 5, 7), output_size=(2, 3)),
        case(f(1, 2, 6, 8), output_size=(3, 2)),
        case(f(1, 1, 3, 2), output_size=(5, 4)),
        case(f(2, 1, 7, 5, dtype="float64"), output_size=(4, 5)),
        case(f(1, 2, 4, 5, dtype="float16"), output_size=(3,)),
        case(lit([[[[1, "inf", 2, 3], [4, 5, 6, "nan"]]]]), output_size=(1, 3)),
        empty(f(0, 2, 4, 5), output_size=2),
        case(f(3, 5, 4), output_size=2),
        case(whole(1, 1, 5, 4), output_size=2),
        case(f(1, 1, 5, 4), output_size=-1),
    ],
    "_contrib_BilinearResize2D": [
        case(f(2, 3, 3, 4), height=5, width=6),
        case(f(2, 3, 3, 4), height=5, width=6, align_corners=False),
        case(f(1, 2, 7, 6), height=3, width=2),
        case(f(1, 2, 7, 6), height=3, width=2, align_corners=False),
        case(f(1, 2, 3, 4)),
        case(f(1, 2, 3, 4), height=3, width=4),
        case(f(1, 2, 3, 4), align_corners=False),
        case(f(1, 2, 1, 1), height=3, width=2, align_corners=False),
        case(f(1, 2, 3, 4, dtype="float64"), height=5, width=7),
        case(f(1, 2, 3, 4, dtype="float16"), height=4, width=9),
        case(f(1, 1, 10, 3), scale_height=0.7, scale_width=1.7),
        case(f(1, 1, 3, 4), scale_width=3, height=2, width=2),
        case(f(1, 1, 3, 4), scale_height=2, scale_width=0.5, mode="odd_scale"),
        case(f(1, 1, 7, 5), scale_height=0.3, scale_width=1.3, mode="odd_scale"),
        case(f(1, 2, 3, 4), f(3, 1, 6, 2), mode="like"),
        without_gradient(f(1, 2, 3, 4), whole(1, 1, 2, 5), mode="like", align_corners=False),
        case(f(1, 2, 3, 4), mode="to_even_down"),
        case(f(1, 2, 3, 4), mode="to_even_up", align_corners=False),
        case(f(1, 2, 3, 4), mode="to_odd_down"),
        case(f(1, 2, 3, 4), mode="to_odd_up"),
        case(lit([[[[1, "inf", 2], ["nan", 4, 5]]]]), height=3, width=5),
        case(f(1, 1, 3, 4), scale_height=2),
        case(f(1, 1, 3, 4), mode="odd_scale"),
        case(f(1, 1, 3, 4), mode="like"),
        case(f(1, 1, 3, 4), f(1, 1, 2, 2), height=2, width=2),
        case(f(1, 1, 3, 4), height=0, width=2),
        case(f(1, 1, 3, 4), mode="simple"),
        case(f(1, 3, 4), height=2, width=2),
        case(whole(1, 1, 3, 4), height=2, width=2),
    ],
    "Correlation": [
        case(f(2, 3, 5, 6), f(2, 3, 5, 6)),
        case(f(2, 3, 5, 6), f(2, 3, 5, 6), pad_size=1),
        case(f(1, 2, 5, 6), f(1, 2, 5, 6), kernel_size=3, pad_size=3, max_displacement=2),
        case(f(1, 2, 6, 5), f(1, 2, 6, 5), max_displacement=3, stride2=2, pad_size=3),
        case(f(1, 2, 7, 6), f(1, 2, 7, 6), kernel_size=3, stride1=2, pad_size=2),
        case(f(1, 2, 5, 6), f(1, 2, 5, 6), stride1=30, pad_size=1),
        case(f(1, 3, 2, 4), f(1, 3, 2, 4), max_displacement=0),
        case(*pair(1, 2, 5, 6), pad_size=1, is_multiply=False),
        case(*pair(2, 1, 7, 6), kernel_size=3, stride1=2, max_displacement=2, stride2=2, pad_size=2, is_multiply=False),
        case(lit([[[[1, 2], [3, 4]]]]), lit([[[[1, 3], [2, 4]]]]), pad_size=1, is_multiply=False),
        case(*pair(1, 2, 4, 5, dtype="float64"), pad_size=2, max_displacement=2),
        case(*pair(1, 2, 4, 5, dtype="float16"), pad_size=1),
        without_gradient(f(1, 1, 3, 3), lit([[[[1, 2, "inf"], [4, "nan", 1], [1, 1, 1]]]]), pad_size=1),
        case(f(1, 2, 5, 6), f(1, 2, 5, 6), kernel_size=2, pad_size=2),
        case(f(1, 2, 5, 6), f(1, 2, 5, 6), max_displacement=4),
        case(f(2, 5, 6), f(2, 5, 6)),
        case(f(1, 2, 5, 6), f(1, 2, 5, 6, dtype="float64")),
        case(whole(1, 2, 5, 6), whole(1, 2, 5, 6)),
    ],
    # MXNet's has no gradient.
    "_cvcopyMakeBorder": [
        case(whole(2, 3, 3, dtype="uint8"), **SIDES),
        case(whole(2, 3, 3, dtype="uint8"), **SIDES, type=1),
        case(whole(2, 3, 3, dtype="uint8", high=99), top=3, bot=5, left=4, right=7, type=2),
        case(whole(2, 3, 3, dtype="uint8", high=99), top=3, bot=5, left=4, right=7, type=3),
        case(whole(2, 3, 3, dtype="uint8", high=99), top=3, bot=5, left=4, right=7, type=4),
        case(whole(1, 1, 2, dtype="uint8"), **SIDES, type=4),
        case(whole(2, 3, 3, dtype="uint8"), **SIDES, value=2.5),
        case(whole(2, 3, 3, dtype="uint8"), **SIDES, value=300),
        case(whole(2, 3, 3, dtype="uint8"), **SIDES, values=(7, -8)),
        case(whole(2, 3, 1, dtype="uint8"), **SIDES, values=(5, 6, 7)),
        case(whole(2, 2, 4, dtype="int32"), **SIDES, value=1, values=(2**30 + 1, 6, -7, 8, 9)),
        case(whole(1, 2, 5, dtype="uint8"), **SIDES),
        without_gradient(f(2, 2, 3), **SIDES, value=1.25),
        without_gradient(distinct(2, 2, 3, dtype="float64"), **SIDES, type=2),
        case(whole(2, 3, 3, dtype="uint8"), **ROW),
        case(whole(2, 3, 3, dtype="uint8"), **SIDES, type=5),
        case(whole(2, 3, 3, dtype="uint8"), top=-1, bot=0, left=0, right=0),
        case(whole(2, 3, dtype="uint8"), **SIDES),
        without_gradient(f(2, 3, 3, dtype="float16"), **SIDES),
    ],
}
