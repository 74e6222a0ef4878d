"""Golden results of what trains: ``PYTHON_WITH_MXNET tools/make_training_goldens.py [optimizers|schedulers|...]``.

Optimizers, schedulers, initializers and metrics of real MXNet, for the cases beside their tests, into
``tests/data/goldens``. What MXNet raises is part of a result, and printed, since it is more often a mistake than meant.
"""

from __future__ import annotations

import pathlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.goldens import store
from tests.initializer import cases as initializers
from tests.metric import cases as metrics
from tests.optimizer import cases as optimizers
from tests.optimizer import schedules

KINDS: dict[str, tuple[dict[str, Any], Callable[[Any, Any], Any]]] = {
    "initializers": (initializers.cases(), initializers.run),
    "metrics": (metrics.cases(), metrics.run),
    "optimizers": (optimizers.cases(), optimizers.run),
    "schedulers": (schedules.cases(), schedules.run),
}


def main() -> None:
    warnings.simplefilter("ignore")
    for kind, (cases, run) in KINDS.items():
        if sys.argv[1:] and kind not in sys.argv[1:]:
            continue
        results = {}
        for key, case in cases.items():
            try:
                results[key] = run(mx, case)
            except Exception as error:
                raise SystemExit(f"{key}: {type(error).__name__}: {error}") from error
            if isinstance(results[key], dict) and "raises" in results[key]:
                print(key, results[key]["raises"])
        path = store.save(kind, results)
        print(f"{path.name}: {len(results)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
