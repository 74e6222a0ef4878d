"""Calls: values and gradients against the same graph without calls."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd.ir import build as ir
from lazynd.ir.call import call
from lazynd.ir.derived import GraphOp, as_operator
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import graph_of
from lazynd.ir.linearize import linearize
from lazynd.ir.value import Value
from lazynd.ops import OPERATORS

from .. import differentiation as d
from .calls import (
    BODIES,
    DRAW,
    LEARNING_RATE,
    NOISY,
    SQUARE,
    agree,
    arrays_of,
    gradient_graph,
    graph,
    made,
    run,
    two_layers,
)


@pytest.mark.parametrize("name", BODIES)
def test_a_call_is_the_graph_that_it_holds(name: str) -> None:
    whole = graph(name)
    arrays = arrays_of(whole)
    spec, inlined = call(whole, name), as_operator(flatten(whole), GraphOp("inlined"))
    for order in range(3):
        expected = d.interpret(inlined, arrays)
        agree(d.interpret(spec, arrays), expected)
        if order == 2:  # with the results of the lower ones among its own
            agree(d.compiled(spec, arrays), expected)
            return
        spec, inlined = (
            call(gradient_graph(spec), f"{name}_gradient"),
            as_operator(flatten(gradient_graph(inlined)), GraphOp("inlined")),
        )
        arrays = arrays_of(graph_of(spec))


@pytest.mark.parametrize("name", BODIES)
def test_the_gradient_of_a_call_is_that_of_finite_differences(name: str) -> None:
    spec = call(graph(name), name)
    arrays = arrays_of(graph_of(spec))
    seeds = [np.full(t.shape, 0.5 + k) for k, t in enumerate(spec.out_types)]
    found = d.gradients(spec, arrays, seeds)
    for number in range(len(arrays)):
        expected = d.numeric_gradient(spec, arrays, seeds, number)
        np.testing.assert_allclose(found.get(number, 0 * expected), expected, rtol=1e-6, atol=1e-7)


def test_what_is_dear_is_kept_and_what_is_cheap_is_computed_again() -> None:
    def body(x: Value, w: Value) -> list[Value]:
        return [ir.exp(ir.tanh(OPERATORS["dot"](x, w)) * 2.0 + 1.0) * w]

    spec = made(body, 2)
    linear = linearize(spec, (True, True))
    back = linear.backward((True, *(False for _ in linear.spec.out_types[1:]))).spec
    assert back is not None and back.body is not None and linear.spec.body is not None
    names = [n.spec.op.name for n in flatten(back.body).nodes if n.spec is not None]
    assert not {"tanh", "exponential"} & set(names), "transcendentals are kept"
    assert names.count("dot_general") == 2, "only those of the gradients: contractions are kept"
    kept = {ref.node.spec.op.name for ref in linear.spec.body.outputs[1:]}
    assert kept == {"tanh", "exponential"}, "products and sums are not"
    operator = linearize(as_operator(flatten(graph_of(spec)), GraphOp("operator")), (True, True))
    assert [ref.node.spec.op.name for ref in operator.graph.outputs[1:]] == ["dot_general"]


def test_a_gradient_is_derived_once() -> None:
    spec = made(lambda x, w, v: two_layers(x, w, v)[:1], 3)
    linear = linearize(spec, (True, False, True))
    assert linearize(made(lambda x, w, v: two_layers(x, w, v)[:1], 3), (True, False, True)) is linear
    present = (True, *(False for _ in linear.spec.out_types[1:]))
    assert linear.backward(present) is linear.backward(present)
    derived = linear.backward(present).spec
    assert derived is not None
    assert linearize(derived, d.needs_of(derived)) is linearize(derived, d.needs_of(derived))
    assert derived.op.name == "vjp_made"


def test_slots_and_draws_come_with_the_call() -> None:
    x, w = np.full((3, 3), 0.5), np.ones((3, 3))
    given = [x, w, np.float64(2.0), np.uint32(3), np.uint32(4)]
    y, written = d.interpret(NOISY, given)
    agree(d.compiled(NOISY, given), [y, written])
    agree([written], [w - y])
    agree(d.interpret(NOISY, [x, w, np.float64(4.0), *given[3:]])[:1], [2 * y])
    assert not np.allclose(d.interpret(NOISY, [*given[:3], np.uint32(5), np.uint32(4)])[0], y)


def test_draws_are_drawn_again_for_the_gradient() -> None:
    given = [np.full((3, 3), 0.5), np.ones((3, 3)), np.float64(2.0), np.uint32(3), np.uint32(4)]
    seeds = [np.full((3, 3), 0.7), np.full((3, 3), 0.2)]
    for run_it in (d.interpret, d.compiled):
        found = d.gradients(NOISY, given, seeds, run_it)
        for number in (0, 1):
            expected = d.numeric_gradient(NOISY, given, seeds, number)
            np.testing.assert_allclose(found[number], expected, rtol=1e-6, atol=1e-7)
    linear = linearize(NOISY, (True, True))
    assert [ref.node.spec.op.name for ref in linear.graph.outputs[2:]] == ["exponential"]


def test_a_call_of_a_call_hands_its_slots_down() -> None:
    def outer(x: Value, w: Value, lr: Value, *key: Value) -> list[Value]:
        return list(run(NOISY, ir.sin(x), w, lr * 2.0, *key))

    spec = made(outer, 2, slots=(LEARNING_RATE, *DRAW), writes=(1,))
    given = [np.full((3, 3), 0.5), np.ones((3, 3)), np.float64(2.0), np.uint32(3), np.uint32(4)]
    expected = d.interpret(NOISY, [np.sin(given[0]), given[1], np.float64(4.0), *given[3:]])
    agree(d.interpret(spec, given), expected)
    agree(d.compiled(spec, given), expected)


def test_a_call_may_do_nothing_but_write() -> None:
    spec = made(lambda x, w: [x + w, x], 2, writes=(0, 1))
    assert spec.writes == (0, 1) and len(spec.out_types) == 2
    given = [np.full((3, 3), 0.5), np.ones((3, 3))]
    agree(d.interpret(spec, given), [given[0] + given[1], given[0]])


def test_an_input_that_is_not_read_is_no_input_of_what_is_recorded() -> None:
    spec = call(graph("unread"), "unread")
    assert spec.pruned is not None
    smaller, live = spec.pruned
    assert list(live) == [0, 2] and smaller.in_types == (SQUARE, SQUARE)
    arrays = arrays_of(graph_of(spec))
    agree(d.interpret(smaller, [arrays[0], arrays[2]]), d.interpret(spec, arrays))
    assert smaller.body is not None
    names = [node.spec.op.name for node in smaller.body.nodes if node.spec is not None]
    assert "first_only" in names, "calls inside stay calls"
