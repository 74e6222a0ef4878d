"""A symbol with types is a graph of the IR: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ir.errors import MXNetError
from ..ir.graph import Graph
from ..ir.node import Node as Applying
from ..ir.node import apply, leaf, outputs
from ..ir.specialization import DRAW, Slot
from ..ir.types import Type
from ..ir.value import Value, constant
from . import infer
from .applied import Applied
from .errors import told
from .node import Node, states
from .symbol import Symbol

__all__ = ["Bound", "bind", "bind_named"]


@dataclass(frozen=True)
class Bound:
    """A symbol as a graph, as ``ir.call.call`` takes it.

    The parameters of ``graph`` are the arguments, the auxiliary states, then the ``slots``: two words of the random
    stream's position for each draw. Its outputs are those of the symbol, then the new values of the states that it
    updates, whose numbers among the parameters are ``writes``.
    """

    graph: Graph
    slots: tuple[Slot, ...]
    writes: tuple[int, ...]


def bind(symbol: Symbol, types: Mapping[str, Type], training: bool = False) -> Bound:
    """``symbol`` on variables of these types, by name, for training or prediction.

    >>> from lazynd import sym
    >>> from lazynd.ir.text import print_graph
    >>> from lazynd.ir.types import FLOAT32, Type
    >>> from lazynd.sym.binding import bind
    >>> x = sym.var("x")
    >>> print(print_graph(bind(sym.relu(x) + x, {"x": Type((2, 3), FLOAT32)}).graph, locations=False))
    graph symbol(%0: float32[2,3]) {
      %1: float32[2,3] = relu(%0)
      %2: float32[2,3] = elemwise_add(%1, %0)
      return %2
    }
    <BLANKLINE>
    """
    return _Binding(symbol, types, training).run()


def bind_named(
    symbol: Symbol, types: Mapping[str, Type], training: bool = False
) -> tuple[Bound, list[str], dict[Applying, str]]:
    """``bind``, and how things are called: the variables in the order of the parameters, and the nodes.

    >>> from lazynd import sym
    >>> from lazynd.ir.types import FLOAT32, Type
    >>> from lazynd.sym.binding import bind_named
    >>> bound, variables, nodes = bind_named(sym.relu(sym.var("x"), name="r"), {"x": Type((2, 3), FLOAT32)})
    >>> variables, [nodes[node] for node in bound.graph.nodes]
    (['x'], ['r'])
    """
    binding = _Binding(symbol, types, training)
    bound = binding.run()
    made = {values[0].ref.node: node.name for node, values in binding.values.items() if node.applied is not None}
    return bound, [node.name for node in binding.order], made


class _Binding:
    def __init__(self, symbol: Symbol, types: Mapping[str, Type], training: bool) -> None:
        self.symbol, self.training = symbol, training
        nodes = symbol._nodes
        updated = states(nodes)
        variables = [node for node in nodes if node.applied is None]
        self.nodes = nodes
        self.order = [n for n in variables if n not in updated] + [n for n in variables if n in updated]
        self.leaves = [leaf(_type(node, types)) for node in self.order]
        self.values = {node: [Value(each)] for node, each in zip(self.order, self.leaves, strict=True)}
        self.slots: list[Slot] = []
        self.words: list[Any] = []
        self.written: dict[Node, Value] = {}

    def run(self) -> Bound:
        whole = infer.filled(self.nodes, self.symbol._entries, self._shapes)
        for node in self.nodes:
            if node.applied is not None:
                self._apply(node, whole.get(node, node.applied))
        made = [self.values[node][number].ref for node, number in self.symbol._entries]
        targets = [i for i, node in enumerate(self.order) if node in self.written]
        made += [self.written[self.order[i]].ref for i in targets]
        graph = Graph([*self.leaves, *self.words], made, name="symbol")
        return Bound(graph, tuple(self.slots), tuple(targets))

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {node.name: each.type.shape for node, each in zip(self.order, self.leaves, strict=True)}

    def _apply(self, node: Node, applied: Applied) -> None:
        if not isinstance(applied, Applied):
            raise MXNetError(
                f"{node.name} runs Python or holds symbols itself, which have no graph: evaluate it instead"
            )
        operator = applied.operator
        inputs = [self._current(each, number) for each, number in node.inputs]
        ambient = {p.name: p.kind.fill(self) for p in operator.visible if p.kind.fill and p.name not in applied.given}
        try:
            spec, slots = operator.bind(tuple([v.type for v in inputs]), {**applied.given, **ambient})
        except MXNetError as error:
            raise told(error, node) from None
        filled = [self._fill(slot, value) for slot, value in zip(spec.slots, slots, strict=True)]
        code, lasti = node.line or (None, -1)
        made = [Value(ref) for ref in outputs(apply(spec, [v.ref for v in (*inputs, *filled)], code, lasti))]
        shown = len(made) - len(spec.writes)
        self.values[node] = list(made[:shown])
        for target, value in zip(spec.writes, made[shown:], strict=True):
            self.written[node.inputs[target][0]] = value

    def _current(self, node: Node, number: int) -> Value:
        """What an input holds now: of a state, what was written to it last."""
        return self.written[node] if node in self.written else self.values[node][number]

    def _fill(self, slot: Slot, value: Any) -> Value:
        if slot.kind != DRAW:
            return constant(value, slot.type)
        word = leaf(slot.type)
        self.slots.append(slot)
        self.words.append(word)
        return Value(word)


def _type(node: Node, types: Mapping[str, Type]) -> Type:
    if node.name not in types:
        raise MXNetError(f"the type of {node.name} is missing: there are {', '.join(types) or 'none'}")
    return types[node.name]
