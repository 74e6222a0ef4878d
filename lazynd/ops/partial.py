"""What is known of a call before all of it is: shapes with open extents, dtypes, and rules that find out more.

A rule stands beside its operator, as ``@op(shapes=rule)``. It is called with what is known and the attributes, learns
what follows, and is called again as long as something new is learned, so it need not care in which order things are
known. What an operator computes once all its inputs are known, its body says; a rule says only what the body cannot:
what follows for inputs that are open (weights, labels, statistics), and what follows from some extents alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..ir.errors import OperatorError
from ..ir.types import FLOAT32, is_floating, normalize_axis

#: The extents of an array, None where one is open; None if not even their number is known.
Shape = tuple[int | None, ...] | None
DType = np.dtype[Any] | None
T = TypeVar("T")
#: Learns what follows from what is known of a call and its attributes, which come as keywords.
ShapeRule = Callable[..., None]
DTypeRule = Callable[..., None]


class Known(ABC, Generic[T]):
    """What is known of the inputs of a call, by name, and of its outputs, by number. None: nothing."""

    def __init__(self, names: Sequence[str], inputs: Iterable[T | None], outputs: Iterable[T | None] = ()) -> None:
        self.names = tuple(names)
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        #: Counts what was learned.
        self.news = 0

    def __getitem__(self, name: str) -> T | None:
        """What is known of an input; None too if the call does not have it."""
        return self.inputs[self.names.index(name)] if name in self.names else None

    def output(self, number: int = 0) -> T | None:
        return self.outputs[number] if number < len(self.outputs) else None

    def learn(self, name: str, value: T | None) -> None:
        """Learn what an input is. Of one that the call does not have there is nothing to learn."""
        if name in self.names:
            self.learn_input(self.names.index(name), value)

    def learn_input(self, number: int, value: T | None) -> None:
        self._put(self.inputs, number, value, self.names[number])

    def learn_output(self, value: T | None, number: int = 0) -> None:
        self.outputs += [None] * (number + 1 - len(self.outputs))
        self._put(self.outputs, number, value, f"output {number}")

    def learn_same(self, inputs: Iterable[int] | None = None, outputs: Iterable[int] | None = None) -> None:
        """Learn that the inputs and outputs with these numbers, or all, are alike: what one knows, all know."""
        self.outputs += [None] * (not self.outputs)
        chosen = ((self.inputs, inputs, "input"), (self.outputs, outputs, "output"))
        places = [
            (values, i, f"{i}-th {what}")
            for values, numbers, what in chosen
            for i in (range(len(values)) if numbers is None else numbers)
        ]
        whole: T | None = None
        for values, i, place in places:
            made = self.meet(whole, values[i])
            if made is _CONFLICT:
                expected, given = self.show(whole), self.show(values[i])
                raise OperatorError(f"Incompatible attr in node  at {place}: expected {expected}, got {given}")
            whole = made
        for values, i, place in places:
            self._put(values, i, whole, place)

    def common(self, one: T | None, other: T | None) -> T | None:
        """What both say; ``OperatorError`` if they contradict each other."""
        made = self.meet(one, other)
        if made is _CONFLICT:
            raise OperatorError(f"Incompatible input shape: expected {self.show(one)}, got {self.show(other)}")
        found: T | None = made
        return found

    def _put(self, values: list[T | None], number: int, value: T | None, place: str) -> None:
        made = self.meet(values[number], value)
        if made is _CONFLICT:
            raise OperatorError(self.conflict(values[number], value, place))
        # NumPy takes None for float64 when it compares dtypes.
        self.news += made is not None and (values[number] is None or made != values[number])
        values[number] = made

    @abstractmethod
    def meet(self, one: T | None, other: T | None) -> Any:
        """What both say together; ``_CONFLICT`` if they contradict each other."""

    @abstractmethod
    def show(self, value: T | None) -> str:
        """``value`` in an error."""

    @abstractmethod
    def conflict(self, given: T | None, found: T | None, place: str) -> str:
        """How MXNet says that ``given`` should be ``found``."""


_CONFLICT = object()


class Shapes(Known[tuple[int | None, ...]]):
    """Shapes as far as they are known.

    >>> known = Shapes(["lhs", "rhs"], [(2, None), (None, 3)])
    >>> known.learn_same()
    >>> known.inputs, known.outputs
    ([(2, 3), (2, 3)], [(2, 3)])
    """

    def meet(self, one: Shape, other: Shape) -> Any:
        if one is None or other is None:
            return one if other is None else other
        if len(one) != len(other) or any(map(_differ, one, other)):
            return _CONFLICT
        return tuple([b if a is None else a for a, b in zip(one, other, strict=True)])

    def show(self, value: Shape) -> str:
        return "None" if value is None else f"[{','.join('-1' if n is None else str(n) for n in value)}]"

    def conflict(self, given: Shape, found: Shape, place: str) -> str:
        return f"Shape inconsistent, Provided = {self.show(given)}, inferred shape={self.show(found)} for {place}"


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


class DTypes(Known[np.dtype[Any]]):
    """Dtypes as far as they are known."""

    def meet(self, one: DType, other: DType) -> Any:
        if one is None or other is None:
            return one if other is None else other
        return one if one == other else _CONFLICT

    def show(self, value: DType) -> str:
        return str(value)

    def conflict(self, given: DType, found: DType, place: str) -> str:
        return f"This layer requires uniform type. Expected '{found}' v.s. given '{given}' at '{place}'"


def complete(shape: Shape) -> bool:
    """Whether nothing of ``shape`` is open."""
    return shape is not None and None not in shape


def product(extents: Iterable[int | None]) -> int | None:
    """The number of elements; None if an extent is open.

    >>> product([2, 3]), product([2, None])
    (6, None)
    """
    made = 1
    for each in extents:
        if each is None:
            return None
        made *= each
    return made


def without(shape: tuple[int | None, ...], axis: int) -> tuple[int | None, ...]:
    """``shape`` less ``axis``."""
    at = normalize_axis(axis, len(shape))
    return shape[:at] + shape[at + 1 :]


def same(known: Known[Any], **attributes: Any) -> None:
    """The rule of what works element by element: all inputs and outputs are alike."""
    known.learn_same()


def broadcast(known: Shapes, **attributes: Any) -> None:
    """The rule of two inputs that broadcast: beside 1 the other extent is the result's, open or not."""
    lhs, rhs = known.inputs
    if lhs is None or rhs is None:
        return
    rank = max(len(lhs), len(rhs))
    pairs = zip(*((1,) * (rank - len(each)) + each for each in (lhs, rhs)), strict=True)
    known.learn_output(tuple([b if a == 1 else a if b == 1 or a == b else None for a, b in pairs]))


def like(*inputs: int) -> Callable[..., None]:
    """The rule that these inputs and the first output are alike; nothing is said of other inputs."""

    def rule(known: Known[Any], **attributes: Any) -> None:
        known.learn_same([i for i in inputs if i < len(known.inputs)], (0,))

    return rule


def giving(dtype: str | None = None) -> DTypeRule:
    """The rule that all inputs have one dtype, and the result has this one, or the one that the attribute says."""

    def rule(known: DTypes, **attributes: Any) -> None:
        chosen = attributes["dtype"] if dtype is None else np.dtype(dtype)
        known.learn_same(None, ())
        known.learn_output(FLOAT32 if chosen is None else chosen)

    return rule


def converted(known: DTypes, *, dtype: DType = None, **attributes: Any) -> None:
    """The rule that the result has the dtype of the first input, unless the attribute says another."""
    known.learn_output(known.inputs[0] if dtype is None else dtype)


def beside_half(known: DTypes, **attributes: Any) -> None:
    """The rule of parameters and statistics beside the first input: they are float32 where that is half precision."""
    data = known.inputs[0]
    if data is None:
        return
    wide = FLOAT32 if is_floating(data) and data.itemsize == 2 else data
    for number in range(1, len(known.inputs)):
        known.learn_input(number, wide)
    known.learn_output(data)
    for number in range(1, len(known.outputs)):
        known.learn_output(wide, number)


def in_half(count: int, result: bool = True) -> DTypeRule:
    """The rule that the first ``count`` inputs are alike, with the result unless that is float32, as the others are."""

    def rule(known: DTypes, **attributes: Any) -> None:
        known.learn_same(range(count), (0,) if result else ())
        for number in range(count, len(known.inputs)):
            known.learn_input(number, FLOAT32)
        if not result:
            known.learn_output(FLOAT32)

    return rule
