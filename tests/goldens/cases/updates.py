"""Updates of weights by optimizers: results, and the states written in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Drawn, Literal, f, lit, updating

NAN = float("nan")
HALF, SINGLE, WIDE = "float16", "float32", "float64"


def states(shape: tuple[int, ...], count: int, dtype: str) -> list[Drawn]:
    """Positive, as averages of squares must be."""
    return [f(*shape, low=0.5, high=1.5, dtype=dtype) for _ in range(count)]


def update(count: int, shape: tuple[int, ...] = (3, 4), dtype: str = SINGLE, **attributes: Any) -> Case:
    """Weight, gradient and ``count`` states of one type."""
    return updating(f(*shape, dtype=dtype), f(*shape, dtype=dtype), *states(shape, count, dtype), **attributes)


def mixed(count: int, shape: tuple[int, ...] = (3, 4), dtype: str = HALF, **attributes: Any) -> Case:
    """float16 weight and gradient, ``count`` states in float32."""
    return updating(f(*shape, dtype=dtype), f(*shape, dtype=dtype), *states(shape, count, SINGLE), **attributes)


def family(count: int, *options: dict[str, Any], wide: Any = None, **always: Any) -> list[Case]:
    """``options`` one by one, then other shapes and dtypes, and types that do not agree.

    ``wide``: in place of defaults of MXNet that are no round numbers.
    """
    return [
        *(update(count, **always, **each) for each in options),
        update(count, (1,), **always),
        update(count, (2, 3, 2), WIDE, **always, **(wide or {})),
        update(count, (2, 3), HALF, **always, **(wide or {})),
        updating(lit([NAN, 1, 0]), lit([1, NAN, 0]), *states((3,), count, SINGLE), **always),
        updating(f(3), f(4), *states((3,), count, SINGLE), **always),
        updating(f(3), f(3, dtype=HALF), *states((3,), count, SINGLE), **always),
    ]


def mixed_family(count: int, *options: dict[str, Any], **always: Any) -> list[Case]:
    return [
        *(mixed(count, **always, **each) for each in options),
        mixed(count, (1,), **always),
        mixed(count, (2, 3, 2), SINGLE, **always),
        updating(f(3, dtype=HALF), f(3, dtype=HALF), *states((3,), count, HALF), **always),
    ]


def several(size: int, half: bool = False, numbers: bool = False, weights: int = 2, **attributes: Any) -> Case:
    """Weights with their gradients and states, learning rates and decays as attributes or (``numbers``) as arrays."""
    arrays: list[Drawn | Literal] = []
    for shape in ((2, 3), (4,), (1,))[:weights]:
        pair = [f(*shape, dtype=HALF if half else SINGLE) for _ in range(2)]
        arrays += [*pair, *states(shape, size - 2, SINGLE)]
    lrs, wds = (0.25, 0.5, 0.125)[:weights], (0.125, 0.0, 0.5)[:weights]
    if numbers:
        arrays += [lit(lrs), lit(wds)]
        attributes["num_weights"] = weights
    else:
        attributes = {"lrs": lrs, "wds": wds, "num_weights": weights, **attributes}
    return updating(*arrays, out=tuple(range(0, size * weights, size)), **attributes)


def several_family(size: int, half: bool = False, numbers: bool = False, **always: Any) -> list[Case]:
    options: tuple[dict[str, Any], ...] = (
        {}, {"rescale_grad": 0.5}, {"clip_gradient": 0.75}, {"weights": 1}, {"weights": 3},
        {"weights": 3, "rescale_grad": 0.25, "clip_gradient": 0.25},
    )  # fmt: skip
    return [several(size, half, numbers, **always, **each) for each in options]


LR: dict[str, Any] = {"lr": 0.25}
PLAIN: tuple[dict[str, Any], ...] = (
    {}, {"wd": 0.5}, {"rescale_grad": 0.5}, {"clip_gradient": 0.75}, {"clip_gradient": 0},
    {"wd": 0.25, "rescale_grad": 2, "clip_gradient": 0.5},
)  # fmt: skip
MOMENTUM = tuple({**each, "momentum": 0.75} for each in PLAIN)
LAZY: dict[str, Any] = {"lazy_update": False}
RMS: dict[str, Any] = {"gamma1": 0.5, "gamma2": 0.25, "epsilon": 0.25}
BETAS: dict[str, Any] = {"beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625}


def scaled_update(count: int, scale: Any, half: bool = False, shape: tuple[int, ...] = (3, 4), **kw: Any) -> Case:
    """AdamW's: the gradient's scale is an array."""
    made = (mixed if half else update)(count, shape, **kw)
    return replace(made, arrays=[*made.arrays, lit([scale])], unchecked=(1,))  # MXNet spoils the gradient


def adamw_family(count: int, half: bool) -> list[Case]:
    always: dict[str, Any] = {"lr": 0.25, "eta": 1.0}
    options: tuple[dict[str, Any], ...] = (
        {}, BETAS, {"wd": 0.5}, {"clip_gradient": 0.75}, {**BETAS, "wd": 0.25, "clip_gradient": 0.5, "eta": 0.5},
    )  # fmt: skip
    made = [scaled_update(count, 0.5, half, **{**always, **each}) for each in options]
    skipped = [scaled_update(count, scale, half, **always) for scale in (0.0, NAN, float("inf"))]
    return [*made, *skipped, scaled_update(count, 1.0, half, (1,), **always)]


def phase2(half: bool) -> list[Case]:
    def one(r1: float, r2: float, **kw: Any) -> Case:
        weight = f(3, 4, dtype=HALF if half else SINGLE)
        copies = [f(3, 4)] if half else []
        made = updating(weight, f(3, 4), lit([r1]), lit([r2]), *copies, lr=0.25, **kw)
        return replace(made, unchecked=(4,))  # MXNet keeps the float32 weight as it was

    return [
        one(2, 3), one(0, 3), one(2, 0), one(2, 3, lower_bound=2.5), one(2, 3, upper_bound=1.5),
        one(2, 3, lower_bound=1, upper_bound=3),
    ]  # fmt: skip


CASES: dict[str, list[Case]] = {
    "sgd_update": family(0, *PLAIN, LAZY, **LR),
    "sgd_mom_update": family(1, *PLAIN, *MOMENTUM, LAZY, **LR),
    "mp_sgd_update": mixed_family(1, *PLAIN, **LR),
    "mp_sgd_mom_update": mixed_family(2, *MOMENTUM, **LR),
    # MXNet computes the momentum from the weight that it has just overwritten.
    "nag_mom_update": [replace(each, out=None) for each in family(1, *MOMENTUM, **LR)],
    "mp_nag_mom_update": [
        replace(each, unchecked=(2,) if "wd" in each.attributes else ()) for each in mixed_family(2, *MOMENTUM, **LR)
    ],
    "signsgd_update": family(0, *PLAIN, **LR),
    "signum_update": family(1, *MOMENTUM, {"wd_lh": 0.25, "momentum": 0.5}, **LR),
    "adam_update": family(2, *PLAIN, BETAS, LAZY, **LR, wide=BETAS),
    "_adamw_update": adamw_family(2, half=False),
    "_mp_adamw_update": adamw_family(3, half=True),
    "rmsprop_update": family(
        1, *PLAIN, {"gamma1": 0.5, "epsilon": 0.25}, {"clip_weights": 0.5}, wide={"gamma1": 0.5, "epsilon": 0.25}, **LR
    ),
    "rmspropalex_update": family(
        3, *PLAIN, RMS, {"clip_weights": 0.5}, wide=RMS, **LR
    ),
    "ftrl_update": family(2, *PLAIN, {"lamda1": 0.75, "beta": 0.5}, wide={"lamda1": 0.5}, **LR),
    "ftml_update": family(
        3, {}, {"wd": 0.5}, {"rescale_grad": 0.5}, {"clip_grad": 0.75}, BETAS, {"clip_grad": 0.5, "wd": 0.5},
        wide=BETAS, **LR, t=2,
    ),
    "lamb_update_phase1": family(
        2, {}, BETAS, {"rescale_grad": 0.5}, {"bias_correction": False}, wide=BETAS, wd=0.25, t=3
    ),
    "lamb_update_phase2": phase2(half=False),
    "mp_lamb_update_phase1": [
        replace(mixed(3, wd=0.25, t=t, **each), out=None)
        for t in (1, 5)
        for each in ({}, {"rescale_grad": 0.5}, {"bias_correction": False}, {"clip_gradient": 0.5})
    ],
    "mp_lamb_update_phase2": phase2(half=True),
    "multi_sgd_update": several_family(2),
    "multi_sgd_mom_update": several_family(3, momentum=0.75),
    "multi_mp_sgd_update": several_family(3, half=True),
    "multi_mp_sgd_mom_update": several_family(4, half=True, momentum=0.75),
    "preloaded_multi_sgd_update": several_family(2, numbers=True),
    "preloaded_multi_sgd_mom_update": several_family(3, numbers=True, momentum=0.75),
    "preloaded_multi_mp_sgd_update": several_family(3, half=True, numbers=True),
    "preloaded_multi_mp_sgd_mom_update": several_family(4, half=True, numbers=True, momentum=0.75),
    "reset_arrays": [
        Case(arrays, {"num_arrays": len(arrays)}, grad=())
        for arrays in (
            [f(3)], [f(2, 3), f(4)], [f(1), f(2), f(3)], [f(2, dtype=WIDE)], [lit([NAN, 1]), f(2)],
            [f(2, dtype=HALF), f(3, dtype=HALF)],
        )
    ],
    "multi_sum_sq": [
        Case(arrays, {"num_arrays": len(arrays)}, grad=())
        for arrays in (
            [f(3)], [f(2, 3), f(4)], [f(1), f(2), f(3)], [f(2, dtype=WIDE)], [lit([NAN, 1]), f(2)],
        )
    ]
    + [Case([f(2, dtype=HALF), f(3, dtype=HALF)], {"num_arrays": 2}, grad=(), rtol=2.0**-8)],
    "multi_lars": [
        Case([f(4, low=0.1, high=1) for _ in range(4)], {"eta": 0.25, "eps": eps, **each}, grad=())
        for eps in (0.5, 0.0)
        for each in ({}, {"rescale_grad": 0.5})
    ]
    + [
        Case([lit([1, 2]), lit([0, 4]), lit([4, 0]), lit([0.5, 0.5])], {"eta": 0.25, "eps": 0.5}, grad=()),
        Case([f(1, low=0.1, high=1) for _ in range(4)], {"eta": 0.25, "eps": 0.5}, grad=()),
    ],
}  # fmt: skip
