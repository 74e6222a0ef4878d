"""What a figure's rows say: samples by subject, a budget, and whether it is met."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

OURS = "lazynd"


@dataclass(frozen=True)
class Budget:
    """At most ``limit``: of our median, or of our ratio to ``against``."""

    limit: float
    against: str | None = None


@dataclass(frozen=True)
class Row:
    """One line of a figure. ``samples`` holds every round in ``unit``, ours under "lazynd"."""

    name: str
    unit: str
    samples: dict[str, list[float]]
    budget: Budget | None = None
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def middle(self, subject: str = OURS) -> float:
        return median(self.samples[subject])

    def ratio(self, subject: str) -> float:
        """Ours to ``subject``'s: the median over the rounds, each of which ran both."""
        ours, theirs = self.samples[OURS], self.samples[subject]
        if len(ours) != len(theirs):
            return median(ours) / median(theirs)
        return median(a / b for a, b in zip(ours, theirs, strict=True))

    @property
    def judged(self) -> float | None:
        """The value that the budget limits."""
        if self.budget is None:
            return None
        return self.middle() if self.budget.against is None else self.ratio(self.budget.against)

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; None without one."""
        value = self.judged
        return None if value is None or self.budget is None else value <= self.budget.limit

    def to_json(self) -> dict[str, Any]:
        medians = {subject: median(values) for subject, values in self.samples.items()}
        ratios = {subject: self.ratio(subject) for subject in self.samples if subject != OURS}
        return asdict(self) | {"medians": medians, "ratios": ratios, "judged": self.judged, "met": self.met}
