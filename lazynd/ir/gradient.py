"""Reverse-mode differentiation: IR in, IR out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import OperatorError
from .node import Node, Output
from .types import BOOL
from .value import Value

Ref = Node | Output


def cotangents_of(
    nodes: Sequence[Node], outputs: Sequence[Ref], seeds: Sequence[Value | None], wrt: Iterable[Ref]
) -> list[Value | None]:
    """Cotangents of ``wrt`` from ``seeds``, those of ``outputs``; None where no path leads.

    ``nodes`` are in topological order. Every node on a path is visited, also one whose cotangent is absent:
    operators may ignore the gradient of their head. What is made for a node that users recorded, in the body of a call,
    has the node's scope and line.
    """
    targets = list(wrt)
    active: set[Node] = {ref.node for ref in targets}
    for node in nodes:
        assert node.inputs is not None
        if any(ref.node in active for ref in node.inputs):
            active.add(node)
    gathered: dict[tuple[Node, int], Value] = {}
    for ref, seed in zip(outputs, seeds, strict=True):
        if seed is not None:
            _accumulate(gathered, ref, seed)
    settled = {*nodes, *(seed.ref.node for seed in seeds if seed is not None)}
    for node in reversed(nodes):
        if node in active:
            made = _visit(gathered, active, node)
            if node.code is not None:
                _place(made, node, settled)
    return [gathered.get((ref.node, ref.index)) for ref in targets]


def _place(made: Sequence[Value], site: Node, settled: set[Node]) -> None:
    """Give what was made for ``site``, and is not ``settled``, its scope and line."""
    stack = [value.ref.node for value in made]
    while stack:
        node = stack.pop()
        if node not in settled and node.spec is not None:
            settled.add(node)
            node.code, node.lasti, node.scope = site.code, site.lasti, site.scope
            stack += [ref.node for ref in node.inputs or ()]


def _visit(gathered: dict[tuple[Node, int], Value], active: set[Node], node: Node) -> list[Value]:
    """Gather the cotangents that ``node`` hands on; gives what they are now."""
    spec = node.spec
    assert spec is not None and node.inputs is not None
    given = [gathered.pop((node, i), None) for i in range(len(spec.out_types))]
    if all(g is None for g in given) and not getattr(spec.op, "ignores_cotangent", False):
        return []
    results = [Value(node), *(Value(Output(node, i, t)) for i, t in enumerate(spec.out_types[1:], 1))]
    wanted = [ref.node in active and ref.type.dtype != BOOL for ref in node.inputs]
    found = spec.op.pull_back(spec, wanted, given, results, [Value(ref) for ref in node.inputs])
    made = []
    for ref, cotangent in zip(node.inputs, found, strict=True):
        if cotangent is None or ref.node not in active or ref.type.dtype == BOOL:
            continue
        if cotangent.type is not ref.type:
            raise OperatorError(f"gradient of {spec.op.name}: cotangent {cotangent.type} for an input {ref.type}")
        made.append(_accumulate(gathered, ref, cotangent))
    return made


def _accumulate(gathered: dict[tuple[Node, int], Value], ref: Ref, cotangent: Value) -> Value:
    key = (ref.node, ref.index)
    known = gathered.get(key)
    found = gathered[key] = cotangent if known is None else known + cotangent
    return found
