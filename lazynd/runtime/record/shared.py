"""Memory shared with other libraries: a cell whose content is read from it whenever an operation is recorded."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...ir.node import leaf
from ...ir.types import Type
from ..run.drive import current_backend
from ..run.force import force
from ..run.late import computed
from .cell import Cell, Detached, Ref
from .recorder import Recorder
from .views import View

Array = np.ndarray[Any, Any]

_CLOCK = itertools.count(1)
#: Where a cell keeps its content: in a shared one, a leaf on the memory itself, which no program ever sees.
_CONTENT: Any = Cell.__dict__["content"]


class Shared(Cell):
    """A cell on memory that others see and write: reads copy it as it is then, writes are computed at once."""

    __slots__ = ()
    volatile = True

    @property
    def memory(self) -> Array:
        """The memory itself, writable."""
        held: Array = _CONTENT.__get__(self).value
        return held

    @property
    def content(self) -> Ref:  # made anew by each read
        return leaf(self.type, np.array(self.memory))

    @content.setter
    def content(self, ref: Ref) -> None:
        _CONTENT.__set__(self, ref)

    def read(self, recorder: Recorder) -> Ref:
        recorder.hold(self.type)
        return recorder.load(self)

    def write(self, recorder: Recorder, ref: Ref) -> None:
        recorder.leaves("a write to shared memory")
        value = force(ref, recorder.state.regions, "a write to shared memory")
        np.copyto(self.memory, np.asarray(computed(ref, value, current_backend())))

    @property
    def version(self) -> int:  # others write at any moment: it never stands still
        return next(_CLOCK)

    @version.setter
    def version(self, count: int) -> None:
        """What a new cell begins with does not matter."""


def shared_cell(type: Type, memory: Array) -> Shared:
    """A cell of ``type`` on ``memory``."""
    return Shared(leaf(type, memory))


def memory_of(recorder: Recorder, cell: Cell) -> Array:
    """The memory of ``cell``, which its owner shares from now on; that of a view is a part of its base's."""
    if isinstance(cell, Detached):
        return memory_of(recorder, cell.base)
    if isinstance(cell, View):
        flat = memory_of(recorder, cell.base).reshape(-1)
        return flat[cell.offset : cell.offset + cell.type.size].reshape(cell.type.shape)
    if not isinstance(cell, Shared):
        recorder.leaves("sharing memory")
        ref = recorder.read(cell)
        value = force(ref, recorder.state.regions, "sharing memory")
        type, memory = cell.type, np.array(np.asarray(computed(ref, value, current_backend())))
        cell.__class__ = Shared  # every handle and view of it shares, too
        assert isinstance(cell, Shared)
        cell.content = leaf(type, memory)
    return cell.memory
