"""Checks that a graph is well formed: run after every pass under test, and behind a switch in production."""

from __future__ import annotations

from collections.abc import Iterable

from .call import Call, call
from .derived import GraphOp
from .errors import OperatorError
from .graph import Graph, innermost_first, subgraphs
from .node import Node, Output
from .specialization import Specialization


class VerificationError(AssertionError):
    """A graph that no pass should have made."""


def verify(graph: Graph) -> Graph:
    """``graph`` itself, if inputs come before users, types agree and type rules give the recorded types.

    The graphs that it runs and calls are held to the same. Raises ``VerificationError``.
    """
    checked: set[Specialization] = set()
    for _, bodies in innermost_first(graph, _inside):
        for body in bodies:
            _verify(body, checked)
    _verify(graph, checked)
    return graph


def _inside(spec: Specialization) -> Iterable[Graph]:
    if spec.op.is_call and spec.body is not None:
        return (spec.body,)
    return subgraphs(spec).values()


def _verify(graph: Graph, checked: set[Specialization]) -> None:
    """Check ``graph`` itself, and the specializations that are not ``checked`` yet."""
    known: dict[Node, int] = {}
    for node in graph.inputs:
        if node.spec is not None or node.value is not None:
            raise VerificationError("a parameter is an applied node, or holds a value")
        if node in known:
            raise VerificationError("a parameter occurs twice")
        known[node] = 1
    for number, node in enumerate(graph.nodes):
        spec = node.spec
        if spec is None or node.inputs is None:
            raise VerificationError(f"node {number} is a leaf among applied nodes")
        if node in known:
            raise VerificationError(f"%{number} {spec.op.name} occurs twice")
        if spec not in checked:
            _check_rule(number, spec)
            checked.add(spec)
        _check_operands(number, node, spec, known)
        known[node] = len(spec.out_types)
    _check_references(graph, known)


def _check_operands(number: int, node: Node, spec: Specialization, known: dict[Node, int]) -> None:
    expected = (*spec.in_types, *(s.type for s in spec.slots))
    given = node.inputs or ()
    if len(expected) != len(given):
        raise VerificationError(f"%{number} {spec.op.name}: {len(expected)} inputs expected, {len(given)} given")
    for ref, type in zip(given, expected, strict=True):
        if ref.node not in known or ref.index >= known[ref.node]:
            raise VerificationError(f"%{number} {spec.op.name} reads a value that does not come before it")
        if ref.type is not type:
            raise VerificationError(f"%{number} {spec.op.name}: expected {type}, got {ref.type}")
    if node.type is not spec.out_types[0]:
        raise VerificationError(f"%{number} {spec.op.name}: typed {node.type}, its rule says {spec.out_types[0]}")


def _check_rule(number: int, spec: Specialization) -> None:
    """Whether the type rule, applied again, gives this very specialization.

    One that is given as a graph must fit it, and a call must be the one that is remembered.
    """
    what = f"%{number} {spec.op.name}"
    if not isinstance(spec.op, GraphOp):
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
    if tuple([n.type for n in body.inputs]) != (*spec.in_types, *(s.type for s in spec.slots)):
        raise VerificationError(f"{what}: its body has other parameters")
    if tuple([ref.type for ref in body.outputs]) != spec.out_types:
        raise VerificationError(f"{what}: its body has other outputs")
    if not isinstance(spec.op, Call):
        return
    try:
        again = call(body, spec.op.name, spec.slots, spec.writes)
    except OperatorError as error:
        raise VerificationError(f"{what} is no call: {error}") from error
    if again is not spec:
        raise VerificationError(f"{what} is not the one call of its structure")


def _check_references(graph: Graph, known: dict[Node, int]) -> None:
    for ref in graph.outputs:
        if ref.node not in known or ref.index >= known[ref.node]:
            raise VerificationError("an output is no value of the graph")
    for ref in (*(r for node in graph.nodes for r in node.inputs or ()), *graph.outputs):
        spec = ref.node.spec
        if ref.__class__ is Output and (spec is None or ref.type is not spec.out_types[ref.index]):
            raise VerificationError(f"a reference to output {ref.index} of {spec} is typed {ref.type}")
