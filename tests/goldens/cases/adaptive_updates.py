"""AdamW and LAMB of several weights in one call, and AdaGrad of rows: results, and the states written in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..case import Case, Drawn, Literal, f, lit, updating

NAN, INF = float("nan"), float("inf")
HALF, SINGLE, WIDE = "float16", "float32", "float64"
#: What several weights have as numbers of their own.
RATES, DECAYS, ETAS, STEPS = (0.25, 0.5, 0.125), (0.125, 0.0, 0.5), (1.0, 0.5, 2.0), (1, 3, 100)


def _groups(size: int, weights: int, dtype: str) -> list[Drawn | Literal]:
    """Each weight with its gradient and positive states, and in groups of five with a float32 copy of it."""
    arrays: list[Drawn | Literal] = []
    for values in ([[0.5, -1.25, 2], [-0.125, 1.5, 0.75]], [1.75, -0.5, 0.25, -2], [-0.75])[:weights]:
        shape = np.shape(values)
        arrays += [lit(values, dtype), f(*shape, dtype=dtype)]
        arrays += [f(*shape, low=0.5, high=1.5, dtype=SINGLE if size == 5 else dtype) for _ in range(2)]
        arrays += [lit(values)] if size == 5 else []
    return arrays


def adamw(size: int, weights: int = 2, dtype: str = SINGLE, scale: Any = 0.5, **attributes: Any) -> Case:
    arrays = [*_groups(size, weights, dtype), lit([scale], SINGLE if size == 5 else dtype)]
    numbers = {"lrs": RATES[:weights], "wds": DECAYS[:weights], "etas": ETAS[:weights], "num_weights": weights}
    return updating(*arrays, out=tuple(range(0, size * weights, size)), **{**numbers, **attributes})


def adamw_family(size: int, dtype: str) -> list[Case]:
    return [
        adamw(size, dtype=dtype),
        adamw(size, 1, dtype=dtype, scale=1),
        adamw(size, 3, dtype=dtype, clip_gradient=0.25),
        adamw(size, dtype=dtype, beta1=0.5, beta2=0.75, epsilon=0.5),
        adamw(size, dtype=dtype, scale=0),
        adamw(size, dtype=dtype, scale=INF),
        adamw(size, dtype=dtype, scale=NAN),
        adamw(size, dtype=dtype, clip_gradient=0),
        # Of other dtypes MXNet moves no weight along its averages, or not the copy.
        adamw(size, dtype=dtype, lrs=(0.5,)),  # what follows is refused
        adamw(size, dtype=dtype, wds=(0.5, 0.25, 0.125)),
        adamw(size, dtype=dtype, etas=(0.5,)),
        adamw(size, dtype=dtype, num_weights=3),
    ]


def lamb(size: int, weights: int = 2, dtype: str = SINGLE, **attributes: Any) -> Case:
    numbers = {
        "learning_rates": RATES[:weights], "wds": DECAYS[:weights], "step_count": STEPS[:weights],
        "num_tensors": weights,
    }  # fmt: skip
    arrays = _groups(size, weights, dtype)
    return updating(*arrays, out=tuple(range(0, size * weights, size)), **{**numbers, **attributes})


def lamb_family(size: int, dtype: str) -> list[Case]:
    """Norms of float64 are float32 in MXNet."""
    zeros = [lit([0.0, 0, 0], dtype) for _ in range(2)]
    states = [lit([0.0, 0, 0]) for _ in range(size - 2)]
    one = {"learning_rates": (0.5,), "wds": (0.25,), "step_count": (1,), "num_tensors": 1}
    return [
        lamb(size, dtype=dtype),
        lamb(size, 1, dtype=dtype, bias_correction=False),
        lamb(size, 3, dtype=dtype, clip_gradient=0.25, rescale_grad=0.5),
        lamb(size, dtype=dtype, beta1=0.5, beta2=0.75, epsilon=0.5),
        lamb(size, dtype=dtype, lower_bound=8.0),
        lamb(size, dtype=dtype, upper_bound=0.5),
        lamb(size, dtype=dtype, lower_bound=0.0, upper_bound=0.0),
        updating(*zeros, *states, out=(0,), **one),
        *([lamb(size, dtype=HALF)] if size == 4 else []),
        *([] if size == 5 else [replace(lamb(size, dtype=WIDE, beta1=0.5, beta2=0.75, epsilon=0.5), rtol=1e-6)]),
        lamb(size, dtype=dtype, learning_rates=(0.5,)),  # what follows is refused
        lamb(size, dtype=dtype, step_count=(1, 2, 3)),
        lamb(size, dtype=dtype, num_tensors=3),
    ]


def rows(weight: tuple[int, ...], history: tuple[int, ...], dtype: str = SINGLE, **attributes: Any) -> Case:
    """Of gradients that are stored as rows, all of which are there: of others MXNet computes nothing."""
    arrays = f(*weight, dtype=dtype), f(*weight, dtype=dtype), f(*history, low=0.5, high=1.5, dtype=dtype)
    return replace(updating(*arrays, lr=0.25, **attributes), stype="row_sparse")


CASES: dict[str, list[Case]] = {
    "_multi_adamw_update": adamw_family(4, SINGLE),
    "_multi_mp_adamw_update": adamw_family(5, HALF),
    "_multi_lamb_update": lamb_family(4, SINGLE),
    "_multi_mp_lamb_update": lamb_family(5, HALF),
    "_sparse_adagrad_update": [
        rows((3, 4), (3, 4)),
        rows((3, 4), (3, 4), clip_gradient=0.5),
        rows((3, 4), (3, 4), rescale_grad=0.5, epsilon=0.25),
        rows((2, 1), (2, 1), clip_gradient=0),
        rows((3, 4), (3, 4), WIDE, epsilon=0.25),
        rows((3, 4), (3, 4), HALF),
        rows((2, 3, 2), (2, 3, 2)),
        rows((3, 4), (3, 4), wd=0.5),
        rows((3, 4), (3, 2)),
    ],
    "_contrib_group_adagrad_update": [
        rows((3, 4), (3, 1)),
        rows((3, 4), (3, 1), clip_gradient=0.5),
        rows((3, 4), (3, 1), rescale_grad=0.5, epsilon=0.25),
        rows((2, 1), (2, 1), clip_gradient=0),
        rows((3, 4), (3, 1), WIDE, epsilon=0.25),
        rows((3, 4), (3, 1), HALF),
        rows((2, 3, 2), (2, 1, 1)),
    ],
}
