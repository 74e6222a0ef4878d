"""What the engine's tests share: counters, and a backend that fails when told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

import lazynd
from lazynd.backends import get_backend
from lazynd.runtime.run import partition
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.tiers import ACCOUNTS
from lazynd.runtime.tell.stats import stats


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The eager mode has no regions, programs or pending work to test; with two tiers, other programs are compiled."""
    if lazynd.config.eager or lazynd.config.tier != "compiled":
        for item in items:
            if "runtime" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="tests of laziness, which count programs"))


@pytest.fixture
def node_counts() -> Iterator[Counter[Any]]:
    """How often each recorded line runs."""
    stats.per_node = Counter()
    yield stats.per_node
    stats.per_node = None


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """No program is known, no account charged and no loop remembered, and those of this test are not left behind."""
    for forget in (PROGRAMS.clear, ACCOUNTS.clear, partition.forget):
        forget()
    yield
    for forget in (PROGRAMS.clear, ACCOUNTS.clear, partition.forget):
        forget()


class Faulty:
    """A backend that stands before another and fails where told: a real one is behind it."""

    def __init__(self, name: str) -> None:
        self.inner = get_backend(name)
        self.name = self.inner.name
        self.fail: Callable[[str], None] = lambda point: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def put(self, value: Any, context: Any) -> Any:
        self.fail("put")
        return self.inner.put(value, context)

    def compile(self, graph: Any, slots: int, donate: Any, keep: bool, given_kernels: Any = ()) -> Any:
        self.fail("compile")
        executable, loaded = self.inner.compile(graph, slots, donate, keep, given_kernels)
        return _FaultyExecutable(executable, self), loaded


class _FaultyExecutable:
    def __init__(self, inner: Any, backend: Faulty) -> None:
        self.inner = inner
        self.backend = backend
        self.nbytes = inner.nbytes
        self.kernels = inner.kernels
        self.copies_kernels = False

    def __call__(self, buffers: Any, scalars: Any) -> Any:
        self.backend.fail("run")
        made = self.inner(buffers, scalars)
        self.backend.fail("ran")
        return made


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> Faulty:
    """The XLA backend, failing at the points at which ``faulty.fail`` raises."""
    backend = Faulty("xla")
    monkeypatch.setattr("lazynd.runtime.run.drive.loaded_backend", lambda name: backend)
    return backend


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[None]]:
    """``with settings(window=3):`` changes settings for a while."""

    @contextmanager
    def change(**values: Any) -> Iterator[None]:
        with monkeypatch.context() as patch:
            for name, value in values.items():
                patch.setattr(lazynd.config, name, value)
            yield

    return change
