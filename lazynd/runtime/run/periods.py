"""What is remembered of the periods of plans: which of them come another number of times from plan to plan.

A loop that runs as long as the data say (a sequence, an episode of a game) would be another plan, and another program,
for each length. Once its period has been seen with two lengths, plans are cut where it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...ir.memo import Recent
from .repeats import Repeat, repeats

#: A plan is cut where a period comes whose number changes, if that is so many items in all.
SHORTEST: Final = 8
#: Of the periods that begin with the same operator, so many are remembered.
_MOST: Final = 8


class Periods:
    """Periods of sequences of numbers, kept as hashes.

    A wrong answer, should two share a hash, cuts a plan at another place than is best, and does nothing worse.
    """

    def __init__(self) -> None:
        #: By the numbers in a period, in any order: how often it came in a row; 0 if that has changed.
        self._counts: Recent[int, int] = Recent(4096)
        #: Those whose count has changed: by their first number, how long they are and the hash of all their numbers.
        self._changing: Recent[int, tuple[tuple[int, int], ...]] = Recent(4096)
        #: How often another of them was found.
        self.found = 0

    def repeats(self, sequence: Sequence[int], longest: int, whole: bool = True) -> list[Repeat]:
        """Where ``sequence`` repeats, in order: first what is known to change, then what else does.

        How often a period comes is remembered if the sequence is ``whole``, not cut where it repeats.
        """
        known = self._known(sequence)
        edges = [0, *[edge for each in known for edge in (each.start, each.end)], len(sequence)]
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            for each in repeats(sequence[low:high], longest):
                moved = replace(each, start=low + each.start)
                known.append(replace(moved, changes=whole and self._note(sequence, moved)))
        return sorted(known)

    def clear(self) -> None:
        self._counts.clear()
        self._changing.clear()

    def _known(self, sequence: Sequence[int]) -> list[Repeat]:
        """The stretches of periods that are known to change."""
        found: list[Repeat] = []
        changing = self._changing.now
        at = 0
        while changing and at < len(sequence):
            repeat = self._longest(sequence, at, changing.get(sequence[at], ()))
            if repeat is not None:
                found.append(repeat)
                at = repeat.end
            else:
                at += 1
        return found

    def _longest(self, sequence: Sequence[int], at: int, periods: Sequence[tuple[int, int]]) -> Repeat | None:
        best: Repeat | None = None
        for period, mark in periods:
            part = sequence[at : at + period]
            if len(part) < period or hash(tuple(part)) != mark:
                continue
            count = 1
            while sequence[at + count * period : at + (count + 1) * period] == part:
                count += 1
            if count * period >= SHORTEST and (best is None or count * period > best.length):
                best = Repeat(at, period, count, True)
        return best

    def _note(self, sequence: Sequence[int], repeat: Repeat) -> bool:
        """Remember ``repeat``; whether its count has changed by now."""
        part = sequence[repeat.start : repeat.start + repeat.period]
        mark = hash(tuple(sorted(part)))
        count = self._counts.now.get(mark)
        if count is None:
            count = self._counts.older(mark)
        if count is None:
            self._counts.put(mark, repeat.count)
        if count in (None, repeat.count):
            return False
        self._counts.put(mark, 0)
        known = self._changing.now.get(part[0]) or self._changing.older(part[0]) or ()
        self._changing.put(part[0], (*known[1 - _MOST :], (repeat.period, hash(tuple(part)))))
        self.found += 1
        return True
