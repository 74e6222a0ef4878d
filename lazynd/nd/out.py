"""``out=``: arrays that take the results of a call; all of them or, if one does not fit, none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ..ir.errors import MXNetError
from ..runtime.record.cell import Cell
from ..runtime.thread import LOCAL
from .invoke import gathered
from .ndarray import NDArray
from .refusal import refusal


class Out:
    """The ``out`` of a call of ``name`` with ``arrays``: an array or several, which may be written now."""

    def __init__(self, name: str, out: Any, arrays: Sequence[Any], frame: FrameType) -> None:
        self.name, self.out, self.arrays, self.frame = name, out, arrays, frame
        self.targets = tuple(out) if isinstance(out, list | tuple) else (out,)
        state = LOCAL.state
        for target in self.targets:
            if not isinstance(target, NDArray):
                reason = f"out must be an NDArray, or a list of them, but got {target}"
                raise refusal(AssertionError, name, reason, arrays, None, frame)
            if state.recording:
                self._guard(target, state.recorder.guard_write, target._cell)

    def write(self, made: Sequence[Cell]) -> Any:
        """Let the targets hold ``made``; gives ``out``."""
        if len(self.targets) != len(made):
            raise self._refusal(f"{len(made)} outputs for {len(self.targets)} arrays in out", self.targets)
        state, cells = LOCAL.state, [target._cell for target in self.targets]
        made = [c if c.type is t.type else gathered((t, c))[1] for t, c in zip(cells, made, strict=True)]
        for target, cell in zip(self.targets, made, strict=True):
            if target._cell.type is not cell.type:
                raise self._refusal(f"out has type {target._cell.type}, the result is {cell.type}", target)
        if not state.recording:
            state.recorder.write_all(cells, state.recorder.read_all(made))
            return self.out
        given = [array._cell for array in self.arrays if isinstance(array, NDArray)]
        for target, cell in zip(self.targets, made, strict=True):
            if target._cell in given:
                self._guard(target, state.recorder.guard_value, cell)
        for target, cell in zip(self.targets, made, strict=True):
            state.recorder.move(target._cell, cell)
        return self.out

    def _guard(self, target: NDArray, guard: Callable[[Cell], None], cell: Cell) -> None:
        try:
            guard(cell)
        except MXNetError as error:
            raise self._refusal(str(error), target) from None

    def _refusal(self, reason: str, shown: Any) -> Exception:
        return refusal(MXNetError, self.name, reason, self.arrays, {"out": shown}, self.frame)
