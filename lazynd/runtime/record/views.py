"""Views: contiguous stretches of another cell's elements. Reading one records a slice, writing one moves the base."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from ...ir.node import Node
from ...ir.specialization import Specialization
from ...ir.types import Type
from ...ops import OPERATORS
from ..tell.location import user_location
from .cell import Cell, Ref
from .recorder import Recorder
from .tape import CONSTANT

_READ = OPERATORS["_view"]
_WRITE = OPERATORS["_write_view"]
_RESHAPE = OPERATORS["_reshape_to"]
#: How many pairs of types are remembered.
_KEPT: Final = 1024


class View(Cell):
    """A stretch of the elements of ``base``, from ``offset``, seen with its own shape.

    Only a view made under ``record()`` has a history. Its ``content`` is then what was recorded when it was read, for
    as long as the base does not move; the content of other views is None, so that no stale read keeps data alive.
    """

    __slots__ = ("_seen_version", "base", "offset")

    def __init__(self, base: Cell, offset: int, type: Type) -> None:
        self.base = base
        self.offset = offset
        self.type = type
        self.content = None
        self._seen_version = -1
        self.history = None
        self.variable = None

    @property
    def volatile(self) -> bool:  # type: ignore[override]  # the base's
        return self.base.volatile

    @property
    def version(self) -> int:  # type: ignore[override]  # the base's
        return self.base.version

    def read(self, recorder: Recorder) -> Ref:
        history = self.history
        if history is not None and history[0].consumed and history is not CONSTANT:
            self.content = self.history = None
        elif self.content is not None and self._seen_version == self.base.version and history is not None:
            return recorder.load(self)
        return _on_base(recorder, self, read_spec(self.base.type, self.type))

    def follow(self, ref: Ref, history: tuple[Any, int] | None) -> None:
        """Keep ``ref``, what was recorded for this view, for as long as the base does not move; and its history."""
        self.content, self._seen_version = ref, self.base.version
        self.history = history

    def write(self, recorder: Recorder, ref: Ref) -> None:
        self.content = None
        base = self.base
        if self.type is base.type:
            recorder.write(base, ref)
        elif self.type.size == base.type.size:  # nothing is left of what was there
            spec = _whole_spec(base.type, self.type)
            recorder.write(base, recorder.note(spec, (ref,), ()))
        else:
            spec = _write_spec(base.type, self.type)
            recorder.write(base, _on_base(recorder, self, spec, ref))


@lru_cache(_KEPT)
def read_spec(base: Type, view: Type) -> Specialization:
    """What reads a stretch of an array of type ``base`` as an array of type ``view``, from a position in its slot."""
    return _READ.bind((base,), {"shape": view.shape, "offset": 0})[0]


@lru_cache(_KEPT)
def _write_spec(base: Type, view: Type) -> Specialization:
    return _WRITE.bind((base, view), {"offset": 0})[0]


@lru_cache(_KEPT)
def _whole_spec(base: Type, view: Type) -> Specialization:
    return _RESHAPE.bind((view,), {"shape": base.shape})[0]


def _on_base(recorder: Recorder, view: View, spec: Specialization, *others: Ref) -> Node:
    """Record ``spec`` on the base of ``view`` at its offset, off the tape."""
    return recorder.note(spec, (recorder.read(view.base), *others), (view.offset,))


def make_view(recorder: Recorder, cell: Cell, offset: int, type: Type) -> View:
    """A view of ``cell``; under ``record()`` it has the history of ``cell``, otherwise none."""
    cell = recorder.at(cell)
    if isinstance(cell, View):
        made = View(cell.base, cell.offset + offset, type)
    else:
        made = View(cell, offset, type)
    if recorder.state.recording and recorder.source(cell) is not None:
        spec, operands = read_spec(cell.type, type), [recorder.operand(cell)]
        made.follow(*recorder.apply_to(spec, operands, (offset,), *user_location())[0])
    return made
