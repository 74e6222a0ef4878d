"""Algebra on operators, before they are expanded: what users write twice, and what undoes itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

from ..ir.graph import Graph
from ..ir.types import Type, normalize_axis
from ..ir.value import Value
from ..ops import OPERATORS
from .pattern import Rule, applied, o, rule, variable
from .rules import apply_rules, by_root

x, a, b, offset = variable("x"), variable("a"), variable("b"), variable("offset")
#: Operators that give the elements of their one array another shape, and do nothing else.
RESHAPING: Final = tuple(OPERATORS[name] for name in ("Reshape", "_reshape_to", "Flatten", "expand_dims", "squeeze"))


def transposed(x: Value, a: tuple[int, ...], b: tuple[int, ...]) -> Value:
    """``x`` with its axes in the order ``a``, then in the order ``b``; empty ones reverse, as MXNet's do."""
    backwards = range(x.ndim)[::-1]
    first, then = ([normalize_axis(i, x.ndim) for i in each or backwards] for each in (a, b))
    axes = tuple(first[i] for i in then)
    made: Value = x if axes == tuple(range(x.ndim)) else OPERATORS["transpose"](x, axes=axes)
    return made


def reshaped(x: Value, type: Type) -> Value:
    made: Value = x if x.type is type else OPERATORS["_reshape_to"](x, shape=type.shape)
    return made


OPERATOR_RULES: Final[Sequence[Rule]] = (
    rule(o.negative(o.negative(x)), lambda x: x),
    rule(o.transpose(o.transpose(x, axes=a), axes=b), transposed),
    rule(o._view(x, offset), reshaped, when=lambda x, type: x.size == type.size),
    *(rule(applied(outer, applied(inner, x)), reshaped) for outer, inner in product(RESHAPING, repeat=2)),
)
_TABLE: Final = by_root(OPERATOR_RULES)


def simplify_operators(graph: Graph) -> Graph:
    """``graph`` without what undoes itself, and with one move of axes, or one change of shape, in place of two."""
    return apply_rules(graph, _TABLE)
