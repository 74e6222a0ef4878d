"""Calls of operators whose attributes are not all part of the program, found again without binding them anew.

Numbers travel with a call, the thread's mode or context fills an attribute in, the position of the random stream is
asked for each time: none of these may be in the key of a memo, or in it alone. So the key is made by classes. A
``Pattern`` says of one operator and the classes of its attributes which of them are static, and so in the key by their
values, and which are numbers, of which at most is in the key how many there are, and special values that are compiled
in. What the pattern cannot tell from another call is bound each time, as if there were no memo.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from operator import itemgetter
from typing import Any, Final

import numpy as np

from ..ir.memo import Recent
from ..ir.specialization import DRAW, RUNTIME, Specialization
from ..ir.types import Context, Type
from ..ops import Operator
from ..runtime.record.numbers import Number

#: Two calls have the same specialization if their attributes are equal and of the same of these classes, in tuples too.
#: Floats are not among them: 0.0 equals -0.0, and NaN does not equal itself.
EXACT: Final = (int, str, type(None), type, np.dtype, Context)
#: Whole numbers below are numbers to every dtype.
_LARGE: Final = 1 << 53
_FLOATS: Final = frozenset((float,))
_INTS: Final = frozenset((int,))
#: What a tuple in the key may hold: bools and floats would equal integers.
_EXTENTS: Final = frozenset((int, type(None)))

Pick = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class Pattern:
    """What becomes of attributes of certain classes.

    ``static`` picks those in the key by value, ``numbers`` those in slots. ``tuples`` and ``floats``: positions of
    static ones that are tuples, and floats. ``looked``: of numbers whose values matter nevertheless the position,
    the values that are compiled in, and the bounds; ``several``: of tuples of numbers the position and the classes.
    ``plain``: there is none of these four.
    """

    __slots__ = ("floats", "looked", "numbers", "places", "plain", "several", "static", "tuples")

    def __init__(self) -> None:
        self.tuples: list[int] = []
        self.floats: list[int] = []
        self.looked: list[tuple[int, tuple[float, ...], float, float]] = []
        self.several: list[tuple[int, frozenset[type]]] = []
        #: Positions of all numbers, in order.
        self.places: list[int] = []
        self.plain = True
        self.static: Pick = _pick([])
        self.numbers: Pick = _pick([])


def _pick(places: list[int]) -> Pick:
    """What gives the elements at ``places`` as a tuple: in C."""
    if places == list(range(places[0], places[-1] + 1)) if places else True:
        return itemgetter(slice(places[0], places[-1] + 1) if places else slice(0))
    return itemgetter(*places)


def pattern_of(operator: Operator, kinds: tuple[type, ...]) -> Pattern | None:
    """The pattern of calls of ``operator`` with attributes of ``kinds``; None where each has to be looked at."""
    made, static = Pattern(), list[int]()
    for place, (parameter, kind) in enumerate(zip(operator.visible, kinds, strict=True)):
        slot, several = parameter.kind.slot, parameter.kind.several
        if kind is Number:  # Python must not look at it, and it is another one each time
            return None
        if slot is None or kind is type or kind is type(None):
            if kind is float:
                made.floats.append(place)
            elif kind is tuple:
                static.append(place)
                made.tuples.append(place)
            elif issubclass(kind, EXACT):
                static.append(place)
            else:
                return None
        elif several and kind in (tuple, list):
            made.several.append((place, _FLOATS if slot == RUNTIME else _INTS))
            made.places.append(place)
        elif not several and (kind is int or (kind is float and slot == RUNTIME)):
            special = tuple(operator.static_values.get(parameter.name, ()))
            low, high = parameter.bounds or (-inf, inf)
            if kind is int:
                low, high = max(low, 1 - _LARGE), min(high, _LARGE - 1)
            if special or (low, high) != (-inf, inf):
                made.looked.append((place, special, low, high))
            made.places.append(place)
        else:
            return None
    made.static, made.numbers = _pick(static), _pick(made.places)
    made.plain = not (made.tuples or made.floats or made.looked or made.several)
    return made


class Known:
    """A call that was bound: ``numbers`` picks from its attributes what goes into the slots.

    ``context``: of the stream that it draws from, if it does, whose numbers go in at ``at``.
    """

    __slots__ = ("at", "context", "numbers", "spec")

    def __init__(self, spec: Specialization, numbers: Pick) -> None:
        self.spec = spec
        self.numbers = numbers
        words = [i for i, slot in enumerate(spec.slots) if slot.kind == DRAW]
        self.at = words[0] if words else 0
        self.context: Context | None = spec.slots[words[0]].type.context if words else None

    def slots(self, attributes: tuple[Any, ...], recorder: Any) -> tuple[Any, ...]:
        """The values of the slots."""
        numbers = self.numbers(attributes)
        if self.context is None:
            return numbers
        return (*numbers[: self.at], *recorder.draw(self.context), *numbers[self.at :])


#: Patterns by operator and classes.
PATTERNS: Final[Recent[tuple[Operator, tuple[type, ...]], Pattern]] = Recent(320)
_patterns: Final = PATTERNS.now
#: Calls by pattern, types, and what of the attributes is in the key.
KNOWN_CALLS: Final[Recent[tuple[Any, ...], Known]] = Recent(640)
_known: Final = KNOWN_CALLS.now


def key_of(operator: Operator, types: tuple[Type, ...], attributes: tuple[Any, ...], state: Any) -> Any:
    """The key of a call, which begins with its pattern; None where it has none."""
    kinds = tuple(map(type, attributes))
    pattern = _patterns.get((operator, kinds)) or PATTERNS.older((operator, kinds))
    if pattern is None:
        pattern = pattern_of(operator, kinds)
        if pattern is None:
            return None
        PATTERNS.put((operator, kinds), pattern)
    if pattern.plain and not operator.fills:  # most calls
        return pattern, types, pattern.static(attributes)
    key: list[Any] = [pattern, types, pattern.static(attributes)]
    for place in pattern.tuples:
        if not _EXTENTS.issuperset(map(type, attributes[place])):
            return None
    for place, special, low, high in pattern.looked:
        value = attributes[place]
        if special and value in special:
            key.append(repr(value))
        elif low <= value <= high:  # else it may be refused, or is no number
            key.append(None)
        else:
            return None
    for place in pattern.floats:
        key.append(attributes[place].hex())
    for place, classes in pattern.several:
        value = attributes[place]
        if not classes.issuperset(map(type, value)) or (classes is _INTS and value and max(map(abs, value)) >= _LARGE):
            return None
        key.append(len(value))
    for fill in operator.fills:
        key.append(fill(state))
    return tuple(key)


def find(key: tuple[Any, ...]) -> Known | None:
    """The call of ``key``, if it was bound."""
    return _known.get(key) or KNOWN_CALLS.older(key)


def remember(key: tuple[Any, ...], attributes: tuple[Any, ...], spec: Specialization, slots: tuple[Any, ...]) -> None:
    """Keep that a call was bound to ``spec`` with these ``slots``, if these are what its pattern says."""
    pattern: Pattern = key[0]
    numbers = pattern.numbers
    marks = key[3 : 3 + len(pattern.looked)]
    compiled = {place for (place, *_), mark in zip(pattern.looked, marks, strict=True) if mark is not None}
    places = [place for place in pattern.places if place not in compiled]
    if pattern.several:
        numbers = _flattened(places, {place for place, _ in pattern.several})
    elif compiled:
        numbers = _pick(places)
    drawn = [slot.kind == DRAW for slot in spec.slots]
    bound = [repr(value) for value, draw in zip(slots, drawn, strict=True) if not draw]
    if list(map(repr, numbers(attributes))) == bound and sum(drawn) in (0, 2):
        KNOWN_CALLS.put(key, Known(spec, numbers))


def _flattened(places: list[int], several: set[int]) -> Pick:
    """What gives the numbers at ``places``, and those in the tuples that are among them, one after another."""

    def numbers(attributes: tuple[Any, ...]) -> tuple[Any, ...]:
        found: list[Any] = []
        for place in places:
            if place in several:
                found += attributes[place]
            else:
                found.append(attributes[place])
        return tuple(found)

    return numbers
