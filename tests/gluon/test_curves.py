"""Losses follow MXNet's, step by step, from the same parameters; in float64 they follow the interpreter's too.

MXNet's were computed in float64: its own float32 strays from them further than ours does. Where dropout draws, the
losses of many seeds have the mean and the deviation that MXNet's have.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd

from . import curves

STORED = json.loads((pathlib.Path(__file__).parents[1] / "data" / "curves.json").read_text(encoding="utf-8"))
MXNET = STORED["losses"]
MODES = ("imperative", "hybridized", "compiled")
#: MXNet adds up in another order, and takes rates and the epsilon of batch normalisation for float32.
FLOAT64 = 1e-6


def check(name: str, mode: str) -> None:
    """Differences of the last digit grow from step to step, so that what they may be grows too."""
    found = list(curves.losses(lazynd, name, mode))
    np.testing.assert_allclose(found[:10], MXNET[name][:10], rtol=1e-3)
    np.testing.assert_allclose(found, MXNET[name], rtol=5e-2, atol=2e-3)


def test_the_curves_show_learning() -> None:
    assert set(MXNET) == set(curves.NETWORKS)
    for losses in MXNET.values():
        assert len(losses) == curves.STEPS and np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def names(*quick: str) -> list[Any]:
    """All networks; those that are not ``quick`` are left to the long suite."""
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.slow]) for name in curves.NETWORKS]


@pytest.mark.parametrize("name", names("LeNet", "GRU", "LSTM"))
def test_losses_are_mxnets(name: str) -> None:
    check(name, "imperative")


FIRST = [(name, "imperative") for name in curves.NETWORKS if name not in ("LeNet", "GRU", "LSTM")]


@pytest.mark.parametrize(("name", "mode"), [*FIRST, ("words", "hybridized"), ("groups", "hybridized")])
def test_first_losses_are_mxnets_in_the_interpreter(name: str, mode: str, on_numpy: None) -> None:
    steps = curves.BATCHES
    found = list(curves.losses(lazynd, name, mode, "float64", steps))
    np.testing.assert_allclose(found, MXNET[name][:steps], rtol=FLOAT64)


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
    np.testing.assert_allclose(expected, MXNET[name][:steps], rtol=FLOAT64)
    for mode in MODES:
        found = list(curves.losses(lazynd, name, mode, "float64", steps))
        np.testing.assert_allclose(found, expected, rtol=1e-8, err_msg=mode)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name.startswith("MLP") else [pytest.mark.slow]) for name in curves.DRAWN]
)
def test_losses_with_dropout_are_distributed_as_mxnets(name: str, on_numpy: None) -> None:
    """Four deviations of the difference of the means of 30 seeds here and 200 there."""
    seeds = 30
    found = curves.drawn(lazynd, name, seeds)
    mean, deviation = (np.array(STORED["drawn"][name][each]) for each in ("mean", "deviation"))
    assert (np.abs(found.mean(0) - mean) < 4 * deviation * (1 / seeds + 1 / 200) ** 0.5).all()
    assert (np.abs(np.log(found.std(0, ddof=1) / deviation)) < np.log(1.7)).all()
