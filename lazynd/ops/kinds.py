"""The kinds of parameters that an operator declares by annotation, and how each value becomes canonical.

Static parameters (``int``, ``Axis``, ``Shape``, ``Bounds``, ``DType``, ``str``, ``bool``) are part of the program;
``Scalar`` parameters are arithmetic and always a program input, cast to the dtype of the first input, ``Real`` ones
are the same in float64, ``Wide`` ones keep float32 beside half precision, ``Wides`` are several of these; ``Index``
parameters are baked as first seen and generalised once they change, ``Indices`` are one a dimension of the first input;
``Draw`` is a position of the random stream, ``Training`` the mode, ``Device`` the context. A ``Body`` is the graph of a
traced function, ``Numbers`` are the scalars that its parameters stand for.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, get_args

import numpy as np

from ..ir.errors import OperatorError
from ..ir.graph import Graph
from ..ir.types import Context, as_dtype

Scalar = Annotated[Any, "runtime"]
Real = Annotated[Any, "real"]
Wide = Annotated[Any, "wide"]
Wides = Annotated[tuple[Any, ...], "wides"]
Index = Annotated[Any, "index"]
Indices = Annotated[Any, "indices"]
Draw = Annotated[Any, "draw"]
Training = Annotated[bool, "mode"]
Device = Annotated[Context, "context"]
Axis = Annotated[Any, "axes"]
Shape = Annotated[tuple[int, ...], "shape"]
DType = Annotated[Any, "dtype"]
Bounds = Annotated[tuple[int | None, ...], "bounds"]
Body = Annotated[Graph, "body"]
Numbers = Annotated[tuple[Any, ...], "numbers"]

#: Annotation text to kind: bodies are annotated with these names, read without evaluating them.
KINDS: Final = {
    "Scalar": "runtime", "Real": "real", "Wide": "wide", "Wides": "wides", "Index": "index", "Indices": "indices",
    "Draw": "draw", "Training": "mode", "Device": "context",
    "Axis": "axes", "Shape": "shape", "DType": "dtype", "Bounds": "bounds", "Body": "body",
    "Numbers": "numbers",
    "int": "int", "float": "float", "bool": "bool", "str": "str",
}  # fmt: skip


def kinds_of(annotation: Any) -> list[str]:
    """The kinds that a parameter's annotation names: text (postponed evaluation), or the thing itself.

    >>> kinds_of("Scalar | None"), kinds_of(Scalar | None), kinds_of(int)
    (['runtime'], ['runtime'], ['int'])
    """
    if isinstance(annotation, str):
        return [KINDS[word] for word in re.findall(r"\w+", annotation) if word in KINDS]
    named = getattr(annotation, "__metadata__", None)
    if named is not None:
        return [named[0]]
    if annotation in (int, float, bool, str):
        return [KINDS[annotation.__name__]]
    return [kind for part in get_args(annotation) for kind in kinds_of(part)]


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


def _shape(value: Any) -> tuple[int, ...]:
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
    float(value)
    return value


def _number(value: Any) -> Any:
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
        raise OperatorError(f'Invalid context string {value}: expected a context, or text such as "cpu(0)"') from None


def _numbers(value: Any) -> tuple[Any, ...]:
    value = _literal(value)
    return tuple(map(_number, value)) if isinstance(value, list | tuple) else (_number(value),)


CANONICAL: Final[dict[str, Callable[[Any], Any]]] = {
    "int": _int, "float": _float, "bool": _bool, "mode": _bool, "str": _str, "axes": _axes, "shape": _shape,
    "bounds": _bounds, "dtype": as_dtype, "context": as_context, "runtime": _number,
    "real": _number, "wide": _number, "wides": _numbers, "index": _int, "indices": _shape,
    "body": _body, "numbers": tuple,
}  # fmt: skip


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
