"""Tape entries whose backward pass is Python."""

from __future__ import annotations

from collections.abc import Sequence

from .cell import Cell
from .tape import Pull, Pulled, source


def record_function(inputs: Sequence[Cell], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    """Fresh cells of ``outputs`` on the tape, their gradients found by ``pull``."""
    refs = [c.ref for c in inputs]
    parents = tuple([source(c) for c in inputs])
    del refs
    made = [Cell(c.ref) for c in outputs]
    if any(p is not None for p in parents):
        entry = Pulled(parents, pull, tuple(c.type for c in outputs))
        for i, cell in enumerate(made):
            cell.history = entry, i
    return made
