"""Loops that were written out are rolled up: no bit changes; and sums of products leave loops, up to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd, viz
from lazynd.backends.numpy import evaluate
from lazynd.config import config
from lazynd.ir import build as ir
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ir.types import Type
from lazynd.ir.value import Value
from lazynd.ir.verify import verify
from lazynd.ops import OPERATORS
from lazynd.passes import (
    OPTIONAL,
    dead_code,
    expand,
    hoist_products,
    hoist_sums,
    pipeline,
    prune_loops,
    roll,
    run_pipeline,
)

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


UNROLLED = """
graph main(%0: float32[4,2,3], %1: float32[2,3], %2: float32[3,3]) {
  %3: int32[] = ir.constant() {value=int32[](0), context=cpu(0)}
  %4: float32[2,3] = _view(%0, offset=%3) {shape=(2, 3)}
  %5: float32[2,3] = dot(%1, %2) {transpose_a=False, transpose_b=False, forward_stype=None}
  %6: float32[2,3] = elemwise_add(%5, %4)
  %7: int32[] = ir.constant() {value=int32[](6), context=cpu(0)}
  %8: float32[2,3] = _view(%0, offset=%7) {shape=(2, 3)}
  %9: float32[2,3] = dot(%6, %2) {transpose_a=False, transpose_b=False, forward_stype=None}
  %10: float32[2,3] = elemwise_add(%9, %8)
  %11: int32[] = ir.constant() {value=int32[](12), context=cpu(0)}
  %12: float32[2,3] = _view(%0, offset=%11) {shape=(2, 3)}
  %13: float32[2,3] = dot(%10, %2) {transpose_a=False, transpose_b=False, forward_stype=None}
  %14: float32[2,3] = elemwise_add(%13, %12)
  return %14
}
"""


LOOP = """
graph body(%0: float32[2,3], %1: float32[3,3], %2: float32[2,3], %3: float32[3,3]) {
  %4: float32[2,3] = ir.dot_general(%2, %3) {contract=((1,), (0,)), batch=((), ())}
  %5: float32[2,3] = ir.add(%0, %4)
  %6: float32[3,3] = ir.dot_general(%2, %5) {contract=((0,), (0,)), batch=((), ())}
  %7: float32[3,3] = ir.add(%1, %6)
  %8: float32[2,3] = ir.dot_general(%5, %3) {contract=((1,), (0,)), batch=((), ())}
  %9: float32[2,3] = ir.subtract(%8, %2)
  return %5, %7, %9
}
graph main(%0: float32[2,3], %1: float32[3,3], %2: float32[5,2,3], %3: float32[3,3]) {
  %4: float32[2,3], float32[3,3], float32[5,2,3] = ir.scan(%0, %1, %2, %3) {body=@body, length=5, reverse=False, carries=2, sequences=1}
  return %4, %4.1, %4.2
}
"""  # noqa: E501


SUMMED = """graph body(%0: float32[2,3], %1: float32[2,3], %2: float32[3,3]) {
  %3: float32[2,3] = ir.dot_general(%1, %2) {contract=((1,), (0,)), batch=((), ())}
  %4: float32[2,3] = ir.add(%0, %3)
  %5: float32[2,3] = ir.dot_general(%4, %2) {contract=((1,), (0,)), batch=((), ())}
  %6: float32[2,3] = ir.subtract(%5, %1)
  return %4, %6, %4
}
graph main(%0: float32[2,3], %1: float32[3,3], %2: float32[5,2,3], %3: float32[3,3]) {
  %4: float32[2,3], float32[5,2,3], float32[5,2,3] = ir.scan(%0, %2, %3) {body=@body, length=5, reverse=False, carries=1, sequences=1}
  %5: float32[3,3] = ir.dot_general(%2, %4.2) {contract=((0, 1), (0, 1)), batch=((), ())}
  %6: float32[3,3] = ir.add(%1, %5)
  return %4, %6, %4.1
}
"""  # noqa: E501

APART = """graph body(%0: float32[2,3], %1: float32[2,3]) {
  %2: float32[2,3] = ir.add(%0, %1)
  return %2, %2
}
graph main(%0: float32[2,3], %1: float32[3,3], %2: float32[5,2,3], %3: float32[3,3]) {
  %4: float32[5,2,3] = ir.dot_general(%2, %3) {contract=((2,), (0,)), batch=((), ())}
  %5: float32[2,3], float32[5,2,3] = ir.scan(%0, %4) {body=@body, length=5, reverse=False, carries=1, sequences=1}
  %6: float32[3,3] = ir.dot_general(%2, %5.1) {contract=((0, 1), (0, 1)), batch=((), ())}
  %7: float32[3,3] = ir.add(%1, %6)
  %8: float32[5,2,3] = ir.dot_general(%5.1, %3) {contract=((2,), (0,)), batch=((), ())}
  %9: float32[5,2,3] = ir.subtract(%8, %2)
  return %5, %7, %9
}
"""


def test_a_sum_of_products_leaves_the_loop() -> None:
    assert print_graph(hoist_sums(parse_graph(LOOP))) == SUMMED


def test_products_that_no_state_needs_leave_the_loop() -> None:
    assert print_graph(hoist_products(hoist_sums(parse_graph(LOOP)), size=1, share=2)) == APART
    assert products_in_loops(hoist_products(hoist_sums(parse_graph(LOOP)), size=1)) == 2, "9 elements are less than 12"


def test_a_sum_of_numbers_stays_in_its_order() -> None:
    graph = parse_graph(LOOP.replace("ir.add(%1, %6)", "ir.add(%1, %3)"))
    assert hoist_sums(graph).nodes == graph.nodes


ROLLED = """graph body(%0: float32[2,3], %1: float32[2,3], %2: float32[3,3]) {
  %3: float32[2,3] = dot(%0, %2) {transpose_a=False, transpose_b=False, forward_stype=None}
  %4: float32[2,3] = elemwise_add(%3, %1)
  return %4
}
graph main(%0: float32[4,2,3], %1: float32[2,3], %2: float32[3,3]) {
  %3: float32[3,2,3] = ir.slice(%0) {start=(0, 0, 0), limit=(3, 2, 3), strides=(1, 1, 1)}
  %4: float32[2,3] = ir.scan(%1, %3, %2) {body=@body, length=3, reverse=False, carries=1, sequences=1}
  return %4
}
"""


def test_steps_become_a_scan_over_the_rows_of_an_array() -> None:
    made = print_graph(roll(parse_graph(UNROLLED, OPERATORS), least=3, work=0))
    assert made == ROLLED
    assert (
        roll(parse_graph(UNROLLED, OPERATORS), work=0).nodes
        and loops(roll(parse_graph(UNROLLED, OPERATORS), least=4, work=0)) == 0
    )


def written_out(step: Any, types: Sequence[Type], steps: int) -> Graph:
    """``steps`` steps, each of the last value and ``types``; of float32[4,4] at first."""
    parameters = [leaf(type) for type in (SQUARE, *types)]
    values = [Value(parameter) for parameter in parameters]
    state = values[0]
    for number in range(steps):
        state = step(state, number, values[1:])
    return Graph(parameters, [state.ref])


SQUARE = Type((4, 4), np.dtype("float32"))


def test_what_would_not_pay_is_left_as_it_is() -> None:
    dot, add = OPERATORS["dot"], OPERATORS["elemwise_add"]
    recurrent = written_out(lambda h, _, w: add(dot(h, w[0]), w[1]), [SQUARE, SQUARE], 10)
    layers = written_out(lambda h, i, w: add(dot(h, w[i]), w[i]), [SQUARE] * 10, 10)
    additions = written_out(lambda h, _, w: add(add(h, w[0]), w[0]), [SQUARE], 20)
    apart = written_out(lambda h, i, w: add(dot(w[0], w[1]), w[i]), [SQUARE] * 10, 10)
    assert loops(roll(recurrent, work=1)) == 1
    assert roll(recurrent) is recurrent, "a step of 144 operations"
    assert roll(layers, work=1) is layers and loops(roll(layers, work=1, copies=0)) == 1, "their weights are copied"
    assert roll(additions, work=1) is additions, "nothing is multiplied"
    assert roll(apart, work=1) is apart, "no step reads the one before"


def test_views_of_views_of_what_a_step_computes_are_not_from_outside() -> None:
    view, dot, add = OPERATORS["_view"], OPERATORS["dot"], OPERATORS["elemwise_add"]
    parameters = [leaf(SQUARE), leaf(SQUARE)]
    state, weight = map(Value, parameters)
    for _ in range(6):
        state = dot(state, weight)
        halves = [view(state, shape=(2, 4), offset=ir.full((), 8 * i, np.dtype("int32"))) for i in range(2)]
        quarters = [
            view(half, shape=(1, 4), offset=ir.full((), 4 * i, np.dtype("int32"))) for half in halves for i in range(2)
        ]
        state = OPERATORS["Concat"](*[add(a, b) for a, b in zip(quarters, quarters[::-1], strict=True)], dim=0)
    graph = Graph(parameters, [state.ref])
    arrays = [np.random.default_rng(0).normal(size=(4, 4)).astype("float32") for _ in parameters]
    made = verify(roll(graph, least=2, work=0, copies=0))
    same_bits(evaluate(expand(made), arrays), evaluate(expand(graph), arrays), "views of views")


def test_what_may_fail_is_not_rolled() -> None:
    dot, inverse = OPERATORS["dot"], OPERATORS["_linalg_inverse"]
    graph = written_out(lambda h, _, w: inverse(dot(h, w[0])), [SQUARE], 10)
    assert roll(graph, work=1) is graph


def test_the_setting_turns_them_off() -> None:
    assert set(OPTIONAL["roll"]) <= set(pipeline())
    with config.using(roll=False):
        assert not set(OPTIONAL["roll"]) & set(pipeline())


def test_long_chains_are_looked_through_once() -> None:
    dot, add = OPERATORS["dot"], OPERATORS["elemwise_add"]
    graph = written_out(lambda h, _, w: add(dot(h, w[0]), w[1]), [SQUARE, SQUARE], 3000)
    assert loops(roll(graph, work=1)) == 1
    other = written_out(lambda h, i, w: dot(h, w[i * i % 7 % 2]), [SQUARE, SQUARE], 3000)
    verify(roll(other, work=1, copies=0))


def test_a_recurrent_network_is_one_program_of_two_loops() -> None:
    """Its numbers are those of the interpreter, and other data and rates compile nothing more."""
    rng = np.random.default_rng(3)
    rows, steps, width = 32, 10, 64

    def train() -> list[Any]:
        w, b = nd.array(start * 0.1), nd.zeros((width,))
        losses = []
        for number in range(3):
            for each in (w, b):
                each.attach_grad()
            x = nd.array(data[number])
            nd.waitall()
            with autograd.record():
                h = nd.zeros((rows, width))
                for t in range(steps):
                    h = nd.tanh(nd.dot(h, w) + b + x[t])
                loss = (h * h).mean()
            loss.backward()
            w, b = w - (0.1 + number) * w.grad, b - (0.1 + number) * b.grad
            nd.waitall()
            losses += [loss.asnumpy(), w.asnumpy(), b.asnumpy()]
        return losses

    start = rng.normal(size=(width, width)).astype("float32")
    data = rng.normal(size=(3, steps, rows, width)).astype("float32")
    with config.using(tier="interpreted"):
        expected = train()
    with config.using(tier="compiled"):
        made = train()
        last = max(viz.programs(), key=lambda program: len(program.graph))
    assert last.runs == 3 and loops(roll(last.graph)) == 2
    for found, value in zip(made, expected, strict=True):
        # Ten products of 64 terms and their gradients: float32 keeps five digits.
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5)
