"""The kinds of parameters that an operator declares by annotation: one row each, with all that there is to know of it.

A row says how a value is read, whether it is part of the program or travels in slots, who fills it in, and how it is
shown. The rest of lazynd asks the row, so a new kind is one row. It may stand anywhere: an operator finds the kind of
a parameter by the name of the annotation, in the module that the operator is written in.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, get_args

import numpy as np

from ..config import config
from ..ir.errors import OperatorError
from ..ir.graph import Graph
from ..ir.specialization import DRAW, INDEX, RUNTIME
from ..ir.types import FLOAT32, FLOAT64, UINT32, Context, Type, as_dtype, default_context, is_floating, position_dtype


class Recording(Protocol):
    """What the thread's state knows that a call does not say."""

    training: bool


@dataclass(eq=False, repr=False)
class Fixed:
    """What the types of a parameter's slots may depend on: the types of the arrays, and the static attributes."""

    in_types: tuple[Type, ...]
    static: Mapping[str, Any]

    def scalar(self, dtype: np.dtype[Any]) -> Type:
        """The type of a number beside the arrays, or where the call says that its result shall be."""
        context = self.in_types[0].context if self.in_types else self.static.get("ctx")
        return Type((), dtype, context) if context else Type((), dtype)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the first array, or of what is created."""
        found: np.dtype[Any] = self.in_types[0].dtype if self.in_types else self.static.get("dtype") or FLOAT32
        return found

    @property
    def wide(self) -> np.dtype[Any]:
        return np.result_type(self.dtype, FLOAT32) if is_floating(self.dtype) else FLOAT32


@dataclass(eq=False, repr=False)  # what a dataclass makes besides costs half a millisecond of importing lazynd
class Kind:
    """All that there is to know of a kind of parameters.

    A kind without ``slot`` is static: its values are part of the program. With ``slot``, the values travel with each
    call: one number, which is None if it is absent, or a tuple of ``several``.
    """

    #: What messages call it, as MXNet does.
    name: str
    #: The canonical value of what a user gives, or ``OperatorError``.
    read: Callable[[Any], Any]
    #: Its type in stubs.
    annotation: str
    #: What another value means for the program, as the manual says it; for a static one this need not be said.
    meaning: str = ""
    #: What its slots are to the runtime: ``RUNTIME``, ``INDEX`` or ``DRAW`` of ``ir.specialization``.
    slot: str | None = None
    #: The types of the slots of the parameter called so.
    types: Callable[[Fixed, str], Sequence[Type]] = lambda fixed, name: ()
    #: Whether the values in slots are a tuple, of any length.
    several: bool = False
    #: Whether that length is part of the program.
    counted: bool = False
    #: Whether a value may be a tuple, in which ``1``, ``True`` and ``1.0`` are different keys.
    tuples: bool = False
    #: Whether the text "None" is None, as in MXNet, where that is allowed; for a text it is a text.
    none: bool = True
    #: What stands for a value that is not given, asked of the recorder with each call.
    fill: Callable[[Recording], Any] | None = None
    #: Whether users do not see it: the recorder fills its slots when it knows that the call has them.
    hidden: bool = False

    @property
    def ambient(self) -> bool:
        """Whether the thread's state decides its value."""
        return self.hidden or self.fill is not None


def kinds_of(annotation: Any, names: Mapping[str, Any]) -> list[Kind]:
    """The kinds that a parameter's annotation names: text, where names mean what ``names`` says, or the thing itself.

    >>> [kind.name for each in ("Rate | None", Axis | None, int) for kind in kinds_of(each, {"Rate": Scalar})]
    ['float', 'Shape or int', 'int']
    """
    if isinstance(annotation, str):
        word = annotation.removesuffix(" | None")
        alone = getattr(names.get(word) or _PLAIN.get(word), "__metadata__", None)
        if alone is not None:  # nearly every annotation
            return [alone[0]]
        meant = (names.get(word, _PLAIN.get(word)) for word in re.findall(r"\w+", annotation))
        return [kind for each in meant for kind in (kinds_of(each, names) if not isinstance(each, str) else ())]
    if isinstance(annotation, type) and annotation.__name__ in _PLAIN:
        return kinds_of(_PLAIN[annotation.__name__], names)
    named = getattr(annotation, "__metadata__", None)
    if named is not None:
        return [named[0]]
    return [kind for part in get_args(annotation) for kind in kinds_of(part, names)]


#: What a truth value may be, as text.
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


def _literal(value: Any) -> Any:
    """MXNet accepts every parameter as a string."""
    if isinstance(value, str):
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise OperatorError(f"cannot read {value!r} as a value") from None
    return value


def _int(value: Any) -> int:
    value = _literal(value)
    try:
        made = operator.index(value)
    except TypeError:
        raise OperatorError(f"expected an int, got {value!r}") from None
    if isinstance(value, bool):
        raise OperatorError(f"expected an int, got {value!r}")
    if made.bit_length() > 63:
        raise OperatorError("it does not fit 64 bits")
    return made


def _float(value: Any) -> float:
    try:
        if not isinstance(value, bool | np.bool_):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise OperatorError(f"expected a number, got {value!r}")


def _bool(value: Any) -> bool:
    made = _TRUTH.get(str(value).lower())
    if made is None:
        raise OperatorError(f"expected True or False, got {value!r}")
    return made


def _axes(value: Any) -> int | tuple[int, ...]:
    value = _literal(value)
    return tuple(map(_int, value)) if isinstance(value, list | tuple) else _int(value)


def as_shape(value: Any) -> tuple[int, ...]:
    value = _literal(value)
    return tuple(map(_int, value)) if isinstance(value, list | tuple) else (_int(value),)


def _bounds(value: Any) -> tuple[int | None, ...]:
    value = _literal(value)
    listed = value if isinstance(value, list | tuple) else (value,)
    return tuple(None if each is None else _int(each) for each in listed)


def _body(value: Any) -> Graph:
    if not isinstance(value, Graph):
        raise OperatorError(f"expected the graph of a traced function, got {value!r}")
    return value


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise OperatorError(f"expected a string, got {value!r}")
    return value


def canonical_number(value: Any) -> Any:
    """An arithmetic scalar: a Python number with its exact value; ``OverflowError`` if it is beyond any double."""
    kind = value.__class__
    if kind is float:
        return value
    if kind is not int:
        if not isinstance(value, bool | np.bool_ | np.integer):
            return _float(value)
        value = int(value)
    elif type(value) is not int:  # a number of a call that is traced, which only says that it is one
        return value
    float(value)
    return value


def as_number(value: Any) -> Any:
    """An arithmetic scalar that is a parameter, which may be text but no truth value."""
    if isinstance(value, bool | np.bool_):
        raise OperatorError(f"expected a number, got {value!r}")
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        value = int(value)
    return canonical_number(value)


def as_context(value: Any) -> Context:
    """A context, or its text, such as "cpu(0)".

    >>> as_context("gpu(1)")
    gpu(1)
    """
    if isinstance(value, Context):
        return value
    found = re.fullmatch(r"(\w+)\((\d+)\)", value) if isinstance(value, str) else None
    try:
        return Context(found[1], int(found[2]))  # type: ignore[index]  # None is refused like a wrong name
    except (KeyError, TypeError):
        expected = f'expected a context, or text such as "cpu(0)"{_instead_of_context(value)}'
        raise OperatorError(f"Invalid context string {value}: {expected}") from None


def _instead_of_context(value: Any) -> str:
    """What was meant, it seems, by what stands in the place of a context."""
    if isinstance(value, int | np.integer):
        return "; the extents of a shape are one argument, as in (2, 3)"
    try:
        return f"; a dtype is given by name, dtype={as_dtype(value).name!r}"
    except (KeyError, TypeError):
        return ""


def _numbers(value: Any) -> tuple[Any, ...]:
    if isinstance(value, list | tuple) and set(map(type, value)) == _FLOATS:  # the rates of a step: one look at all
        return tuple(value)
    value = _literal(value)
    return tuple(map(as_number, value)) if isinstance(value, list | tuple) else (as_number(value),)


def _traced_types(fixed: Fixed, name: str) -> list[Type]:
    """Types of the numbers of a traced body: parameters behind those for arrays, but for two that are of a draw."""
    body = next(value for value in fixed.static.values() if isinstance(value, Graph))
    draws = 2 if fixed.static.get("draws") else 0
    return [node.type for node in body.inputs[len(fixed.in_types) : len(body.inputs) - draws]]


_FLOATS: Final = {float}
_TRAVELS: Final = "a number that travels with each call: another value compiles nothing"
_INTS: Final = "int | Sequence[int]"

#: Arithmetic, cast to the dtype of the first array.
Scalar = Annotated[
    Any, Kind("float", as_number, "float", _TRAVELS, RUNTIME, lambda fixed, name: [fixed.scalar(fixed.dtype)])
]
#: The same in float64.
Real = Annotated[
    Any,
    Kind("double", as_number, "float", f"{_TRAVELS}, in float64", RUNTIME, lambda fixed, name: [fixed.scalar(FLOAT64)]),
]
#: The same in float32 beside half precision.
Wide = Annotated[
    Any,
    Kind(
        "float", as_number, "float",
        "a number that travels with each call in float32 at least: another value compiles nothing",
        RUNTIME, lambda fixed, name: [fixed.scalar(fixed.wide)],
    ),
]  # fmt: skip
#: Several of these in float64; how many is part of the program.
Reals = Annotated[
    tuple[Any, ...],
    Kind(
        "tuple of <double>", _numbers, "float | Sequence[float]",
        "numbers that travel with each call, in float64: other values compile nothing",
        RUNTIME, lambda fixed, name: [fixed.scalar(FLOAT64)] * fixed.static[name],
        several=True, counted=True, tuples=True,
    ),
]  # fmt: skip
#: The same in float32 beside half precision.
Wides = Annotated[
    tuple[Any, ...],
    Kind(
        "tuple of <float>", _numbers, "float | Sequence[float]",
        "numbers that travel with each call: other values compile nothing",
        RUNTIME, lambda fixed, name: [fixed.scalar(fixed.wide)] * fixed.static[name],
        several=True, counted=True, tuples=True,
    ),
]  # fmt: skip


def _position(fixed: Any) -> Type:
    """The type of a position in the first array."""
    return fixed.scalar(position_dtype(fixed.in_types[0].size if fixed.in_types else 0))


#: A position, compiled in as first seen.
Index = Annotated[
    Any,
    Kind(
        "int", _int, "int", "compiled in as first seen, a program input once it changes",
        INDEX, lambda fixed, name: [_position(fixed)],
    ),
]  # fmt: skip
#: One for each dimension of the first array.
Indices = Annotated[
    Any,
    Kind(
        "Shape(tuple)", as_shape, _INTS, "compiled in as first seen, program inputs once they change",
        INDEX, lambda fixed, name: [_position(fixed)] * (fixed.in_types[0].ndim if fixed.in_types else 0),
        several=True, tuples=True,
    ),
]  # fmt: skip
#: Numbers that a traced body reads.
Numbers = Annotated[
    tuple[Any, ...], Kind("tuple", tuple, "Any", _TRAVELS, RUNTIME, _traced_types, several=True, tuples=True)
]
#: The position in the random stream: the seed and a counter.
Draw = Annotated[
    Any,
    Kind(
        "position", tuple, "Any", "the position of the random stream, filled in when recording",
        DRAW, lambda fixed, name: [fixed.scalar(UINT32)] * 2, several=True, hidden=True,
    ),
]  # fmt: skip
#: Whether one trains or predicts.
Training = Annotated[
    bool,
    Kind(
        "boolean", _bool, "bool", "training or prediction, filled in when recording", fill=lambda state: state.training
    ),
]
#: What computes the random bits of masks.
Generator = Annotated[
    str,
    Kind(
        "string", _str, "str", "a setting, filled in when recording", fill=lambda state: config.mask_generator,
        none=False,
    ),
]  # fmt: skip
#: Where what is created shall be.
Device = Annotated[
    Context,
    Kind(
        "Context", as_context, "Context | str", "a context, part of the program", fill=lambda state: default_context()
    ),
]
Axis = Annotated[Any, Kind("Shape or int", _axes, _INTS, tuples=True)]
Shape = Annotated[tuple[int, ...], Kind("Shape(tuple)", as_shape, _INTS, tuples=True)]
#: One bound for each dimension, None for its end.
Bounds = Annotated[
    tuple[int | None, ...], Kind("tuple of <int or None>", _bounds, "int | None | Sequence[int | None]", tuples=True)
]
DType = Annotated[Any, Kind("dtype", as_dtype, "DTypeLike")]
#: A traced function.
Body = Annotated[Graph, Kind("graph", _body, "Any")]
Text = Annotated[str, Kind("string", _str, "str", none=False)]
#: Python's own types, which are kinds too.
_PLAIN: Final[Mapping[str, Any]] = {
    "int": Annotated[int, Kind("int", _int, "int")],
    "float": Annotated[float, Kind("float", _float, "float")],
    "bool": Annotated[bool, Kind("boolean", _bool, "bool")],
    "str": Text,
}


def one_of(value: str | None, *allowed: str | None, parameter: str | None = None) -> None:
    """Refuse the value of a parameter that is not among ``allowed``."""
    if value not in allowed:
        names = ", ".join(["None"] * (None in allowed) + [repr(each) for each in sorted(filter(None, allowed))])
        where = f" for {parameter}" if parameter else ""
        raise OperatorError(f"Invalid Input: '{value}', valid values are: {{{names}}}{where}")


def check_count(arrays: Sequence[object], num_args: int | None) -> None:
    """Refuse no arrays for an operator on any number of them, or another number than ``num_args`` says."""
    if not arrays:
        raise OperatorError("at least one array is needed")
    if num_args not in (None, len(arrays)):
        raise OperatorError(f"num_args is {num_args}, but {len(arrays)} arrays are given")
