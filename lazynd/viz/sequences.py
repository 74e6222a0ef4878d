"""What two sequences have in common."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from typing import Final

#: Sequences with more differences are taken to have nothing in common: the time grows with the square of this.
_MOST: Final = 2000


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The places of a longest common subsequence, as pairs in rising order; none if too much differs.

    By Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): quick where little differs.

    >>> common("abcabba", "cbabac")
    [(2, 0), (3, 2), (4, 3), (6, 4)]
    """
    most = min(len(a) + len(b), _MOST)
    middle = most + 1
    reached = array("l", [0]) * (2 * middle + 1)  # by diagonal, ``middle`` for 0: how far in ``a``
    history: list[array[int]] = []
    for edits in range(most + 1):
        history.append(reached[middle - edits - 1 : middle + edits + 2])
        for diagonal in range(-edits, edits + 1, 2):
            left, right = reached[middle + diagonal - 1], reached[middle + diagonal + 1]
            x = right if _goes_down(diagonal, edits, left, right) else left + 1
            y = x - diagonal
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            reached[middle + diagonal] = x
            if x >= len(a) and y >= len(b):
                return _back(history, len(a), len(b))
    return []


def _goes_down(diagonal: int, edits: int, left: int, right: int) -> bool:
    """Whether a diagonal is reached best from the one above, by an element of ``b`` alone."""
    return diagonal == -edits or (diagonal != edits and left < right)


def _back(history: list[array[int]], x: int, y: int) -> list[tuple[int, int]]:
    """The pairs on the way that led to the ends."""
    found: list[tuple[int, int]] = []
    for edits in range(len(history) - 1, 0, -1):
        reached, diagonal = history[edits], x - y
        left, right = reached[edits + diagonal], reached[edits + diagonal + 2]
        down = _goes_down(diagonal, edits, left, right)
        before = (right, right - diagonal - 1) if down else (left, left - diagonal + 1)
        first = (before[0], before[1] + 1) if down else (before[0] + 1, before[1])
        found += [(x - step, y - step) for step in range(1, x - first[0] + 1)]
        x, y = before
    found += [(x - step, y - step) for step in range(1, x + 1)]
    return found[::-1]
