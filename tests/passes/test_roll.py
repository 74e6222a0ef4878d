"""Loops that were written out are rolled up: no bit changes; and sums of products leave loops, up to rounding."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lazynd.backends.numpy import evaluate
from lazynd.config import config
from lazynd.ir.graph import Graph
from lazynd.ir.verify import verify
from lazynd.passes import dead_code, expand, hoist_products, hoist_sums, prune_loops, roll, run_pipeline

from .repeated_programs import recorded
from .test_rules import same_bits

ALWAYS = partial(roll, least=2, work=0, copies=0)


def loops(graph: Graph) -> int:
    return sum(node.spec is not None and node.spec.op.name == "scan" for node in graph.nodes)


def products_in_loops(graph: Graph) -> int:
    bodies = [node.spec.attributes["body"] for node in graph.nodes if node.spec and node.spec.op.name == "scan"]
    return sum(node.spec is not None and node.spec.op.name == "dot_general" for b in bodies for node in b.nodes)


def check(seed: int) -> tuple[int, int, int]:
    """How many loops the program of ``seed`` has, and how many states and products left them."""
    with config.using(budget_nodes=1 << 20):
        graph, arrays = recorded(seed)
    expected = evaluate(expand(graph), arrays)
    rolled = verify(ALWAYS(graph))
    same_bits(evaluate(expand(rolled), arrays), expected, f"seed {seed}")
    flat = prune_loops(expand(rolled))
    hoisted = verify(dead_code(hoist_sums(flat, least=2)))
    carried = [sum(n.spec.attributes.get("carries", 0) for n in g.nodes if n.spec) for g in (dead_code(flat), hoisted)]
    apart = verify(hoist_products(hoisted, least=2, size=1, share=64))
    assert all(node.origin for made in (rolled, hoisted, apart) for node in made.nodes)
    same = run_pipeline(apart, check=True)
    for made, value in zip(evaluate(same, arrays), expected, strict=True):
        # Of at most 12 steps, with sums of at most 12 products each: some hundreds of roundings.
        scale = np.abs(value[np.isfinite(value)]).max(initial=1.0)
        np.testing.assert_allclose(made, value, rtol=1e-4, atol=1e-4 * scale, err_msg=f"seed {seed}")
    moved = products_in_loops(hoisted) - products_in_loops(apart)
    return loops(rolled), carried[0] - carried[1], moved


@pytest.mark.parametrize("first", [0, pytest.param(1000, marks=pytest.mark.slow)])
def test_random_programs_that_repeat(first: int) -> None:
    found = [check(seed) for seed in range(first, first + (12 if not first else 2000))]
    assert sum(loops > 0 for loops, _, _ in found) > len(found) // 2
    assert any(loops > 1 for loops, _, _ in found)
    assert any(states for _, states, _ in found) and any(products for _, _, products in found)
