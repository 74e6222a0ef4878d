"""Optimizers whose states real MXNet wrote; see ``tools/make_state_fixtures.py``."""

from __future__ import annotations

from typing import Any

SHAPES: list[tuple[int, ...]] = [(2, 3), (3,)]
#: Optimizer, its options, and the dtype of the weights.
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "sgd": ("sgd", {"momentum": 0.5, "wd": 0.125, "param_idx2name": {0: "fc_weight", 1: "fc_bias"}}, "float32"),
    "scheduled": ("sgd", {"scheduler": True}, "float32"),
    "adam": ("adam", {"learning_rate": 0.125}, "float32"),
    "half": ("sgd", {"momentum": 0.5, "multi_precision": True}, "float16"),
    "adam half": ("adam", {"learning_rate": 0.125, "multi_precision": True}, "float16"),
    "nadam": ("nadam", {"learning_rate": 0.125}, "float32"),
    "lars": ("lars", {"momentum": 0.5, "eta": 0.25}, "float32"),
}


def updater_of(mx: Any, name: str, options: dict[str, Any]) -> Any:
    given = dict(options)
    if given.pop("scheduler", False):
        given["lr_scheduler"] = mx.lr_scheduler.MultiFactorScheduler([1, 3], factor=0.5, base_lr=0.5)
        given["learning_rate"] = 0.5
    return mx.optimizer.get_updater(mx.optimizer.create(name, **given))
