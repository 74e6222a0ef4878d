"""The graph of a traced function: what it recorded, as far as it is needed, with gradients stopped at constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ir.graph import Graph, in_order
from ...ir.node import Node, Output, apply, leaf
from ...ir.primitive import PRIMITIVES
from ...ir.specialization import DRAW, Slot
from ...ir.types import UINT32, Type
from .call_tracer import CallTracer
from .cell import Ref
from .closure import plus
from .numbers import Number
from .standing import Capture
from .tracing import needed


class Body:
    """A traced function as a graph: ``inputs`` are the captures that it reads, ``values`` the numbers in its slots."""

    def __init__(self, tracer: CallTracer, outputs: Sequence[Ref], needs: frozenset[Node]) -> None:
        self.tracer = tracer
        self._made: dict[Ref, Ref] = {each.parameter: each.parameter for each in tracer.captures.values()}
        self._needs, self._tracked = needs, set(needs)
        self._slots: dict[Any, tuple[Node, Slot]] = {}
        self.values: list[Any] = []
        word = None if tracer.stream is None else Type((), UINT32, tracer.stream)
        self._words: tuple[Node, ...] = () if word is None else (leaf(word), leaf(word))
        order = needed(tracer.nodes, list(outputs))
        used = {(ref.node, ref.index) for node in order for ref in node.inputs or ()}
        used |= {(ref.node, ref.index) for ref in outputs}
        for node in order:
            self._place(node, used)
        self.outputs = [self.value(ref) for ref in outputs]

    def value(self, ref: Ref) -> Ref:
        """What became of ``ref``."""
        known = self._made.get(ref)
        if known is None:  # a further output of a node that is placed already
            known = self._made[ref] = Output(self._made[ref.node].node, ref.index, ref.type)
        return known

    def tracked(self, ref: Ref) -> bool:
        """Whether a gradient would go through ``ref`` to an input that needs one."""
        return ref.node in self._tracked

    def stopped(self, ref: Ref) -> Ref:
        """``ref``, through which no gradient goes."""
        if not self.tracked(ref):
            return ref
        spec, node = PRIMITIVES["stop_gradient"].specialize((ref.type,), {}), ref.node
        return apply(spec, (ref,), node.code, node.lasti, scope=node.scope)

    def graph(self, outputs: Sequence[Ref]) -> tuple[Graph, list[Capture], list[Slot]]:
        """The graph that gives ``outputs``, the captures that are its inputs, and its slots.

        A capture that needs a gradient is an input though nothing reads it, as the gamma of a normalisation that fixes
        it: its gradient is new too.
        """
        inner = in_order((), outputs, list(self._made.values()))
        read = {ref.node for node in inner.nodes for ref in node.inputs or ()} | {ref.node for ref in outputs}
        read |= self._needs
        captures = [each for each in self.tracer.captures.values() if each.parameter in read]
        numbers = [node for node, _ in self._slots.values()]
        slots = [slot for _, slot in self._slots.values()]
        if self._words:
            slots += [Slot(name, DRAW, self._words[0].type) for name in ("seed", "counter")]
        parameters = [*(each.parameter for each in captures), *numbers, *self._words]
        return Graph(parameters, outputs, inner.nodes), captures, slots

    def _place(self, node: Node, used: set[tuple[Node, int]]) -> None:
        assert node.spec is not None and node.inputs is not None
        spec, refs = node.spec, node.inputs
        needs: tuple[bool, ...] | None = None
        taken = self.tracer.taken.get(node)
        if taken is not None:
            origin, given, needs = taken
            kept = origin.linearized[needs].spec
            if any((node, i) in used for i in range(len(origin.out_types), len(kept.out_types))):
                needs = needs if kept.pruned is None else tuple([needs[i] for i in kept.pruned[1]])
            else:  # nothing in the body reads what was kept for a gradient
                spec, refs = origin, given
                if spec.pruned is not None:
                    spec, read = spec.pruned
                    refs, needs = tuple([refs[i] for i in read]), tuple([needs[i] for i in read])
        inputs = [self.value(ref) for ref in refs]
        if needs is not None:
            inputs = [ref if need else self.stopped(ref) for ref, need in zip(inputs, needs, strict=True)]
        tracked = any(map(self.tracked, inputs))
        words = iter(self._words)
        for slot, number in zip(spec.slots, node.scalars, strict=True):
            if slot.kind != DRAW:
                inputs.append(self._slot(slot, number))
                continue
            word = next(words)
            inputs.append(word if word is self._words[0] or not number else plus(word, number))
        made = self._made[node] = apply(spec, inputs, node.code, node.lasti, scope=node.scope)
        if tracked:
            self._tracked.add(made)

    def _slot(self, slot: Slot, number: Any) -> Node:
        """The parameter for ``number``: one for equal numbers of a type, so that a step of 100 updates has few."""
        if isinstance(number, Number):
            key: Any = Number, number.place
        else:
            key = type(number), number.hex() if isinstance(number, float) else number
        found = self._slots.get((key, slot.kind, slot.type))
        if found is None:
            name = slot.name if slot.name.isidentifier() else "number"
            found = leaf(slot.type), Slot(name, slot.kind, slot.type)
            self._slots[key, slot.kind, slot.type] = found
            self.values.append(number)
        return found[0]
