"""The tape: where recorded values came from. Entries point at their parents, so a dropped head frees it all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, Final

from ...ir.linearize import Linearized
from ...ir.node import Node, Output
from ...ir.types import Type
from .cell import Cell, Variable

#: An entry and which of its outputs.
Source = tuple["Entry", int]
#: The backward pass of a ``Function``: gradients of its inputs from those of its outputs.
Pull = Callable[[list[Cell]], list[Cell]]

#: Of entries, in the order in which they were made.
serials: Final = itertools.count()


class Entry:
    """Where recorded values came from: an operation, a variable, a call of a ``Function``, or a gradient.

    ``parents[i]`` is where input ``i`` came from, None where no gradient is needed. Consuming an entry drops all that
    it holds: it is a constant then.
    """

    __slots__ = ("consumed", "parents", "serial")
    consumed: bool
    parents: tuple[Source | None, ...]
    serial: int

    def consume(self) -> None:
        self.consumed = True
        self.parents = ()


class Operation(Entry):
    """One recorded operation. ``residuals`` holds the sources that ``linear.kept`` names.

    Attributes are set by ``make_entry``: recording is the hot path.
    """

    __slots__ = ("code", "lasti", "linear", "residuals", "scalars", "scope")
    linear: Linearized
    residuals: tuple[Node | Output, ...]
    scalars: tuple[Any, ...]
    code: CodeType | None
    lasti: int
    scope: str

    def consume(self) -> None:
        self.consumed = True
        self.parents = self.residuals = self.scalars = ()


class Origin(Entry):
    """One version of a variable. It stays one when a backward pass has visited it."""

    __slots__ = ("variable",)

    def __init__(self, variable: Variable) -> None:
        self.serial = next(serials)
        self.consumed = False
        self.parents = ()
        self.variable = variable

    def consume(self) -> None:
        pass


class Pulled(Entry):
    """One call of a ``Function``, whose backward pass is Python; ``out_types`` are those of its outputs."""

    __slots__ = ("out_types", "pull", "scope")

    def __init__(self, parents: tuple[Source | None, ...], pull: Pull, out_types: tuple[Type, ...], scope: str) -> None:
        self.serial = next(serials)
        self.consumed = False
        self.parents = parents
        self.pull: Pull | None = pull
        self.out_types = out_types
        self.scope = scope

    def consume(self) -> None:
        super().consume()
        self.pull = None


class Slope(Entry):
    """A gradient that was recorded: it came from ``history``, if it is no constant, and varies with ``origins``.

    Cotangents go to the former alone. The latter are all variables that the pass found: a gradient that does not
    depend on one of them has the slope 0 there, and is not apart from it.
    """

    __slots__ = ()

    def __init__(self, history: Source | None, origins: Sequence[Source]) -> None:
        self.serial = next(serials)
        self.consumed = False
        self.parents = (history, *origins)


def _constant() -> Source:
    entry = Entry()
    entry.serial, entry.parents, entry.consumed = -1, (), True
    return entry, 0


#: The history of a constant that was read while recording: there is nothing behind it, but it may be a head.
CONSTANT: Final = _constant()


def source(cell: Cell) -> Source | None:
    """Where the content of ``cell``, which was just read, came from; None for a constant, which is marked as read."""
    history: Source | None = cell.history
    if history is not None:
        return None if history[0].consumed else history
    owner = cell.variable
    if owner is None or owner.request == "null":
        cell.history = CONSTANT
        return None
    cell.history = made = Origin(owner), 0
    return made


def sources(cells: Sequence[Cell]) -> tuple[Source | None, ...]:
    """The ``source`` of each of ``cells``; one and two spelt out, for recording asks each time."""
    count = len(cells)
    if count == 1:
        return (source(cells[0]),)
    if count == 2:
        return source(cells[0]), source(cells[1])
    return tuple(map(source, cells))


def marked(parents: tuple[Source | None, ...]) -> tuple[bool, ...]:
    """Which of ``parents`` are there; spelt out like ``sources``."""
    count = len(parents)
    if count == 1:
        return (parents[0] is not None,)
    if count == 2:
        return parents[0] is not None, parents[1] is not None
    return tuple(map(bool, parents))


def make_entry(
    linear: Linearized, parents: tuple[Source | None, ...], sources: tuple[Node | Output, ...], node: Node
) -> Operation:
    entry = Operation()
    entry.serial = next(serials)
    entry.linear = linear
    entry.parents = parents
    kept = linear.kept
    if len(kept) == 1:
        entry.residuals = (sources[kept[0]],)
    else:
        entry.residuals = tuple(map(sources.__getitem__, kept)) if kept else ()
    entry.scalars = node.scalars
    entry.consumed = False
    entry.code, entry.lasti = node.code, node.lasti
    entry.scope = node.scope
    return entry
