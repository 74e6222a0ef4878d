"""Random structures. The model runs along, so that the builder knows shapes, aliases and histories.

Decisions depend on the structure's own random numbers only, never on the numbers in the holes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import Array
from .program import DEFAULTS, END, Hole, Program, Step, source
from .world import World

#: Magnitudes stay below this, so that sums and products of the integers used are exact in float32.
LIMIT = 4096
SHAPES = ((4,), (2, 3), (3, 2), (5, 2), (2, 2, 3), (1,), (6,), (1, 3))


class Builder:
    """A program in the making."""

    def __init__(self, seed: Any, length: int = 14) -> None:
        self.rng = np.random.default_rng(seed)
        self.numbers = np.random.default_rng(0)
        self.world = World()
        self.steps: list[Step] = []
        self.events: set[str] = set()
        self.blocks: list[Any] = []
        self.arrays: list[str] = []
        #: Arrays computed from a storage since the last force, by that storage.
        self.consumers: dict[int, str] = {}
        self.length = length
        self.count = 0

    # --------------------------------------------------------------------------------------------- lines

    def line(self, template: str, *filled: Hole) -> None:
        step = Step(template, filled)
        self.steps.append(step)
        exec(source([step.fill(self.numbers)]), self.world.namespace)

    def together(self, templates: list[str], hole: Hole) -> None:
        """Lines that make sense as a whole only; each with a placeholder is filled from ``hole``."""
        steps = [Step(each, (hole,) if "{}" in each else ()) for each in templates]
        self.steps += steps
        exec(source(step.fill(self.numbers) for step in steps), self.world.namespace)

    def open(self, text: str, block: Any) -> None:
        self.steps.append(Step(f"with {text}:"))
        block.__enter__()
        self.blocks.append(block)

    def close(self) -> None:
        self.steps.append(Step(END))
        self.blocks.pop().__exit__(None, None, None)

    def new(self, template: str, *filled: Hole, bound: float = 8) -> str:
        """An array under a new name; ``template`` is its right-hand side."""
        name = f"v{self.count}"
        self.count += 1
        self.line(f"{name} = {template}", *filled)
        self.arrays.append(name)
        self.raise_bound(name, bound)
        return name

    # --------------------------------------------------------------------------------------------- choosing

    def at(self, name: str) -> Array:
        found: Array = self.world.namespace[name]
        return found

    def some(self, test: Callable[[Array], bool] = lambda a: True) -> str | None:
        """A name of an array that passes ``test``, recent ones rather than old ones."""
        fitting = [n for n in self.arrays if test(self.at(n))]
        if not fitting:
            return None
        weights = np.arange(1, len(fitting) + 1, dtype=float)
        return str(self.rng.choice(fitting, p=weights / weights.sum()))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]

    def bound(self, name: str) -> float:
        return float(getattr(self.at(name).storage, "bound", 8))

    def raise_bound(self, name: str, bound: float) -> None:
        storage: Any = self.at(name).storage
        storage.bound = max(getattr(storage, "bound", 0), bound)

    def dtype(self, name: str) -> str:
        return str(self.at(name).data.dtype)

    def free(self, a: Array) -> bool:
        """Whether ``a`` may be written now."""
        return not self.world.recording or a.writable()

    def untaped(self, a: Array) -> bool:
        """Whether a read of ``a`` is a constant."""
        return not self.world.recording or a.writable()

    def computed(self, result: str, *operands: str) -> str:
        for each in operands:
            self.consumers[id(self.at(each).storage)] = result
        return result

    # --------------------------------------------------------------------------------------------- whole programs

    def program(self, moves: list[tuple[float, Callable[[Builder], str | None]]]) -> Program:
        """A structure made of ``moves``, which return the event that they are or None if they do not apply."""
        weights = np.array([w for w, _ in moves])
        # A program is about a few things rather than about all: some moves are likelier in it than others.
        weights = weights * self.rng.choice([0.3, 1, 4], len(moves))
        weights /= weights.sum()
        while len(self.steps) < self.length:
            move = moves[self.rng.choice(len(moves), p=weights)][1]
            event = move(self)
            if event is not None:
                self.events.add(event)
            if len(self.blocks) > 1 and self.chance(0.3):
                self.close()
        while self.blocks:
            self.close()
        return Program(self.steps, dict(DEFAULTS), self.events)
