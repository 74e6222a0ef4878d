"""Operators given as graphs, those made from others by transformations among them; and what a body does not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .graph import Graph, Rewriter, rewrite
from .node import Node, apply, outputs
from .specialization import Op, Specialization
from .types import Type


@dataclass(frozen=True, slots=True)
class Derivation:
    """How an operator was derived from ``origin``.

    ``step``: "keep", the forward pass that keeps residuals for the gradients of the inputs marked in ``inputs``;
    "vjp", the backward pass for those gradients, of the cotangents marked in ``present``; "live", the operator on
    the inputs marked in ``inputs`` alone, because it reads no others.
    """

    origin: Specialization
    step: str
    inputs: tuple[bool, ...]
    present: tuple[bool, ...] = ()


class GraphOp(Op):
    """An operator given as a graph: the body of its one specialization."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def _specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        raise TypeError(f"{self.name} is fixed to its types")

    @property
    def has_gradient_rule(self) -> bool:
        return False

    def differentiate(self, *args: Any) -> Any:
        raise TypeError(f"{self.name} is differentiated through its body")


class Derived(GraphOp):
    """An operator made by a transformation."""

    def __init__(self, name: str, derivation: Derivation) -> None:
        super().__init__(name)
        self.derivation = derivation
        self.is_call = derivation.step == "live" and derivation.origin.op.is_call


def root(spec: Specialization) -> Specialization:
    """What ``spec`` was derived from, at the beginning."""
    while isinstance(spec.op, Derived):
        spec = spec.op.derivation.origin
    return spec


def as_operator(graph: Graph, op: GraphOp) -> Specialization:
    """``op`` meaning ``graph``, all of whose parameters are inputs."""
    in_types, out_types = (tuple([ref.type for ref in refs]) for refs in (graph.inputs, graph.outputs))
    return Specialization(op, in_types, {}, out_types, body=graph)


def prune(spec: Specialization) -> Specialization:
    """``spec`` itself, told in ``spec.pruned`` which inputs it reads if not all.

    What is recorded holds no others: an array of which only the type is needed is not kept alive, and may be updated
    in place.
    """
    body = spec.body
    assert body is not None
    live = _live(spec, body)
    if len(live) < len(spec.in_types):
        parameters = [*(body.inputs[i] for i in live), *body.inputs[len(spec.in_types) :]]
        read = set(live)
        marked = tuple([i in read for i in range(len(spec.in_types))])
        smaller = Specialization(
            Derived(spec.op.name, Derivation(spec, "live", marked)),
            tuple([spec.in_types[i] for i in live]),
            spec.attributes,
            spec.out_types,
            spec.slots,
            Graph(parameters, rewrite(body, _on_live).outputs),
            spec.nodes,
        )
        spec.pruned = smaller, live
    return spec


def _on_live(rewriter: Rewriter, node: Node) -> None:
    """``node`` on the inputs alone that it reads."""
    spec = node.spec
    assert spec is not None
    inputs = rewriter.inputs_of(node)
    if spec.pruned is None:
        rewriter.copy(node, inputs)
        return
    smaller, live = spec.pruned
    given = [*(inputs[i] for i in live), *inputs[len(spec.in_types) :]]
    rewriter.set(node, outputs(apply(smaller, given, node.code, node.lasti, scope=node.scope)))


def _live(spec: Specialization, body: Graph) -> Sequence[int]:
    """Numbers of the inputs that ``body`` reads."""
    reached: set[Node] = set()
    stack = [ref.node for ref in body.outputs]
    while stack:
        node = stack.pop()
        if node in reached:
            continue
        reached.add(node)
        refs = node.inputs or ()
        if node.spec is not None and node.spec.pruned is not None:
            refs = (*(refs[i] for i in node.spec.pruned[1]), *refs[len(node.spec.in_types) :])
        stack.extend(ref.node for ref in refs)
    return [i for i in range(len(spec.in_types)) if body.inputs[i] in reached]
