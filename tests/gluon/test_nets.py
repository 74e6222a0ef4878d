"""Nets that learn, step by step, against real MXNet: see ``tests/goldens/nets.py``."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd

from ..goldens.nets import NETS, STEPS, curve

CURVES = json.loads((pathlib.Path(__file__).parents[1] / "data" / "gluon_curves.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(NETS))
def test_losses_are_those_of_mxnet(name: str, on_numpy: None) -> None:
    """Each step's loss is a sum of some thousand products in float32, and goes through the steps before."""
    found = curve(lazynd, name)
    assert len(found) == STEPS == len(CURVES[name]) and found[-1] < found[0]
    np.testing.assert_allclose(found, CURVES[name], rtol=1e-4)


@pytest.mark.parametrize("name", sorted(NETS))
def test_hybridized_it_learns_the_same(name: str, on_numpy: None) -> None:
    np.testing.assert_allclose(curve(lazynd, name, hybridize=True), CURVES[name], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NETS))
def test_programs_and_the_interpreter_agree_in_double(name: str, monkeypatch: Any) -> None:
    compiled = curve(lazynd, name, "float64")
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    np.testing.assert_allclose(curve(lazynd, name, "float64"), compiled, rtol=1e-8)
