"""Custom operators in Python: ``CustomOp``, ``CustomOpProp`` and ``register``; and what operators there are."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np

from .ir.errors import MXNetError
from .nd.custom import REGISTERED, CustomOp, CustomOpProp, register
from .nd.refusal import reports
from .ops import every_name, find
from .ops.operator import Parameter
from .reference import fronts

__all__ = [
    "CustomOp", "CustomOpProp", "OperatorArguments", "get_all_registered_operators", "get_operator_arguments",
    "register",
]  # fmt: skip


def get_all_registered_operators() -> list[str]:
    """The names of all operators, those of ``register`` among them.

    >>> from lazynd import operator
    >>> "FullyConnected" in operator.get_all_registered_operators()
    True
    """
    return sorted({*every_name(), *REGISTERED})


class OperatorArguments(NamedTuple):
    """The arguments of an operator: how many there are, their names, and their types in MXNet's words.

    >>> from lazynd import operator
    >>> operator.get_operator_arguments("dot").narg
    5
    """

    narg: int
    names: list[str]
    types: list[str]


@reports("get_operator_arguments")
def get_operator_arguments(op_name: str) -> OperatorArguments:
    """The arguments of the operator called ``op_name``, arrays first; ``MXNetError`` where there is none.

    >>> from lazynd import operator
    >>> found = operator.get_operator_arguments("expand_dims")
    >>> found.names, found.types
    (['data', 'axis'], ['NDArray-or-Symbol', 'int, required'])
    """
    operator = find(op_name)
    if operator is None:
        raise MXNetError(f"Operator {op_name} is not registered")
    arrays = ["NDArray-or-Symbol"] * len(operator.inputs)
    if operator.variadic:
        arrays[-1] += "[]"
    attributes = [p for p in operator.visible if p.name not in ("training", "generator")]  # which no call of MXNet has
    names = [*operator.inputs, *(p.name for p in attributes)]
    return OperatorArguments(len(names), names, [*arrays, *map(_type, attributes)])


def _type(parameter: Parameter) -> str:
    """The type of an attribute and its default, in MXNet's words where there are the same."""
    kind = parameter.kind.name
    if parameter.default is inspect.Parameter.empty:
        return f"{kind}, required"
    if parameter.kind.fill is not None:  # a context, which text may say
        return "string, optional, default=''"
    if parameter.optional:
        kind = f"{kind.removesuffix(' or int')} or None"
    return f"{kind}, optional, default={_default(kind, parameter.default)}"


def _default(kind: str, value: Any) -> str:
    """``value`` as MXNet prints it: C's digits of numbers, quotes around those of type int."""
    if kind.startswith("int"):
        return repr(str(value))
    if isinstance(value, tuple):
        return f"[{','.join(_default('', each) for each in value)}]"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return f"{value:.17g}" if kind.startswith("double") else f"{np.float32(value):.9g}"
    return repr(value)


__getattr__, __dir__ = fronts(__name__)
