"""Where a sequence repeats: loops of the user's, seen in the operators that they recorded."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

#: So many elements have to repeat before a sequence counts as repeating.
EVIDENCE: Final = 48

#: Repeats are looked for by comparing stretches of so many elements, by their hashes.
_GRAM: Final = 8
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
#: So many distances between equal stretches are tried as periods, those first that occur most.
_CANDIDATES: Final = 8


@dataclass(frozen=True, order=True, slots=True)
class Repeat:
    """The stretch of a sequence from ``start`` on in which ``period`` elements come ``count`` times.

    ``changes``: whether they come another number of times elsewhere.
    """

    start: int
    period: int
    count: int
    changes: bool = False

    @property
    def length(self) -> int:
        return self.period * self.count

    @property
    def end(self) -> int:
        return self.start + self.length


def period_of(sequence: Sequence[Hashable], evidence: int = EVIDENCE) -> int:
    """The smallest period of the end of ``sequence``, 0 if it does not repeat.

    The last stretch of two periods, and of at least ``evidence`` elements, has to repeat.

    >>> period_of("xyz" + "abc" * 20)
    3
    >>> period_of("abcdefgh")
    0
    """
    length = len(sequence)
    last = sequence[-1] if length else None
    for period in range(1, length // 2 + 1):
        if sequence[-1 - period] != last:
            continue
        stretch = max(2 * period, evidence)
        if stretch > length:
            stretch = length // period * period
            if stretch < 2 * period or length < evidence:
                continue
        if all(sequence[-i] == sequence[-i - period] for i in range(1, stretch - period + 1)):
            return period
    return 0


def beginning(sequence: Sequence[Hashable], period: int) -> int:
    """Where the stretch begins that ends with ``sequence`` and repeats with ``period``.

    >>> beginning("xyz" + "abc" * 20, 3)
    3
    """
    at = len(sequence) - period
    while at and sequence[at - 1] == sequence[at - 1 + period]:
        at -= 1
    return at


def repeats(sequence: Sequence[int], longest: int) -> list[Repeat]:
    """The stretches that repeat, in order, none over another; with periods of at most ``longest`` elements.

    Of several ways to see a stretch as repeated, the one that covers most is taken, and of these the smallest period.

    >>> repeats([7, 8, 9] + [1, 2, 3] * 20 + [0] + [4, 5] * 30, 10)
    [Repeat(start=3, period=3, count=20, changes=False), Repeat(start=64, period=2, count=30, changes=False)]
    """
    if len(sequence) < EVIDENCE:
        return []
    coded = np.array(sequence, np.int64).view(np.uint64)
    found: list[Repeat] = []
    stretches = [(0, len(sequence))]
    while stretches:
        low, high = stretches.pop()
        inside = _most_covering(coded[low:high], longest)
        if inside:
            ends = [low, *[edge for each in inside for edge in (low + each.start, low + each.end)], high]
            stretches += zip(ends[::2], ends[1::2], strict=True)  # what lies between them
            found += [replace(each, start=low + each.start) for each in inside]
    return sorted(found)


def _most_covering(coded: np.ndarray[Any, Any], longest: int) -> list[Repeat]:
    """The repeats with that period with which they cover most of ``coded``."""
    best: list[Repeat] = []
    covered = 0
    if len(coded) < EVIDENCE:
        return best
    periods = sorted(_distances(coded, min(longest, len(coded) // 2)))
    for number, period in enumerate(periods):
        found = [each for each in _with_period(coded, period) if not _repeats(coded, each, periods[:number])]
        cover = sum(each.length for each in found)
        if cover > covered:
            best, covered = found, cover
    return best


def _repeats(coded: np.ndarray[Any, Any], repeat: Repeat, periods: Sequence[int]) -> bool:
    """Whether ``repeat`` repeats with one of the smaller ``periods`` as well."""
    low, high = repeat.start, repeat.start + 2 * repeat.period
    return any((coded[low : high - period] == coded[low + period : high]).all() for period in periods)


def _distances(coded: np.ndarray[Any, Any], longest: int) -> list[int]:
    """The commonest distances between stretches and their next equals."""
    hashes = np.zeros(len(coded) - _GRAM + 1, np.uint64)
    for i in range(_GRAM):
        hashes = hashes * _MULTIPLIER + coded[i : i + len(hashes)]
    order = np.argsort(hashes, kind="stable")
    distances = np.diff(order)[np.diff(hashes[order]) == 0]
    periods, times = np.unique(distances[distances <= longest], return_counts=True)
    chosen: list[int] = periods[np.argsort(-times, kind="stable")[:_CANDIDATES]].tolist()
    return chosen


def _with_period(coded: np.ndarray[Any, Any], period: int) -> list[Repeat]:
    """The longest stretches that repeat with ``period``."""
    equal = np.concatenate(([False], coded[period:] == coded[:-period], [False]))
    edges = np.flatnonzero(np.diff(equal.astype(np.int8)))  # where equality begins and ends, in turns
    found: list[Repeat] = []
    end = 0
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start = max(first, end)
        count = (last + period - start) // period
        if count >= 2 and count * period >= EVIDENCE:
            found.append(Repeat(start, period, count))
            end = found[-1].end
    return found
