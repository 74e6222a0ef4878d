"""Reverse-mode differentiation: IR in, IR out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .errors import OperatorError
from .graph import Graph, Rewriter, innermost_first, subgraphs, with_subgraphs
from .node import Node, Output, apply, outputs
from .primitive import Primitive
from .specialization import Specialization
from .types import BOOL
from .value import Value

Ref = Node | Output


def flatten(graph: Graph, keep_rules: bool = False) -> Graph:
    """``graph`` with bodies in place of their operators, down to primitives.

    ``keep_rules`` leaves operators that state their own gradient. Operators remember what they become; calls do not,
    because each level of a nest would hold all that is below it.
    """
    memo = "flat_but_rules" if keep_rules else "flat"

    def inside(spec: Specialization) -> Iterable[Graph]:
        if getattr(spec, memo) is not None:
            return ()
        if spec.body is not None and not (keep_rules and spec.op.has_gradient_rule):
            return (spec.body,)
        return subgraphs(spec).values() if isinstance(spec.op, Primitive) and spec.op.nests else ()

    for spec, graphs in innermost_first(graph, inside):
        if isinstance(spec.op, Primitive):
            flat = {id(each): _flat(each, memo) for each in graphs}
            setattr(spec, memo, with_subgraphs(spec, lambda body, flat=flat: flat[id(body)]))  # type: ignore[misc]
        elif not spec.op.is_call:
            setattr(spec, memo, _flat(graphs[0], memo))
    return _flat(graph, memo)


def _flat(graph: Graph, memo: str) -> Graph:
    """``graph`` with calls opened, and other nodes replaced by what they remember of themselves as ``memo``."""
    top = Rewriter(graph.inputs)
    opened: list[tuple[Graph, Iterator[Node], Rewriter]] = [(graph, iter(graph.nodes), top)]
    calls: list[Node] = []  # the nodes that all but the first of these are the bodies of
    while opened:
        body, nodes, rewriter = opened[-1]
        for node in nodes:
            spec = node.spec
            assert spec is not None
            if spec.op.is_call and spec.body is not None:
                inner = Rewriter()
                for parameter, argument in zip(spec.body.inputs, rewriter.inputs_of(node), strict=True):
                    inner.replaced[parameter, 0] = argument
                opened.append((spec.body, iter(spec.body.nodes), inner))
                calls.append(node)
                break
            _replace(rewriter, node, getattr(spec, memo))
        else:
            opened.pop()
            if opened:
                opened[-1][2].set(calls.pop(), [rewriter[ref] for ref in body.outputs])
    return Graph(graph.inputs, [top[ref] for ref in graph.outputs], name=graph.name)


def _replace(rewriter: Rewriter, node: Node, flat: Graph | Specialization | None) -> None:
    inputs = rewriter.inputs_of(node)
    if flat is None or flat is node.spec:
        rewriter.copy(node, inputs)
    elif isinstance(flat, Specialization):
        rewriter.set(node, outputs(apply(flat, inputs, node.code, node.lasti)))
    else:
        rewriter.set(node, inline_at(flat, inputs, node))


def inline_at(graph: Graph, arguments: Sequence[Ref], site: Node) -> list[Ref]:
    """The outputs of ``graph`` on ``arguments``; its nodes carry the user's line of ``site``."""
    rewriter = Rewriter()
    for parameter, argument in zip(graph.inputs, arguments, strict=True):
        rewriter.replaced[parameter, 0] = argument
    for node in graph.nodes:
        made = rewriter.copy(node, rewriter.inputs_of(node))
        if made is not node and site.code is not None:
            made.code, made.lasti = site.code, site.lasti
    return [rewriter[ref] for ref in graph.outputs]


def cotangents_of(
    nodes: Sequence[Node], outputs: Sequence[Ref], seeds: Sequence[Value | None], wrt: Iterable[Ref]
) -> list[Value | None]:
    """Cotangents of ``wrt`` from ``seeds``, those of ``outputs``; None where no path leads.

    ``nodes`` are in topological order. Every node on a path is visited, also one whose cotangent is absent:
    operators may ignore the gradient of their head.
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
    for node in reversed(nodes):
        if node in active:
            _visit(gathered, active, node)
    return [gathered.get((ref.node, ref.index)) for ref in targets]


def _visit(gathered: dict[tuple[Node, int], Value], active: set[Node], node: Node) -> None:
    spec = node.spec
    assert spec is not None and node.inputs is not None
    given = [gathered.pop((node, i), None) for i in range(len(spec.out_types))]
    if all(g is None for g in given) and not getattr(spec.op, "ignores_cotangent", False):
        return
    results = [Value(node), *(Value(Output(node, i, t)) for i, t in enumerate(spec.out_types[1:], 1))]
    wanted = [ref.node in active and ref.type.dtype != BOOL for ref in node.inputs]
    found = spec.op.pull_back(spec, wanted, given, results, [Value(ref) for ref in node.inputs])
    for ref, cotangent in zip(node.inputs, found, strict=True):
        if cotangent is None or ref.node not in active or ref.type.dtype == BOOL:
            continue
        if cotangent.type is not ref.type:
            raise OperatorError(f"gradient of {spec.op.name}: cotangent {cotangent.type} for an input {ref.type}")
        _accumulate(gathered, ref, cotangent)


def _accumulate(gathered: dict[tuple[Node, int], Value], ref: Ref, cotangent: Value) -> None:
    key = (ref.node, ref.index)
    known = gathered.get(key)
    gathered[key] = cotangent if known is None else known + cotangent
