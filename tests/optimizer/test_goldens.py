"""Optimizers against real MXNet 1.9.1: weights and states after three steps. See ``tools/make_training_goldens.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import optimizer

from ..goldens import store
from .cases import OWN, cases, run

EXPECTED: dict[str, Any] = store.load("optimizers")
CASES = cases()
#: Three steps of ten roundings in another order; a root of a difference loses half of its digits' exponent.
RTOL = {"float32": 1e-5, "float16": 2.0**-10}
#: MXNet's sums of the squares of float16 numbers, by which these scale their rates, are good to so much.
BY_NORMS = 2.0**-8
#: For each optimizer one case that is compiled; the interpreter, which agrees with it, is quicker for so many.
COMPILED = {case[0]: key for key, case in CASES.items()}.values()


def test_every_case_has_a_golden() -> None:
    assert EXPECTED.keys() == CASES.keys()


def test_every_optimizer_has_a_case() -> None:
    elsewhere = {"sgld", "_assignmentoptimizer", "_svrgoptimizer"}  # random, and two that call others
    ours = {name for name, kind in optimizer.Optimizer.opt_registry.items() if kind.__module__.startswith("lazynd.")}
    assert ours - elsewhere == set(OWN)


@pytest.mark.parametrize("key", sorted(CASES))
def test_three_steps(key: str) -> None:
    with lazynd.config.using(tier="compiled" if key in COMPILED else "interpreted"):
        found, expected = run(lazynd, CASES[key]), EXPECTED[key]
    assert found["num_update"] == expected["num_update"]
    assert found["rate"] == pytest.approx(expected["rate"], rel=1e-12)
    for part in ("weights", "states"):
        assert len(found[part]) == len(expected[part])
        for one, other in zip(found[part], expected[part], strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            rtol = BY_NORMS if key.startswith(("lars float16", "lamb float16")) else RTOL[other.dtype.name]
            np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * np.abs(other).max(initial=0), err_msg=part)
