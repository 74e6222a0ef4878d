"""Every pass on random graphs over nan, inf, -0.0, integer limits and float16: no bit changes."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from lazynd.backends.numpy import evaluate
from lazynd.ir.call import call
from lazynd.ir.graph import Graph, Rewriter, equal_graphs, graph_of
from lazynd.ir.node import Node, Output, apply, leaf, outputs
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.verify import verify
from lazynd.passes import PIPELINE, expand, run_pipeline

from ..ir.special import compiled
from .random_graphs import Maker
from .test_rules import same_bits

SEEDS = 10
EACH = 30


def work(graph: Graph) -> int:
    """Nodes but for constants, which folding may spread into a number and its broadcast."""
    return sum(n.spec is not None and n.spec.op.name not in ("constant", "broadcast") for n in graph.nodes)


def check(seed: int, made: Counter[str], changed: Counter[str]) -> None:
    maker = Maker(seed)
    graph = maker.graph(25)
    arrays = maker.arrays()
    expected = evaluate(graph, arrays)
    for step in PIPELINE:
        after = verify(step(graph))
        same_bits(evaluate(after, arrays), expected, f"seed {seed}, {step.__name__}:\n{print_graph(graph)}")
        changed[step.__name__] += not equal_graphs(after, graph)
    optimised = run_pipeline(graph, check=True)
    same_bits(evaluate(optimised, arrays), expected, f"seed {seed}, all passes:\n{print_graph(graph)}")
    assert equal_graphs(parse_graph(print_graph(optimised)), optimised)
    assert work(optimised) <= work(graph)
    made.update(maker.made)


@pytest.mark.parametrize("block", range(SEEDS))
def test_no_pass_changes_a_bit(block: int) -> None:
    made: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for seed in range(block * EACH, (block + 1) * EACH):
        check(seed, made, changed)
    # The graphs are such that every pass has something to do in many of them.
    assert min(made.values()) >= EACH // 5, made
    assert min(changed[name] for name in ("fold_constants", "common_subexpressions", "simplify")) >= EACH // 5, changed


def calls_of(graph: Graph, seed: int) -> Graph:
    """``graph`` as calls of its two halves, in a call."""
    cut = random.Random(seed).randrange(len(graph.nodes))
    below = {(node, i) for node in graph.nodes[:cut] for i in range(len(node.spec.out_types if node.spec else ()))}
    above = [ref for node in graph.nodes[cut:] for ref in node.inputs or ()] + list(graph.outputs)
    crossing = list({(ref.node, ref.index): ref for ref in above if (ref.node, ref.index) in below}.values())
    parameters = {(ref.node, ref.index): leaf(ref.type) for ref in crossing}
    rewriter = Rewriter(graph.inputs)
    rewriter.replaced.update(parameters)
    for node in graph.nodes[cut:]:
        rewriter.copy(node, rewriter.inputs_of(node))
    upper = call(Graph([*graph.inputs, *parameters.values()], [rewriter[ref] for ref in graph.outputs]), "upper")
    given: list[Node | Output] = list(graph.inputs)
    if crossing:
        given += outputs(apply(call(Graph(graph.inputs, crossing), "lower"), graph.inputs))
    both = Graph(graph.inputs, outputs(apply(upper, given)))
    return graph_of(call(both, "both"))


@pytest.mark.parametrize("block", range(3))
def test_calls_change_no_bit_of_random_graphs(block: int) -> None:
    for seed in range(20_000 + 20 * block, 20_000 + 20 * (block + 1)):
        maker = Maker(seed)
        graph = maker.graph(25)
        arrays = maker.arrays()
        called = verify(calls_of(graph, seed))
        what = f"seed {seed}:\n{print_graph(called)}"
        same_bits(evaluate(expand(called), arrays), evaluate(graph, arrays), what)
        same_bits(evaluate(run_pipeline(called, check=True), arrays), evaluate(graph, arrays), what)
        assert equal_graphs(run_pipeline(called), run_pipeline(expand(called))), what
        assert equal_graphs(verify(parse_graph(print_graph(called))), called), what
        if seed % 10 == 0:
            same_bits(compiled(called, arrays), compiled(expand(called), arrays), what)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_no_pass_changes_a_bit_of_many_graphs(block: int) -> None:
    for seed in range(10_000 + 500 * block, 10_000 + 500 * (block + 1)):
        check(seed, Counter(), Counter())
