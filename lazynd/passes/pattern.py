"""Rules written as ``left -> right``: patterns made with the arithmetic and the names of the primitives.

    x, a, b = variable("x"), variable("a"), variable("b")
    rule(x * 1, lambda x: x)
    rule(p.transpose(p.transpose(x, axes=a), axes=b), lambda x, a, b: ir.transpose(x, [a[i] for i in b]))

A variable stands for a value where an operand is, for an attribute where an attribute is; one that occurs twice
must be the same value. A number matches a uniform constant with exactly the bits that the number has in the dtype at
hand: ``x + 0`` is no rule for floats (-0.0 + 0.0 is 0.0), ``x + -0.0`` is, and reads ``x + 0`` for integers. The right
side computes with values, as bodies of operators do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ..ir.node import Node, Output
from ..ir.primitive import PRIMITIVES
from ..ir.value import Value

Ref = Node | Output
Bound = dict[str, Any]


class Pattern:
    """What a value may look like; arithmetic on patterns makes larger ones."""

    def __add__(self, other: Any) -> Pattern:
        return applied("add", self, other)

    def __sub__(self, other: Any) -> Pattern:
        return applied("subtract", self, other)

    def __mul__(self, other: Any) -> Pattern:
        return applied("multiply", self, other)

    def __truediv__(self, other: Any) -> Pattern:
        return applied("divide", self, other)

    def __neg__(self) -> Pattern:
        return applied("negate", self)

    def __invert__(self) -> Pattern:
        return applied("not", self)

    def __and__(self, other: Any) -> Pattern:
        return applied("and", self, other)

    def __or__(self, other: Any) -> Pattern:
        return applied("or", self, other)

    def __xor__(self, other: Any) -> Pattern:
        return applied("xor", self, other)

    def match(self, ref: Ref, bound: Bound) -> bool:
        """Whether ``ref`` looks like this; variables found are added to ``bound``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Variable(Pattern):
    name: str

    def match(self, ref: Ref, bound: Bound) -> bool:
        known = bound.setdefault(self.name, ref)
        return known is ref or (known.node is ref.node and known.index == ref.index)

    def match_attribute(self, value: Any, bound: Bound) -> bool:
        return bool(bound.setdefault(self.name, value) == value)


@dataclass(frozen=True)
class Number(Pattern):
    """A uniform constant."""

    value: Any
    _bits: dict[np.dtype[Any], bytes] = field(default_factory=dict, compare=False)

    def match(self, ref: Ref, bound: Bound) -> bool:
        found = uniform_constant(ref)
        if found is None:
            return False
        bits = self._bits.get(found.dtype)
        if bits is None:
            bits = self._bits[found.dtype] = np.asarray(self.value).astype(found.dtype).tobytes()
        return bits == found.tobytes()


@dataclass(frozen=True)
class Applied(Pattern):
    """A primitive applied to operands; attributes that are not stated may be anything."""

    name: str
    operands: tuple[Pattern, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def match(self, ref: Ref, bound: Bound) -> bool:
        spec = ref.node.spec
        if spec is None or spec.op.name != self.name or ref.index:
            return False
        inputs = ref.node.inputs
        assert inputs is not None
        if len(inputs) != len(self.operands):
            return False
        for key, expected in self.attributes.items():
            value = spec.attributes[key]
            same = expected.match_attribute(value, bound) if isinstance(expected, Variable) else expected == value
            if not same:
                return False
        before = dict(bound)
        if all(p.match(r, bound) for p, r in zip(self.operands, inputs, strict=True)):
            return True
        if not PRIMITIVES[self.name].commutative:
            return False
        bound.clear()
        bound.update(before)
        return all(p.match(r, bound) for p, r in zip(self.operands, reversed(inputs), strict=True))


def uniform_constant(ref: Ref) -> Any:
    """The one element of a uniform constant in the form that folding leaves, else None."""
    spec = ref.node.spec
    if spec is not None and spec.op.name == "broadcast":
        assert ref.node.inputs is not None
        ref = ref.node.inputs[0]
        spec = ref.node.spec
    if spec is None or spec.op.name != "constant" or ref.type.shape != ():
        return None
    return spec.attributes["value"]


def variable(name: str) -> Variable:
    return Variable(name)


def applied(name: str, *operands: Any, **attributes: Any) -> Pattern:
    made = tuple(each if isinstance(each, Pattern) else Number(each) for each in operands)
    return Applied(name, made, attributes)


class _Vocabulary:
    """Patterns of primitives by name: ``p.reshape(x, shape=s)``."""

    def __getattr__(self, name: str) -> Callable[..., Pattern]:
        name = name.rstrip("_")
        if name not in PRIMITIVES:
            raise AttributeError(f"there is no primitive {name!r}")
        return lambda *operands, **attributes: applied(name, *operands, **attributes)


p: Final = _Vocabulary()


@dataclass(frozen=True)
class Rule:
    """``left`` becomes ``right`` where ``when`` holds; both are called with the variables that they name."""

    left: Applied
    right: Callable[..., Any]
    when: Callable[..., bool] | None
    _right_names: tuple[str, ...]
    _when_names: tuple[str, ...]
    #: For each operand that is no mere variable, the primitives of which one must be among the operands.
    hints: tuple[frozenset[str], ...]

    def apply(self, node: Node) -> Ref | None:
        """What ``node`` becomes, or None if the rule does not fit."""
        bound: Bound = {}
        if not self.left.match(node, bound):
            return None
        values = {k: Value(v) if isinstance(v, Node | Output) else v for k, v in bound.items()}
        if self.when is not None and not self.when(*(values[k] for k in self._when_names)):
            return None
        result: Ref = self.right(*(values[k] for k in self._right_names)).ref
        if result.type is not node.type:
            raise TypeError(f"a rule for {self.left.name} gives {result.type} in place of {node.type}")
        return result


def rule(left: Pattern, right: Callable[..., Any], when: Callable[..., bool] | None = None) -> Rule:
    """``left -> right``; the parameters of ``right`` and ``when`` are names of variables of ``left``."""
    assert isinstance(left, Applied)
    hints = tuple(_hint(operand) for operand in left.operands if not isinstance(operand, Variable))
    return Rule(left, right, when, _names(right), _names(when), hints)


def _hint(pattern: Pattern) -> frozenset[str]:
    return frozenset({pattern.name} if isinstance(pattern, Applied) else {"constant", "broadcast"})


def _names(function: Callable[..., Any] | None) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters) if function is not None else ()
