"""Calls of optimizers, the same for real MXNet and for lazynd: weights, states and counts after three steps."""

from __future__ import annotations

from typing import Any

import numpy as np

#: What most optimizers take.
COMMON: tuple[dict[str, Any], ...] = (
    {},
    {"learning_rate": 0.25},
    {"wd": 0.125},
    {"rescale_grad": 0.5},
    {"clip_gradient": 0.25},
    {"wd": 0.125, "rescale_grad": 0.5, "clip_gradient": 0.25, "begin_num_update": 3},
    {"scheduler": ("FactorScheduler", {"step": 1, "factor": 0.5, "base_lr": 0.5})},
    {"wd": 0.125, "multipliers": ({0: 0.5, "fc_bias": 2.0}, {0: 2.0, "fc_bias": 0.5})},
)
#: Options of each optimizer's own.
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "sgd": ({"momentum": 0.75}, {"momentum": 0.75, "wd": 0.125, "clip_gradient": 0.25}, {"lazy_update": False}),
    "ccsgd": ({"momentum": 0.75},),
    "nag": ({"momentum": 0.75},),
    "signum": ({"momentum": 0.0}, {"momentum": 0.5, "wd_lh": 0.125}),
    "dcasgd": ({"lamda": 0.5},),
    "adam": ({"beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625}, {"lazy_update": False}),
    "adamax": ({"beta1": 0.75, "beta2": 0.875},),
    "nadam": ({"beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625, "schedule_decay": 0.125},),
    "ftml": ({"beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625},),
    "adagrad": ({"eps": 0.0625},),
    "adadelta": ({"rho": 0.75, "epsilon": 0.0625},),
    "rmsprop": (
        {"gamma1": 0.75, "epsilon": 0.0625},
        {"centered": True, "gamma1": 0.75, "gamma2": 0.5, "epsilon": 0.0625},
        {"clip_weights": 0.5},
    ),
    "ftrl": ({"lamda1": 0.25, "beta": 0.5},),
    "lars": (
        {"momentum": 0.75, "eta": 0.25, "eps": 0.0625},
        {"momentum": 0.75, "momentum_correction": False, "wd": 0.125},
        {"momentum": 0.75, "scheduler": ("FactorScheduler", {"step": 1, "factor": 0.5, "base_lr": 0.5})},
    ),
    "lamb": (
        {"bias_correction": False},
        {"lower_bound": 0.5, "upper_bound": 1.0},
        {"beta1": 0.75, "beta2": 0.875, "epsilon": 0.0625, "wd": 0.125},
    ),
    "lbsgd": (
        {"momentum": 0.75},
        {"batch_scale": 3, "momentum": 0.75, "warmup_epochs": 0},
        {"warmup_strategy": "lars"},
        {"batch_scale": 1, "warmup_strategy": "sqrt", "updates_per_epoch": 2},
        {"warmup_strategy": "power2", "begin_epoch": 1},
    ),
    "groupadagrad": ({"eps": 0.0625},),
    "test": (),
}
#: Those of which real MXNet has float16 weights in float32 copies.
IN_COPIES = (
    "sgd", "ccsgd", "nag", "signum", "adam", "adamax", "nadam", "ftml", "adagrad", "adadelta", "rmsprop", "ftrl",
    "lars", "lamb", "lbsgd", "dcasgd",
)  # fmt: skip
#: Options that a case shall not have.
WITHOUT: dict[str, tuple[str, ...]] = {"groupadagrad": ("wd",)}

Case = tuple[str, str, dict[str, Any]]


def cases() -> dict[str, Case]:
    """Name, dtype and options of each, by a key."""
    found: dict[str, Case] = {}
    for name, own in OWN.items():
        for options in (*COMMON, *own):
            if not set(WITHOUT.get(name, ())) & options.keys():
                found[f"{name} float32 {options}"] = name, "float32", options
        if name in IN_COPIES:
            for options in ({}, {"wd": 0.125, "learning_rate": 0.25}, *own):
                found[f"{name} float16 {options}"] = name, "float16", {**options, "multi_precision": True}
    return found


def arrays(shapes: list[tuple[int, ...]], dtype: str, number: int) -> list[Any]:
    """Numbers from -1 to 1, multiples of 1/64."""
    rng = np.random.default_rng(number)
    return [(np.round(rng.uniform(-1, 1, shape) * 64) / 64).astype(dtype) for shape in shapes]


def flat(state: Any) -> list[Any]:
    """The arrays of a state."""
    if isinstance(state, (list, tuple)):
        return [array for each in state for array in flat(each)]
    return [] if state is None else [state.asnumpy()]


def run(mx: Any, case: Case, steps: int = 3) -> dict[str, Any]:
    """What three steps make of two weights."""
    name, dtype, given = case
    options = dict(given)
    scheduler, multipliers = options.pop("scheduler", None), options.pop("multipliers", None)
    if scheduler is not None:
        made = getattr(mx.lr_scheduler, scheduler[0])(**scheduler[1])
        options["lr_scheduler"] = made
        options["learning_rate"] = made.base_lr
    shapes: list[tuple[int, ...]] = [(3, 4), (2, 3) if name == "groupadagrad" else (4,)]
    optimizer = mx.optimizer.create(name, param_idx2name={0: "fc_weight", 1: "fc_bias"}, **options)
    if multipliers is not None:
        optimizer.set_lr_mult(multipliers[0])
        optimizer.set_wd_mult(multipliers[1])
    updater = mx.optimizer.get_updater(optimizer)
    weights = [mx.nd.array(each, dtype=dtype) for each in arrays(shapes, dtype, 0)]
    for step in range(steps):
        grads = [mx.nd.array(each, dtype=dtype) for each in arrays(shapes, dtype, step + 1)]
        updater([0, 1], grads, weights)
    return {
        "weights": [each.asnumpy() for each in weights],
        "states": [array for index in (0, 1) for array in flat(updater.states[index])],
        "num_update": optimizer.num_update,
        "rate": float(optimizer.learning_rate),
    }
