"""Fixtures, and the strictest settings: every pass verified, no persistent cache."""

from __future__ import annotations

import os

os.environ.setdefault("LAZYND_CACHE", "off")
os.environ.setdefault("LAZYND_VERIFY", "1")

from collections.abc import Iterator

import numpy as np
import pytest

import lazynd
from lazynd import nd


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test starts with nothing pending and a known seed."""
    nd.waitall()
    lazynd.random.seed(0)
    yield
    nd.waitall()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)


@pytest.fixture
def on_numpy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs run in the interpreter."""
    from lazynd.runtime.engine import PROGRAMS

    PROGRAMS.clear()
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    yield
    PROGRAMS.clear()
