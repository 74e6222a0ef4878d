"""Schedules of learning rates, the same for real MXNet and for lazynd: the rates of the first updates."""

from __future__ import annotations

from typing import Any

WARM: tuple[dict[str, Any], ...] = (
    {},
    {"warmup_steps": 3},
    {"warmup_steps": 3, "warmup_begin_lr": 0.125},
    {"warmup_steps": 3, "warmup_begin_lr": 0.125, "warmup_mode": "constant"},
)
OWN: dict[str, tuple[dict[str, Any], ...]] = {
    "FactorScheduler": (
        {"step": 2, "factor": 0.5}, {"step": 1, "factor": 0.5, "stop_factor_lr": 0.25}, {"step": 3, "base_lr": 0.25},
    ),
    "MultiFactorScheduler": ({"step": [2, 5], "factor": 0.5}, {"step": [4], "base_lr": 0.25, "factor": 0.125}),
    "PolyScheduler": ({"max_update": 8}, {"max_update": 8, "pwr": 1, "final_lr": 0.25}, {"max_update": 8, "pwr": 0.5}),
    "CosineScheduler": ({"max_update": 8}, {"max_update": 8, "final_lr": 0.25}),
}  # fmt: skip
#: In this order updates are asked for: some twice, some left out, at last some again.
UPDATES = (1, 1, 2, 3, 4, 5, 6, 8, 9, 12, 12, 2)


def cases() -> dict[str, tuple[str, dict[str, Any]]]:
    made = [(name, {"base_lr": 0.5, **own, **warm}) for name, each in OWN.items() for own in each for warm in WARM]
    return {f"{name} {options}": (name, options) for name, options in made}


def run(mx: Any, case: tuple[str, dict[str, Any]]) -> list[float]:
    scheduler = getattr(mx.lr_scheduler, case[0])(**case[1])
    return [float(scheduler(n)) for n in UPDATES]
