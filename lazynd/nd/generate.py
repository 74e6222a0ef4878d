"""Functions and methods of ``nd`` from the registry, with real signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from sys import _getframe
from types import FrameType
from typing import Any

from ..ir.errors import MXNetError
from ..ops import OPERATORS, Operator
from ..runtime.thread import LOCAL
from .invoke import invoke, record, specialize
from .ndarray import _ADD_METHODS, NDArray
from .out import Out
from .refusal import refusal

_RECORDER_KINDS = ("draw",)


def _apply(operator: Operator, cells: Sequence[Any], attributes: tuple[Any, ...], frame: FrameType) -> Any:
    """Record the call; its results as arrays."""
    spec, scalars, gathered_cells = specialize(operator, cells, attributes, frame)
    if len(spec.out_types) == 1 and operator.writes is None:
        array = NDArray.__new__(NDArray)
        array._cell = LOCAL.state.recorder.apply(spec, gathered_cells, scalars, frame.f_code, frame.f_lasti)
        return array
    made = [NDArray(cell) for cell in record(spec, scalars, gathered_cells, cells, frame)]
    return made[0] if len(made) == 1 else made


def _finish(
    operator: Operator, arrays: tuple[Any, ...], attributes: tuple[Any, ...], out: Any, frame: FrameType
) -> Any:
    """Record the call on what is given as ``arrays``; write ``out`` if given."""
    cells = _cells(operator, arrays, frame)
    if out is None:
        return _apply(operator, cells, attributes, frame)
    into = Out(operator.name, out, arrays, frame)
    return into.write(invoke(operator, cells, attributes, frame))


def _cells(operator: Operator, arrays: tuple[Any, ...], frame: FrameType) -> tuple[Any, ...]:
    """The cells of ``arrays``, of which optional ones may be None."""
    cells = []
    for i, array in enumerate(arrays):
        if isinstance(array, NDArray):
            cells.append(array._cell)
        elif array is not None or i < operator.required:
            _refuse_input(operator, arrays, i, frame)
    return tuple(cells)


def _refuse_input(operator: Operator, arrays: tuple[Any, ...], position: int, frame: FrameType) -> None:
    """Input ``position`` is no array: missing, or something else."""
    name, given = operator.inputs[min(position, len(operator.inputs) - 1)], arrays[position]
    shown = [each for each in arrays if each is not _MISSING]
    if given is _MISSING:
        raise refusal(MXNetError, operator.name, f"input {name} is missing", shown, None, frame)
    reason = f"Argument {name} must have NDArray type, but got {given}"
    raise refusal(AssertionError, operator.name, reason, shown, None, frame)


def _unknown(
    operator: Operator, extra: tuple[Any, ...], names: dict[str, Any], given: tuple[Any, ...], frame: FrameType
) -> None:
    """Refuse arguments that the operator lacks; keywords are ignored where there are no parameters, as in MXNet."""
    shown = [each for each in given if each is not _MISSING]
    if extra:
        raise refusal(TypeError, operator.name, f"{len(extra)} arguments too many", (*shown, *extra), names, frame)
    if operator.parameters:
        possible = ", ".join(p.name for p in operator.parameters if p.kind not in _RECORDER_KINDS)
        reason = f"Cannot find argument '{sorted(names)[0]}', Possible Arguments: {possible}"
        raise refusal(MXNetError, operator.name, reason, shown, names, frame)


def _attribute_parameters(operator: Operator) -> list[inspect.Parameter]:
    found = []
    for p in operator.parameters:
        if p.kind == "draw":
            continue
        default = None if p.kind == "mode" else p.default
        found.append(inspect.Parameter(p.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default))
    return found


def make_function(operator: Operator, name: str, method: bool = False) -> Callable[..., Any]:
    """The function ``nd.name``, or the method of ``NDArray``, of an operator."""
    attributes = _attribute_parameters(operator)
    namespace: dict[str, Any] = {
        "_op": operator, "_finish": _finish, "_unknown": _unknown, "_getframe": _getframe, "_missing": _MISSING,
        "_EMPTY": inspect.Parameter.empty, "_apply": _apply, "_NDArray": NDArray,
    }  # fmt: skip
    for p in attributes:
        namespace[f"_d_{p.name}"] = _MISSING if p.default is inspect.Parameter.empty else p.default
    exec(compile(_source(operator, name, attributes, method), f"<lazynd.nd.{name}>", "exec"), namespace)
    made: Callable[..., Any] = namespace[name]
    made.__doc__ = f"{operator.__doc__}\n\nSee its example and types: ``python -m lazynd operators {operator.name}``."
    made.__module__ = "lazynd.nd"
    made.__signature__ = _signature(operator, attributes, method)  # type: ignore[attr-defined]  # shown by help()
    return made


def _source(operator: Operator, name: str, attributes: list[inspect.Parameter], method: bool) -> str:
    """The source of a function with the operator's parameters. All have defaults: a missing one is refused by us."""
    inputs = list(operator.inputs)
    extra, tail = ("()", []) if operator.variadic else ("extra", ["*extra"])
    if operator.variadic:
        last = inputs[-1]
        listed = f"len({last}) == 1 and isinstance({last}[0], (list, tuple))"  # one list in place of arguments
        arrays = f"(tuple({last}[0]) if {listed} else {last})"
        positional = [f"*{last}"]
    else:
        if method and inputs:
            inputs[0] = "self"
        arrays = f"({''.join(f'{each}, ' for each in inputs)})"
        positional = [f"{each}={'_missing' if i < operator.required else None}" for i, each in enumerate(inputs)]
    modes = {p.name for p in operator.parameters if p.kind == "mode"}
    absent = {p.name: "None" if p.name in modes else "_missing" for p in attributes}
    values = "".join(
        f"_EMPTY if {p.name} is {absent[p.name]} else {p.name}, "
        if p.name in modes or p.default is inspect.Parameter.empty
        else f"{p.name}, "
        for p in attributes
    )
    usual = ""
    if inputs and not operator.variadic:
        # The usual call, all inputs arrays and no ``out``, skips what the others need: this is the hot path.
        cells = "".join(f"{each}._cell, " for each in inputs)
        usual = (
            f"    if out is None and {' is '.join(f'{each}.__class__' for each in inputs)} is _NDArray:\n"
            f"        return _apply(_op, ({cells}), ({values}), _getframe(1))\n"
        )
    keywords = [f"{p.name}=_d_{p.name}" for p in attributes]
    return (
        f"def {name}({', '.join([*positional, *keywords, 'out=None', 'name=None', *tail, '**unknown'])}):\n"
        f"    if {extra} or unknown: _unknown(_op, {extra}, unknown, {arrays}, _getframe(1))\n"
        f"{usual}    return _finish(_op, {arrays}, ({values}), out, _getframe(1))\n"
    )


def _signature(operator: Operator, attributes: list[inspect.Parameter], method: bool) -> inspect.Signature:
    """The signature that ``help`` shows."""
    either, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    if operator.variadic:
        shown = [inspect.Parameter(operator.inputs[-1], inspect.Parameter.VAR_POSITIONAL)]
    else:
        defaults = [inspect.Parameter.empty if i < operator.required else None for i in range(len(operator.inputs))]
        shown = [inspect.Parameter(n, either, default=d) for n, d in zip(operator.inputs, defaults, strict=True)]
        if method and shown:
            shown[0] = inspect.Parameter("self", either)
    shown += [p.replace(kind=keyword if operator.variadic else either) for p in attributes]
    shown += [inspect.Parameter(n, keyword, default=None) for n in ("out", "name")]
    return inspect.Signature(_by_name(shown))


def _by_name(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Python allows no required parameter after an optional one: from the first such on, all are shown as keyword-only.

    A call may give them by position too.
    """
    behind = by_name = False
    made = []
    for p in parameters:
        required = p.default is inspect.Parameter.empty and p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        by_name = by_name or (behind and required)
        behind = behind or not required
        made.append(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) if by_name else p)
    return made


class _Missing:
    """The default of an attribute that must be given."""

    def __repr__(self) -> str:
        return "<required>"


_MISSING = _Missing()


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
