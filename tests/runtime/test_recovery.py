"""Recovery: what is tried after a run failed, in which order, and how often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazynd import MXNetError, nd
from lazynd.runtime import fence
from lazynd.runtime.run.runs import (
    ComponentRun,
    InterpretedRegionRun,
    InterpretedRun,
    RegionRun,
    RootRun,
    Run,
    SinglyRun,
)

from .conftest import Faulty


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of runs that were begun."""
    begun: list[str] = []
    init = Run.__init__

    def noted(self: Run, region: Any, root: Any) -> None:
        begun.append(type(self).__name__)
        init(self, region, root)

    monkeypatch.setattr(Run, "__init__", noted)
    return begun


def always(point: str) -> Callable[[str], None]:
    def fail(reached: str) -> None:
        if reached == point:
            raise RuntimeError("injected")

    return fail


def names(*kinds: type[Run]) -> list[str]:
    return [kind.__name__ for kind in kinds]


def test_of_an_open_region_the_root_is_tried_alone_and_then_operator_by_operator(
    kinds: list[str], faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    y = nd.array([1.0, 2.0]) * 3 + 4
    faulty.fail = always("run")
    with caplog.at_level(logging.INFO, "lazynd"), pytest.raises(MXNetError, match="injected"):
        y.asnumpy()
    assert kinds == names(ComponentRun, RootRun, SinglyRun)
    assert [r.cause for r in caplog.records if getattr(r, "event", "") == "retry"] == ["asnumpy"]
    faulty.fail = lambda reached: None
    assert y.asnumpy().tolist() == [7, 10]


def test_of_a_closed_region_too(kinds: list[str], faulty: Faulty) -> None:
    y = nd.array([1.0, 2.0]) * 3 + 4
    fence()
    faulty.fail = always("run")
    with pytest.raises(MXNetError, match="injected"):
        y.asnumpy()
    assert kinds == names(RegionRun, RootRun, SinglyRun)
    faulty.fail = lambda reached: None
    assert y.asnumpy().tolist() == [7, 10]


def test_what_another_thread_reads_is_tried_once(kinds: list[str], faulty: Faulty) -> None:
    y = nd.array([1.0, 2.0]) * 3 + 4
    faulty.fail = always("run")
    told: list[Exception] = []

    def read() -> None:
        try:
            y.asnumpy()
        except MXNetError as error:
            told.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    assert len(told) == 1 and kinds == names(RootRun)


def test_a_region_that_another_needs_is_recovered_before_that_fails(kinds: list[str], faulty: Faulty) -> None:
    y = nd.array([1.0, 2.0]) * 3 + 4
    fence()
    z = y.exp()
    failures = iter([True, True])

    def twice(reached: str) -> None:
        if reached == "run" and next(failures, False):
            raise RuntimeError("injected")

    faulty.fail = twice
    np.testing.assert_allclose(z.asnumpy(), np.exp([7.0, 10.0]), rtol=1e-6)
    assert kinds == names(ComponentRun, RegionRun, RootRun, SinglyRun)


def test_one_that_cannot_be_recovered_fails_what_needs_it(kinds: list[str], faulty: Faulty) -> None:
    y = nd.array([1.0, 2.0]) * 3 + 4
    fence()
    z = y.exp()
    faulty.fail = always("run")
    with pytest.raises(MXNetError, match="injected"):
        z.asnumpy()
    needed = names(RegionRun, RootRun, SinglyRun)
    # The last is made to see whether it can be tried; it cannot, for it needs the other region.
    assert kinds == [*names(ComponentRun), *needed, *names(RootRun), *needed, *names(SinglyRun)]
    faulty.fail = lambda reached: None
    np.testing.assert_allclose(z.asnumpy(), np.exp([7.0, 10.0]), rtol=1e-6)


@pytest.mark.parametrize("read", ["asnumpy", "waitall"])
def test_an_index_out_of_bounds_is_looked_for_in_the_interpreter(read: str, kinds: list[str]) -> None:
    y = nd.take(nd.array([1.0, 2.0]), nd.array([5.0]) * 1, mode="raise") + 1
    with pytest.raises(IndexError, match=r"\[take\]"):
        _ = y.asnumpy() if read == "asnumpy" else nd.waitall()
    alone, whole = names(ComponentRun, RootRun, InterpretedRun), names(RegionRun, InterpretedRegionRun)
    assert kinds == (alone if read == "asnumpy" else whole)
    with pytest.raises(IndexError, match=r"\[take\]"):
        y.asnumpy()


def test_regions_that_need_each_other_are_run_without_recursion(settings: Any) -> None:
    with settings(window=5_000):
        x = nd.array([0.0])
        for _ in range(2_000):
            x = x + 1
            fence()
        assert x.asscalar() == 2_000
