"""Functions and methods of ``nd`` from the registry, with real signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from sys import _getframe
from types import FrameType
from typing import Any

from ..ir.errors import MXNetError
from ..ops import Operator
from ..runtime.record import guard_write, move
from .invoke import invoke
from .ndarray import _METHOD_MAKERS, NDArray

_RECORDER_KINDS = ("draw",)


def _finish(
    operator: Operator, arrays: tuple[Any, ...], attributes: tuple[Any, ...], out: Any, frame: FrameType
) -> Any:
    """Record the call; write ``out`` if given."""
    cells = []
    for i, array in enumerate(arrays):
        if isinstance(array, NDArray):
            cells.append(array._cell)
        elif array is not None or i < operator.required:
            name = operator.inputs[min(i, len(operator.inputs) - 1)]
            raise AssertionError(f"Argument {name} must have NDArray type, but got {array}")
    targets = () if out is None else tuple(out) if isinstance(out, list | tuple) else (out,)
    for target in targets:
        guard_write(target._cell)
    made = invoke(operator, cells, attributes, frame)
    if targets:
        if len(targets) != len(made):
            raise MXNetError(f"[{operator.name}] {len(made)} outputs for {len(targets)} arrays in out")
        for target, cell in zip(targets, made, strict=True):
            if target._cell.type is not cell.type:
                raise MXNetError(f"[{operator.name}] out has type {target._cell.type}, the result is {cell.type}")
        for target, cell in zip(targets, made, strict=True):
            move(target._cell, cell)
        return out
    if len(made) == 1:
        array = NDArray.__new__(NDArray)
        array._cell = made[0]
        return array
    return [NDArray(cell) for cell in made]


def _unknown(operator: Operator, names: dict[str, Any]) -> None:
    """Refuse keywords that the operator does not have; those without parameters ignore them, as in MXNet."""
    if not operator.parameters:
        return
    possible = ", ".join(p.name for p in operator.parameters if p.kind not in _RECORDER_KINDS)
    raise MXNetError(f"[{operator.name}] Cannot find argument '{sorted(names)[0]}', Possible Arguments: {possible}")


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
    inputs = operator.inputs
    attributes = _attribute_parameters(operator)
    modes = {p.name for p in operator.parameters if p.kind == "mode"}
    namespace: dict[str, Any] = {
        "_op": operator, "_finish": _finish, "_unknown": _unknown, "_getframe": _getframe, "_missing": _MISSING,
        "_EMPTY": inspect.Parameter.empty,
    }  # fmt: skip
    shown: list[inspect.Parameter] = []
    either, positional = inspect.Parameter.POSITIONAL_OR_KEYWORD, []
    if operator.variadic:
        positional.append(f"*{inputs[-1]}")
        shown.append(inspect.Parameter(inputs[-1], inspect.Parameter.VAR_POSITIONAL))
        last = inputs[-1]
        listed = f"len({last}) == 1 and isinstance({last}[0], (list, tuple))"  # one list in place of arguments
        arrays = f"tuple({last}[0]) if {listed} else {last}"
    else:
        for i, each in enumerate(inputs):
            required = i < operator.required
            positional.append(each if required else f"{each}=None")
            shown.append(inspect.Parameter(each, either, default=inspect.Parameter.empty if required else None))
        arrays = f"({''.join(f'{each}, ' for each in inputs)})"
    kind = inspect.Parameter.KEYWORD_ONLY if operator.variadic else either
    optional = False
    ordered = attributes
    if not operator.variadic and len(inputs) == operator.required:
        # Parameters without default may come first only if no default stands before them.
        optional = False
    for p in ordered:
        empty = p.default is inspect.Parameter.empty
        namespace[f"_d_{p.name}"] = _MISSING if empty else p.default
        positional.append(f"{p.name}=_d_{p.name}")
        optional = optional or not empty
        shown.append(p.replace(kind=kind, default=None if empty and optional else p.default))
    values = "".join(
        f"_EMPTY if {p.name} is {'None' if p.name in modes else '_missing'} else {p.name}, " for p in ordered
    )
    first = "self" if method and inputs and not operator.variadic else None
    if first:
        positional[0] = "self"
        arrays = f"(self, {''.join(f'{each}, ' for each in inputs[1:])})"
        shown[0] = inspect.Parameter("self", either)
    source = (
        f"def {name}({', '.join([*positional, 'out=None', 'name=None', '**unknown'])}):\n"
        f"    if unknown: _unknown(_op, unknown)\n"
        f"    return _finish(_op, {arrays}, ({values}), out, _getframe(1))\n"
    )
    exec(compile(source, f"<lazynd.nd.{name}>", "exec"), namespace)
    made: Callable[..., Any] = namespace[name]
    made.__doc__ = operator.__doc__
    made.__module__ = "lazynd.nd"
    shown.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    shown.append(inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None))
    made.__signature__ = inspect.Signature(_defaults_last(shown))  # type: ignore[attr-defined]  # shown by help()
    return made


def _defaults_last(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Once a parameter has a default, those after it need one to be a valid signature."""
    seen = False
    made = []
    for p in parameters:
        if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            if seen and p.default is inspect.Parameter.empty:
                p = p.replace(default=None)
            seen = seen or p.default is not inspect.Parameter.empty
        made.append(p)
    return made


class _Missing:
    """The default of an attribute that must be given."""

    def __repr__(self) -> str:
        return "<required>"


_MISSING = _Missing()
_METHOD_MAKERS.append(lambda operator, name: make_function(operator, name, method=True))
