"""Functions and methods of ``nd`` from the registry: what they do with arrays, and the hot path of a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from types import FrameType
from typing import Any, Final

from ..ops import OPERATORS, Operator, signature
from ..ops.signature import Front, refused_arguments, refused_input, without_missing
from ..runtime.thread import LOCAL
from ..speed import MODULE
from .deferred import Deferred, complete
from .invoke import CALLS, invoke, record, specialize
from .ndarray import _ADD_METHODS, NDArray
from .out import Out
from .refusal import refusal

_CELL: Final = attrgetter("_cell")
_PLAIN: Final = {NDArray}


def apply_in_python(operator: Operator, cells: Sequence[Any], attributes: tuple[Any, ...], frame: FrameType) -> Any:
    """Record the call; its results as arrays."""
    spec, scalars, gathered_cells = specialize(operator, cells, attributes, frame)
    if len(spec.out_types) == 1 and operator.writes is None:
        array = NDArray.__new__(NDArray)
        array._cell = LOCAL.state.recorder.apply(spec, gathered_cells, scalars, frame.f_code, frame.f_lasti)
        return array
    made = [NDArray(cell) for cell in record(spec, scalars, gathered_cells, cells, frame)]
    return made[0] if len(made) == 1 else made


def _quickest() -> Callable[..., Any]:
    """The same by the C module, if it is there, which asks the one above for all but known calls of the plain kind."""
    if MODULE is None:
        return apply_in_python
    MODULE.prepare_call(CALLS.now, apply_in_python)
    found: Callable[..., Any] = MODULE.call
    return found


_apply: Final = _quickest()


def _finish(
    operator: Operator, arrays: tuple[Any, ...], attributes: tuple[Any, ...], out: Any, frame: FrameType
) -> Any:
    """Record the call on what is given as ``arrays``; write ``out`` if given."""
    if Deferred in map(type, arrays):
        complete(operator, without_missing(arrays), attributes, frame)
    cells = _cells(operator, arrays, frame)
    if out is None:
        return _apply(operator, cells, attributes, frame)
    if isinstance(out, int):
        _refuse_number(operator, arrays, attributes, out, frame)
    into = Out(operator.name, out, arrays, frame)
    return into.write(invoke(operator, cells, attributes, frame))


def _refuse_number(
    operator: Operator, arrays: tuple[Any, ...], attributes: tuple[Any, ...], out: int, frame: FrameType
) -> None:
    """A number stands in the place of ``out``, which comes after all parameters: it may be one of the last one's."""
    reason = f"out must be an NDArray, or a list of them, but got {out}"
    if attributes and attributes[-1].__class__ is int:
        reason += f": the numbers of {operator.visible[-1].name} are one argument, as in ({attributes[-1]}, {out})"
    raise refusal(AssertionError, operator.name, reason, without_missing(arrays), None, frame)


def _cells(operator: Operator, arrays: tuple[Any, ...], frame: FrameType) -> tuple[Any, ...]:
    """The cells of ``arrays``, of which optional ones may be None."""
    if set(map(type, arrays)) == _PLAIN:
        return tuple(map(_CELL, arrays))
    cells = []
    for i, array in enumerate(arrays):
        if isinstance(array, NDArray):
            cells.append(array._cell)
        elif array is not None or i < operator.required:
            _refuse_input(operator, arrays, i, frame)
    return tuple(cells)


def _refuse_input(operator: Operator, arrays: tuple[Any, ...], position: int, frame: FrameType) -> None:
    """Input ``position`` is no array: missing, or something else."""
    error, reason = refused_input(operator, arrays, position, "NDArray")
    raise refusal(error, operator.name, reason, without_missing(arrays), None, frame)


def _unknown(
    operator: Operator, extra: tuple[Any, ...], names: dict[str, Any], given: tuple[Any, ...], frame: FrameType
) -> None:
    """Refuse arguments that the operator lacks."""
    refused = refused_arguments(operator, extra, names)
    if refused is not None:
        raise refusal(refused[0], operator.name, refused[1], [*without_missing(given), *extra], names, frame)


def _usual(inputs: Sequence[str], values: str) -> str:
    """The usual call, all inputs arrays and no ``out``, skips what the others need: this is the hot path."""
    cells = "".join(f"{each}._cell, " for each in inputs)
    return (
        f"    if out is None and {' is '.join(f'{each}.__class__' for each in inputs)} is _NDArray:\n"
        f"        return _apply(_op, ({cells}), ({values}), _getframe(1))\n"
    )


_FRONT = Front(
    "lazynd.nd", _finish, _unknown, ("out", "name"), ("out",), _usual, {"_apply": _apply, "_NDArray": NDArray}
)


def make_function(operator: Operator, name: str, method: bool = False) -> Callable[..., Any]:
    """The function ``nd.name``, or the method of ``NDArray``, of an operator."""
    return signature.make_function(_FRONT, operator, name, method)


class _Method:
    """A method of ``NDArray`` from the registry, made when it is first looked up, on an array or on the class."""

    __slots__ = ("_name", "_operator")

    def __init__(self, operator: Operator, name: str) -> None:
        self._operator, self._name = operator, name

    def __get__(self, array: NDArray | None, owner: type[NDArray]) -> Any:
        made = make_function(self._operator, self._name, method=True)
        setattr(NDArray, self._name, made)
        return made.__get__(array, owner)


def add_methods(operator: Operator) -> None:
    """Give ``NDArray`` the methods of ``operator``, under every name that it does not use for something else."""
    if operator.method:
        for name in operator.names:
            if not name.startswith("_") and not any(name in vars(each) for each in NDArray.__mro__):
                setattr(NDArray, name, _Method(operator, name))


for _each in dict.fromkeys(OPERATORS.values()):
    add_methods(_each)
_ADD_METHODS.append(add_methods)
