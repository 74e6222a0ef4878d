"""What a run of the fuzzer did: programs, the events in them, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

#: An event that fewer programs than this share contain is as good as untested.
LEAST = 0.05


@dataclass
class Found:
    """A failure with the smallest script that shows it."""

    number: int
    text: str


@dataclass
class Tally:
    """Of ``programs`` programs, how many contained each event, and what failed."""

    programs: int = 0
    events: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        self.events.update(other.events)
        self.found += other.found

    def rare(self, expected: Iterable[str]) -> list[str]:
        """Events in less than one program of twenty."""
        return [e for e in expected if self.events[e] < self.programs * LEAST]

    def report(self) -> str:
        """What failed, then the table."""
        lines = [f"---- {found.text}\n" for found in self.found]
        lines += [f"{n / max(self.programs, 1):8.1%}  {event}" for event, n in self.events.most_common()]
        return "\n".join(lines) + f"\n{self.programs} programs, {len(self.found)} failures"

    def sound(self, expected: Iterable[str]) -> bool:
        """Whether nothing failed and no event was rare; says which was."""
        rare = self.rare(expected)
        if rare:
            print(f"in less than {LEAST:.0%} of programs: {', '.join(rare)}")
        return not rare and not self.found
