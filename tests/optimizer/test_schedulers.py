"""Learning rate schedules against real MXNet 1.9.1, and what they refuse."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import lazynd
from lazynd import lr_scheduler as lrs

from ..goldens import store
from .schedules import OWN, cases, run

EXPECTED: dict[str, Any] = store.load("schedulers")
CASES = cases()


def test_every_case_has_a_golden_and_every_scheduler_a_case() -> None:
    assert EXPECTED.keys() == CASES.keys()
    assert {n for n in lrs.__all__ if n.endswith("Scheduler") and n != "LRScheduler"} == set(OWN)


@pytest.mark.parametrize("key", sorted(CASES))
def test_rates(key: str) -> None:
    # The same double operations; powers and cosines of one library or another differ in the last place.
    assert run(lazynd, CASES[key]) == pytest.approx(EXPECTED[key], rel=1e-14, abs=1e-17)


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: lrs.LRScheduler(warmup_begin_lr=1), ValueError, "Base lr has to be higher than warmup_begin_lr"),
        (lambda: lrs.LRScheduler(warmup_steps=-1), ValueError, "Warmup steps has to be positive or 0"),
        (lambda: lrs.LRScheduler(warmup_mode="slow"), ValueError, "Supports only linear and constant modes of warmup"),
        (lambda: lrs.LRScheduler(warmup_steps=1.5), AssertionError, "warmup_steps is an int"),
        (lambda: lrs.LRScheduler().get_warmup_lr(1), AssertionError, "after it"),
        (lambda: lrs.LRScheduler()(1), NotImplementedError, "must override this"),
        (lambda: lrs.FactorScheduler(0), ValueError, "Schedule step must be greater or equal than 1 round"),
        (lambda: lrs.FactorScheduler(1, 2), ValueError, "Factor must be no more than 1 to make lr reduce"),
        (lambda: lrs.MultiFactorScheduler([]), AssertionError, "a list of updates"),
        (lambda: lrs.MultiFactorScheduler((1, 2)), AssertionError, "a list of updates"),
        (lambda: lrs.MultiFactorScheduler([2, 2]), ValueError, "Schedule step must be an increasing integer list"),
        (lambda: lrs.MultiFactorScheduler([0]), ValueError, "Schedule step must be greater or equal than 1 round"),
        (lambda: lrs.MultiFactorScheduler([1], 2), ValueError, "Factor must be no more than 1 to make lr reduce"),
        (lambda: lrs.PolyScheduler(0), ValueError, "maximum number of updates must be strictly positive"),
        (lambda: lrs.CosineScheduler(2.5), AssertionError, "max_update is an int"),
    ],
)
def test_refused(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make()


def test_changes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    scheduler = lrs.FactorScheduler(1, 0.5, stop_factor_lr=0.25, base_lr=1)
    with caplog.at_level("INFO"):
        scheduler(2)
        scheduler(4)
    assert caplog.messages == [
        "Update[2]: Change learning rate to 5.00000e-01",
        "Update[4]: Change learning rate to 2.50000e-01",
        "Update[4]: now learning rate arrived at 2.50000e-01, will not change in the future",
    ]


def test_pickle() -> None:
    scheduler = lrs.MultiFactorScheduler([2, 4], 0.5, base_lr=1)
    scheduler(3)
    again = pickle.loads(pickle.dumps(scheduler))
    assert again(3) == scheduler(3) == 0.5 and again(5) == 0.25
