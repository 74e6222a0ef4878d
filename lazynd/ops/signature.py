"""Functions with real signatures out of the registry: what the front ends that have such functions share.

A front end says in a ``Front`` what becomes of a call; the parameters, their order and defaults, the docstring, and
the refusal of arguments that an operator does not have are the same for all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import _getframe
from typing import Any, Final

import numpy as np

from ..ir.errors import MXNetError
from .operator import Operator

_EITHER: Final = inspect.Parameter.POSITIONAL_OR_KEYWORD
_KEYWORD: Final = inspect.Parameter.KEYWORD_ONLY
_EMPTY: Final = inspect.Parameter.empty


class _Missing:
    """The default of what must be given, so that its absence is told in our words."""

    def __repr__(self) -> str:
        return "<required>"


MISSING: Final = _Missing()


@dataclass(eq=False, repr=False)
class Front:
    """What a front end makes of a call of one of its functions."""

    #: The module that the functions say that they are from.
    module: str
    #: Called with the operator, a tuple of inputs, a tuple of attributes in order of declaration (``Parameter.empty``
    #: for those that are required and missing), the values of ``passed``, and the frame of the caller.
    finish: Callable[..., Any]
    #: Called with the operator, surplus positional arguments, unknown keywords, the inputs, and the caller's frame.
    unknown: Callable[..., None]
    #: Keywords, None by default, of every function beside those of its operator, and which of them ``finish`` gets.
    keywords: tuple[str, ...]
    passed: tuple[str, ...]
    #: Lines for the usual call, which come before ``finish``: made from the names of the inputs and the source of the
    #: attributes, they are for what must be fast. They may use the names in ``names``, and ``_op``.
    usual: Callable[[Sequence[str], str], str] = lambda inputs, values: ""
    names: Mapping[str, Any] = field(default_factory=dict)


def make_function(front: Front, operator: Operator, name: str, method: bool = False) -> Callable[..., Any]:
    """The function of ``operator`` called ``name``, or the method, whose first input is ``self``."""
    attributes = attribute_parameters(operator)
    namespace: dict[str, Any] = {
        "_op": operator, "_finish": front.finish, "_unknown": front.unknown, "_getframe": _getframe,
        "_missing": MISSING, "_EMPTY": _EMPTY, **front.names,
    }  # fmt: skip
    for p in attributes:
        namespace[f"_d_{p.name}"] = MISSING if p.default is _EMPTY else p.default
    exec(compile(_source(front, operator, name, attributes, method), f"<{front.module}.{name}>", "exec"), namespace)
    made: Callable[..., Any] = namespace[name]
    made.__doc__ = f"{operator.__doc__}\n\nSee its example and types: ``python -m lazynd operators {operator.name}``."
    made.__module__ = front.module
    made.__signature__ = shown(operator, front.keywords, method)  # type: ignore[attr-defined]  # for help()
    return made


def attribute_parameters(operator: Operator) -> list[inspect.Parameter]:
    """The attributes that users see; the default of one that is filled in when it is not given is None."""
    return [
        inspect.Parameter(p.name, _EITHER, default=None if p.kind.fill else p.default)
        for p in operator.visible
    ]  # fmt: skip


def _source(front: Front, operator: Operator, name: str, attributes: Sequence[inspect.Parameter], method: bool) -> str:
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
    required = {p.name for p in attributes if p.default is _EMPTY}
    values = "".join(
        f"_EMPTY if {p.name} is _missing else {p.name}, " if p.name in required else f"{p.name}, " for p in attributes
    )
    usual = front.usual(inputs, values) if inputs and not operator.variadic else ""
    keywords = [f"{p.name}=_d_{p.name}" for p in attributes] + [f"{each}=None" for each in front.keywords]
    passed = "".join(f"{each}, " for each in front.passed)
    return (
        f"def {name}({', '.join([*positional, *keywords, *tail, '**unknown'])}):\n"
        f"    if {extra} or unknown: _unknown(_op, {extra}, unknown, {arrays}, _getframe(1))\n"
        f"{usual}    return _finish(_op, {arrays}, ({values}), {passed}_getframe(1))\n"
    )


def shown(operator: Operator, keywords: Sequence[str], method: bool = False) -> inspect.Signature:
    """The signature that ``help`` shows of the function of ``operator``, with ``keywords`` of all functions."""
    attributes = attribute_parameters(operator)
    if operator.variadic:
        listed = [inspect.Parameter(operator.inputs[-1], inspect.Parameter.VAR_POSITIONAL)]
    else:
        defaults = [_EMPTY if i < operator.required else None for i in range(len(operator.inputs))]
        listed = [inspect.Parameter(n, _EITHER, default=d) for n, d in zip(operator.inputs, defaults, strict=True)]
        if method and listed:
            listed[0] = inspect.Parameter("self", _EITHER)
    listed += [p.replace(kind=_KEYWORD if operator.variadic else _EITHER) for p in attributes]
    listed += [inspect.Parameter(n, _KEYWORD, default=None) for n in keywords]
    return inspect.Signature(_by_name(listed))


def _by_name(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    """Python allows no required parameter after an optional one: from the first such on, all are shown as keyword-only.

    A call may give them by position too.
    """
    behind = by_name = False
    made = []
    for p in parameters:
        required = p.default is _EMPTY and p.kind is _EITHER
        by_name = by_name or (behind and required)
        behind = behind or not required
        made.append(p.replace(kind=_KEYWORD) if by_name else p)
    return made


#: The class of an error, and what it says.
Refusal = tuple[type[Exception], str]


def refused_arguments(operator: Operator, extra: Sequence[Any], names: Mapping[str, Any]) -> Refusal | None:
    """What is wrong with arguments that ``operator`` lacks.

    Keywords are ignored where there are no parameters, as in MXNet.
    """
    if extra:
        return TypeError, f"{len(extra)} arguments too many"
    if operator.parameters:
        possible = ", ".join(p.name for p in operator.visible)
        return MXNetError, f"Cannot find argument '{sorted(names)[0]}', Possible Arguments: {possible}"
    return None


def refused_input(operator: Operator, inputs: Sequence[Any], position: int, expected: str) -> Refusal:
    """What is wrong with input ``position``, which is no ``expected``: it is missing, or something else."""
    name, given = operator.inputs[min(position, len(operator.inputs) - 1)], inputs[position]
    if given is MISSING:
        return MXNetError, f"input {name} is missing"
    reason = f"Argument {name} must have {expected} type, but got {given}"
    return AssertionError, reason + (ARRAY_ADVICE if array_like(given) and expected == "NDArray" else "")


#: What to do with a list or an array of NumPy's in the place of an array of ours.
ARRAY_ADVICE: Final = ": make an array of it first, nd.array(...)"


def array_like(given: Any) -> bool:
    """Whether ``given`` is no array of ours, but something that one can be made of."""
    return isinstance(given, np.ndarray | list | tuple)


def without_missing(inputs: Sequence[Any]) -> list[Any]:
    """``inputs`` as an error shows them."""
    return [each for each in inputs if each is not MISSING]
