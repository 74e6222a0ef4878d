"""Tape entries whose backward pass is Python."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.errors import MXNetError
from .cell import Cell
from .recorder import Operand, Recorder, cell_of
from .tape import Entry, Pull, Pulled, Source


def record_function(recorder: Recorder, inputs: Sequence[Cell], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    """Fresh cells of ``outputs`` on the tape, their gradients found by ``pull``."""
    recorder.needs_tape("a gradient in Python")
    parents = tuple([recorder.operand(each)[1] for each in inputs])
    return _taped(recorder, parents, outputs, pull)


def once_only(recorder: Recorder, entry: Entry, seeds: Sequence[Cell], slopes: list[Cell]) -> list[Cell]:
    """What the ``pull`` of ``entry`` gave for ``seeds``; recorded, it refuses to be differentiated again."""
    if not recorder.state.recording:
        return slopes

    def refuse(gradients: list[Cell]) -> list[Cell]:
        raise MXNetError("a backward pass in Python is non-differentiable: it has no gradient of its own")

    return _taped(recorder, (*entry.parents, *map(recorder.source, seeds)), slopes, refuse)


def _taped(recorder: Recorder, parents: tuple[Source | None, ...], outputs: Sequence[Cell], pull: Pull) -> list[Cell]:
    entry = None
    if any(parent is not None for parent in parents):
        entry = Pulled(parents, pull, tuple([each.type for each in outputs]), recorder.scope)
    made: list[Operand] = [
        (recorder.read(each), None if entry is None else (entry, i)) for i, each in enumerate(outputs)
    ]
    return list(map(cell_of, made))
