"""Memory shared with other libraries: a cell whose content is read from it whenever an operation is recorded."""

from __future__ import annotations

import itertools
import weakref
from typing import Any, Final

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
        for cell in _frozen_on(self.memory):
            cell.forget()

    @property
    def version(self) -> int:  # others write at any moment: it never stands still
        return next(_CLOCK)

    @version.setter
    def version(self, count: int) -> None:
        """What a new cell begins with does not matter."""


class Frozen(Shared):
    """A cell on the memory of a NumPy array that nobody writes but the cell, for as long as the array is read-only.

    Until then it is copied once, not at each read.
    """

    __slots__ = ("_copy", "_source")

    def __init__(self, type: Type, source: Array) -> None:
        super().__init__(leaf(type, writable(source)))
        self._source: Array | None = source
        self._copy: Ref | None = None
        _FROZEN[id(self)] = self

    @property
    def content(self) -> Ref:
        if self._changes():
            self._copy = None
            return leaf(self.type, np.array(self.memory))
        if self._copy is None:
            self._copy = leaf(self.type, np.array(self.memory))
        return self._copy

    @content.setter
    def content(self, ref: Ref) -> None:
        _CONTENT.__set__(self, ref)

    def read(self, recorder: Recorder) -> Ref:
        if self._copy is None or self._changes():
            recorder.hold(self.type)
        return recorder.load(self)

    def _changes(self) -> bool:
        """Whether others may write the memory: through the array, through what it is a view of, or as its owner."""
        owner: Any = self._source
        while isinstance(owner, np.ndarray):
            if owner.flags.writeable:
                return True
            owner = owner.base
        return self._source is None or not isinstance(owner, bytes | None)

    def forget(self) -> None:
        """The memory was written."""
        self._copy = None

    def hand_out(self) -> None:
        """Others get the memory to write."""
        self._source = None


#: All that there are, by identity: several may be on one memory.
_FROZEN: Final[weakref.WeakValueDictionary[int, Frozen]] = weakref.WeakValueDictionary()


def _frozen_on(memory: Array) -> list[Frozen]:
    """Those on memory that ``memory`` has a part of."""
    present = [reference() for reference in _FROZEN.valuerefs()]
    return [cell for cell in present if cell is not None and np.may_share_memory(cell.memory, memory)]


class _Writable:
    """The memory of an array that is marked as read-only."""

    def __init__(self, values: Array) -> None:
        self._values = values  # keeps the memory
        interface = values.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def writable(values: Array) -> Array:
    """An array on the memory of ``values`` that can be written whether or not ``values`` can."""
    return np.asarray(_Writable(values))


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
    for each in _frozen_on(cell.memory):
        each.hand_out()
    return cell.memory
