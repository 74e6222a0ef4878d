"""A long chain of nodes builds, prints, parses, verifies, differentiates, runs and frees without recursion."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from lazynd.backends.numpy import evaluate
from lazynd.ir.gradient import cotangents_of
from lazynd.ir.graph import Graph, equal_graphs, topological
from lazynd.ir.node import Node, leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.types import DTYPES, Type
from lazynd.ir.value import Value, emit
from lazynd.ir.verify import verify
from lazynd.passes import PIPELINE, Pass

LENGTH = 40_000  # far beyond the limit of recursion below
SHORTER = 10_000  # where every node is rewritten
DEEP = 200_000  # far beyond what the stack of C holds: Python's limit does not guard what frees an object
SCALAR = Type((1,), DTYPES["float32"])


@pytest.fixture(autouse=True)
def low_limit() -> Iterator[None]:
    """Any recursion along the chain would exceed this at once."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    yield
    sys.setrecursionlimit(before)


def chain(length: int = LENGTH) -> Graph:
    """x -> -(x + y) -> sin ... : nothing in it is constant, equal or algebra."""
    x, y = leaf(SCALAR), leaf(SCALAR)
    value, step = Value(x), Value(y)
    for i in range(length):
        value = value + step if i % 2 else emit("sine", value)
    return Graph([x, y], [value.ref])


@pytest.fixture(scope="module")
def graph() -> Graph:
    return chain()


def test_it_builds_verifies_prints_and_parses(graph: Graph) -> None:
    assert len(graph) == LENGTH
    verify(graph)
    text = print_graph(graph)
    assert text.count("\n") == LENGTH + 3
    back = parse_graph(text)
    assert equal_graphs(back, graph)


@pytest.mark.parametrize("step", PIPELINE, ids=lambda step: step.__name__)
def test_every_pass_takes_it(step: Pass, graph: Graph) -> None:
    assert len(step(graph)) == LENGTH


def test_rules_that_fire_all_along() -> None:
    x = leaf(SCALAR)
    value = Value(x)
    for i in range(SHORTER // 2 * 2):
        value = emit("negate", value) if i % 2 else emit("stop_gradient", emit("negate", value))
    assert len(verify(_optimised(Graph([x], [value.ref])))) == 0


def test_constants_that_fold_all_along() -> None:
    one = emit("constant", value=np.int32(1) * np.ones((), "int32"), context=SCALAR.context)
    value = one
    for _ in range(SHORTER):
        value = value + one
    made = _optimised(Graph([], [value.ref]))
    assert len(made) == 1
    assert int(evaluate(made, [])[0]) == SHORTER + 1


def _optimised(graph: Graph) -> Graph:
    for step in PIPELINE:
        graph = step(graph)
    return graph


def test_its_gradient_runs_in_the_interpreter() -> None:
    length = LENGTH // 2  # the gradient adds the other nodes
    graph = chain(length)
    seed = leaf(SCALAR)
    dx, dy = cotangents_of(graph.nodes, graph.outputs, [Value(seed)], graph.inputs)
    assert dx is not None and dy is not None
    whole = Graph([*graph.inputs, seed], [*graph.outputs, dx.ref, dy.ref])
    one = np.ones(1, "float32")
    result, slope, _ = evaluate(whole, [one, np.float32(0.25) * one, one])
    x, expected = np.float32(1), np.float32(1)
    for i in range(length):
        if i % 2:
            x += np.float32(0.25)
        else:
            expected *= np.cos(x)
            x = np.sin(x)
    np.testing.assert_allclose(result, [x], rtol=1e-6)
    np.testing.assert_allclose(slope, [expected], rtol=1e-3)


class Watched(Node):
    __slots__ = ("__weakref__",)


def test_it_frees() -> None:
    graph = chain(DEEP)
    first = Watched()
    for name in ("spec", "inputs", "scalars", "type", "value", "region", "code", "lasti"):
        setattr(first, name, getattr(graph.nodes[0], name))
    graph.nodes[1].inputs = (first, *(graph.nodes[1].inputs or ())[1:])
    tail = graph.outputs[0].node
    watch = weakref.ref(first)
    del graph, first
    assert watch() is not None, "the end of the chain holds its beginning"
    del tail
    gc.collect()
    assert watch() is None


def test_order_of_a_ladder_is_linear() -> None:
    # Every node is used twice: a walk that forgets what it has seen would take 2 ** n steps.
    x = leaf(SCALAR)
    value = Value(x)
    for _ in range(1000):
        value = value * value
    order = topological([value.ref])
    assert len(order) == 1000
    assert [n.inputs for n in order[1:]] == [(a, a) for a in order[:-1]]
