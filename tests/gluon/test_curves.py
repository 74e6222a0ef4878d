"""Losses follow MXNet's, step by step, from the same parameters; in float64 they follow the interpreter's too.

MXNet's were computed in float64: its own float32 strays from them further than ours does.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd

from . import curves

MXNET = json.loads((pathlib.Path(__file__).parents[1] / "data" / "curves.json").read_text(encoding="utf-8"))
MODES = ("imperative", "hybridized", "compiled")


def check(name: str, mode: str) -> None:
    """Differences of the last digit grow from step to step, so that what they may be grows too."""
    found = list(curves.losses(lazynd, name, mode))
    np.testing.assert_allclose(found[:10], MXNET[name][:10], rtol=1e-3)
    np.testing.assert_allclose(found, MXNET[name], rtol=5e-2, atol=2e-3)


def test_the_curves_show_learning() -> None:
    assert set(MXNET) == set(curves.NETWORKS)
    for losses in MXNET.values():
        assert len(losses) == curves.STEPS and np.mean(losses[-5:]) < 0.7 * losses[0]


def names(*quick: str) -> list[Any]:
    """All networks; those that are not ``quick`` are left to the long suite."""
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.slow]) for name in curves.NETWORKS]


@pytest.mark.parametrize("name", names("LeNet", "GRU", "LSTM"))
def test_losses_are_mxnets(name: str) -> None:
    check(name, "imperative")


@pytest.mark.parametrize("mode", MODES[:2])
@pytest.mark.parametrize("name", ["words", "groups"])
def test_losses_are_mxnets_in_the_interpreter(name: str, mode: str, on_numpy: None) -> None:
    found = list(curves.losses(lazynd, name, mode, steps=10))
    np.testing.assert_allclose(found, MXNET[name][:10], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("name", list(curves.NETWORKS))
def test_losses_are_mxnets_in_each_way(name: str, mode: str) -> None:
    check(name, mode)


@pytest.mark.parametrize("name", names("GRU"))
def test_all_ways_are_alike_and_like_the_interpreter(name: str) -> None:
    steps = 8
    with lazynd.config.using(backend="numpy"):
        expected = list(curves.losses(lazynd, name, "imperative", "float64", steps))
    # MXNet adds up in another order, and takes epsilon of batch normalisation for a float32.
    np.testing.assert_allclose(expected, MXNET[name][:steps], rtol=1e-6)
    for mode in MODES:
        found = list(curves.losses(lazynd, name, mode, "float64", steps))
        np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=mode)
