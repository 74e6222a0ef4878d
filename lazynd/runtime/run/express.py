"""The express lane: a call that is a program of its own, and whose program is known, runs at once.

A training step that is compiled shares a program with nothing. Where all that it reads is there and nothing is pending,
recording it, planning what was recorded and publishing the results would find out again what the call knows: one node,
these inputs, all outputs wanted. So its program is called straight away, as a function that ``jax.jit`` made would be.
In every other case the call is recorded, and what is here does nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, Final

from ...backends import Backend, loaded_backend
from ...config import config
from ...ir.node import Output
from ...ir.specialization import Specialization
from ..guard.sections import Undivided
from ..tell.stats import stats
from .compile import PROGRAMS
from .failure import ProgramError, lose_value, lost_with_buffer, reason
from .liveness import Ref, dead_leaves
from .regions import Regions

_VALUE: Final = attrgetter("value")
#: Stands for the node of an output that ran.
_NO_NODE: Final[Any] = None


def key_of(spec: Specialization) -> tuple[Any, ...]:
    """The key of the plan of one node of ``spec``, each input another buffer, all outputs wanted."""
    return (spec, *range(-1, -len(spec.in_types) - 1, -1), *range(len(spec.out_types)))


def run_at_once(
    key: tuple[Any, ...], refs: tuple[Ref, ...], scalars: Sequence[Any], replaced: Collection[int], regions: Regions
) -> Sequence[Ref] | None:
    """The outputs of the call with the plan's ``key`` (see ``key_of``) on ``refs``; None if it must be recorded.

    ``refs`` are what cells hold, each that of one cell; the call will move the cells of those numbered ``replaced``. No
    caller holds any of them otherwise.
    """
    backend = loaded_backend(config.backend)
    if backend is None or regions.open.items or stats.per_node is not None:
        return None
    spec: Specialization = key[0]
    with Undivided():
        kinds = set(map(type, map(_VALUE, refs)))
        if type(None) in kinds or len(set(map(id, map(_VALUE, refs)))) < len(refs):
            return None
        family = PROGRAMS.get(key, backend)
        program = None if family is None else family.match(scalars)
        if family is None or program is None:
            return None
        if kinds != {backend.buffer_class}:
            _put(refs, backend)
        donate = program.donate
        dead = dead_leaves(refs, dict.fromkeys(donate, 1))  # one reference is that of the cell
        buffers = list(map(_VALUE, refs))
        copied = donate.keys() - (set(dead) & set(replaced))
        for number in copied:
            buffers[number] = backend.copy(buffers[number])
        if program.scalar_positions is not None:
            scalars = list(map(scalars.__getitem__, program.scalar_positions))
        try:
            values = program.executable(buffers, scalars)
        except Exception as error:
            _lose(spec, refs, donate, backend, error)
            return None
        types = spec.out_types
        made: list[Ref] = list(map(Output, repeat(_NO_NODE), range(len(types)), types))
        deque(map(setattr, made, repeat("value"), values), maxlen=0)
        family.used(True)
        stats.runs += 1
        stats.executed += len(types)
        stats.copied += len(copied)
        stats.donated += len(donate) - len(copied)
    return made


def _put(refs: Sequence[Ref], backend: Backend) -> None:
    """Move to the device what is not there."""
    for ref in refs:
        if ref.value.__class__ is not backend.buffer_class:
            ref.value = backend.put(ref.value, ref.type.context)


def _lose(
    spec: Specialization, refs: Sequence[Ref], donate: Collection[int], backend: Backend, error: Exception
) -> None:
    """After ``error``: if the program took over buffers, they are lost, which is said; else it may be tried again."""
    consumed = [refs[number] for number in donate if backend.consumed(refs[number].value)]
    if consumed:
        wrapped = ProgramError(f"[{spec.op.name}] running it failed{reason(error)}")
        for ref in consumed:
            lose_value(ref, ref.value, lost_with_buffer(wrapped))
        raise wrapped from error
