"""Longest common subsequences, against the table that everybody knows."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lazynd.viz.sequences import common

SHORT = st.lists(st.integers(0, 3), max_size=12)


def length(a: list[int], b: list[int]) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, j in itertools.product(range(len(a)), range(len(b))):
        table[i + 1][j + 1] = table[i][j] + 1 if a[i] == b[j] else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(SHORT, SHORT)
def test_nothing_longer_is_in_both(a: list[int], b: list[int]) -> None:
    found = common(a, b)
    assert len(found) == length(a, b)
    assert all(a[i] == b[j] for i, j in found)
    assert all(i < k and j < n for (i, j), (k, n) in itertools.pairwise(found))


def test_what_has_nothing_in_common_is_given_up() -> None:
    assert common(range(5000), range(5000, 10000)) == []
    assert len(common(range(5000), range(100, 5100))) == 4900
