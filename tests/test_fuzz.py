"""Short runs of the fuzzer. ``make fuzz`` runs the long ones."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from .fuzz import aliasing, files, graphs
from .fuzz.tally import Tally

#: ``test_fuzz_finds.py`` plants faults in the first 500 of these programs.
SEED = 20261125


def hold(tally: Tally, events: Iterable[str]) -> None:
    assert not tally.found, tally.found[0].text
    assert not tally.rare(events), tally.report()


def test_aliasing_programs_agree_with_numpy() -> None:
    hold(aliasing.fuzz(SEED, range(500)), aliasing.EVENTS)


def test_a_few_random_graphs_agree_with_the_interpreter() -> None:
    tally = graphs.fuzz(SEED, range(16))
    assert not tally.found, tally.found[0].text


@pytest.mark.slow  # a minute each; thousands of others run by themselves before a change lands
@pytest.mark.parametrize("first", [0, 250])
def test_random_graphs_agree_with_the_interpreter(first: int) -> None:
    hold(graphs.fuzz(SEED, range(first, first + 250)), graphs.EVENTS)


def test_damaged_files_are_refused_or_read_as_they_are() -> None:
    hold(files.fuzz(SEED, range(2000)), files.EVENTS)
