"""Fixtures, and the strictest settings: every pass verified, no persistent cache."""

from __future__ import annotations

import os

os.environ.setdefault("LAZYND_CACHE", "off")
os.environ.setdefault("LAZYND_VERIFY", "1")
#: What is compiled on a busy machine takes its time; tests of stderr are about other things. Processes of tests inherit
#: this.
os.environ.setdefault("LAZYND_SLOW_COMPILE", "600")
#: Tests count what is compiled. Those of the two tiers set this themselves; ``make test-tiers`` runs with both all that
#: counts nothing, and the folders of ``FRONT_ENDS`` are always run so, if no tier is asked for.
os.environ.setdefault("LAZYND_TEST_TIER_OF_FRONT_ENDS", os.environ.get("LAZYND_TIER", "auto"))
os.environ.setdefault("LAZYND_TIER", "compiled")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends import register_backend
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.stats import stats

from .backends.fake import FakeBackend

#: Folders and files whose operators are compiled in other tests. Their programs run as users run them, interpreted
#: first, which takes a fraction of the time. ``make test-full`` compiles them all.
FRONT_ENDS = {
    "autograd", "gluon", "initializer", "metric", "nd", "ops", "optimizer", "sym",
    "test_docs.py", "test_examples.py", "test_notebooks.py", "test_transcript.py",
}  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In eager mode nothing is deferred or compiled: tests of just that, marked ``lazy``, have no subject.

    Nor have those of a backend of their own: the interpreter computes everything. Where plans are interpreted first,
    tests marked ``lazy`` would count other programs.
    """
    if lazynd.config.eager or lazynd.config.tier != "compiled":
        lazy = [i for i in items if i.get_closest_marker("lazy") or "two_gpus" in getattr(i, "fixturenames", ())]
        items[:] = [item for item in items if item not in lazy]
        config.hook.pytest_deselected(items=lazy)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not lazynd.num_gpus():
        pytest.skip("there is no GPU")


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test starts with nothing pending, a known seed, and the tier that its folder has."""
    nd.waitall()
    lazynd.random.seed(0)
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    front = folder in FRONT_ENDS and not request.node.get_closest_marker("lazy")
    tier = os.environ["LAZYND_TEST_TIER_OF_FRONT_ENDS"] if front else lazynd.config.tier
    with lazynd.config.using(tier=tier):
        yield
        nd.waitall()


class Delta:
    """Counters since it was made: ``delta.runs``."""

    def __init__(self) -> None:
        self._before = stats.snapshot()

    def __getattr__(self, name: str) -> int:
        found: int = stats.snapshot()[name] - self._before[name]
        return found


@pytest.fixture
def delta() -> type[Delta]:
    return Delta


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)


@pytest.fixture
def on_numpy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Programs run in the interpreter."""
    PROGRAMS.clear()
    monkeypatch.setattr(lazynd.config, "backend", "numpy")
    yield
    nd.waitall()  # what nobody read runs here too
    PROGRAMS.clear()


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackend]:
    """Programs run on a backend with two GPUs that NumPy stands in for; lists what it compiled, ran and moved."""
    backend = FakeBackend()
    PROGRAMS.clear()
    register_backend(backend)
    monkeypatch.setattr(lazynd.config, "backend", backend.name)
    yield backend
    nd.waitall()
    PROGRAMS.clear()
