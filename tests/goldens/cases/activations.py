"""Activations with parameters, embeddings and dropout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, Literal, case, empty, f, lit, whole

NAN, INF = float("nan"), float("inf")
HALF, WIDE = "float16", "float64"


def lookup(data: Drawn | Literal, rows: int, columns: int, of: str = "float32", **attributes: Any) -> Case:
    weight = f(rows, columns, dtype=of)
    return Case([data, weight], {"input_dim": rows, "output_dim": columns, **attributes}, grad=(1,))


def dropped(*shape: int, dtype: str = "float32", train: bool = True, **attributes: Any) -> Case:
    """What is drawn is not compared."""
    return Case([f(*shape, dtype=dtype)], attributes, train=train, values=False)


CASES: dict[str, list[Case]] = {
    "LeakyReLU": [
        case(f(3, 4)),
        case(f(3, 4), act_type="leaky", slope=0.5),
        replace(case(f(3, 4, dtype=WIDE), act_type="leaky", slope=0.125), rtol=1e-6),  # MXNet computes in float32
        case(f(3, 4), act_type="elu"),
        case(f(3, 4), act_type="elu", slope=1.5),
        replace(case(f(3, 4), act_type="selu"), grad=()),  # MXNet's slope below 0 is not that of the function
        case(f(3, 4, dtype=WIDE), act_type="elu", slope=0.5),
        case(f(3, 4), act_type="gelu"),
        replace(case(f(3, 4, dtype=WIDE), act_type="gelu"), rtol=1e-6),  # the same
        case(f(2, 3, 4), f(3), act_type="prelu"),
        case(f(2, 3), f(1), act_type="prelu"),
        case(f(3), f(3), act_type="prelu"),
        replace(case(f(2, 3, dtype=WIDE), f(3, dtype=WIDE), act_type="prelu"), rtol=1e-6),  # the same
        case(f(2, 3), f(1, 3), act_type="prelu"),
        case(f(3, 4, dtype=HALF), act_type="leaky"),
        case(f(3, 4, dtype=HALF), act_type="gelu"),
        *(replace(case(lit([NAN, INF, -1, 1]), act_type=each), grad=()) for each in ("leaky", "elu", "selu")),
        *(case(lit([0.0, 90, -90]), act_type=each) for each in ("leaky", "elu", "gelu")),
        case(f(3, 4), act_type="other"),
        case(f(3, 4), f(3)),
        case(f(3, 4), act_type="prelu"),
        case(f(3, 4), f(4, dtype=WIDE), act_type="prelu"),
        empty(f(0, 3), act_type="leaky"),
        empty(f(0, 3), act_type="elu"),
    ],
    "Embedding": [
        lookup(whole(2, 3, high=5, dtype="float32"), 5, 4),
        lookup(whole(7, high=5), 5, 4),
        lookup(lit([0, 9, -1, 2]), 4, 2),
        lookup(lit([0.75, 2.5]), 4, 2),
        lookup(whole(2, 3, high=5, dtype="uint8"), 5, 4, HALF, dtype=HALF),
        lookup(whole(2, 3, high=5, dtype="int64"), 5, 4, WIDE, dtype=WIDE),
        lookup(lit([[0]]), 1, 1),
        lookup(lit([1, 1, 1, 0]), 3, 2),
        replace(lookup(f(0), 3, 2), np_shape=True),
        lookup(whole(2, 3, high=5, dtype="float32"), 5, 4, dtype=WIDE),
        Case([lit([0, 2]), f(5, 4)], {"input_dim": 6, "output_dim": 4}, grad=(1,)),
        replace(lookup(lit([2**40, 1], "int64"), 3, 2), grad=()),
    ],
    "Dropout": [
        case(f(3, 4), p=0),
        Case([f(3, 4)], {"p": 0.5}, train=False),
        Case([f(3, 4, dtype=WIDE)], {}, train=False),
        case(f(3, 4), p=0.0, mode="always"),
        case(f(3, 4), p=1),
        dropped(3, 4),
        dropped(3, 4, p=0.25, dtype=HALF),
        dropped(2, 3, 4, p=0.25, axes=(1,)),
        dropped(2, 3, 4, axes=(0, 2), dtype=WIDE),
        dropped(3, 4, mode="always", train=False),
        dropped(3, 4, cudnn_off=True),
        dropped(1),
        case(f(3, 4), p=1.5),
        case(f(3, 4), p=-0.25),
        case(f(3, 4), p=0.5, mode="other"),
        case(f(3, 4), p=0.5, axes=(2,)),
        case(whole(3, 4), p=0.5),
        empty(f(0, 3), p=0.5),
    ],
}
