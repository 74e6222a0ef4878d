"""``Value``: what bodies and gradient rules compute with. Arithmetic on values adds primitive nodes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import OperatorError
from .node import Node, Output, apply
from .primitive import PRIMITIVES
from .specialization import Specialization
from .types import Context, Type

Operand = Any  # Value or a Python number

#: Files whose functions apply primitives for others: a node's line is that of the body or rule that called them.
VOCABULARY: set[str] = {__file__}


class Value:
    """A reference to a node's output, with NumPy-like arithmetic that makes broadcasting an explicit node.

    Python numbers take the dtype of the other operand; dtypes are never promoted.
    """

    __slots__ = ("ref",)
    __array_ufunc__ = None

    def __init__(self, ref: Node | Output) -> None:
        self.ref = ref

    @property
    def type(self) -> Type:
        return self.ref.type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.ref.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.ref.type.dtype

    @property
    def ndim(self) -> int:
        return len(self.ref.type.shape)

    @property
    def size(self) -> int:
        return self.ref.type.size

    @property
    def context(self) -> Context:
        return self.ref.type.context

    def __repr__(self) -> str:
        spec = self.ref.node.spec
        return f"<{self.type} {'parameter' if spec is None else spec.op.name}>"

    def __bool__(self) -> bool:
        raise TypeError("a value inside an operator's body has no truth: branch on shapes and attributes")

    def __add__(self, other: Operand) -> Value:
        return binary("add", self, other)

    def __radd__(self, other: Operand) -> Value:
        return binary("add", other, self)

    def __sub__(self, other: Operand) -> Value:
        return binary("subtract", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return binary("subtract", other, self)

    def __mul__(self, other: Operand) -> Value:
        return binary("multiply", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return binary("multiply", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return binary("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return binary("divide", other, self)

    def __neg__(self) -> Value:
        return emit("negate", self)

    def __eq__(self, other: object) -> Any:
        return binary("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return binary("not_equal", self, other)

    def __lt__(self, other: Operand) -> Value:
        return binary("less", self, other)

    def __le__(self, other: Operand) -> Value:
        return binary("less_equal", self, other)

    def __gt__(self, other: Operand) -> Value:
        return binary("greater", self, other)

    def __ge__(self, other: Operand) -> Value:
        return binary("greater_equal", self, other)

    def __and__(self, other: Operand) -> Value:
        return binary("and", self, other)

    def __or__(self, other: Operand) -> Value:
        return binary("or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return binary("xor", self, other)

    def __invert__(self) -> Value:
        return emit("not", self)

    __hash__ = None  # type: ignore[assignment]  # comparing values adds nodes, so they cannot be dictionary keys


def wrap(spec: Specialization, inputs: Sequence[Node | Output]) -> Any:
    """Values of all outputs of ``spec`` applied to ``inputs``: one value, or a tuple of them."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename in VOCABULARY and frame.f_back is not None:
        frame = frame.f_back
    node = apply(spec, inputs, frame.f_code, frame.f_lasti)
    if len(spec.out_types) == 1:
        return Value(node)
    return (Value(node), *(Value(Output(node, i, t)) for i, t in enumerate(spec.out_types[1:], 1)))


def results(made: Any) -> tuple[Value, ...]:
    """What ``wrap`` gave, or an operator called in a body, as a tuple however many they are."""
    return made if isinstance(made, tuple) else (made,)


def emit(name: str, *values: Value, **attributes: Any) -> Any:
    """Apply the primitive ``name``."""
    refs = [value.ref for value in values]
    return wrap(PRIMITIVES[name].specialize(tuple([r.type for r in refs]), attributes), refs)


def constant(value: Any, like: Type) -> Value:
    """A 0-d constant of the dtype and context of ``like``."""
    with np.errstate(all="ignore"):
        data = np.asarray(value).astype(like.dtype)
    value = emit("constant", value=data, context=like.context)
    assert isinstance(value, Value)
    return value


def broadcast_to(value: Value, shape: tuple[int, ...]) -> Value:
    """``value`` with leading axes added and axes of length 1 repeated until it has ``shape``."""
    if value.shape == shape:
        return value
    offset = len(shape) - value.ndim
    if offset < 0 or any(n not in (1, shape[offset + i]) for i, n in enumerate(value.shape)):
        raise OperatorError(f"cannot broadcast {list(value.shape)} to {list(shape)}")
    result = emit("broadcast", value, shape=shape, axes=tuple(range(offset, len(shape))))
    assert isinstance(result, Value)
    return result


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that ``shapes`` broadcast to, or MXNet's error."""
    ndim = max(map(len, shapes))
    result = []
    for axis in range(-ndim, 0):
        extents = {s[axis] for s in shapes if len(s) >= -axis} - {1}
        if len(extents) > 1:
            text = " ".join(f"[{','.join(map(str, s))}]" for s in shapes)
            raise OperatorError(f"operands could not be broadcast together with shapes {text}")
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def binary(name: str, a: Operand, b: Operand) -> Value:
    """A primitive of two operands after broadcasting both to their common shape."""
    if not isinstance(a, Value):
        a = constant(a, b.type)
    if not isinstance(b, Value):
        b = constant(b, a.type)
    if a.shape != b.shape:
        shape = common_shape(a.shape, b.shape)
        a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    result = emit(name, a, b)
    assert isinstance(result, Value)
    return result
