"""Reverse-mode differentiation of the NumPy model: independent of lazynd's, and as small as it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: From the gradient of a result to that of one operand; None where it is zero everywhere.
Pull = Callable[[Array], Array] | None


class MXNetError(RuntimeError):
    """What MXNet raises, by name."""


class Variable:
    """Where gradients go: ``buffer`` is the storage of ``.grad``."""

    def __init__(self, buffer: Any, request: str) -> None:
        self.buffer = buffer
        self.request = request


class Entry:
    """One recorded operation (one output of it, if it has several ``siblings``), or a variable."""

    def __init__(
        self,
        serial: int,
        parents: Sequence[tuple[Entry, Pull]],
        variable: Variable | None = None,
        siblings: Sequence[Entry] = (),
    ) -> None:
        self.serial = serial
        self.parents = tuple(parents)
        self.variable = variable
        self._consumed = siblings[0]._consumed if siblings else [False]

    @property
    def consumed(self) -> bool:
        return self._consumed[0]

    def consume(self) -> None:
        """Make it a constant, with all outputs of its operation; variables stay variables."""
        self._consumed[0] = self.variable is None


def reachable(start: Entry) -> list[Entry]:
    """The entries behind ``start``, latest first; an error if one is consumed, which was not when it was recorded."""
    seen = {start}
    stack = [start]
    while stack:
        for parent, _ in stack.pop().parents:
            if parent.consumed:
                raise MXNetError("an earlier backward freed a part of this graph")
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda entry: entry.serial, reverse=True)


def backward(start: Entry, seed: Array, retain: bool, note: Callable[[Array], None]) -> None:
    """Move the gradient buffers behind ``start``. ``note`` is told every gradient."""
    order = reachable(start)
    if not any(entry.variable for entry in order):
        raise MXNetError("no inputs that require gradients")
    arrived: dict[Entry, Array] = {start: seed}
    totals: dict[Variable, Array | None] = {}
    for entry in order:
        gradient = arrived.get(entry)
        if entry.variable is not None:
            known = totals.setdefault(entry.variable, None)
            if gradient is not None:
                totals[entry.variable] = gradient if known is None else known + gradient
            continue
        if gradient is None:
            continue
        for parent, pull in entry.parents:
            if pull is None:
                continue
            part = pull(gradient)
            note(part)
            arrived[parent] = part if parent not in arrived else arrived[parent] + part
    for variable, total in totals.items():
        buffer = variable.buffer
        found = np.zeros_like(buffer.data) if total is None else total
        buffer.move(buffer.data + found if variable.request == "add" else found)
        note(buffer.data)
    if not retain:
        for entry in order:
            entry.consume()


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of an operand of ``shape`` that was broadcast."""
    extra = gradient.ndim - len(shape)
    summed = gradient.sum(axis=tuple(range(extra))) if extra else gradient
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and summed.shape[i] != 1)
    return summed.sum(axis=axes, keepdims=True) if axes else summed
