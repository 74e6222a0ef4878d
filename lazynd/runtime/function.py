"""Tape entries whose backward pass is Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .cell import Cell
from .state import LOCAL
from .tape import Entry, next_serial, source

Pull = Callable[[list[Cell]], list[Cell]]


def record_function(inputs: Sequence[Cell], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    """Fresh cells of ``outputs`` on the tape, their gradients found by ``pull``."""
    LOCAL.state.effect("a gradient in Python")
    refs = [c.ref for c in inputs]
    parents = tuple([source(c) for c in inputs])
    del refs
    made = [Cell(c.ref) for c in outputs]
    if any(p is not None for p in parents):
        entry = Entry()
        entry.serial = next_serial()
        entry.linear = None
        entry.parents = parents
        entry.residuals = entry.scalars = ()
        entry.variable = None
        entry.consumed = False
        entry.code, entry.lasti = None, -1
        entry.pull = pull
        entry.out_types = tuple(c.type for c in outputs)
        for i, cell in enumerate(made):
            cell.tape, cell.position = entry, i
    return made
