"""Storage cells: what an ``NDArray`` is a handle on. A cell points at an immutable node and moves when written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from ...ir.node import Node, Output
from ...ir.types import Type

Ref = Node | Output
Watch = Callable[["Cell"], None]


class Variable:
    """That a cell is a variable: where its gradient goes and how. ``request`` is "write", "add" or "null"."""

    __slots__ = ("grad", "request")

    def __init__(self, grad: Cell | None, request: str) -> None:
        self.grad = grad
        self.request = request


class Cell:
    """Storage of one array: ``ref`` is its present content, ``history`` where it came from when last recorded.

    The history is an entry of the tape and which of its outputs. As in MXNet, writing in place outside ``record()``
    changes the content and leaves the history, so that ``loss /= n`` does not lose the graph.
    """

    __slots__ = ("__weakref__", "history", "ref", "type", "variable", "version")
    #: What is told of each write in place before it happens; see ``watching``.
    watches: ClassVar[tuple[Watch, ...]] = ()
    ref: Ref
    #: Whatever is written, it does not change.
    type: Type
    history: tuple[Any, int] | None
    variable: Variable | None
    version: int

    def __init__(self, ref: Ref) -> None:
        self.ref = ref
        self.type = ref.type
        self.history = None
        self.variable = None
        self.version = 0

    def write(self, ref: Ref) -> None:
        """Move the cell; its former content keeps its meaning for whoever read it."""
        for watch in Cell.watches:
            watch(self)
        assert ref.type is self.type
        self.ref = ref
        self.version += 1


_lock = threading.RLock()  # a finalizer may come to it in the same thread


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Tell ``watch`` of every write in place, by any thread, before it happens; it raises to refuse one."""
    with _lock:
        Cell.watches = (*Cell.watches, watch)
    try:
        yield
    finally:
        with _lock:
            Cell.watches = tuple([each for each in Cell.watches if each is not watch])


#: Set by the recorder: reads and writes of a view are operations.
READ: list[Callable[[View], Ref]] = []
WRITE: list[Callable[[View, Ref], None]] = []


class View(Cell):
    """A contiguous stretch of another cell's elements, from ``offset``, seen with its own shape.

    Reading it records a slice of the base; writing it moves the base. Only a view made under ``record()`` has a
    history; its read is remembered until the base moves, others are not, so that no stale read keeps data alive.
    """

    __slots__ = ("_seen", "_seen_version", "base", "offset")

    def __init__(self, base: Cell, offset: int, type: Type) -> None:
        self.base = base
        self.offset = offset
        self.type = type
        self._seen: Ref | None = None
        self._seen_version = -1
        self.history = None
        self.variable = None

    @property
    def version(self) -> int:  # type: ignore[override]  # the base's
        return self.base.version

    @property
    def ref(self) -> Ref:  # type: ignore[override]  # a view has no content of its own: it is computed
        history = self.history
        if history is not None and history[0].consumed:
            self._seen = self.history = None
        elif self._seen is not None and self._seen_version == self.base.version and history is not None:
            return self._seen
        return READ[0](self)

    def remember(self, seen: Ref, history: tuple[Any, int] | None) -> None:
        """Give the view a history, and keep what was recorded for as long as the base does not move."""
        self._seen, self._seen_version = seen, self.base.version
        self.history = history

    def write(self, ref: Ref) -> None:
        self._seen = None
        WRITE[0](self, ref)


class Detached(Cell):
    """Another handle's memory, read without its history."""

    __slots__ = ("base",)

    def __init__(self, base: Cell) -> None:
        self.base = base
        self.type = base.type
        self.history = None
        self.variable = None

    @property
    def version(self) -> int:  # type: ignore[override]  # the base's
        return self.base.version

    @property
    def ref(self) -> Ref:  # type: ignore[override]  # the base's content, whatever it is now
        return self.base.ref

    def write(self, ref: Ref) -> None:
        self.base.write(ref)
