"""The express lane: a call that shares a program with nothing, and whose program is known, runs without being recorded.

A training step that is compiled is such a call. Where all that it reads is there, recording and planning would find out
again what the call knows: one node, these inputs, all outputs. So its program is called straight away, as a function
that ``jax.jit`` made would be. In every other case nothing is done, and the call is recorded like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from time import perf_counter
from types import CodeType
from typing import Any, Final

from ...backends import loaded_backend
from ...config import config
from ...ir.specialization import Specialization
from ..tell.stats import stats
from ..tell.tracing import TRACING
from .compile import PROGRAMS
from .execute import buffers_of, failure, note_run
from .failure import ProgramError
from .history import HISTORY
from .liveness import Ref
from .plan import plan_of
from .program import Program

_VALUE: Final = attrgetter("value")


class Stopped(Exception):
    """The program of a call failed."""

    def __init__(self, program: Program, error: Exception) -> None:
        self.program, self.error = program, error

    def note(self, items: Sequence[Ref]) -> None:
        """A node with the outputs ``items`` was recorded in place of the call: if it is lost, say so."""
        with suppress(ProgramError):  # whoever reads one of them runs it again, and is told
            raise failure(plan_of(items, range(len(items))), self.program, self.program.backend, self.error)


class Express:
    """How calls of ``spec`` run at once."""

    __slots__ = ("_key",)

    def __init__(self, spec: Specialization) -> None:
        #: That of a plan of one node, each input another buffer, all outputs wanted.
        self._key = (spec, *range(-1, -len(spec.in_types) - 1, -1), *range(len(spec.out_types)))

    def program(self, refs: Sequence[Ref], scalars: Sequence[Any]) -> Program | None:
        """What computes a call on ``refs``; None where it has to be recorded. In an undivided section."""
        backend = loaded_backend(config.backend)
        if HISTORY.timed or config.debug_nans != "off":
            return None
        values = list(map(_VALUE, refs))
        if backend is None or type(None) in set(map(type, values)) or len(set(map(id, values))) < len(values):
            return None
        family = PROGRAMS.get(self._key, backend)
        found = None if family is None else family.match(scalars)
        if family is not None and found is not None:
            family.used(True)
        return found

    def run(
        self,
        program: Program,
        refs: Sequence[Ref],
        scalars: Sequence[Any],
        code: CodeType | None,
        lasti: int,
        scope: str,
    ) -> Sequence[Any]:
        """The results on ``refs``, of which nothing else holds those whose buffers may be taken over.

        ``code``, ``lasti`` and ``scope`` tell where the call is. In an undivided section. ``Stopped`` if the program
        failed.
        """
        if program.scalar_positions is not None:
            scalars = list(map(scalars.__getitem__, program.scalar_positions))
        try:
            trace = TRACING.now
            started = 0.0 if trace is None else perf_counter()
            results = program.executable(buffers_of(refs, dict.fromkeys(program.donate, 0), program), scalars)
            if trace is not None:
                note_run(trace, program, program.backend, results, results, started)
        except Exception as error:
            raise Stopped(program, error) from None
        program.recorded.ran_alone(code, lasti, scope)
        HISTORY.last = program.recorded
        stats.runs += 1
        stats.computed += program.result_bytes
        stats.executed += len(results)
        return results
