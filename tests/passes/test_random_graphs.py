"""Every pass on random graphs over nan, inf, -0.0, integer limits and float16: no bit changes."""

from __future__ import annotations

from collections import Counter

import pytest

from lazynd.backends.numpy import evaluate
from lazynd.ir.graph import Graph, equal_graphs
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.verify import verify
from lazynd.passes import PIPELINE, run_pipeline

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


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_no_pass_changes_a_bit_of_many_graphs(block: int) -> None:
    for seed in range(10_000 + 500 * block, 10_000 + 500 * (block + 1)):
        check(seed, Counter(), Counter())
