"""Rules written as ``left -> right``: patterns made with the arithmetic, the primitives and the operators themselves.

    x, a, b = variable("x"), variable("a"), variable("b")
    rule(x * 1, lambda x: x)
    rule(p.transpose(p.transpose(x, axes=a), axes=b), lambda x, a, b: ir.transpose(x, [a[i] for i in b]))
    rule(o.negative(o.negative(x)), lambda x: x)

``p`` has the primitives, ``o`` the operators that users call. A pattern holds the primitive or the operator that it
means, so ``p.transpose`` never fits the operator of that name; ``applied(operator, x, axes=a)`` does without a name.
A variable stands for a value where an operand is, for an attribute where an attribute is; one that occurs twice
must be the same value. A number matches a uniform constant with exactly the bits that the number has in the dtype at
hand: ``x + 0`` is no rule for floats (-0.0 + 0.0 is 0.0), ``x + -0.0`` is, and reads ``x + 0`` for integers. The right
side computes with values, as bodies of operators do.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from ..ir.node import Node, Output
from ..ir.primitive import PRIMITIVES, Primitive
from ..ir.primitives.shape import Broadcast
from ..ir.primitives.source import Constant
from ..ir.specialization import Op
from ..ir.value import Value
from ..ops import OPERATORS

Ref = Node | Output
Bound = dict[str, Any]


class Pattern:
    """What a value may look like; arithmetic on patterns makes larger ones."""

    def __add__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["add"], self, other)

    def __sub__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["subtract"], self, other)

    def __mul__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["multiply"], self, other)

    def __truediv__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["divide"], self, other)

    def __neg__(self) -> Pattern:
        return applied(PRIMITIVES["negate"], self)

    def __invert__(self) -> Pattern:
        return applied(PRIMITIVES["not"], self)

    def __and__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["and"], self, other)

    def __or__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["or"], self, other)

    def __xor__(self, other: Any) -> Pattern:
        return applied(PRIMITIVES["xor"], self, other)

    def match(self, ref: Ref, bound: Bound) -> bool:
        """Whether ``ref`` looks like this; variables found are added to ``bound``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Variable(Pattern):
    name: str

    def __str__(self) -> str:
        return self.name

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

    def __str__(self) -> str:
        return repr(self.value)

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
    """A primitive or an operator applied to operands; attributes that are not stated may be anything."""

    op: Op
    operands: tuple[Pattern, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        sign = _SIGNS.get(self.op)
        if sign is not None:
            left, right = (f"({each})" if str(each).count(" ") else str(each) for each in self.operands)
            return f"{left} {sign} {right}"
        stated = [f"{name}={value}" for name, value in self.attributes.items()]
        return f"{self.op.name}({', '.join([*map(str, self.operands), *stated])})"

    def match(self, ref: Ref, bound: Bound) -> bool:
        spec = ref.node.spec
        if spec is None or spec.op is not self.op or ref.index:
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
        if not (isinstance(self.op, Primitive) and self.op.commutative):
            return False
        bound.clear()
        bound.update(before)
        return all(p.match(r, bound) for p, r in zip(self.operands, reversed(inputs), strict=True))


#: How arithmetic of two operands is written.
_SIGNS: Final[Mapping[Op, str]] = {
    PRIMITIVES[name]: sign
    for name, sign in (
        ("add", "+"), ("subtract", "-"), ("multiply", "*"), ("divide", "/"), ("and", "&"), ("or", "|"), ("xor", "^")
    )
}  # fmt: skip


def _written(function: Callable[..., Any]) -> str:
    """What a right side gives: the expression of a lambda as it stands in its file, or the call of a function."""
    code = function.__code__
    if code.co_name != "<lambda>":
        return f"{code.co_name}({', '.join(_names(function))})"
    spans = [(line, at, end, to) for line, end, at, to in code.co_positions() if line and end and at is not None and to]
    spans = [span for span in spans if span[2:] > span[:2]]
    if not spans:
        return "..."
    (first, start), (last, stop) = min(span[:2] for span in spans), max(span[2:] for span in spans)
    lines = [linecache.getline(code.co_filename, number) for number in range(first, last + 1)]
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    return " ".join("".join(lines).split()).replace("( ", "(").replace(" )", ")") or "..."


def uniform_constant(ref: Ref) -> Any:
    """The one element of a uniform constant in the form that folding leaves, else None."""
    spec = ref.node.spec
    if spec is not None and isinstance(spec.op, Broadcast):
        assert ref.node.inputs is not None
        ref = ref.node.inputs[0]
        spec = ref.node.spec
    if spec is None or not isinstance(spec.op, Constant) or ref.type.shape != ():
        return None
    return spec.attributes["value"]


def variable(name: str) -> Variable:
    return Variable(name)


def applied(op: Op, *operands: Any, **attributes: Any) -> Pattern:
    """``op`` on ``operands``, which are patterns or numbers; the operands of an operator are its arrays, then slots."""
    made = tuple(each if isinstance(each, Pattern) else Number(each) for each in operands)
    return Applied(op, made, attributes)


class _Vocabulary:
    """Patterns by the names of what they apply: ``p.reshape(x, shape=s)``."""

    def __init__(self, what: str, ops: Mapping[str, Op]) -> None:
        self._what = what
        self._ops = ops

    def __getattr__(self, name: str) -> Callable[..., Pattern]:
        op = self._ops.get(name) or self._ops.get(name.rstrip("_"))
        if op is None:
            raise AttributeError(f"there is no {self._what} {name!r}")
        return partial(applied, op)


p: Final = _Vocabulary("primitive", PRIMITIVES)
o: Final = _Vocabulary("operator", OPERATORS)


@dataclass(frozen=True)
class Rule:
    """``left`` becomes ``right`` where ``when`` holds; both are called with the variables that they name.

    ``type`` is the type of what is replaced.
    """

    left: Applied
    right: Callable[..., Any]
    when: Callable[..., bool] | None
    _right_names: tuple[str, ...]
    _when_names: tuple[str, ...]
    #: For each operand that is no mere variable, the ops of which one must be among the operands.
    hints: tuple[frozenset[Op], ...]

    def __str__(self) -> str:
        """The rule as it is written: ``negate(negate(x)) -> x``."""
        return f"{self.left} -> {_written(self.right)}"

    def apply(self, node: Node) -> Match | None:
        """What ``node`` becomes, or None if the rule does not fit."""
        bound: Bound = {}
        if not self.left.match(node, bound):
            return None
        values = {k: Value(v) if isinstance(v, Node | Output) else v for k, v in bound.items()}
        values["type"] = node.type
        if self.when is not None and not self.when(*(values[k] for k in self._when_names)):
            return None
        result: Ref = self.right(*(values[k] for k in self._right_names)).ref
        if result.type is not node.type:
            raise TypeError(f"a rule for {self.left.op.name} gives {result.type} in place of {node.type}")
        return Match(result, _origin(node, {v.node for v in bound.values() if isinstance(v, Node | Output)}), self)


@dataclass(frozen=True, slots=True)
class Match:
    """What ``rule`` makes of a node, and the recorded nodes that all that it replaces comes from."""

    result: Ref
    origin: tuple[int, ...]
    rule: Rule


def _origin(root: Node, bound: Set[Node]) -> tuple[int, ...]:
    """The origins of ``root`` and of what lies between it and the nodes that variables stand for."""
    found: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        found.update(node.origin)
        stack += [ref.node for ref in node.inputs or () if ref.node not in bound]
    return tuple(sorted(found))


def rule(left: Pattern, right: Callable[..., Any], when: Callable[..., bool] | None = None) -> Rule:
    """``left -> right``; the parameters of ``right`` and ``when`` are names of variables of ``left``."""
    assert isinstance(left, Applied)
    hints = tuple(_hint(operand) for operand in left.operands if not isinstance(operand, Variable))
    return Rule(left, right, when, _names(right), _names(when), hints)


def _hint(pattern: Pattern) -> frozenset[Op]:
    if isinstance(pattern, Applied):
        return frozenset({pattern.op})
    return frozenset({PRIMITIVES["constant"], PRIMITIVES["broadcast"]})


def _names(function: Callable[..., Any] | None) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters) if function is not None else ()
