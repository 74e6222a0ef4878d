"""Work on the host: each operation is computed when it is recorded, by the interpreter, and leaves nothing pending.

What a batch is made of is recorded here: hundreds of small operations on single examples, of which no program is worth
compiling. The batch is data, then, and a step's program is the same however it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backends import cast_scalar
from ...backends.numpy.subnormals import Flushed
from ...ir.node import leaf
from ...ir.specialization import Specialization
from ..guard.sections import LOCK
from ..run.drive import drive
from ..run.force import force
from ..run.interpret import on_host, steps_of
from ..run.runs import InterpretedRun
from ..tell.stats import stats
from .cell import Cell, Ref
from .pending import PendingWork
from .recorder import cell_of

if TYPE_CHECKING:
    from ..thread import State


class HostWork(PendingWork):
    """Computes each operation at its line, in NumPy."""

    __slots__ = ()

    def apply(
        self, spec: Specialization, cells: Sequence[Cell], scalars: tuple[Any, ...], code: CodeType | None, lasti: int
    ) -> Cell:
        return cell_of(self.apply_to(spec, list(map(self.operand, cells)), scalars, code, lasti)[0])

    def append(
        self,
        spec: Specialization,
        refs: tuple[Ref, ...],
        scalars: tuple[Any, ...],
        code: CodeType | None,
        lasti: int,
    ) -> tuple[Ref, ...]:
        made = self._computed(spec, refs, scalars)
        if made is not None:
            return tuple(map(leaf, spec.out_types, made))
        results = super().append(spec, refs, scalars, code, lasti)
        if results[0].value is None:
            drive(InterpretedRun(None, results[0]), self.regions, "value")
        return results

    def _computed(self, spec: Specialization, refs: tuple[Ref, ...], scalars: tuple[Any, ...]) -> list[Any] | None:
        """The results of ``spec``; None where it is to be recorded first, for an error that names the line."""
        steps = steps_of(spec)
        if steps.calls:  # of a backend's functions, which may have to be compiled
            return None
        given = [self._value(ref) for ref in refs]
        with np.errstate(all="ignore"), Flushed():
            try:
                given += [cast_scalar(n, slot.type) for slot, n in zip(spec.slots, scalars, strict=True)]
                made = steps(given)
            except Exception:
                return None
        stats.executed += len(made)
        return [x if own and x.base is None else x.copy() for x, own in zip(made, steps.fresh, strict=True)]

    def _value(self, ref: Ref) -> Any:
        value = ref.value
        if value is None:
            value = force(ref, self.regions, "value")
        if value.__class__ is np.ndarray:
            return value
        with LOCK:  # no program takes the buffer over meanwhile
            return on_host(ref)


@contextmanager
def at_once(state: State) -> Iterator[None]:
    """Inside, operations of the thread with this state are computed at once, unless they are traced."""
    before = state.recorder
    if before.__class__ is not PendingWork:
        yield
        return
    state.recorder = HostWork(state)
    try:
        yield
    finally:
        state.recorder = before
