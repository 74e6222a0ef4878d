"""Arguments and results of compiled functions: arrays and numbers in nested lists, tuples and dictionaries."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..ir.types import Context
from ..nd import NDArray
from ..runtime.record.cell import Cell
from ..runtime.record.numbers import Number, is_number, plain
from ..runtime.record.recorder import Recorder
from ..runtime.record.standing import root_of

#: Arguments that are part of the signature by their values.
_VALUES: Final = frozenset((str, bytes, bool, type(None), type(Ellipsis), complex))
_BY_VALUE: Final = (np.dtype, Context, np.bool_)


class Unsupported(Exception):
    """A result, or an argument, with which no function can be compiled; the text says why."""


class Same:
    """Stands for an object in a signature: equal to another only if that is for the same object, while it exists."""

    __slots__ = ("_hash", "_refer")

    def __init__(self, thing: Any) -> None:
        self._hash = id(thing)
        try:
            self._refer: Callable[[], Any] = weakref.ref(thing)
        except TypeError:
            self._refer = lambda: thing

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same):
            return NotImplemented
        mine = self._refer()
        return mine is not None and mine is other._refer()


class Arguments:
    """What a call is given: ``key`` tells it from calls that may do something else.

    ``cells`` and ``handles``: its arrays, each once. ``numbers``: in order, as Python's own. ``roots``: the cells that
    the memory of the arrays belongs to; ``parted``: whether some share it.
    """

    __slots__ = ("_places", "_recorder", "cells", "handles", "key", "numbers", "parted", "plain", "roots", "things")

    def __init__(self, recorder: Recorder, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._recorder = recorder if recorder.traces else None
        self.key: list[Hashable] = []
        self.cells: list[Cell] = []
        self.handles: list[NDArray] = []
        self.numbers: list[Any] = []
        #: Objects that are part of the signature as what they are.
        self.things: list[Any] = []
        self._places: dict[Cell, int] = {}
        self.plain = True
        for each in args:
            self._take(each)
        if kwargs:
            self._take(kwargs)
        self.roots: Sequence[Cell] = self.cells
        self.parted = False
        if not self.plain or self._recorder is not None:
            self._look_at_memory(recorder)

    def _take(self, value: Any) -> None:
        kind: Any = type(value)
        key = self.key
        if kind is NDArray or isinstance(value, NDArray):
            cell = value._cell
            place = self._places.get(cell)
            if place is not None:
                key.append((place, kind))
                return
            self._places[cell] = len(self.cells)
            self.cells.append(cell)
            self.handles.append(value)
            key.append(cell.type)
            if kind is not NDArray:
                key.append(kind)
            if cell.__class__ is not Cell:
                self.plain = False
            seen = cell if self._recorder is None else self._recorder.at(cell)
            variable, history = seen.variable, seen.history
            if variable is not None:
                key.append(variable.request)
            elif history is not None and not history[0].consumed:
                key.append(True)
        elif kind is float or kind is int:
            key.append(kind)
            self.numbers.append(value)
        elif kind in _VALUES:
            key += (kind, value)
        elif kind is list or kind is tuple:
            key += (kind, len(value))
            for each in value:
                self._take(each)
        elif kind is dict:
            key += (kind, len(value))
            for name, each in value.items():
                of: Any = type(name)
                key += (of, name)
                self._take(each)
        else:
            self._take_other(value, kind)

    def _take_other(self, value: Any, kind: Any) -> None:
        if kind is Number:
            self.key.append(value.__class__)
            self.numbers.append(value)
        elif is_number(value):
            self.key.append(float if isinstance(value, float | np.floating) else int)
            self.numbers.append(plain(value))
        elif isinstance(value, _BY_VALUE):
            self.key += [kind, value]
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            self.key += (kind, len(value))
            for each in value:
                self._take(each)
        elif isinstance(value, slice):
            self.key.extend((kind, repr(value)))
        elif isinstance(value, np.ndarray):
            raise Unsupported("an argument is an array of NumPy's, which nd.array makes one of lazynd's")
        elif isinstance(value, Iterator):
            raise Unsupported(f"an argument is an iterator: {kind.__name__}")
        else:
            self.key.append(Same(value))
            self.things.append(value)

    def _look_at_memory(self, recorder: Recorder) -> None:
        """Find out which arrays share memory: where they do, how is part of the signature."""
        cells = list(map(recorder.real, self.cells))
        self.roots = list(map(root_of, cells))
        first = {root: place for place, root in reversed(list(enumerate(self.roots)))}
        self.parted = len(first) < len(cells)
        if self.parted:
            for cell, root in zip(cells, self.roots, strict=True):
                part = [first[root], root.type]
                while cell is not root:
                    part += (type(cell), getattr(cell, "offset", None), cell.type)
                    cell = cell.base  # type: ignore[attr-defined]  # of all that are no root
                self.key.append(tuple(part))


def substituted(value: Any, arrays: Mapping[Cell, NDArray], numbers: Iterator[Any]) -> Any:
    """``value`` with ``arrays`` in the place of those with the same cells, and ``numbers`` in that of its numbers."""
    kind = type(value)
    if isinstance(value, NDArray):
        return arrays[value._cell]
    if kind is not Number and not is_number(value):
        if kind is list or kind is tuple:
            return kind([substituted(each, arrays, numbers) for each in value])
        if kind is dict:
            return {name: substituted(each, arrays, numbers) for name, each in value.items()}
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return kind(*[substituted(each, arrays, numbers) for each in value])
        return value
    return next(numbers)


class Structure:
    """The structure of a result: ``arrays`` in it, in order; ``build`` makes it anew of others."""

    __slots__ = ("_shape", "arrays")

    def __init__(self, value: Any) -> None:
        self.arrays: list[NDArray] = []
        self._shape = self._look(value)

    def _look(self, value: Any) -> Any:
        kind = type(value)
        if isinstance(value, NDArray):
            self.arrays.append(value)
            return kind
        if kind is list or kind is tuple:
            return _Several(kind, [self._look(each) for each in value])
        if kind is dict:
            return _Several(kind, [self._look(each) for each in value.values()], list(value))
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return _Several(kind, [self._look(each) for each in value])
        if kind is Number:
            return _Constant(value.known())
        if kind in _VALUES or is_number(value) or isinstance(value, (*_BY_VALUE, type)):
            return _Constant(value)
        raise Unsupported(f"it returns a {kind.__name__}")

    def build(self, made: Iterator[Any]) -> Any:
        """The structure with ``made``, cells or arrays, in it."""
        shape = self._shape
        if isinstance(shape, type):  # one array, as most functions give
            found = next(made)
            return found if isinstance(found, NDArray) else shape(found)
        return _build(shape, made)


class _Several:
    __slots__ = ("keys", "kind", "parts")

    def __init__(self, kind: Any, parts: list[Any], keys: list[Any] | None = None) -> None:
        self.kind, self.parts, self.keys = kind, parts, keys


class _Constant:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _build(shape: Any, made: Iterator[Any]) -> Any:
    if isinstance(shape, _Constant):
        return shape.value
    if isinstance(shape, _Several):
        parts = [_build(part, made) for part in shape.parts]
        if shape.keys is not None:
            return dict(zip(shape.keys, parts, strict=True))
        return shape.kind(*parts) if hasattr(shape.kind, "_fields") else shape.kind(parts)
    found = next(made)
    return found if isinstance(found, NDArray) else shape(found)


__all__ = ["Arguments", "Same", "Structure", "Unsupported", "substituted"]
