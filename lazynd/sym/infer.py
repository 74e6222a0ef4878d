"""Shapes and dtypes of a whole symbol from some of them, in both directions."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..ir.errors import MXNetError, OperatorError
from ..ir.types import as_dtype
from ..nd.np_shape import is_np_shape
from ..ops.partial import DType, Shape, complete
from .applied import Applied
from .attributes import text
from .errors import told
from .node import Entry, Node, topological

T = TypeVar("T")

#: MXNet's numbers of dtypes, with which variables note theirs.
DTYPES = {
    0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8", 6: "int64", 7: "bool", 12: "bfloat16",
}  # fmt: skip
_NUMBERS = {name: number for number, name in DTYPES.items()}


def number_of(dtype: Any) -> int:
    """MXNet's number of a dtype."""
    return _NUMBERS[as_dtype(dtype).name]


def shape_from(given: Sequence[int] | None) -> Shape:
    """A shape as users write one: 0 is an open extent and () nothing, or with NumPy's shapes -1 and None."""
    if given is None:
        return None
    if given and min(given) < -1:
        raise MXNetError(f"shape dim size must be >= -1, while received {min(given)} in {tuple(given)}")
    if is_np_shape():
        return tuple([None if n < 0 else n for n in given])
    return tuple([n if n > 0 else None for n in given]) if len(given) else None


def shape_as_given(shape: Shape) -> tuple[int, ...] | None:
    """The other way."""
    if is_np_shape():
        return None if shape is None else tuple([-1 if n is None else n for n in shape])
    return () if shape is None else tuple([n or 0 for n in shape])


def noted_shape(node: Node) -> Shape:
    """The shape that a variable was made with."""
    noted = node.attributes.get("__shape__")
    if noted is None:
        return None
    found = ast.literal_eval(noted)
    return shape_from(found if isinstance(found, tuple | list) else (found,))


def noted_dtype(node: Node) -> DType:
    """The dtype that a variable was made with."""
    noted = node.attributes.get("__dtype__")
    return None if noted is None or int(noted) < 0 else as_dtype(DTYPES[int(noted)])


class Inference(Generic[T]):
    """What is known of each output of each node, grown by ``rule`` until nothing follows any more.

    ``rule`` gives, for a node and what is known of its inputs and outputs, what follows for both; ``meet`` is what
    two say together, which it refuses if they contradict each other.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        known: Mapping[str, T],
        noted: Callable[[Node], T | None],
        rule: Callable[[Node, list[T | None], list[T | None]], tuple[Sequence[T | None], Sequence[T | None]]],
    ) -> None:
        self.nodes = topological([node for node, _ in entries])
        self.rule = rule
        self.found: dict[Node, list[T | None]] = {}
        self.users: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            if node.applied is None:
                self.found[node] = [known[node.name] if node.name in known else noted(node)]
            else:
                self.found[node] = [None] * len(node.applied.outputs)
            for each, _ in node.inputs:
                self.users[each].append(node)

    def run(self) -> None:
        """Visit every node that applies an operator, and again those next to what was learned."""
        waiting = deque(node for node in self.nodes if node.applied is not None)
        queued = set(waiting)
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            for near in self._visit(node):
                if near.applied is not None and near is not node and near not in queued:
                    queued.add(near)
                    waiting.append(near)

    def _visit(self, node: Node) -> list[Node]:
        """Learn what follows at ``node``; gives whom that may concern."""
        inputs = [self.found[each][number] for each, number in node.inputs]
        outputs = list(self.found[node])
        try:
            new_inputs, new_outputs = self.rule(node, inputs, outputs)
        except (OperatorError, MXNetError) as error:
            raise told(error, node) from None
        concerned: dict[Node, None] = {}
        for (each, number), value in zip(node.inputs, new_inputs, strict=True):
            if _differ(value, self.found[each][number]):
                self.found[each][number] = value
                concerned |= dict.fromkeys([each, *self.users[each]])
        for number, value in enumerate(new_outputs):
            if number < len(outputs) and _differ(value, outputs[number]):
                self.found[node][number] = value
                concerned |= dict.fromkeys(self.users[node])
        return list(concerned)

    def of(self, entry: Entry) -> T | None:
        return self.found[entry[0]][entry[1]]


def _differ(one: Any, other: Any) -> bool:
    """Whether two are not the same. NumPy takes None for float64 when it compares dtypes."""
    return (one is None) != (other is None) or (one is not None and one != other)


def infer_dtypes(entries: Sequence[Entry], known: Mapping[str, np.dtype[Any]]) -> Inference[np.dtype[Any]]:
    """The dtypes of everything, as far as they follow."""

    def rule(node: Node, inputs: list[DType], outputs: list[DType]) -> Any:
        assert node.applied is not None
        return node.applied.dtypes(inputs, outputs)

    made: Inference[np.dtype[Any]] = Inference(entries, known, noted_dtype, rule)
    made.run()
    return made


def infer_shapes(
    entries: Sequence[Entry], known: Mapping[str, tuple[int | None, ...]], dtypes: Mapping[str, np.dtype[Any]] = {}
) -> Inference[tuple[int | None, ...]]:
    """The shapes of everything, as far as they follow. ``dtypes`` matter where an operator takes some dtypes alone."""
    try:
        types: Inference[np.dtype[Any]] | None = infer_dtypes(entries, dtypes)
    except MXNetError:  # shapes follow also where dtypes do not fit
        types = None

    def rule(node: Node, inputs: list[Shape], outputs: list[Shape]) -> Any:
        assert node.applied is not None
        given = [] if types is None else [types.of(entry) for entry in node.inputs]
        return node.applied.shapes(inputs, outputs, given)

    made: Inference[tuple[int | None, ...]] = Inference(entries, known, noted_shape, rule)
    made.run()
    return made


def filled(
    nodes: Iterable[Node], entries: Sequence[Entry], shapes: Callable[[], Mapping[str, tuple[int, ...]]]
) -> dict[Node, Applied]:
    """What those of ``nodes`` apply that make something of nothing with a shape open in part: the same of a whole one.

    ``shapes``, of the variables, are asked for if there is one.
    """
    waiting = [node for node in nodes if getattr(node.applied, "open", None)]
    if not waiting:
        return {}
    found = infer_shapes(entries, dict(shapes()))
    made = {}
    for node in waiting:
        shape = found.of((node, 0))
        if shape is None or node.applied is None or not complete(shape):
            error = OperatorError(f"its shape {shape_as_given(shape)} does not follow from those of the variables")
            raise told(error, node)
        made[node] = node.applied.of_shape(tuple([n for n in shape if n is not None]))
    return made


def shown_dtype(dtype: DType) -> Any:
    """A dtype as users see one: NumPy's class."""
    return None if dtype is None else dtype.type


def undecided(names: Sequence[str], values: Sequence[Any], what: str) -> str:
    """The warning of what is still open."""
    zeros = " (0s in shape means unknown dimensions)" if what == "shape" else ""
    listed = [f"{name}: {text(value)}" for name, value in zip(names, values, strict=True)]
    if len(listed) > 10:
        listed = [*listed[:10], "..."]
    start = f"Cannot decide {what} for the following arguments{zeros}. Consider providing them as input:\n\t"
    return start + "\n\t".join(listed)
