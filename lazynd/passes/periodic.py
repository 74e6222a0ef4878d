"""Where a recorded graph repeats: the same operators in the same order, a step reading itself and the step before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..ir.node import Node, Output

Ref = Node | Output
#: An operand of a step: how many steps back, and the place and result there; None if it comes from before the loop.
Wire = tuple[int, int, int] | None

#: A period has at most so many operators, and so many distances are tried as one.
_LONGEST: Final = 400
_CANDIDATES: Final = 8
#: Comparisons for each node of the graph, after which no more are made: the time stays proportional to the nodes.
_EFFORT: Final = 40


@dataclass(frozen=True, slots=True)
class Segment:
    """``count`` steps of ``period`` operators from position ``start`` on; ``wires`` of each operator of a step."""

    start: int
    period: int
    count: int
    wires: Sequence[Sequence[Wire]]

    @property
    def end(self) -> int:
        return self.start + self.period * self.count

    def place(self, position: int) -> tuple[int, int]:
        """The step of a position inside, and its place in that step."""
        return divmod(position - self.start, self.period)


class Finder:
    """Finds the segments of ``order``, the operators of a graph; ``positions`` has where a value is computed.

    A value without position comes from outside of every loop. ``bound`` are values of the places given that no loop
    may compute: those of which rows are taken.
    """

    def __init__(self, order: Sequence[Node], positions: Mapping[Node, int], bound: Mapping[Node, int]) -> None:
        self.order = order
        self.positions = positions
        self.bound = bound
        self._serials = [node.spec.serial if node.spec is not None else -1 for node in order]
        self._next = _next_equals(self._serials)
        self._left = _EFFORT * len(order)

    def segments(self, least: int) -> Iterator[Segment]:
        """Segments of ``least`` steps or more, in order, none over another."""
        at = 0
        while at < len(self.order) and self._left > 0:
            best: Segment | None = None
            for period in self._periods(at, least):
                found = self._segment(at, period)
                if found.count >= least and (best is None or found.end > best.end):
                    best = found
            if best is None:
                at += 1
            else:
                yield best
                at = best.end

    def _periods(self, at: int, least: int) -> Iterator[int]:
        other = at
        for _ in range(_CANDIDATES):
            other = self._next[other]
            if other < 0 or other - at > _LONGEST or at + (other - at) * least > len(self.order):
                return
            yield other - at

    def _segment(self, start: int, period: int) -> Segment:
        """The longest segment with this start and period, of one step if there is none."""
        serials, total = self._serials, len(self._serials)
        template: list[list[Wire]] = []
        count = 0
        while start + (count + 1) * period <= total:
            first = start + count * period
            if count:
                self._left -= 1
                if serials[first : first + period] != serials[start : start + period]:
                    break
                self._left -= period
            wires = self._wires(start, first, period)
            if wires is None or (count and not _agree(template, wires, count)):
                break
            if count < 2:
                template = wires
            count += 1
        return Segment(start, period, count, template)

    def _wires(self, start: int, first: int, period: int) -> list[list[Wire]] | None:
        """What the step at ``first`` of a loop from ``start`` on reads; None if that is no step of a loop."""
        found: list[list[Wire]] = []
        for node in self.order[first : first + period]:
            wires: list[Wire] = []
            for ref in node.inputs or ():
                if self.bound.get(ref.node, -1) >= start:
                    return None
                position = self.positions.get(ref.node, -1)
                if position >= first:
                    wires.append((0, position - first, ref.index))
                elif position < start:
                    wires.append(None)
                elif position >= first - period:
                    wires.append((1, position - first + period, ref.index))
                else:
                    return None
            found.append(wires)
        return found


def _agree(template: Sequence[Sequence[Wire]], wires: Sequence[Sequence[Wire]], count: int) -> bool:
    """Whether step ``count`` reads what those before read; what comes from the step before came from outside first."""
    for olds, news in zip(template, wires, strict=True):
        for old, new in zip(olds, news, strict=True):
            if old != new and not (count == 1 and old is None and new is not None and new[0] == 1):
                return False
    return True


def _next_equals(serials: Sequence[int]) -> list[int]:
    """For each element the place of the next that is equal, -1 if there is none."""
    found = [-1] * len(serials)
    last: dict[int, int] = {}
    for at in range(len(serials) - 1, -1, -1):
        found[at] = last.get(serials[at], -1)
        last[serials[at]] = at
    return found
