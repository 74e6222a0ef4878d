"""Sums of products out of loops: what a loop adds up in its state becomes one product of what it stacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..ir.graph import Graph, Rewriter, rewrite
from ..ir.loop_sums import Sums
from ..ir.node import Node, Output, outputs, successor
from ..ir.primitives.elementwise import Add
from ..ir.primitives.loop import Scan
from ..ir.types import is_floating
from ..ir.value import Value
from .located import located

Ref = Node | Output
Key = tuple[Node, int]


def hoist_sums(graph: Graph, *, least: int = 4) -> Graph:
    """``graph`` with one product after a loop of ``least`` or more steps in place of a product added up in each.

    The gradient of weights that every step reads is such a sum. Products and sums over axes may be added up in any
    order; sums of other numbers stay in the loop, in their order. Half precision is rounded once instead of each time.
    """

    def step(rewriter: Rewriter, node: Node) -> None:
        spec = node.spec
        assert spec is not None
        inputs = rewriter.inputs_of(node)
        found = _sums(spec.attributes["body"], spec.attributes["carries"]) if _is_long(node, least) else {}
        if not found or not _hoist(rewriter, node, inputs, found):
            rewriter.copy(node, inputs)

    return rewrite(graph, step) if any(_is_long(node, least) for node in graph.nodes) else graph


def _is_long(node: Node, least: int) -> bool:
    spec = node.spec
    return spec is not None and isinstance(spec.op, Scan) and bool(spec.attributes["length"] >= least)


def _sums(body: Graph, carries: int) -> dict[int, Ref]:
    """The states that the ``body`` only adds to, by their numbers, with what it adds."""
    uses = Counter([(ref.node, ref.index) for node in body.nodes for ref in node.inputs or ()])
    uses.update([(ref.node, ref.index) for ref in body.outputs])
    found: dict[int, Ref] = {}
    for number, (state, ref) in enumerate(zip(body.inputs[:carries], body.outputs[:carries], strict=True)):
        node = ref.node
        if node.spec is None or not isinstance(node.spec.op, Add) or not is_floating(ref.type.dtype):
            continue
        terms = [each for each in node.inputs or () if each.node is not state]
        if len(terms) == 1 and uses[state, 0] == 1 and uses[node, 0] == 1:
            found[number] = terms[0]
    return found


def _hoist(rewriter: Rewriter, node: Node, inputs: Sequence[Ref], found: Mapping[int, Ref]) -> bool:
    """Put the loop without the states ``found`` and their sums in the place of ``node``; whether there were any."""
    spec = node.spec
    assert spec is not None
    body: Graph = spec.attributes["body"]
    n, m = spec.attributes["carries"], spec.attributes["sequences"]
    varying = {p: Value(inputs[n + i]) for i, p in enumerate(body.inputs[n : n + m])}
    constant = _unchanging(body, body.inputs[n + m :])
    chosen = {number: term for number, term in found.items() if term.node not in constant}
    while True:
        sums = Sums(list(chosen.values()), varying, constant)
        free = {number: term for (number, term), is_free in zip(chosen.items(), sums.free(), strict=True) if is_free}
        if len(free) == len(chosen):
            break
        chosen = free
    if not chosen:
        return False
    kept = [i for i in range(n) if i not in chosen]
    parameters = [*(body.inputs[i] for i in kept), *body.inputs[n:]]
    smaller = Graph(parameters, [*(body.outputs[i] for i in kept), *body.outputs[n:], *sums.stacked], name=body.name)
    given = [*(inputs[i] for i in kept), *inputs[n:]]
    attributes = {**spec.attributes, "body": smaller, "carries": len(kept)}
    results: tuple[Ref, ...] = ()
    known = {ref.node for ref in inputs}
    if smaller.outputs:  # else nothing is left of the loop
        made = successor(node, spec.op.specialize(tuple([ref.type for ref in given]), attributes), given)
        results = outputs(made)
        known.add(made)
    stacks = [Value(ref) for ref in results[len(results) - len(sums.stacked) :]]
    old = [*kept, *range(n, len(body.outputs))]
    for number, ref in zip(old, results, strict=False):
        rewriter.replaced[node, number] = ref
    for number, total in zip(chosen, sums.totals([], stacks), strict=True):
        whole = (Value(inputs[number]) + total).ref
        rewriter.replaced[node, number] = located(whole, node, *known)
    return True


def _unchanging(body: Graph, constants: Sequence[Node]) -> set[Node]:
    """The parameters that do not change, and what is computed from these alone."""
    found = set(constants)
    for node in body.nodes:
        if all(ref.node in found for ref in node.inputs or ()):
            found.add(node)
    return found
