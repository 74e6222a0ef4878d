"""Inside loops and choices: what nothing reads leaves their signatures, then the passes run on their graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..ir.graph import Graph, Rewriter, rewrite, with_subgraphs
from ..ir.node import Node, Output, successor
from ..ir.primitive import PRIMITIVES, Primitive
from ..ir.specialization import Op, Specialization

Ref = Node | Output
Key = tuple[Node, int]
#: The smaller specialization, which of its results stands for each result that is left, and the operands it has.
Plan = tuple[Specialization, dict[int, int], Sequence[int]]


def prune_loops(graph: Graph) -> Graph:
    """``graph`` with loops and choices that compute only what is read.

    Outputs, state and operands of no use are gone.
    A gradient leaves such: the cotangent of an input that nobody asked for is one more output of the reversed scan.
    """
    needed: set[Key] = {(ref.node, ref.index) for ref in graph.outputs}
    plans: dict[Node, Plan] = {}
    for node in reversed(graph.nodes):
        spec = node.spec
        assert spec is not None and node.inputs is not None
        wanted = [(node, i) in needed for i in range(len(spec.out_types))]
        if not any(wanted):
            continue
        inputs: Sequence[int] = range(len(node.inputs))
        if spec.op in _PRUNE:
            plans[node] = _PRUNE[spec.op](spec, wanted)
            inputs = plans[node][2]
        needed.update((node.inputs[i].node, node.inputs[i].index) for i in inputs)

    def step(rewriter: Rewriter, node: Node) -> None:
        if node not in plans or plans[node][0] is node.spec:
            rewriter.copy(node, rewriter.inputs_of(node))
            return
        smaller, results, operands = plans[node]
        given = node.inputs or ()  # of which those that it has no more may be gone
        made = successor(node, smaller, [rewriter.replaced[given[i].node, given[i].index] for i in operands])
        for i, at in results.items():
            rewriter.replaced[node, i] = made if not at else Output(made, at, smaller.out_types[at])

    # What nothing needs is not visited: it may read results that are gone.
    live = {node for node, _ in needed}
    return rewrite(Graph(graph.inputs, graph.outputs, [n for n in graph.nodes if n in live], name=graph.name), step)


def _prune_scan(spec: Specialization, wanted: Sequence[bool]) -> Plan:
    """The scan without needless parts; what is stacked twice is stacked once."""
    body: Graph = spec.attributes["body"]
    n, m = spec.attributes["carries"], spec.attributes["sequences"]
    kept = {i for i, want in enumerate(wanted) if want}
    places: dict[Any, int] = {}
    for i in sorted(kept):
        places.setdefault(i if i < n else (body.outputs[i].node, body.outputs[i].index), i)
    twins = {i: places[i if i < n else (body.outputs[i].node, body.outputs[i].index)] for i in kept}
    kept = set(twins.values())
    while True:  # state that is kept may need other state
        results = sorted(kept)
        used = _used(Graph(body.inputs, [body.outputs[i] for i in results]))
        more = {i for i in range(n) if body.inputs[i] in used} - kept
        if not more:
            break
        kept |= more
    operands = [i for i, node in enumerate(body.inputs) if (i in kept if i < n else node in used)]
    left = {i: results.index(twin) for i, twin in twins.items()}
    if len(results) == len(body.outputs) and len(operands) == len(body.inputs):
        return spec, left, operands
    smaller = Graph([body.inputs[i] for i in operands], [body.outputs[i] for i in results], name=body.name)
    attributes = {
        **spec.attributes,
        "body": smaller,
        "carries": sum(i < n for i in results),
        "sequences": sum(n <= i < n + m for i in operands),
    }
    return spec.op.specialize(tuple([spec.in_types[i] for i in operands]), attributes), left, operands


def _prune_cond(spec: Specialization, wanted: Sequence[bool]) -> Plan:
    results = [i for i, want in enumerate(wanted) if want]
    branches = {name: spec.attributes[name] for name in ("on_true", "on_false")}
    smaller = {name: Graph(g.inputs, [g.outputs[i] for i in results], name=g.name) for name, g in branches.items()}
    used = [{i for i, node in enumerate(g.inputs) if node in _used(g)} for g in smaller.values()]
    operands = sorted(used[0] | used[1])
    left = {i: at for at, i in enumerate(results)}
    if len(results) == len(wanted) and len(operands) == len(spec.in_types) - 1:
        return spec, left, range(len(spec.in_types))
    graphs = {name: Graph([g.inputs[i] for i in operands], g.outputs, name=g.name) for name, g in smaller.items()}
    given = [0, *(i + 1 for i in operands)]
    return spec.op.specialize(tuple([spec.in_types[i] for i in given]), graphs), left, given


def _used(graph: Graph) -> set[Node]:
    """Nodes and parameters that ``graph`` reads."""
    read = {ref.node for node in graph.nodes for ref in node.inputs or ()}
    return read | {ref.node for ref in graph.outputs}


_PRUNE: dict[Op, Callable[[Specialization, Sequence[bool]], Plan]] = {
    PRIMITIVES["scan"]: _prune_scan,
    PRIMITIVES["cond"]: _prune_cond,
}


def inside(passes: Sequence[Callable[[Graph], Graph]]) -> Callable[[Graph], Graph]:
    """A pass that runs ``passes`` on the graphs of loops and choices, each once, and on those inside these."""

    def bodies(graph: Graph) -> Graph:
        """``graph`` with the graphs that its loops and choices run optimised."""

        def step(rewriter: Rewriter, node: Node) -> None:
            spec = node.spec
            assert spec is not None
            inputs = rewriter.inputs_of(node)
            if not isinstance(spec.op, Primitive) or not spec.op.nests:
                rewriter.copy(node, inputs)
                return
            better = spec.optimised
            if better is None:
                better = spec.optimised = with_subgraphs(spec, optimise)
            if better is spec:
                rewriter.copy(node, inputs)
            else:
                rewriter.renew(node, better, inputs)

        return rewrite(graph, step)

    def optimise(body: Graph) -> Graph:
        for each in (prune_loops, bodies, *passes):
            body = each(body)
        return body

    return bodies
