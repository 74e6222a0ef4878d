"""A graph of primitives as a list of NumPy calls, made once and run many times.

What ``evaluate`` (the reference) finds out anew for each node is found out here when the list is made: which function
computes it, which values it reads, and which are of no use afterwards. Nothing is checked when it runs. Where nobody
else can see it, a result is written into the memory of an operand that dies; what only adds axes for arithmetic is left
to NumPy's broadcasting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...ir.graph import Graph, subgraphs
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from ...ir.types import Type, is_bfloat16
from .functions import Call, Compiled, call_of, evaluation, needs_compiled

Array = np.ndarray[Any, Any]
#: The function; places of its operands; place, or slice of places, of its results; places that nothing reads any more.
Step = tuple[Callable[..., Any], tuple[int, ...], int | slice, tuple[int, ...]]

#: Primitives that hand on their operand as it is.
_IDENTITIES = {"stop_gradient", "copy"}


class Steps:
    """``graph`` as a function of lists of arrays, to be called inside ``np.errstate(all="ignore")``.

    It may write to the inputs numbered ``owned``. ``fresh``: whether each output is an array that the call made, and
    that shares memory with no input, no other output and nothing else.

    ``compiled`` computes functions whose bits NumPy does not give, those in ``calls``; without it they are NumPy's.
    """

    __slots__ = ("_compiled", "_graph", "_outputs", "_rest", "_scalars", "_steps", "_variants", "calls", "fresh")

    def __init__(self, graph: Graph, owned: Collection[int] = (), compiled: Compiled | None = None) -> None:
        schedule = _Schedule(graph, owned, compiled)
        self._graph = graph
        self._compiled = compiled
        self.calls: Collection[Call] = () if compiled is None else _calls(graph)
        self._steps = schedule.steps
        #: The values that are no inputs: constants, and None for what is computed.
        self._rest = [schedule.constants.get(i) for i in range(len(graph.inputs), schedule.size)]
        self._outputs = schedule.outputs
        #: Which outputs are 0-d: NumPy's functions give those as numbers.
        self._scalars = [i for i, ref in enumerate(graph.outputs) if not ref.type.shape]
        self._variants: dict[tuple[int, ...], Steps] = {}
        self.fresh = schedule.fresh

    def owning(self, numbers: tuple[int, ...]) -> Steps:
        """The same, where the call may write to the inputs ``numbers``."""
        found = self._variants.get(numbers)
        if found is None:
            found = self._variants[numbers] = Steps(self._graph, numbers, self._compiled)
        return found

    @property
    def graph(self) -> Graph:
        return self._graph

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        values = [*inputs, *self._rest]
        for function, operands, place, dead in self._steps:
            values[place] = function(*[values[i] for i in operands])
            for i in dead:
                values[i] = None
        made = list(map(values.__getitem__, self._outputs))
        for i in self._scalars:
            made[i] = np.asarray(made[i])
        return made


class _Schedule:
    """The steps of a graph, while they are found out."""

    def __init__(self, graph: Graph, owned: Collection[int], compiled: Compiled | None) -> None:
        self._compiled = compiled
        self.size = len(graph.inputs)
        self.steps: list[Step] = []
        self.constants: dict[int, Any] = {}
        self.places: dict[tuple[Node, int], int] = {(node, 0): i for i, node in enumerate(graph.inputs)}
        #: The type of the array at each place: of a value left to broadcasting, that before it is broadcast.
        self.types: list[Type] = [node.type for node in graph.inputs]
        #: Places whose array belongs to this call alone, so far.
        self.private = set(owned)
        implicit = _left_to_broadcasting(graph)
        for node in graph.nodes:
            self._add(node, implicit)
        self.outputs = [self.places[ref.node, ref.index] for ref in graph.outputs]
        self.fresh = [i in self.private and self.outputs.count(i) == 1 for i in self.outputs]
        self._let_die(len(graph.inputs))

    def _add(self, node: Node, implicit: Collection[Node]) -> None:
        spec = node.spec
        assert spec is not None and node.inputs is not None and isinstance(spec.op, Primitive)
        operands = tuple([self.places[ref.node, ref.index] for ref in node.inputs])
        if spec.op.name in _IDENTITIES or (node in implicit and not _expanded(spec)):
            self.places[node, 0] = operands[0]
            return
        first = self.size
        self.size += len(spec.out_types)
        for i, type in enumerate(spec.out_types):
            self.places[node, i] = first + i
            self.types.append(type)
        if spec.op.name == "constant":
            self.constants[first] = spec.attributes["value"]
            return
        if node in implicit:
            shape = _expanded(spec)
            self.types[first] = spec.in_types[0].with_shape(shape)
            function: Callable[..., Any] = partial(_reshaped, shape)
        else:
            function = _function(spec, self._compiled)
        if spec.op.shares:
            self.private.difference_update(operands)
        else:
            self.private.update(range(first, self.size))
        self.steps.append((function, operands, slice(first, self.size) if spec.op.tupled else first, ()))

    def _let_die(self, inputs: int) -> None:
        """Note after which step each value dies, and let the step write its result into one that dies in it."""
        kept = set(self.outputs)
        for number in range(len(self.steps) - 1, -1, -1):
            function, operands, place, _ = self.steps[number]
            dead = tuple(dict.fromkeys(i for i in operands if i not in kept))
            kept.update(dead)
            dead = tuple([i for i in dead if i not in self.constants])
            if isinstance(function, np.ufunc) and isinstance(place, int):
                target = next((i for i in dead if i in self.private and self._fits(i, place)), None)
                if target is not None:
                    operands = (*operands, target)
            self.steps[number] = function, operands, place, dead

    def _fits(self, operand: int, result: int) -> bool:
        type = self.types[operand]
        return type is self.types[result] and bool(type.shape)


def _left_to_broadcasting(graph: Graph) -> set[Node]:
    """The broadcasts that only elementwise operations read, which beside them have an operand of the full shape."""
    readers: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        for ref in node.inputs or ():
            readers.setdefault(ref.node, []).append(node)
    kept = {ref.node for ref in graph.outputs}
    found = {node for node in graph.nodes if _name(node) == "broadcast" and node not in kept}
    found = {node for node in found if all(map(_broadcasts, readers.get(node, ())))}
    for node in graph.nodes:
        if found and _broadcasts(node) and all(ref.node in found for ref in node.inputs or ()):
            found.difference_update([ref.node for ref in node.inputs or ()][:1])
    return found


def _name(node: Node) -> str:
    return "" if node.spec is None else node.spec.op.name


def _broadcasts(node: Node) -> bool:
    """Whether what computes ``node`` broadcasts its operands as NumPy does."""
    op = None if node.spec is None else node.spec.op
    return isinstance(op, Primitive) and (op.elementwise or op.name == "select")


def _expanded(spec: Specialization) -> tuple[int, ...]:
    """The shape that the operand of a broadcast needs for NumPy to broadcast it; () where it has it."""
    shape, axes = spec.attributes["shape"], spec.attributes["axes"]
    if tuple(axes) == tuple(range(len(shape) - len(axes), len(shape))):
        return ()
    extents = dict(zip(axes, spec.in_types[0].shape, strict=True))
    return tuple([extents.get(axis, 1) for axis in range(len(shape))])


def _reshaped(shape: tuple[int, ...], x: Any) -> Any:
    return x.reshape(shape)


def _calls(graph: Graph) -> Collection[Call]:
    """The functions in ``graph``, and in what it runs, that need what a compiling backend has."""
    found: set[Call] = set()
    for spec in dict.fromkeys([node.spec for node in graph.nodes if node.spec is not None]):
        call = call_of(spec)
        if call is not None and needs_compiled(call):
            found.add(call)
        for inside in subgraphs(spec).values():
            found.update(_calls(inside))
    return found


def _function(spec: Specialization, compiled: Compiled | None) -> Callable[..., Any]:
    """What computes ``spec`` from its operands."""
    op = spec.op
    assert isinstance(op, Primitive)
    function = evaluation(spec, compiled)
    if function is not None:
        return function
    if op.in_float32 and any(is_bfloat16(type.dtype) for type in (*spec.in_types, *spec.out_types)):
        return partial(_widened, spec, partial(op.evaluate, **spec.attributes))
    if op.nests:
        inside = {name: Steps(graph, (), compiled) for name, graph in subgraphs(spec).items()}
        return partial(op.evaluate, **{**spec.attributes, **inside})
    if spec.attributes:
        return partial(op.evaluate, **spec.attributes)
    if not spec.in_types:
        return op.evaluate
    return op.evaluation(spec.in_types[0].dtype)


def _widened(spec: Specialization, function: Callable[..., Any], *operands: Any) -> Any:
    """``function`` on bfloat16: computed in float32 and rounded at the end."""
    exact = [x.astype(np.float32) if is_bfloat16(x.dtype) else x for x in operands]
    made = function(*exact)
    if not isinstance(made, tuple):
        return np.asarray(made).astype(spec.out_types[0].dtype, copy=False)
    return tuple(np.asarray(x).astype(t.dtype, copy=False) for x, t in zip(made, spec.out_types, strict=True))
