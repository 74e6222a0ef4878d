"""Losses: heads with a gradient of their own, and others."""

from __future__ import annotations

from typing import Any

from ..case import Case, Drawn, Literal, case, empty, f, lit, whole, without_gradient

NAN = float("nan")
HALF, WIDE = "float16", "float64"


def classes(*shape: int, count: int = 4, dtype: str = "float32") -> Drawn:
    """Labels."""
    return whole(*shape, high=count, dtype=dtype)


def first(data: Drawn | Literal, label: Drawn | Literal, **attributes: Any) -> Case:
    """With the gradient of the data alone."""
    return Case([data, label], attributes, grad=(0,))


def _regression() -> list[Case]:
    return [
        case(f(3, 4), f(3, 4)),
        case(f(3, 4), f(3, 4), grad_scale=2.5),
        case(f(4, 1), f(4)),
        case(f(4), f(4, 1), grad_scale=0.5),
        case(f(2, 3, 4), f(2, 3, 4)),
        case(f(3, 2, dtype=WIDE), f(3, 2, dtype=WIDE)),
        case(f(3, 2, dtype=HALF), f(3, 2, dtype=HALF)),
        case(lit([[1, NAN], [0, 2]]), lit([[1, 1], [0, 3]])),
        case(f(1, 1), f(1, 1)),
        case(f(3, 4), f(4, 3)),
        case(whole(3, 4), whole(3, 4)),
    ]


CASES: dict[str, list[Case]] = {
    "SoftmaxOutput": [
        case(f(3, 4), classes(3)),
        case(f(3, 4), classes(3), grad_scale=2.5),
        case(f(3, 4), classes(3), normalization="batch"),
        case(f(5, 4), classes(5), use_ignore=True, ignore_label=1),
        case(f(5, 4), classes(5), use_ignore=True, ignore_label=2, normalization="valid"),
        case(f(5, 4), classes(5), ignore_label=2, normalization="valid"),
        case(f(5, 4), classes(5), use_ignore=True, ignore_label=2, normalization="batch", grad_scale=0.5),
        case(f(3, 4), classes(3), smooth_alpha=0.25),
        case(f(5, 4), classes(5), smooth_alpha=0.25, use_ignore=True, ignore_label=0),
        # MXNet multiplies by the result where the gradient that arrives should be.
        without_gradient(f(3, 4), classes(3), out_grad=True),
        case(f(3, 4), f(3, 4, low=0, high=1)),
        without_gradient(f(3, 4), f(3, 4, low=0, high=1), grad_scale=3, out_grad=True),
        case(f(2, 3, 5), classes(2, 5, count=3), multi_output=True),
        case(f(2, 3, 5), classes(2, 5, count=3), multi_output=True, normalization="batch"),
        case(f(2, 3, 5), classes(2, 5, count=3), multi_output=True, use_ignore=True, ignore_label=1),
        case(f(2, 3, 5), classes(2, 5, count=3), multi_output=True, normalization="valid", ignore_label=1),
        without_gradient(f(2, 3, 2, 2), classes(2, 2, 2, count=3), multi_output=True, out_grad=True),
        case(f(2, 3, 2, 2), classes(2, 1, 2, 2, count=3), multi_output=True),
        case(f(2, 3, 2, 2), classes(2, 4, count=3), multi_output=True, grad_scale=2),
        case(f(2, 3, 4), classes(2, 3), preserve_shape=True),
        case(f(2, 3, 4), classes(2, 3), preserve_shape=True, normalization="valid", ignore_label=0),
        case(f(3, 4, dtype=WIDE), classes(3, dtype=WIDE)),
        case(f(3, 4, dtype=HALF), classes(3, dtype=HALF)),
        case(f(1, 1), classes(1, count=1)),
        case(lit([[1, NAN], [0, 1000]]), lit([0, 1])),
        case(f(3, 4), lit([0, 7, -1])),
        case(f(3, 4), classes(3, 1)),
        case(f(3, 4), classes(3, dtype="int32")),
        case(f(2, 3, 4), classes(2, 5), multi_output=True),
        case(f(3, 4), classes(3), normalization="other"),
    ],
    "LinearRegressionOutput": _regression(),
    "LogisticRegressionOutput": _regression(),
    "MAERegressionOutput": _regression(),
    "SVMOutput": [
        case(f(3, 4), classes(3)),
        case(f(3, 4), classes(3), margin=0.5, regularization_coefficient=2.5),
        case(f(3, 4), classes(3), use_linear=True),
        case(f(3, 4), classes(3), use_linear=True, margin=0.25, regularization_coefficient=0.5),
        case(f(3, 4, dtype=WIDE), classes(3, dtype=WIDE), margin=0.5),
        case(f(1, 1), classes(1, count=1)),
        case(lit([[1, -1, 0], [1, 1, 1]]), lit([0, 2]), use_linear=True),
        case(f(3, 4), lit([0, 7, -1])),
        case(f(3, 4), classes(4)),
    ],
    "MakeLoss": [
        case(f(3, 4)),
        case(f(3, 4), grad_scale=2.5),
        case(f(3, 4), normalization="batch"),
        case(f(3, 4), normalization="valid", grad_scale=3),
        case(f(3, 4), normalization="valid", valid_thresh=0.5),
        case(f(3, 4), normalization="valid", valid_thresh=9),
        case(f(2, 4, 3, dtype=WIDE), normalization="batch"),
        case(f(3, 4, dtype=HALF), grad_scale=2),
        case(lit([NAN, 1, -1]), normalization="valid"),
        case(f(3), normalization="other"),
        empty(f(0, 3)),
    ],
    "make_loss": [
        case(f(3, 4)),
        case(f(1)),
        case(f(2, 3, 2)),
        case(f(2, 3, dtype=WIDE)),
        case(f(2, 3, dtype=HALF)),
        case(lit([NAN, 1, -1])),
    ],
    "BlockGrad": [
        case(f(3, 4)),
        case(f(1)),
        case(f(2, 3, 2)),
        case(f(2, 3, dtype=WIDE)),
        case(whole(2, 3)),
        case(lit([NAN, 1, -1])),
        empty(f(0, 3)),
    ],
    "IdentityAttachKLSparseReg": [
        Case([f(*shape, low=0.1, high=0.9), f(shape[1], low=0.2, high=0.8)], kw, grad=(0,))
        for shape, kw in (
            ((4, 3), {}),
            ((4, 3), {"penalty": 0.5}),
            ((4, 3), {"penalty": 0.5, "sparseness_target": 0.25}),
            ((4, 3), {"penalty": 0.5, "momentum": 0.5}),
            ((1, 3), {"penalty": 0.5}),
            ((2, 5), {"penalty": 2}),
        )
    ],
    "smooth_l1": [
        case(f(3, 4), scalar=1.0),
        case(f(3, 4)),
        case(f(3, 4), scalar=2),
        case(f(3, 4), scalar=0.5),
        case(f(2, 3, dtype=WIDE), scalar=1.5),
        case(f(2, 3, dtype=HALF), scalar=1.0),
        case(lit([NAN, 1, -1, 0, 0.25, -0.25]), scalar=2),
        case(f(1), scalar=3),
        empty(f(0, 3), scalar=1),
    ],
    "softmax_cross_entropy": [
        first(f(3, 4), classes(3)),
        first(f(1, 4), classes(1)),
        first(f(3, 1), classes(3, count=1)),
        first(f(3, 4, dtype=WIDE), classes(3, dtype=WIDE)),
        first(f(3, 4, dtype=HALF), classes(3, dtype=HALF)),
        first(lit([[2, 2, 2], [1, 3, 1]]), lit([0, 1])),
        first(lit([[1, NAN], [0, 1]]), lit([0, 1])),
        first(f(3, 4), classes(4)),
        first(f(4), classes(1)),
    ],
}
