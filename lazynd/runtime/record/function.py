"""Tape entries whose backward pass is Python."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.errors import MXNetError
from ..thread import LOCAL
from .cell import Cell
from .tape import Entry, Pull, Pulled, source


def record_function(inputs: Sequence[Cell], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    """Fresh cells of ``outputs`` on the tape, their gradients found by ``pull``."""
    LOCAL.state.effect("a gradient in Python")
    _ = [c.ref for c in inputs]  # a view's history is found by reading it
    parents = tuple([source(c) for c in inputs])
    return _taped(parents, outputs, pull)


def once_only(entry: Entry, seeds: Sequence[Cell], slopes: list[Cell]) -> list[Cell]:
    """What the ``pull`` of ``entry`` gave for ``seeds``; recorded, it refuses to be differentiated again."""
    if not LOCAL.state.recording:
        return slopes

    def refuse(gradients: list[Cell]) -> list[Cell]:
        raise MXNetError("a backward pass in Python is non-differentiable: it has no gradient of its own")

    return _taped((*entry.parents, *map(source, seeds)), slopes, refuse)


def _taped(parents: tuple[tuple[Entry, int] | None, ...], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    made = [Cell(c.ref) for c in outputs]
    if any(p is not None for p in parents):
        entry = Pulled(parents, pull, tuple(c.type for c in outputs))
        for i, cell in enumerate(made):
            cell.history = entry, i
    return made
