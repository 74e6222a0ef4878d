"""The tape: where recorded values came from. Entries point at their parents, so a dropped head frees it all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import CodeType
from typing import Any

from ..ir.linearize import Linearized
from ..ir.node import Node, Output
from ..ir.types import Type
from .cell import Cell, Variable

_serial = itertools.count()


def next_serial() -> int:
    return next(_serial)


class Entry:
    """One recorded operation, one version of a variable (``variable``), or one call of a ``Function`` (``pull``).

    ``parents[i]`` is the entry and output position behind input ``i``, None where no gradient is needed;
    ``residuals`` holds the sources that ``linear.kept`` names. Consuming an entry drops all of it.
    """

    __slots__ = (
        "code", "consumed", "lasti", "linear", "out_types", "parents", "pull", "residuals", "scalars", "serial",
        "variable",
    )  # fmt: skip
    linear: Linearized | None
    parents: tuple[tuple[Entry, int] | None, ...]
    residuals: tuple[Node | Output, ...]
    scalars: tuple[Any, ...]
    variable: Variable | None
    consumed: bool
    serial: int
    code: CodeType | None
    lasti: int
    #: The backward pass of a ``Function`` in Python, and the types of its outputs.
    pull: Any
    out_types: tuple[Type, ...]

    def consume(self) -> None:
        """Make it a constant; variables stay variables."""
        if self.variable is None:
            self.consumed = True
            self.linear = self.pull = None
            self.parents = self.residuals = self.scalars = ()


def variable_entry(variable: Variable | None) -> Entry:
    """A fresh leaf for one version of ``variable``; None where a trace takes its place."""
    entry = Entry()
    entry.serial = next(_serial)
    entry.linear = entry.pull = None
    entry.parents = entry.residuals = entry.scalars = ()
    entry.variable = variable
    entry.consumed = False
    entry.code, entry.lasti = None, -1
    return entry


def source(cell: Cell) -> tuple[Entry, int] | None:
    """What a recorded read of ``cell`` (whose ``ref`` was just read) hangs on; None for a constant."""
    tape: Entry | None = cell.tape
    if tape is not None:
        return None if tape.consumed else (tape, cell.position)
    owner = cell.variable
    if owner is None or owner.request == "null":
        return None
    cell.tape = variable_entry(owner)
    cell.position = 0
    return cell.tape, 0


def sources(cells: Sequence[Cell]) -> tuple[tuple[Entry, int] | None, ...]:
    """The ``source`` of each of ``cells``; one and two spelt out, for recording asks each time."""
    count = len(cells)
    if count == 1:
        return (source(cells[0]),)
    if count == 2:
        return source(cells[0]), source(cells[1])
    return tuple(map(source, cells))


def make_entry(
    linear: Linearized, parents: tuple[tuple[Entry, int] | None, ...], sources: tuple[Node | Output, ...], node: Node
) -> Entry:
    entry = Entry()
    entry.serial = next(_serial)
    entry.linear = linear
    entry.pull = None
    entry.parents = parents
    kept = linear.kept
    entry.residuals = tuple(map(sources.__getitem__, kept)) if kept else ()
    entry.scalars = node.scalars
    entry.variable = None
    entry.consumed = False
    entry.code, entry.lasti = node.code, node.lasti
    return entry
