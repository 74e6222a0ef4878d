"""Why a program was compiled: the first difference between its key and the most similar known one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ...ir.specialization import Specialization

Key = tuple[Any, ...]


def nearest(key: Key, known: Iterable[Key], limit: int = 64) -> Key | None:
    """Of the first ``limit`` keys of ``known``, the one that shares the longest beginning of operators with ``key``."""
    best, length = None, 0
    for other in islice(known, limit):
        if other is not key:
            shared = _shared(key, other)
            if shared > length:
                best, length = other, shared
    return best


def _shared(a: Key, b: Key) -> int:
    """How many leading elements agree, two specializations of one operator counting as alike."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x is not y and x != y and not (_alike(x, y)):
            break
        count += 1
    return count


def _alike(x: Any, y: Any) -> bool:
    return isinstance(x, Specialization) and isinstance(y, Specialization) and x.op.name == y.op.name


def difference(new: Key, old: Key) -> str:
    """The first difference from ``old`` to ``new``, in words."""
    ops = -1
    for x, y in zip(new, old, strict=False):
        ops += isinstance(x, Specialization)
        if x is y or x == y:
            continue
        if isinstance(x, Specialization) and isinstance(y, Specialization):
            return f"operator {ops} ({x.op.name}): {_specializations(x, y)}"
        if isinstance(x, Specialization) or isinstance(y, Specialization):
            return f"after operator {max(ops - isinstance(x, Specialization), 0)} the sequences differ"
        return f"operator {ops} reads other values, or other results are wanted"
    longer, count = ("more", len(new) - len(old)) if len(new) > len(old) else ("fewer", len(old) - len(new))
    return f"the same beginning, then {longer} operators or results ({count} key elements)"


def _specializations(new: Specialization, old: Specialization) -> str:
    if new.op.name != old.op.name:
        return f"was {old.op.name}"
    if len(new.in_types) != len(old.in_types):
        return f"{len(new.in_types)} inputs instead of {len(old.in_types)}"
    names = _input_names(new)
    for name, x, y in zip(names, new.in_types, old.in_types, strict=True):
        if x is not y:
            return f"input '{name}' is {x} instead of {y}"
    for name, value in new.attributes.items():
        if name not in old.attributes or old.attributes[name] != value:
            return f"parameter '{name}' is {value!r} instead of {old.attributes.get(name)!r}"
    for number, (x, y) in enumerate(zip(new.out_types, old.out_types, strict=False)):
        if x is not y:
            return f"result {number} is {x} instead of {y}"
    return f"{new} instead of {old}"


def _input_names(spec: Specialization) -> Sequence[str]:
    declared = getattr(spec.op, "inputs", ())
    count = len(spec.in_types)
    return [declared[i] if i < len(declared) else str(i) for i in range(count)]
