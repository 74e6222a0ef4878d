"""Reverse-mode differentiation: IR in, IR out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .errors import OperatorError
from .graph import Graph, Rewriter, with_subgraphs
from .node import Node, Output
from .primitive import Primitive
from .specialization import Specialization
from .types import BOOL
from .value import Value

Ref = Node | Output


def flatten(graph: Graph, keep_rules: bool = False, claimed: Callable[[Specialization], bool] | None = None) -> Graph:
    """``graph`` with bodies in place of their operators, down to primitives.

    ``keep_rules`` leaves operators that state their own gradient; ``claimed`` says of which specializations to leave
    the operator, except inside loops and choices. It must give the same answer whenever asked: flat bodies are
    remembered by it.
    """
    rewriter = Rewriter(graph.inputs)
    for node in graph.nodes:
        spec = node.spec
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        left = (keep_rules and spec.op.has_gradient_rule) or (claimed is not None and claimed(spec))
        body = None if left else spec.op.body(spec)
        if body is None:
            within = _flat_inside(spec, keep_rules)
            if within is spec:
                rewriter.copy(node, inputs)
            else:
                rewriter.renew(node, within, inputs)
            continue
        memo = ("flat", keep_rules, claimed)
        flat = spec.derived.get(memo)
        if flat is None:
            flat = spec.derived.setdefault(memo, flatten(body, keep_rules, claimed))
        rewriter.set(node, inline_at(flat, inputs, node))
    return Graph(graph.inputs, [rewriter[ref] for ref in graph.outputs], name=graph.name)


def _flat_inside(spec: Specialization, keep_rules: bool) -> Specialization:
    """``spec``, the bodies among its attributes flat."""
    if not isinstance(spec.op, Primitive) or not spec.op.nests:
        return spec
    memo = ("flat inside", keep_rules)
    found: Specialization | None = spec.derived.get(memo)
    if found is None:
        found = spec.derived[memo] = with_subgraphs(spec, lambda body: flatten(body, keep_rules))
    return found


def inline_at(graph: Graph, arguments: Sequence[Ref], site: Node) -> list[Ref]:
    """The outputs of ``graph`` on ``arguments``; its nodes carry the user's line of ``site``."""
    rewriter = Rewriter()
    for parameter, argument in zip(graph.inputs, arguments, strict=True):
        rewriter.replaced[parameter, 0] = argument
    for node in graph.nodes:
        inputs = rewriter.inputs_of(node)
        # What has no inputs would be shared by all calls; once it has to tell where it comes from, it cannot be.
        made = rewriter.copy(node, inputs) if not site.origin else rewriter.renew(node, node.spec, inputs)  # type: ignore[arg-type]  # applied
        if made is not node:
            made.origin = site.origin
            if site.code is not None:
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
