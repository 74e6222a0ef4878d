"""The express lane: a step that was just recorded, alone in its region, and whose program is known, runs at once.

A training step that is compiled shares a program with nothing. Where all that it reads is there, finding out what is to
run, which results are wanted and under which key would tell again what the call knows: one node, these inputs, all
outputs. So its program is called straight away, as a function that ``jax.jit`` made would be. In every other case
nothing is done: the node is pending like any other.
"""

from __future__ import annotations

from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

from ...backends import loaded_backend
from ...config import config
from ...ir.specialization import Specialization
from ..guard.sections import Undivided
from .compile import PROGRAMS
from .execute import execute
from .failure import ProgramError
from .plan import Plan
from .regions import Region

_VALUE: Final = attrgetter("value")


def key_of(spec: Specialization) -> tuple[Any, ...]:
    """The key of the plan of one node of ``spec``, each input another buffer, all outputs wanted."""
    return (spec, *range(-1, -len(spec.in_types) - 1, -1), *range(len(spec.out_types)))


def run_at_once(key: tuple[Any, ...], region: Region) -> None:
    """Run the one node of the open ``region``, if that can be: ``key`` is what ``key_of`` makes of it.

    All its outputs are held by the caller's cells. If it fails it stays pending, for whoever reads one of them.
    """
    backend = loaded_backend(config.backend)
    if backend is None or config.debug_nans != "off":
        return
    with Undivided():
        items = region.items
        refs: Any = items[0].inputs  # type: ignore[union-attr]  # a Node
        if type(None) in set(map(type, map(_VALUE, refs))) or len(set(map(id, map(_VALUE, refs)))) < len(refs):
            return
        plan = Plan()
        plan.scalars = items[0].scalars  # type: ignore[union-attr,assignment]  # a Node
        family = PROGRAMS.get(key, backend)
        program = None if family is None else family.match(plan.scalars)
        if family is None or program is None:
            return
        plan.key, plan.items, plan.leaves, plan.outputs = key, list(items), list(refs), list(range(len(items)))
        with suppress(ProgramError):
            execute(plan, program, backend)
            family.used(True)
            items.clear()
            region.held.clear()
            region.credit = region.unit
