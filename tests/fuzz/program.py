"""Programs: lines of Python with holes for numbers, so that one structure runs again with others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: What stands in a line where structure ends: a number, an index, the elements of an array.
Hole = Callable[[np.random.Generator], str]
#: The line that ends a block.
END = "end"

#: Settings of the engine and the values that they have when a program says nothing.
DEFAULTS = {
    "window": 1, "budget_nodes": 100, "program_nodes": 1500, "tier": "compiled", "tier_scale": 1.0, "eager": False,
    "backend": "numpy",
}  # fmt: skip


@dataclass
class Step:
    template: str
    holes: tuple[Hole, ...] = ()

    def fill(self, numbers: np.random.Generator) -> str:
        return self.template.format(*(hole(numbers) for hole in self.holes)) if self.holes else self.template


@dataclass
class Program:
    """A structure: its steps, the engine's settings, and the names of the events that it contains."""

    steps: list[Step]
    settings: dict[str, Any]
    events: set[str] = field(default_factory=set)

    def lines(self, seed: Sequence[int]) -> list[str]:
        """The steps with the numbers that ``seed`` gives."""
        numbers = np.random.default_rng(seed)
        return [step.fill(numbers) for step in self.steps]


def source(lines: Iterable[str], prefix: str = "") -> str:
    """Lines as Python: blocks indented, empty ones filled, stray ends left out."""
    out: list[str] = []
    depth = 0
    for line in lines:
        if line == END:
            if depth and out[-1].endswith(":"):
                out.append(prefix + "    " * depth + "pass")
            depth = max(depth - 1, 0)
            continue
        out.append(prefix + "    " * depth + line)
        depth += line.endswith(":")
    if out and out[-1].endswith(":"):
        out.append(prefix + "    " * depth + "pass")
    return "\n".join(out) + "\n"
