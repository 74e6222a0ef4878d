"""Counters, the report and the ban on reads: they tell what happened, and change nothing."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest

import lazynd
from lazynd import nd, observe
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy  # reports on programs


@pytest.fixture(autouse=True)
def clean() -> None:
    PROGRAMS.clear()


def table(text: str) -> list[tuple[int, float, int, str]]:
    """Programs, seconds, runs and place of each row."""
    rows = [re.fullmatch(r"\s*(\d+)\s+([\d.]+)\s+(\d+)\s+[\d.]+ \w+  (.*)", line) for line in text.splitlines()]
    return [(int(r[1]), float(r[2]), int(r[3]), r[4]) for r in rows if r]


def test_the_line_that_compiles_longest_comes_first() -> None:
    for n in range(3):
        (nd.ones((n + 2,)) * 2).asnumpy()
    (nd.ones((9,)) * 2).asnumpy()  # the planted slow line
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    place = f"{__file__}:{next(i for i, line in enumerate(lines, 1) if '# the planted' in line)}"
    for family in PROGRAMS.families.values():  # seconds are set here: no test waits for a clock
        family.seconds = 8.0 if str(family.site) == place else 2.5
    rows = table(lazynd.report())
    assert [row[:3] for row in rows] == [(1, 8.0, 1), (3, 7.5, 3)]
    assert rows[0][3] == place


def test_lines_that_took_alike_are_ranked_by_runs() -> None:
    (nd.ones((2,)) * 2).asnumpy()
    for _ in range(3):
        (nd.ones((3,)) * 2).asnumpy()
    for family in PROGRAMS.families.values():
        family.seconds = 1.0
    assert [row[2] for row in table(lazynd.report())] == [3, 1]


def test_compiling_takes_time_that_is_told() -> None:
    (nd.ones((6,)) * 2).asnumpy()
    ((_, seconds, _, _),) = table(lazynd.report())
    assert seconds > 0


def test_runs_are_counted_by_line() -> None:
    for _ in range(7):
        (nd.ones((5,)) * 2).asnumpy()
    ((count, _, runs, _),) = table(lazynd.report())
    assert (count, runs) == (1, 7)


def test_both_programs_of_an_index_count() -> None:
    x = nd.arange(12).reshape((3, 4))
    x.wait_to_read()
    PROGRAMS.clear()
    for i in range(3):
        nd.slice_axis(x, axis=0, begin=i, end=i + 1).asnumpy()
    assert sum(row[0] for row in table(lazynd.report())) == sum(
        (f.baked is not None) + (f.general is not None) for f in PROGRAMS.families.values()
    )


def test_only_so_many_lines_are_shown() -> None:
    (nd.ones((2,)) + 1).asnumpy()
    (nd.ones((3,)) + 1).asnumpy()
    (nd.ones((4,)) + 1).asnumpy()
    text = lazynd.report(limit=2)
    assert len(table(text)) == 2 and "and 1 more lines" in text


def test_a_report_runs_nothing() -> None:
    pending = nd.ones((2, 3)) * 2
    before = lazynd.stats().snapshot()
    lazynd.report()
    assert lazynd.stats().snapshot() == before
    assert pending._cell.content.value is None


def test_bytes_alive_rise_with_arrays_and_fall_with_them() -> None:
    count, size = observe.memory()
    x = nd.ones((128, 1024))
    assert observe.memory() == (count, size), "what is pending holds nothing"
    x.wait_to_read()
    assert observe.memory() == (count + 1, size + 512 * 1024)
    same = x.reshape((1024, 128))
    assert observe.memory() == (count + 1, size + 512 * 1024), "a view shares"
    del x, same
    assert observe.memory() == (count, size)


def test_counters_of_one_step() -> None:
    s = lazynd.stats()
    before = s.snapshot()
    x = nd.array([1.0, 2.0])
    float((x * 3 + 1).sum().asscalar())
    float((x * 4 + 1).sum().asscalar())
    changed = {k: v - before[k] for k, v in s.snapshot().items() if v != before[k]}
    assert changed["forces"] == changed["runs"] == 2
    assert changed["programs"] == changed["programs"] == changed["hits"] == 1
    assert changed["executed"] == 6


def test_counters_can_be_read_while_another_thread_works() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for n in range(20):
                (nd.ones((n % 5 + 1,)) * 2).asnumpy()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        assert "forces" in lazynd.report()
    thread.join()
    assert not failures


def test_no_sync_refuses_a_read_and_names_its_line() -> None:
    x = nd.ones((2,)) * 2
    with lazynd.no_sync(), pytest.raises(lazynd.MXNetError, match="asnumpy") as caught:
        x.asnumpy()
    assert __file__ in str(caught.value)
    np.testing.assert_array_equal(x.asnumpy(), [2, 2])
    with lazynd.no_sync():
        x.asnumpy()  # it is there
    with pytest.raises(ValueError, match="mode"), lazynd.no_sync("maybe"):
        pass


def test_no_sync_may_only_warn(caplog: pytest.LogCaptureFixture) -> None:
    x = nd.ones((2,)) * 2
    with lazynd.no_sync("warn"):
        x.asnumpy()
    assert "no_sync forbids it" in caplog.text
