"""Metrics against real MXNet 1.9.1. See ``tools/make_training_goldens.py``."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import lazynd
from lazynd import metric

from ..goldens import store
from .cases import METRICS, cases, run

EXPECTED: dict[str, Any] = store.load("metrics")
CASES = cases()
#: For each metric one case that is compiled; the interpreter, which agrees with it, is quicker for so many.
COMPILED = {case[0]: key for key, case in CASES.items()}.values()


def test_every_case_has_a_golden_and_every_metric_a_case() -> None:
    assert EXPECTED.keys() == CASES.keys()
    ours = {n for n, found in vars(metric).items() if inspect.isclass(found) and issubclass(found, metric.EvalMetric)}
    assert ours - {"EvalMetric", "CompositeEvalMetric", "CustomMetric"} == set(METRICS)


@pytest.mark.parametrize("key", sorted(CASES))
def test_values(key: str) -> None:
    with lazynd.config.using(tier="compiled" if key in COMPILED else "interpreted"):
        found, expected = run(lazynd, CASES[key]), EXPECTED[key]
    for part in ("config", "name", "no counts", "counts", "local counts"):
        assert found[part] == expected[part], part
    # MXNet computes with half precision in half precision, as NumPy does; here such sums are float32. A batch of seven
    # float32 numbers is summed up in another order: some units of 6e-8.
    rtol = 2.0**-9 if "half" in key else 1e-6
    for part in ("empty", "two", "sums", "all of two", "third", "all", "fourth"):
        assert found[part] == pytest.approx(expected[part], rel=rtol, abs=rtol / 100, nan_ok=True), part
