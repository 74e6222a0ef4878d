"""The express lane: a call that shares a program with nothing, and whose program is known, runs without being recorded.

A training step that is compiled is such a call. Where all that it reads is there, recording and planning would find out
again what the call knows: one node, these inputs, all outputs. So its program is called straight away, as a function
that ``jax.jit`` made would be. In every other case nothing is done, and the call is recorded like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from operator import attrgetter
from time import perf_counter
from types import CodeType
from typing import Any, Final

from ...backends import Backend, loaded_backend
from ...config import config
from ...ir.specialization import Specialization
from ..tell.stats import stats
from ..tell.tracing import TRACING
from .compile import PROGRAMS
from .execute import failure, note_run
from .failure import ProgramError
from .history import HISTORY
from .liveness import Ref, dead_but_for_cells
from .plan import plan_of
from .program import Program

_VALUE: Final = attrgetter("value")


class Stopped(Exception):
    """The program of a call failed."""

    def __init__(self, program: Program, backend: Backend, error: Exception) -> None:
        self.program, self.backend, self.error = program, backend, error

    def note(self, items: Sequence[Ref]) -> None:
        """A node with the outputs ``items`` was recorded in place of the call: if it is lost, say so."""
        with suppress(ProgramError):  # whoever reads one of them runs it again, and is told
            raise failure(plan_of(items, range(len(items))), self.program, self.backend, self.error)


class Express:
    """How calls of ``spec``, which write over the inputs with the numbers ``written``, run at once."""

    __slots__ = ("_key", "_written")

    def __init__(self, spec: Specialization, written: Sequence[int]) -> None:
        #: That of a plan of one node, each input another buffer, all outputs wanted.
        self._key = (spec, *range(-1, -len(spec.in_types) - 1, -1), *range(len(spec.out_types)))
        #: Nobody wants their buffers afterwards, so that a program may take them over.
        self._written = frozenset(written)

    def run(
        self, refs: Sequence[Ref], scalars: Sequence[Any], code: CodeType | None, lasti: int, scope: str
    ) -> tuple[Sequence[Any], Collection[int]] | None:
        """The results on ``refs``, and the numbers of those whose buffers were taken over; None if it cannot be.

        ``code``, ``lasti`` and ``scope`` tell where the call is. In an undivided section. Whoever calls holds ``refs``
        once, beside the cells. ``Stopped`` if the program failed.
        """
        backend = loaded_backend(config.backend)
        if (
            backend is None
            or HISTORY.timed
            or config.debug_nans != "off"
            or len(set(map(id, map(_VALUE, refs)))) < len(refs)
        ):
            return None
        family = PROGRAMS.get(self._key, backend)
        program = None if family is None else family.match(scalars)
        kinds = set(map(type, map(_VALUE, refs)))
        if family is None or program is None or type(None) in kinds:
            return None
        if program.scalar_positions is not None:
            scalars = list(map(scalars.__getitem__, program.scalar_positions))
        try:
            if kinds != {backend.buffer_class}:
                _put(refs, backend)
            taken = dead_but_for_cells(refs, program.donate.keys() & self._written)
            buffers = list(map(_VALUE, refs))
            for number in program.donate.keys() - taken:
                buffers[number] = backend.copy(buffers[number])
            trace = TRACING.now
            started = 0.0 if trace is None else perf_counter()
            results = program.executable(buffers, scalars)
            if trace is not None:
                note_run(trace, program, backend, results, results, started)
        except Exception as error:
            raise Stopped(program, backend, error) from None
        family.used(True)
        program.recorded.ran_alone(code, lasti, scope)
        HISTORY.last = program.recorded
        stats.runs += 1
        stats.computed += program.result_bytes
        stats.executed += len(results)
        stats.donated += len(taken)
        stats.copied += len(program.donate) - len(taken)
        return results, taken


def _put(refs: Sequence[Ref], backend: Backend) -> None:
    """Move the values of ``refs`` that are on the host to their devices, once."""
    for ref in refs:
        if ref.value.__class__ is not backend.buffer_class:
            ref.value = backend.put(ref.value, ref.type.context)
