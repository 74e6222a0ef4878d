"""Checks that a graph is well formed: run after every pass under test, and behind a switch in production."""

from __future__ import annotations

from .derived import Derived
from .errors import OperatorError
from .graph import Graph, subgraphs
from .node import Node, Output
from .specialization import Specialization


class VerificationError(AssertionError):
    """A graph that no pass should have made."""


def verify(graph: Graph) -> Graph:
    """``graph`` itself, if inputs come before users, types agree and type rules give the recorded types.

    Raises ``VerificationError``.
    """
    known: dict[Node, int] = {}
    for node in graph.inputs:
        if node.spec is not None or node.value is not None:
            raise VerificationError("a parameter is an applied node, or holds a value")
        if node in known:
            raise VerificationError("a parameter occurs twice")
        known[node] = 1
    checked: set[Specialization] = set()
    for number, node in enumerate(graph.nodes):
        spec = node.spec
        if spec is None or node.inputs is None:
            raise VerificationError(f"node {number} is a leaf among applied nodes")
        if node in known:
            raise VerificationError(f"%{number} {spec.op.name} occurs twice")
        if spec not in checked:
            for body in subgraphs(spec).values():
                verify(body)
            _check_rule(number, spec)
            checked.add(spec)
        expected = (*spec.in_types, *(s.type for s in spec.slots))
        if len(expected) != len(node.inputs):
            raise VerificationError(
                f"%{number} {spec.op.name}: {len(expected)} inputs expected, {len(node.inputs)} given"
            )
        for ref, type in zip(node.inputs, expected, strict=True):
            if ref.node not in known or ref.index >= known[ref.node]:
                raise VerificationError(f"%{number} {spec.op.name} reads a value that does not come before it")
            if ref.type is not type:
                raise VerificationError(f"%{number} {spec.op.name}: expected {type}, got {ref.type}")
        if node.type is not spec.out_types[0]:
            raise VerificationError(f"%{number} {spec.op.name}: typed {node.type}, its rule says {spec.out_types[0]}")
        known[node] = len(spec.out_types)
    _check_references(graph, known)
    return graph


def _check_rule(number: int, spec: Specialization) -> None:
    """Whether the type rule, applied again, gives this very specialization; a derived one must fit its body."""
    what = f"%{number} {spec.op.name}"
    if not isinstance(spec.op, Derived):
        try:
            again = spec.op.specialize(spec.in_types, spec.attributes)
        except (OperatorError, TypeError, ValueError) as error:
            raise VerificationError(f"{what}: its type rule refuses it: {error}") from error
        if again is not spec:
            raise VerificationError(f"{what}: {spec} is not the one that its type rule gives, {again}")
        return
    body = spec.body
    if body is None:
        raise VerificationError(f"{what}: it has no body")
    if tuple(n.type for n in body.inputs) != (*spec.in_types, *(s.type for s in spec.slots)):
        raise VerificationError(f"{what}: its body has other parameters")
    if tuple(ref.type for ref in body.outputs) != spec.out_types:
        raise VerificationError(f"{what}: its body has other outputs")


def _check_references(graph: Graph, known: dict[Node, int]) -> None:
    for ref in graph.outputs:
        if ref.node not in known or ref.index >= known[ref.node]:
            raise VerificationError("an output is no value of the graph")
    for ref in (*(r for node in graph.nodes for r in node.inputs or ()), *graph.outputs):
        spec = ref.node.spec
        if ref.__class__ is Output and (spec is None or ref.type is not spec.out_types[ref.index]):
            raise VerificationError(f"a reference to output {ref.index} of {spec} is typed {ref.type}")
