"""Repeats: where sequences repeat, found as a loop made them; periods that come another number of times."""

from __future__ import annotations

import random

import pytest

from lazynd.runtime.run.periods import Periods
from lazynd.runtime.run.repeats import EVIDENCE, Repeat, beginning, period_of, repeats


def body(length: int, kinds: int = 4, seed: int = 0) -> list[int]:
    return random.Random(seed).choices(range(kinds), k=length)


@pytest.mark.parametrize("length", [1, 2, 7, 30, 101, 400])
@pytest.mark.parametrize("kinds", [2, 4, 1000])
def test_a_loop_is_found_whatever_its_body(length: int, kinds: int) -> None:
    loop = body(length, kinds) * (2 + EVIDENCE // length)
    before, after = [2001, 2002, 2003], [2004] * 3
    (found,) = repeats(before + loop + after, 500)
    assert (found.start, found.end) == (3, 3 + len(loop)) or found.period < length, "a body may repeat in itself"
    sequence = before + loop + after
    inside = sequence[found.start : found.end]
    assert inside == inside[: found.period] * found.count


def test_what_does_not_repeat_has_no_period() -> None:
    assert repeats(list(range(300)), 150) == []
    assert repeats(body(10) * 2, 10) == [], "too little to go by"
    assert repeats(list(range(100)) * 3, 99) == [], "too long a period"
    assert period_of([1, 2, 3] * 4) == 0


def test_loops_inside_loops_and_one_after_another() -> None:
    inner, outer = [1, 2, 3] * 20, [8, 9]
    found = repeats([0, *(inner + outer) * 5, *[4, 5] * 30], 200)
    assert [(each.start, each.period, each.count) for each in found] == [(1, 62, 5), (311, 2, 30)]
    found = repeats([0, *(inner + outer) * 5], 50)
    assert [each.period for each in found] == [3] * 5, "the outer one is too long"


def test_the_beginning_of_a_loop_is_where_it_first_agrees_with_itself() -> None:
    loop = [1, 2, 3, 4]
    assert beginning([9, 9, *loop * 5], 4) == 2
    assert beginning([9, 4, *loop * 5], 4) == 1, "what comes before it may look like its end"
    assert beginning(loop * 5, 4) == 0


def test_a_period_changes_once_it_came_two_numbers_of_times() -> None:
    known, loop = Periods(), body(11, 100)
    for count in (8, 8):
        (found,) = known.repeats([500, *loop * count, 501], 100)
        assert (found.count, found.changes) == (count, False)
    (found,) = known.repeats([500, *loop * 6, 501], 100)
    assert (found.count, found.changes) == (6, True) and known.found == 1
    for count in (1, 2, 8):  # fewer than would show that it repeats
        assert known.repeats([600, 601, *loop * count, 602], 100) == [Repeat(2, 11, count, True)]
    assert known.repeats([600, *loop[:7], 602], 100) == []


def test_a_period_begins_where_it_was_seen_to_begin() -> None:
    """Whatever comes before it, so that pieces of it are equal."""
    known, loop = Periods(), [1, 2, 3, 4, 5, 6]
    known.repeats([0, *loop * 9], 100)
    known.repeats([0, *loop * 10], 100)
    turned = loop[2:] + loop[:2]
    (found,) = known.repeats([0, *turned * 9], 100)
    assert (found.start, found.period, found.count) == (5, 6, 8)
