"""What stands in a traced call for the arrays, variables and tape outside of it: the trace leaves those as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...ir.node import Node
from .cell import Cell, Variable
from .tape import Entry

#: How a call finds an array or a variable: itself, or by the number of an argument.
Origin = tuple[str, Any]
ITSELF: Final = "itself"
ARGUMENT: Final = "argument"
ROOT: Final = "root"
GRADIENT: Final = "gradient"


class Restart(BaseException):
    """An array turned out to share memory with an argument: the trace begins anew, knowing of that."""


class Beyond(Entry):
    """What an array was recorded by before the call: no backward pass inside goes there."""

    __slots__ = ()

    def __init__(self) -> None:
        self.serial, self.parents, self.consumed = -1, (), False


class Standing(Variable):
    """Stands for a variable. ``asked``: whether ``fresh`` was read as it was ``before``; ``written``: if it was set."""

    now: bool
    __slots__ = ("asked", "before", "now", "origin", "outer", "written")

    def __init__(self, outer: Variable, number: int | None, grad: Cell | None) -> None:
        self.outer: Variable = getattr(outer, "outer", outer)
        self.origin: Origin = (ITSELF, self.outer) if number is None else (ARGUMENT, number)
        self.grad = grad
        self.request = outer.request
        self.before: bool = outer.now if isinstance(outer, Standing) else outer.fresh
        self.now = self.before
        self.asked = self.written = False

    @property
    def fresh(self) -> bool:
        self.asked = self.asked or not self.written
        return self.now

    @fresh.setter
    def fresh(self, state: bool) -> None:
        self.now, self.written = state, True


@dataclass(slots=True, eq=False)
class Capture:
    """An array from outside: how a call finds it, what stands for it, and its parameter.

    ``entry``: the first one of the trace that its history led to, if it has one.
    """

    origin: Origin
    twin: Cell
    parameter: Node
    entry: Entry | None = None


def root_of(cell: Any) -> Cell:
    """The cell that the memory of ``cell`` belongs to."""
    while (base := getattr(cell, "base", None)) is not None:
        cell = base
    found: Cell = cell
    return found


def live(cell: Cell) -> bool:
    """Whether ``cell`` has a history that is not consumed."""
    history = cell.history
    return history is not None and not history[0].consumed


def find(origin: Origin, cells: Sequence[Cell]) -> Cell:
    """The array that is meant by ``origin`` in a call whose arguments are ``cells``."""
    kind, which = origin
    if kind is ITSELF:
        return which
    cell = cells[which]
    if kind is ROOT:
        return root_of(cell)
    if kind is GRADIENT:
        assert cell.variable is not None and cell.variable.grad is not None
        return cell.variable.grad
    return cell
