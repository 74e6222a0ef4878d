"""Loops and choices in the IR: what their gradients look like, what types they refuse, bodies as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lazynd.backends.numpy import evaluate
from lazynd.ir import build as ir
from lazynd.ir.control import as_graph, cond, scan, while_
from lazynd.ir.derived import GraphOp, as_operator
from lazynd.ir.errors import OperatorError
from lazynd.ir.gradient import cotangents_of
from lazynd.ir.graph import Graph, equal_graphs, graph_of, subgraphs
from lazynd.ir.linearize import linearize
from lazynd.ir.node import Node
from lazynd.ir.parse import ParseError, parse_graph
from lazynd.ir.specialization import Specialization
from lazynd.ir.text import print_graph
from lazynd.ir.types import Type
from lazynd.ir.value import Value
from lazynd.ir.verify import VerificationError, verify
from lazynd.passes import run_pipeline

from .special import compiled

F = np.dtype("float64")


def types(*shapes: tuple[int, ...]) -> list[Type]:
    return [Type(shape, F) for shape in shapes]


def as_op(graph: Graph) -> Specialization:
    return as_operator(graph, GraphOp("tested"))


def split(graph: Graph, needs: Sequence[bool]) -> tuple[Graph, Graph]:
    """The forward pass that keeps residuals, and the backward pass for the visible outputs, as programs."""
    linear = linearize(as_op(graph), tuple(needs))
    present = tuple(k < len(graph.outputs) for k in range(len(linear.spec.out_types)))
    backward = linear.backward(present).spec
    assert backward is not None
    return run_pipeline(graph_of(linear.spec), check=True), run_pipeline(graph_of(backward), check=True)


def check_gradient(graph: Graph, arrays: Sequence[Any], rtol: float = 1e-6) -> None:
    """The split gradient against central differences, on the interpreter and on XLA."""
    needs = [np.asarray(a).dtype.kind == "f" for a in arrays]
    linear = linearize(as_op(graph), tuple(needs))
    rng = np.random.default_rng(2)
    forward = run_pipeline(graph_of(linear.spec))
    present = tuple(k < len(graph.outputs) and r.type.dtype == F for k, r in enumerate(linear.graph.outputs))
    step = linear.backward(present)
    assert step.spec is not None
    backward = run_pipeline(graph_of(step.spec))
    shown = [ref.type.shape for ref, there in zip(linear.graph.outputs, present, strict=True) if there]
    seeds = [rng.uniform(0.5, 1.5, shape) for shape in shown]
    for run in (evaluate, compiled):
        results = run(forward, arrays)
        sources = [*arrays, *results]
        found = dict(zip(step.targets, run(backward, [*(sources[k] for k in step.residuals), *seeds]), strict=True))
        for number, need in enumerate(needs):
            if need:
                expected = numeric(graph, arrays, seeds, number)
                np.testing.assert_allclose(found.get(number, 0 * expected), expected, rtol=rtol, atol=1e-7)


def numeric(graph: Graph, arrays: Sequence[Any], seeds: Sequence[Any], number: int) -> Any:
    """Central differences: with steps of 1e-6, good to 1e-9 times the curvature."""
    flat = run_pipeline(graph)
    base = np.array(arrays[number], F)
    found = np.zeros_like(base)
    for at in np.ndindex(base.shape):
        sums = []
        for sign in (1, -1):
            moved = base.copy()
            moved[at] += sign * 1e-6
            results = evaluate(flat, [*arrays[:number], moved, *arrays[number + 1 :]])
            floats = [r for r in results if r.dtype == F]
            sums.append(sum(float((r * s).sum()) for r, s in zip(floats, seeds, strict=True)))
        found[at] = (sums[0] - sums[1]) / 2e-6
    return found


def product(x: Value, w: Value) -> Value:
    return ir.dot_general(x, w, ((1,), (0,)))


def nodes_of(graph: Graph, name: str) -> list[Node]:
    return [node for node in graph.nodes if node.spec is not None and node.spec.op.name == name]


# ---------------------------------------------------------------------------------- the gradient of a scan


def recurrent(x: Value, h: Value, w: Value, b: Value) -> list[Value]:
    def step(state: Any, rows: Any, constants: Any) -> Any:
        made = ir.tanh(ir.dot_general(state[0], constants[0], ((1,), (1,))) + rows[0] + constants[1])
        return (made,), (made * 2.0,)

    (last,), (outputs,) = scan(step, (h,), (x,), (w, b))
    return [last, outputs]


RECURRENT = as_graph(recurrent, types((5, 2, 3), (2, 3), (3, 3), (3,)))


def test_weight_gradients_are_one_product_after_the_loop() -> None:
    forward, backward = split(RECURRENT, [True] * 4)
    (loop,) = nodes_of(backward, "scan")
    assert loop.spec is not None
    attributes = loop.spec.attributes
    assert attributes["reverse"] and attributes["carries"] == 1, "the state's cotangent is all that is carried"
    assert not any(ref.type.shape == (3, 3) for ref in attributes["body"].outputs)
    weight = [node for node in nodes_of(backward, "dot_general") if node.type.shape == (3, 3)]
    assert [node.spec.attributes["contract"] for node in weight] == [((0, 1), (0, 1))]
    assert len(nodes_of(forward, "scan")) == 1


def test_the_forward_pass_keeps_what_the_backward_pass_reads() -> None:
    forward, backward = split(RECURRENT, [True] * 4)
    (loop,) = nodes_of(forward, "scan")
    assert loop.spec is not None
    # The last state, the outputs, and the one tanh: the states before the steps are those after the steps before.
    assert [t.shape for t in loop.spec.out_types] == [(2, 3), (5, 2, 3), (5, 2, 3)]
    (back,) = nodes_of(backward, "scan")
    body = back.spec.attributes["body"]
    assert not any(node.spec.op.name == "tanh" for node in body.nodes), "nothing runs twice"


def test_gradients_that_nobody_wants_are_not_computed() -> None:
    _, backward = split(RECURRENT, [False, False, True, False])
    (loop,) = nodes_of(backward, "scan")
    assert loop.spec is not None
    assert len(loop.spec.out_types) == 2, "the carried cotangent and one stack"
    _, backward = split(RECURRENT, [True, False, False, False])
    assert not [node for node in nodes_of(backward, "dot_general") if node.type.shape == (3, 3)]


def test_gradients_of_a_scan() -> None:
    rng = np.random.default_rng(1)
    check_gradient(RECURRENT, [rng.normal(size=n.type.shape) for n in RECURRENT.inputs])


def test_rows_that_steps_look_up_are_scattered_once() -> None:
    def embedded(table: Value, at: Value, h: Value) -> list[Value]:
        def step(state: Any, rows: Any, constants: Any) -> Any:
            made = ir.tanh(state[0] + ir.gather(constants[0], (rows[0],), (0,)))
            return (made,), ()

        return list(scan(step, (h,), (at,), (table,))[0])

    graph = as_graph(embedded, [*types((7, 3)), Type((4, 2), np.dtype("int32")), *types((2, 3))])
    _, backward = split(graph, [True, False, True])
    (loop,) = nodes_of(backward, "scan")
    assert not nodes_of(loop.spec.attributes["body"], "scatter")
    assert len(nodes_of(backward, "scatter")) == 1
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 7, (4, 2)).astype("int32")
    check_gradient(graph, [rng.normal(size=(7, 3)), rows, rng.normal(size=(2, 3))])


def test_what_is_no_product_is_added_up_in_the_loop() -> None:
    def scaled(x: Value, h: Value, a: Value) -> list[Value]:
        def step(state: Any, rows: Any, constants: Any) -> Any:
            made = ir.sin(state[0] * constants[0]) + rows[0] * ir.sum(constants[0])
            return (made,), (made,)

        state, outputs = scan(step, (h,), (x,), (a,), reverse=True)
        return [*state, *outputs]

    graph = as_graph(scaled, types((4, 3), (3,), (3,)))
    rng = np.random.default_rng(4)
    check_gradient(graph, [rng.normal(size=n.type.shape) for n in graph.inputs])


def test_sliced_weights_and_two_uses() -> None:
    def sliced(x: Value, h: Value, w: Value) -> list[Value]:
        def step(state: Any, rows: Any, constants: Any) -> Any:
            first = ir.slice_(constants[0], (0, 0), (3, 3))
            second = ir.transpose(ir.slice_(constants[0], (3, 0), (6, 3)))
            made = ir.tanh(product(rows[0], first) + product(state[0], second))
            return (made - ir.dot_general(made, first, ((1,), (1,))),), ()

        return list(scan(step, (h,), (x,), (w,))[0])

    graph = as_graph(sliced, types((4, 2, 3), (2, 3), (6, 3)))
    _, backward = split(graph, [True] * 3)
    (loop,) = nodes_of(backward, "scan")
    assert loop.spec is not None
    assert not any(ref.type.shape in ((3, 3), (6, 3)) for ref in loop.spec.attributes["body"].outputs)
    rng = np.random.default_rng(5)
    check_gradient(graph, [0.5 * rng.normal(size=n.type.shape) for n in graph.inputs])


def test_a_scan_without_steps() -> None:
    graph = as_graph(recurrent, types((0, 2, 3), (2, 3), (3, 3), (3,)))
    arrays = [np.ones(n.type.shape) for n in graph.inputs]
    for run in (evaluate, compiled):
        last, outputs = run(run_pipeline(graph), arrays)
        assert outputs.shape == (0, 2, 3) and (last == 1).all()
    check_gradient(graph, arrays)


def test_a_scan_in_a_scan_and_a_choice_in_it() -> None:
    def nested(x: Value, h: Value, w: Value) -> list[Value]:
        def inner(state: Any, rows: Any, constants: Any) -> Any:
            positive = ir.sum(rows[0]) > 0.0
            (made,) = cond(
                positive,
                lambda s, r, w: [ir.tanh(ir.dot_general(s, w, ((0,), (0,))) + r)],
                lambda s, r, w: [s * r],
                (state[0], rows[0], constants[0]),
            )
            return (made,), (made * made,)

        def outer(state: Any, rows: Any, constants: Any) -> Any:
            (last,), (squares,) = scan(inner, state, rows, constants)
            return (last,), (ir.sum(squares, 0),)

        state, outputs = scan(outer, (h,), (x,), (w,))
        return [*state, *outputs]

    graph = as_graph(nested, types((3, 4, 2), (2,), (2, 2)))
    rng = np.random.default_rng(6)
    arrays = [rng.normal(size=n.type.shape) for n in graph.inputs]
    check_gradient(graph, arrays)
    text = print_graph(graph)
    assert equal_graphs(parse_graph(text), Graph(graph.inputs, graph.outputs))
    assert text.count("graph ") == 5, "two bodies, two branches, and the graph itself"


def test_second_order_through_the_split() -> None:
    """The backward pass of a scan is a program like another: its own split gradient against central differences."""
    linear = linearize(as_op(RECURRENT), (True,) * 4)
    step = linear.backward(tuple(k < 2 for k in range(len(linear.spec.out_types))))
    assert step.spec is not None
    body = step.spec.body
    assert body is not None
    rng = np.random.default_rng(7)
    check_gradient(body, [0.3 * rng.normal(size=n.type.shape) for n in body.inputs], rtol=1e-5)


def test_a_scan_that_kept_nothing_runs_again() -> None:
    graph = RECURRENT
    seeds = [Value(node) for node in as_graph(lambda *v: v, [r.type for r in graph.outputs]).inputs]
    found = cotangents_of(graph.nodes, graph.outputs, seeds, graph.inputs)
    made = Graph([*graph.inputs, *(s.ref.node for s in seeds)], [v.ref for v in found if v is not None])
    assert len(nodes_of(verify(made), "scan")) == 2, "the forward pass once more, with residuals, and the backward pass"


# ---------------------------------------------------------------------------------- while and cond


def test_a_while_loop_stops_and_pads() -> None:
    def counted(start: Value, limit: Value) -> list[Value]:
        state, outputs = while_(
            lambda s, c: s[0] < c[0], lambda s, c: ((s[0] + 1.0,), (s[0] * 10.0,)), (start,), (limit,), limit=4
        )
        return [*state, *outputs]

    graph = run_pipeline(as_graph(counted, types((), ())))
    for run in (evaluate, compiled):
        for limit, last, rows in ((2.5, 3, [0, 10, 20, 0]), (0, 0, [0] * 4), (9, 4, [0, 10, 20, 30])):
            found = run(graph, [np.zeros(()), np.asarray(float(limit))])
            assert found[0] == last and found[1].tolist() == rows


def test_a_while_loop_for_a_gradient_is_a_scan_that_stops() -> None:
    def grown(x: Value, rate: Value) -> list[Value]:
        # Past the last step the logarithm is that of a negative number: its gradient must not reach the result.
        state, outputs = while_(
            lambda s, c: ir.sum(s[0]) < 9.0,
            lambda s, c: ((s[0] * c[0],), (ir.log(9.0 - ir.sum(s[0])),)),
            (x,), (rate,), limit=6,
        )  # fmt: skip
        return [*state, *outputs]

    graph = as_graph(grown, types((2,), ()))
    forward, _ = split(graph, [True, True])
    assert not nodes_of(forward, "while") and len(nodes_of(forward, "scan")) == 1
    check_gradient(graph, [np.array([1.0, 1.5]), np.asarray(1.7)])


@pytest.mark.parametrize("flag", [True, False])
def test_a_choice_keeps_what_its_branch_needs(flag: bool) -> None:
    def chosen(flag: Value, x: Value, w: Value) -> list[Value]:
        twice = lambda x, w: [product(ir.tanh(product(x, w)), w)]  # noqa: E731 - as short as the other one
        return list(cond(flag, twice, lambda x, w: [x * 3.0], (x, w)))

    graph = as_graph(chosen, [Type((), np.dtype(bool)), *types((2, 3), (3, 3))])
    rng = np.random.default_rng(8)
    check_gradient(graph, [np.asarray(flag), rng.normal(size=(2, 3)), rng.normal(size=(3, 3))])
    _, backward = split(graph, [False, True, True])
    (choice,) = nodes_of(backward, "cond")
    assert not nodes_of(subgraphs(choice.spec)["on_false"], "dot_general")


# ---------------------------------------------------------------------------------- types, text, structure


def test_wrong_bodies_are_refused() -> None:
    x, h = (Value(n) for n in as_graph(lambda *v: v, types((4, 3), (3,))).inputs)
    with pytest.raises(OperatorError, match=r"the state after a step must be float64\[3\], not float64\[\]"):
        scan(lambda s, r, c: ((ir.sum(s[0]),), ()), (h,), (x,))
    with pytest.raises(OperatorError, match="sequences must have 5 rows"):
        scan(lambda s, r, c: (s, ()), (h,), (x,), length=5)
    with pytest.raises(OperatorError, match="from outside: pass it as a constant"):
        scan(lambda s, r, c: ((s[0] + h,), ()), (h,), (x,))
    with pytest.raises(OperatorError, match="the branches give different types"):
        cond(ir.sum(h) > 0.0, lambda h: [h], lambda h: [ir.sum(h)], (h,))
    with pytest.raises(OperatorError, match="predicate must be a 0-d bool"):
        cond(h > 0.0, lambda h: [h], lambda h: [h], (h,))
    with pytest.raises(OperatorError, match="the result of the test"):
        while_(lambda s, c: s[0], lambda s, c: (s, ()), (h,), limit=3)


def test_bodies_that_compute_the_same_are_one_specialization() -> None:
    again = as_graph(recurrent, types((5, 2, 3), (2, 3), (3, 3), (3,)))
    assert again.nodes[0].spec is RECURRENT.nodes[0].spec
    assert again.structure == RECURRENT.structure
    other = as_graph(
        lambda x, h, w, b: [v * 2.0 for v in recurrent(x, h, w, b)], types((5, 2, 3), (2, 3), (3, 3), (3,))
    )
    assert other.structure != RECURRENT.structure


def test_text_refers_to_bodies_by_name() -> None:
    text = print_graph(RECURRENT, locations=False)
    assert text.startswith("graph body(%0: float64[2,3], %1: float64[2,3], %2: float64[3,3], %3: float64[3]) {\n")
    assert "ir.scan(%1, %0, %2, %3) {body=@body, length=5, reverse=False, carries=1, sequences=1}" in text
    assert print_graph(parse_graph(text), locations=False) == text
    with pytest.raises(ParseError, match="there is no graph 'body'"):
        parse_graph(text[text.index("graph main") :])
    with pytest.raises(ParseError, match="defined twice"):
        parse_graph(text[: text.index("graph main")] + text)


def test_the_verifier_looks_inside() -> None:
    body = RECURRENT.nodes[0].spec.attributes["body"]
    broken = Graph(body.inputs, body.outputs, body.nodes[1:])
    spec = RECURRENT.nodes[0].spec
    assert spec is not None
    wrong = Specialization(spec.op, spec.in_types, {**spec.attributes, "body": broken}, spec.out_types)
    with pytest.raises(VerificationError):
        verify(graph_of(wrong))
