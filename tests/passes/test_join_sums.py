"""Sums of products as one product. Numbers are small integers, so that each order of adding up has the same bits."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends.numpy import evaluate
from lazynd.ir import build as ir
from lazynd.ir.graph import Graph, equal_graphs
from lazynd.ir.node import Node, leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.types import DTYPES, INT32, Type
from lazynd.ir.value import Value
from lazynd.ir.verify import verify
from lazynd.passes import join_sums, run_pipeline

from ..ir.special import compiled
from .test_rules import same_bits
from .test_text_to_text import becomes, graph, stays


def joined(found: Graph) -> Graph:
    return join_sums(found, least=1, most_copied=100)


PARAMETERS = "%0: float32[6,2], %1: float32[2,3], %2: float32[2,3], %3: float32[2,3], %4: float32[2,3]"


def test_a_sum_of_products_becomes_one_product_of_what_lies_side_by_side() -> None:
    becomes(
        joined,
        PARAMETERS,
        """
        %5: float32[2,2] = ir.slice(%0) {start=(4, 0), limit=(6, 2), strides=(1, 1)}
        %6: float32[2,3] = ir.dot_general(%5, %3) {contract=((0,), (0,)), batch=((), ())}
        %7: float32[3,2] = ir.transpose(%6) {axes=(1, 0)}
        %8: float32[2,2] = ir.slice(%0) {start=(2, 0), limit=(4, 2), strides=(1, 1)}
        %9: float32[2,3] = ir.dot_general(%8, %2) {contract=((0,), (0,)), batch=((), ())}
        %10: float32[3,2] = ir.transpose(%9) {axes=(1, 0)}
        %11: float32[3,2] = ir.add(%7, %10)
        return %11
        """,
        """
        %5: float32[4,2] = ir.slice(%0) {start=(2, 0), limit=(6, 2), strides=(1, 1)}
        %6: float32[4,3] = ir.concatenate(%2, %3) {axis=0}
        %7: float32[2,3] = ir.dot_general(%5, %6) {contract=((0,), (0,)), batch=((), ())}
        %8: float32[3,2] = ir.transpose(%7) {axes=(1, 0)}
        return %8
        """,
    )


def test_the_other_terms_are_added_as_before() -> None:
    becomes(
        joined,
        PARAMETERS,
        """
        %5: float32[2,2] = ir.dot_general(%1, %2) {contract=((1,), (1,)), batch=((), ())}
        %6: float32[2,2] = ir.dot_general(%3, %4) {contract=((1,), (1,)), batch=((), ())}
        %7: float32[2,2] = ir.slice(%0) {start=(0, 0), limit=(2, 2), strides=(1, 1)}
        %8: float32[2,2] = ir.add(%5, %7)
        %9: float32[2,2] = ir.add(%8, %6)
        return %9
        """,
        """
        %5: float32[2,2] = ir.slice(%0) {start=(0, 0), limit=(2, 2), strides=(1, 1)}
        %6: float32[2,6] = ir.concatenate(%1, %3) {axis=1}
        %7: float32[2,6] = ir.concatenate(%2, %4) {axis=1}
        %8: float32[2,2] = ir.dot_general(%6, %7) {contract=((1,), (1,)), batch=((), ())}
        %9: float32[2,2] = ir.add(%5, %8)
        return %9
        """,
    )


@pytest.mark.parametrize("returned", ["%7, %5", "%7, %6"])
def test_a_product_that_something_else_reads_stays(returned: str) -> None:
    stays(
        joined,
        PARAMETERS,
        f"""
        %5: float32[2,2] = ir.dot_general(%1, %2) {{contract=((1,), (1,)), batch=((), ())}}
        %6: float32[2,2] = ir.dot_general(%3, %4) {{contract=((1,), (1,)), batch=((), ())}}
        %7: float32[2,2] = ir.add(%5, %6)
        return {returned}
        """,
    )


def test_small_sums_and_large_factors_stay() -> None:
    found = graph(
        PARAMETERS,
        """
        %5: float32[2,2] = ir.dot_general(%1, %2) {contract=((1,), (1,)), batch=((), ())}
        %6: float32[2,2] = ir.dot_general(%3, %4) {contract=((1,), (1,)), batch=((), ())}
        %7: float32[2,2] = ir.add(%5, %6)
        return %7
        """,
    )
    assert join_sums(found, least=8, most_copied=2.9) is found
    assert join_sums(found, least=9, most_copied=3.0) is found
    assert join_sums(found, least=8, most_copied=3.0) is not found
    assert join_sums(found) is found


class Sums:
    """Random sums of products, scatterings and others, some of which other things read too."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.dtype = DTYPES[self.random.choice(["float32", "float32", "int32", "float16", "int8"])]
        self.inputs: list[Node] = []
        self.arrays: list[Any] = []
        self.rng = np.random.default_rng(seed)

    def value(self, *shape: int, indices: bool = False) -> Value:
        dtype = INT32 if indices else self.dtype
        known = [node for node in self.inputs if node.type.shape == shape and node.type.dtype == dtype]
        if known and self.random.random() < 0.3:
            return Value(self.random.choice(known))
        drawn = self.rng.integers(0 if indices else -2, 3, shape).astype(dtype)
        if dtype.kind == "f" and self.random.random() < 0.1:
            drawn.flat[0] = self.random.choice([np.inf, -np.inf, np.nan])
        self.inputs.append(leaf(Type(shape, dtype)))
        self.arrays.append(drawn)
        return Value(self.inputs[-1])

    def term(self) -> Value:
        kind = self.random.randrange(6)
        if kind == 0:
            return self.value(3, 4)
        if kind == 1:
            rows = self.value(2, 4)
            return ir.scatter(
                ir.full((3, 4), 0, self.dtype, rows.context), rows, [self.value(2, indices=True)], (0,), "add"
            )
        if kind == 2:
            whole = self.value(6, 3)
            at = 2 * self.random.randrange(3)
            return ir.dot_general(ir.slice_(whole, (at, 0), (at + 2, 3)), self.value(2, 4), ((0,), (0,)))
        if kind == 3:
            return ir.transpose(ir.dot_general(self.value(2, 4), self.value(2, 3), ((0,), (0,))))
        if kind == 4:
            return ir.reshape(ir.dot_general(self.value(2, 2), self.value(2, 6), ((1,), (0,))), (3, 4))
        return ir.dot_general(self.value(3, 2), self.value(2, 4), ((1,), (0,)))

    def graph(self) -> Graph:
        outputs = []
        for _ in range(2):
            terms = [self.term() for _ in range(self.random.randrange(2, 9))]
            if self.random.random() < 0.3:
                outputs.append(self.random.choice(terms))
            while len(terms) > 1:
                first = terms.pop(self.random.randrange(len(terms)))
                other = terms.pop(self.random.randrange(len(terms)))
                terms.append(first + other)
                if self.random.random() < 0.1:
                    outputs.append(terms[-1])
            outputs += terms
        return verify(Graph(self.inputs, [each.ref for each in outputs]))


def check(seed: int, compile: bool) -> bool:
    """Whether the pass did something with the graph of ``seed``, on which it must change no bit."""
    maker = Sums(seed)
    found = maker.graph()
    after = verify(joined(found))
    what = f"seed {seed}:\n{print_graph(found)}"
    expected = evaluate(found, maker.arrays)
    same_bits(evaluate(after, maker.arrays), expected, what)
    assert equal_graphs(verify(parse_graph(print_graph(after))), after), what
    same_bits(evaluate(run_pipeline(after, check=True), maker.arrays), expected, what)
    if compile and not equal_graphs(after, found):
        same_bits(compiled(after, maker.arrays), compiled(found, maker.arrays), what)
    return not equal_graphs(after, found)


def test_random_sums_are_the_same() -> None:
    assert sum(check(seed, False) for seed in range(60)) > 20


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_many_random_sums_are_the_same(block: int) -> None:
    assert sum(check(seed, seed % 10 == 0) for seed in range(1000 * block, 1000 * (block + 1))) > 300


def written_out() -> tuple[np.ndarray[Any, Any], int]:
    """The gradient of weights of 2 ** 20 elements that two steps read, and how many products its program has."""
    rng = np.random.default_rng(0)
    weights = nd.array(rng.normal(0, 0.1, (1024, 1024)).astype("float32"))
    weights.attach_grad()
    x = nd.array(rng.normal(0, 1, (2, 2, 1024)).astype("float32"))
    with autograd.record():
        total = sum(nd.tanh(nd.dot(x[t], weights)).sum() for t in range(2))
    total.backward()
    stages = lazynd.viz.passes(weights.grad)
    products = sum(node.spec is not None and node.spec.op.name == "dot_general" for node in stages[-1].graph.nodes)
    return weights.grad.asnumpy(), products


def test_the_gradient_of_weights_that_several_steps_read_is_one_product() -> None:
    with lazynd.config.using(tier="compiled"):
        gradient, products = written_out()
    with lazynd.config.using(tier="compiled", join_sums=False):
        other, apart = written_out()
    assert (products, apart) == (2 + 1, 2 + 2)
    # Four products are added up, in either order: each addition rounds by half a unit, 2 ** -24, of what was added.
    # No sum of magnitudes exceeds 4 * 4 ** 2, normal numbers squared.
    np.testing.assert_allclose(gradient, other, rtol=0, atol=4 * 64 * 2**-24)
