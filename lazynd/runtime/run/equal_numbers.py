"""Numbers of a plan that are equal are one input of its program.

The updates of a hundred parameters by one rate differ for XLA, if each reads a number of its own, and are compiled a
hundred times: 1.4 s instead of 0.1. So the first program of a plan has one input for all its numbers of a type that
are equal, and runs as long as they are. When they differ once, a program is compiled in which each is an input.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from ...ir.specialization import RUNTIME
from ...ir.types import is_floating
from .plan import Plan

#: Fewer numbers are not worth a program that depends on their being equal; nor are many different ones.
FEWEST: Final = 16
SHARED: Final = 4


def first_equals(plan: Plan) -> tuple[int, ...] | None:
    """For each number of ``plan`` the place of the first that is equal, of the same type; None if few are."""
    if len(plan.scalars) < FEWEST:
        return None
    known: dict[Any, int] = {}
    found = []
    for at, slot in enumerate(plan.slots()):
        shares = slot.kind == RUNTIME and is_floating(slot.type.dtype)
        found.append(known.setdefault((slot.type, _bits(plan.scalars[at])), at) if shares else at)
    return tuple(found) if len(set(found)) * SHARED <= len(found) else None


def hold(scalars: Sequence[Any], firsts: Sequence[int]) -> bool:
    """Whether ``scalars`` are equal where those were that gave ``firsts``: to the bit, 0.0 is not -0.0."""
    form = f"={len(firsts)}d"
    try:
        return struct.pack(form, *scalars) == struct.pack(form, *map(scalars.__getitem__, firsts))
    except (struct.error, OverflowError):
        return False


def _bits(number: Any) -> bytes:
    try:
        return struct.pack("=d", number)
    except (struct.error, OverflowError):
        return repr(number).encode()
