"""Storage cells: what an ``NDArray`` is a handle on. A cell points at an immutable node and moves when written.

Only recorders look at a cell's ``content``; everybody else asks the thread's recorder to read or to write a cell
(``recorder.read(cell)``, ``recorder.write(cell, ref)``), so that a trace sees every read and write. What reading and
writing mean is the cell's affair: each kind of cell says it in ``read`` and ``write``, in terms of the recorder's
``load`` and ``store``, which reach the content of one cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...ir.node import Node, Output
from ...ir.types import Type

if TYPE_CHECKING:
    from .recorder import Recorder

Ref = Node | Output


class Variable:
    """That a cell is a variable: where its gradient goes and how. ``request`` is "write", "add" or "null".

    ``fresh``: whether a backward pass has written the gradient since somebody set this to False.
    """

    __slots__ = ("fresh", "grad", "request")

    def __init__(self, grad: Cell | None, request: str) -> None:
        self.grad = grad
        self.request = request
        self.fresh = False


class Cell:
    """Storage of one array: ``content`` is what it holds now, ``history`` where that came from when last recorded.

    The history is an entry of the tape and which of its outputs. As in MXNet, writing in place outside ``record()``
    changes the content and leaves the history, so that ``loss /= n`` does not lose the graph.
    """

    __slots__ = ("__weakref__", "content", "history", "type", "variable", "version")
    #: Whether others than lazynd write its memory, at any moment.
    volatile: ClassVar[bool] = False
    content: Any
    #: Whatever is written, it does not change.
    type: Type
    history: tuple[Any, int] | None
    variable: Variable | None
    version: int

    def __init__(self, ref: Ref) -> None:
        self.content = ref
        self.type = ref.type
        self.history = None
        self.variable = None
        self.version = 0

    def read(self, recorder: Recorder) -> Ref:
        """The present content, for an operation that ``recorder`` records."""
        return recorder.load(self)

    def write(self, recorder: Recorder, ref: Ref) -> None:
        """Move to ``ref``; the former content keeps its meaning for whoever read it."""
        recorder.store(self, ref)

    def follow(self, ref: Ref, history: tuple[Any, int] | None) -> None:
        """``ref`` was just written under ``record()``: from now on the cell has its ``history``."""
        self.history = history


class Detached(Cell):
    """Another cell's memory, read without its history."""

    __slots__ = ("base",)

    def __init__(self, base: Cell) -> None:
        self.base = base
        self.type = base.type
        self.history = None
        self.variable = None

    @property
    def volatile(self) -> bool:  # type: ignore[override]  # the base's
        return self.base.volatile

    @property
    def version(self) -> int:  # type: ignore[override]  # the base's
        return self.base.version

    def read(self, recorder: Recorder) -> Ref:
        return recorder.read(self.base)

    def write(self, recorder: Recorder, ref: Ref) -> None:
        recorder.write(self.base, ref)


class ReadOnly(Detached):
    """Another cell's memory for somebody who may not write it; ``reason`` is what whoever tries is told."""

    __slots__ = ("reason",)

    def __init__(self, base: Cell, reason: str) -> None:
        super().__init__(base)
        self.reason = reason

    def write(self, recorder: Recorder, ref: Ref) -> None:
        raise ValueError(self.reason)
