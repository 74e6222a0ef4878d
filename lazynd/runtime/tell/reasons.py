"""Why a program was compiled: the first difference between its key and the most similar known one, in users' words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...ir.derived import Derived, root
from ...ir.node import Node, Output
from ...ir.specialization import Specialization
from ...ir.types import Type
from .location import is_our_file, line_of, place_of
from .wording import input_words, operator_words

Key = tuple[Any, ...]
Ref = Node | Output


def nearest(key: Key, known: Iterable[Key]) -> Key | None:
    """Of the keys ``known`` the first that shares the longest beginning of operators with ``key``."""
    best, length = None, 0
    for other in known:
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


def difference(new: Key, old: Key, items: Sequence[Ref] = ()) -> str:
    """The first difference from ``old`` to ``new``, in words: "argument data (256, 64) -> (17, 64), train.py:41".

    ``items`` are those of the plan that has the key ``new``.
    """
    nodes = [item for item in items if isinstance(item, Node)]
    number = -1
    for at, (x, y) in enumerate(zip(new, old, strict=False)):
        number += isinstance(x, Specialization)
        if x is y or x == y:
            continue
        node = nodes[number] if 0 <= number < len(nodes) else None
        if isinstance(x, Specialization) and isinstance(y, Specialization):
            return _operators(x, y, node, new[at + 1 : at + 1 + len(x.in_types)])
        if isinstance(x, Specialization):
            return f"{_name(node)} comes in addition{_at(node)}"
        if isinstance(y, Specialization):
            return f"{_short(y)} no longer comes after {_name(node)}{_at(node)}"
        if at >= _results_at(new):
            break
        return f"{_name(node)} reads other arrays{_at(node)}"
    return _results(new, old, items)


def _results(new: Key, old: Key, items: Sequence[Ref]) -> str:
    """How the results differ that are wanted: what the keys end with."""
    now, before = set(new[_results_at(new) :]), set(old[_results_at(old) :])
    more = now - before
    at = min(more or before - now, default=-1)
    node = items[at].node if 0 <= at < len(items) else None
    if node is None or node.spec is None:
        return "other results are wanted"
    return f"the result of {_name(node)} is {'wanted too' if more else 'no longer wanted'}{_at(node)}"


def _results_at(key: Key) -> int:
    """Where in ``key`` the numbers of the results begin: after each operator and what it reads."""
    return sum(1 + len(entry.in_types) for entry in key if isinstance(entry, Specialization))


def _name(node: Node | None) -> str:
    return "an operator" if node is None or node.spec is None else operator_words(node.spec, node.code, node.lasti)


def _short(spec: Specialization) -> str:
    """What an operation is called of which it is not known where it was recorded."""
    return operator_words(spec, None, -1)


def _at(node: Node | None) -> str:
    if node is None or node.code is None:
        return ""
    if is_our_file(node.code.co_filename):  # that of a layer tells users nothing
        return ""
    return f", {place_of(node.code.co_filename, line_of(node.code, node.lasti), short=True)}"


def _operators(new: Specialization, old: Specialization, node: Node | None, reads: Sequence[Any] = ()) -> str:
    """How two operators differ; ``reads`` is what the first one reads, numbers below zero for arguments."""
    code, lasti = (None, -1) if node is None else (node.code, node.lasti)
    words = operator_words(new, code, lasti)
    if new.op.name != old.op.name:
        return f"{words} instead of {_short(old)}{_at(node)}"
    differentiated = _differentiated(new, old, operator_words(root(new), code, lasti))
    if differentiated is not None:
        return f"{differentiated}{_at(node)}"
    if len(new.in_types) != len(old.in_types):
        return f"{words} reads {len(new.in_types)} arrays instead of {len(old.in_types)}{_at(node)}"
    for index, (x, y) in enumerate(zip(new.in_types, old.in_types, strict=True)):
        if x is not y:
            given = index >= len(reads) or (reads[index].__class__ is int and reads[index] < 0)
            read = input_words(new, index, code, lasti)
            return f"{'argument ' if given else ''}{read} {change(y, x)}{_at(node)}"
    given, before = root(new).attributes, root(old).attributes
    for name, value in given.items():
        if name not in before or before[name] != value:
            return f"parameter {name} of {words} {_told(before.get(name))} -> {_told(value)}{_at(node)}"
    for x, y in zip(new.out_types, old.out_types, strict=False):
        if x is not y:
            return f"result of {words} {change(y, x)}{_at(node)}"
    inside = _bodies(new, old)
    return f"inside {words}, {inside}" if inside else f"{words} does something else{_at(node)}"


def _differentiated(new: Specialization, old: Specialization, words: str) -> str | None:
    """How two operations differ that are, or were derived from, the same one, called ``words``; None for others."""
    if root(new) is not root(old):
        return None
    now, before = _wanted(new), _wanted(old)
    if now is None or before is None:
        return None if now is before else f"{words} is {'now' if before is None else 'no longer'} differentiated"
    return f"gradients of other inputs of {words} are wanted" if now != before else None


def _wanted(spec: Specialization) -> tuple[bool, ...] | None:
    """Of which inputs the gradients are wanted for which ``spec`` was derived; None where it was for none."""
    while isinstance(spec.op, Derived):
        derivation = spec.op.derivation
        if derivation.step != "live":
            return derivation.inputs
        spec = derivation.origin
    return None


def _bodies(new: Specialization, old: Specialization) -> str | None:
    """The first difference of what two calls of the same types do; None where they do the same."""
    if new.body is None or old.body is None or not root(new).op.is_call:
        return None
    for node, other in zip(new.body.nodes, old.body.nodes, strict=False):
        if node.spec is not other.spec and node.spec is not None and other.spec is not None:
            return _operators(node.spec, other.spec, node)
    if len(new.body.nodes) != len(old.body.nodes):
        return f"{len(new.body.nodes)} operators instead of {len(old.body.nodes)}"
    now, before = ({ref: at for at, ref in enumerate((*graph.inputs, *graph.nodes))} for graph in (new.body, old.body))
    for node, other in zip(new.body.nodes, old.body.nodes, strict=True):
        if _read(node.inputs or (), now) != _read(other.inputs or (), before):
            return f"{_name(node)} reads other arrays{_at(node)}"
    return "other results are wanted"


def _read(refs: Sequence[Ref], numbers: Mapping[Node, int]) -> list[tuple[int, int]]:
    """``refs`` by the numbers of the nodes that give them."""
    return [(numbers[ref.node], ref.index) for ref in refs]


def change(old: Type, new: Type) -> str:
    """What is another in ``new``: shapes, dtypes, devices."""
    parts: list[tuple[str, str]] = []
    if old.dtype != new.dtype:
        parts.append((str(old.dtype), str(new.dtype)))
    if old.shape != new.shape:
        parts.append((str(old.shape), str(new.shape)))
    if old.context != new.context:
        parts.append((f"on {old.context}", f"on {new.context}"))
    before, after = (" ".join(each) for each in zip(*parts, strict=True)) if parts else (repr(old), repr(new))
    return f"{before} -> {after}"


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
