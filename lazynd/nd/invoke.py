"""From a call with arrays and attributes to a recorded node: canonical attributes, memo, errors at the user's line."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

import numpy as np

from ..ir.memo import Recent
from ..ir.specialization import DRAW, Specialization
from ..ir.types import Type
from ..ops import OPERATORS, Operator
from ..ops.kinds import canonical_number
from ..ops.signature import ARRAY_ADVICE, array_like
from ..runtime import copy_to
from ..runtime.record.cell import Cell
from ..runtime.record.numbers import Number
from ..runtime.record.recorder import cell_of
from ..runtime.record.rows import JOINS, joined
from ..runtime.run.moves import MANY, MOVES
from ..runtime.thread import LOCAL
from .known import EXACT, find, key_of, remember
from .np_shape import has_scalar
from .refusal import refusal, refuse

_EMPTY = inspect.Parameter.empty
#: Calls by operator, types and attributes, where these say all; see ``known`` for the others.
CALLS: Final[Recent[tuple[Any, ...], tuple[Specialization, tuple[Any, ...]]]] = Recent(640)
_bound: Final = CALLS.now
#: Calls of an operator with a number, and the numbers that have a specialization of their own.
SCALAR_CALLS: Final[Recent[tuple[str, Type], tuple[Specialization, frozenset[float]]]] = Recent(320)
_bound_scalar: Final = SCALAR_CALLS.now


def bind_scalar(name: str, type: Type, number: Any, frame: FrameType) -> tuple[Specialization, tuple[Any, ...]]:
    """The specialization of a scalar operator, and its slots."""
    kind = number.__class__
    if kind is not float:
        if kind is not int and not isinstance(number, bool | np.bool_ | np.number):
            reason = f"type {kind} not supported{ARRAY_ADVICE if array_like(number) else ''}"
            raise refusal(TypeError, name, reason, (type, number), None, frame)
        try:
            number = canonical_number(number)
        except OverflowError as error:
            raise refusal(OverflowError, name, error, (type, number), None, frame) from None
    found = _bound_scalar.get((name, type))
    if found is None:
        found = SCALAR_CALLS.older((name, type))
    if found is None:
        operator = OPERATORS[name]
        with refuse(name, (type,), frame):
            scalar = has_scalar(name, (type,))
            spec, _ = operator.bind((type,), {"scalar": 1.25e-3})
        found = (spec, frozenset(operator.static_values.get("scalar", ())))
        if not scalar:
            SCALAR_CALLS.put((name, type), found)
    spec, special = found
    if special and number in special:
        return OPERATORS[name].bind((type,), {"scalar": number})[0], ()
    return spec, (number,)


def gathered(cells: Sequence[Cell]) -> list[Cell]:
    """``cells`` on the context of the first, as far as they lie on its device: every ``cpu(i)`` is the one host."""
    first = cells[0].type.context
    return [c if c.type.context.device != first.device or c.type.context is first else copy_to(c, first) for c in cells]


def specialize(
    operator: Operator, cells: Sequence[Cell], attributes: tuple[Any, ...], frame: FrameType
) -> tuple[Specialization, tuple[Any, ...], Sequence[Cell]]:
    """``operator`` on the types of ``cells``, its slots, and the cells on one context; missing attributes default."""
    count = len(cells)  # one and two spelt out, as when recording: a comprehension costs more than the look-up
    if count == 1:
        types: tuple[Type, ...] = (cells[0].type,)
    elif count == 2:
        types = (cells[0].type, cells[1].type)
    else:
        if count >= MANY and operator in JOINS:
            recorder = LOCAL.state.recorder
            recorder.moves()
            rows = joined(recorder, operator, cells, attributes, frame.f_code, frame.f_lasti)
            if rows is not None:
                return rows
        types = tuple([c.type for c in cells])
    key: tuple[Any, ...] | None
    if operator.varies:
        state = LOCAL.state
        if len(attributes) < len(operator.defaults):
            attributes += operator.defaults[len(attributes) :]
        key = key_of(operator, types, attributes, state)
        if key is not None:
            known = find(key)
            if known is not None:
                return known.spec, known.slots(attributes, state.recorder), cells
    else:
        key = (operator, types)
        if attributes:  # classes belong to the key: 1, True and 1.0 are equal
            kinds = tuple(map(type, attributes))
            key = (operator, types, attributes, *kinds)
            if Number in kinds:  # a traced call's: Python must not look at it, and it is another one each time
                key = ()
            elif operator.takes_tuples:
                for each in attributes:
                    if each.__class__ is tuple:
                        key = (*key, *map(type, each))
        try:
            spec, scalars = _bound[key]
            return spec, scalars, cells
        except KeyError:
            found = CALLS.older(key)
            if found is not None:
                return *found, cells
        except TypeError:  # of a list among the attributes, which has no hash
            pass
    if count > 1 and len({t.context for t in types}) > 1:
        cells = gathered(cells)
        types = tuple([c.type for c in cells])
        key = ()  # the key was made of the types before
    with refuse(operator.name, types, frame, lambda: given_attributes(operator, attributes)):
        scalar = has_scalar(operator.name, types)
        bound = _bind(operator, types, attributes)
    if key and not scalar:
        if operator.varies:
            remember(key, attributes, *bound)
        elif not bound[1] and _exact(attributes):
            CALLS.put(key, bound)
    return *bound, cells


def _exact(attributes: tuple[Any, ...]) -> bool:
    return all(_exact(a) if a.__class__ is tuple else isinstance(a, EXACT) for a in attributes)


def invoke(
    operator: Operator, cells: Sequence[Cell], attributes: tuple[Any, ...], frame: FrameType
) -> tuple[Cell, ...]:
    """Record ``operator`` on ``cells``; ``attributes`` in declaration order, missing ones at the end default."""
    return record(*specialize(operator, cells, attributes, frame), cells, frame)


def record(
    spec: Specialization,
    scalars: tuple[Any, ...],
    cells: Sequence[Cell],
    given: Sequence[Cell],
    frame: FrameType,
) -> tuple[Cell, ...]:
    """Record a specialization of an operator on ``cells``; gives its results but those that it writes.

    What it writes moves the cells that were ``given``, of which ``cells`` may be copies on one context.
    """
    state = LOCAL.state
    recorder, code, lasti = state.recorder, frame.f_code, frame.f_lasti
    if len(spec.out_types) == 1:
        made: tuple[Cell, ...] = (recorder.apply(spec, cells, scalars, code, lasti),)
    else:
        if spec.op in MOVES and len(spec.out_types) >= MANY:
            recorder.moves()
        if state.recording:
            made = tuple(
                map(cell_of, recorder.apply_to(spec, list(map(recorder.operand, cells)), scalars, code, lasti))
            )
        else:
            made = tuple(map(Cell, recorder.append(spec, recorder.read_all(cells), scalars, code, lasti)))
    targets = spec.writes
    if not targets:
        return made
    shown = len(made) - len(targets)
    into = [given[target] for target in targets]
    fitting = [c if c.type is t.type else gathered((t, c))[1] for t, c in zip(into, made[shown:], strict=True)]
    recorder.write_all(into, recorder.read_all(fitting))
    return made[:shown]


def given_attributes(operator: Operator, attributes: Sequence[Any]) -> dict[str, Any]:
    """The attributes of a call that are not their defaults."""
    pairs = zip(operator.visible, attributes, strict=False)
    return {p.name: v for p, v in pairs if v is not _EMPTY and v is not (None if p.kind.fill else p.default)}


def _bind(
    operator: Operator, types: tuple[Type, ...], attributes: Sequence[Any]
) -> tuple[Specialization, tuple[Any, ...]]:
    state = LOCAL.state
    given: dict[str, Any] = {}
    values = iter(attributes)
    for parameter in operator.visible:
        value = next(values, _EMPTY)
        fill = parameter.kind.fill
        if fill is not None and (value is _EMPTY or value is None or (value.__class__ is str and not value)):
            value = fill(state)
        if value is not _EMPTY:
            given[parameter.name] = value
    spec, slots = operator.bind(types, given)
    if operator.draws:
        words = [slot for slot in spec.slots if slot.kind == DRAW]
        if words:
            numbers = iter(state.recorder.draw(words[0].type.context))
            slots = [next(numbers) if s.kind == DRAW else v for s, v in zip(spec.slots, slots, strict=True)]
    return spec, tuple(slots)


def method_of(operator: Operator, array: Any, frame: FrameType, *attributes: Any) -> Any:
    """A unary operator applied to an ``NDArray``."""
    return type(array)(invoke(operator, (array._cell,), attributes, frame)[0])
