"""Equal calls are one specialization, freed when unused; what is refused; deep nests and long calls."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazynd.ir import build as ir
from lazynd.ir.call import Call, call
from lazynd.ir.control import as_graph, scan
from lazynd.ir.errors import OperatorError
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import Graph, equal_graphs, graph_of
from lazynd.ir.linearize import linearize
from lazynd.ir.node import apply, leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.specialization import NODE_COST, Slot, Specialization
from lazynd.ir.text import print_graph
from lazynd.ir.types import Context, Type
from lazynd.ir.value import Value
from lazynd.ir.verify import verify
from lazynd.passes import run_pipeline

from .. import differentiation as d
from .calls import (
    BODIES,
    DENSE,
    DRAW,
    LEARNING_RATE,
    NOISY,
    NUMBER,
    SQUARE,
    WORD,
    F,
    arrays_of,
    graph,
    long_call,
    loop_inside,
    made,
    noisy,
    run,
)


def test_equal_calls_are_one_specialization_whatever_their_name() -> None:
    def body(x: Value) -> list[Value]:
        return [ir.sin(x) + 0.25]

    spec = made(body, 1, "first")
    assert made(body, 1, "second") is spec and spec.op.name == "first"
    found = weakref.ref(spec)
    del spec
    gc.collect()
    assert found() is None and made(body, 1, "second").op.name == "second"
    assert made(noisy, 2, "again", slots=(LEARNING_RATE, *DRAW), writes=(1,)) is NOISY


def other_calls() -> dict[str, Specialization]:
    narrow = Type((3, 3), np.dtype("float32"))
    function = as_graph(noisy, [SQUARE] * 2 + [NUMBER, WORD, WORD])
    return {
        "another structure": made(lambda *a: noisy(*a)[::-1], 2, "n", slots=(LEARNING_RATE, *DRAW), writes=(1,)),
        "another type": call(
            as_graph(lambda x, w, lr, *key: [x, w], [narrow, narrow, NUMBER, WORD, WORD]),
            "n",
            (LEARNING_RATE, *DRAW),
            (1,),
        ),
        "another kind of slot": call(function, "noisy", (Slot("lr", "index", NUMBER), *DRAW), (1,)),
        "another name of a slot": call(function, "noisy", (Slot("eta", "runtime", NUMBER), *DRAW), (1,)),
        "fewer slots": call(function, "noisy", DRAW, (1,)),
        "other writes": call(function, "noisy", (LEARNING_RATE, *DRAW), (0,)),
        "no writes": call(function, "noisy", (LEARNING_RATE, *DRAW)),
    }


def test_different_calls_are_different_specializations() -> None:
    others = other_calls()
    specs = [NOISY, *others.values()]
    assert len({id(spec) for spec in specs}) == len(specs)
    assert len({graph_of(spec).structure for spec in specs}) == len(specs), "keys of programs tell them apart"


def test_a_call_that_nobody_uses_is_freed_with_all_that_was_derived() -> None:
    def function(x: Value, w: Value) -> list[Value]:
        return [*run(made(loop_inside, 2, "loop"), ir.sin(x), w), *run(DENSE, x, w)]

    spec = made(function, 2, "to_be_freed")
    linear = linearize(spec, (True, True))
    back = linear.backward(tuple(k < 3 for k in range(len(linear.spec.out_types)))).spec
    assert back is not None
    second = linearize(back, d.needs_of(back))
    run_pipeline(graph_of(spec)), run_pipeline(graph_of(back))
    watched = [weakref.ref(each) for each in (spec, linear.spec, back, second.spec)]
    del spec, linear, back, second
    gc.collect()
    assert [ref() for ref in watched] == [None] * 4


def test_loops_of_one_body_share_what_is_derived_from_it() -> None:
    def step(state: Any, rows: Any, constants: Any) -> Any:
        h = ir.tanh(state[0] * constants[0])
        return (h + rows[0],), (ir.exp(h),)

    def sums(x: Value, w: Value, *, reverse: bool, rows: int) -> list[Value]:
        sequence = ir.concatenate([ir.reshape(x, (3, 1, 3))] * rows, 0)
        (last,), (stacked,) = scan(step, (x,), (sequence,), (w,), reverse=reverse)
        return [last, ir.sum(stacked, 0)]

    specs = [
        made(functools.partial(sums, reverse=reverse, rows=rows), 2) for reverse in (False, True) for rows in (1, 2)
    ]
    loops = [
        n.spec for spec in specs for n in (spec.body or Graph([], [])).nodes if n.spec and n.spec.op.name == "scan"
    ]
    assert len(set(loops)) == 4
    arrays = arrays_of(graph_of(specs[0]))
    seeds = [np.full((3, 3), 0.5), np.full((3, 3), 1.5)]
    for spec in specs:
        found = d.gradients(spec, arrays, seeds)
        for number in (0, 1):
            expected = d.numeric_gradient(spec, arrays, seeds, number)
            np.testing.assert_allclose(found[number], expected, rtol=1e-6, atol=1e-7)
    assert len({loop.parts for loop in loops}) == 1


def test_a_call_weighs_as_much_as_what_it_holds() -> None:
    outer = call(graph("two_layers"), "two_layers")
    assert DENSE.nodes == len(DENSE.body or ()) > 1
    assert outer.nodes == 2 * DENSE.nodes + 3, "softmax, its product, and the exponential"
    assert outer.cost >= NODE_COST * outer.nodes
    assert linearize(outer, (True, True, True)).spec.nodes == outer.nodes


def test_nodes_keep_the_lines_of_the_body() -> None:
    node = apply(DENSE, [leaf(SQUARE), leaf(SQUARE)], sys._getframe().f_code, 0)
    flat = flatten(Graph(list(node.inputs or ()), [node]))  # type: ignore[arg-type]
    tanh = flat.outputs[0].node
    assert tanh.code is BODIES["dense"].__code__


def test_what_is_no_call_is_refused() -> None:
    x, outside = leaf(SQUARE), leaf(SQUARE)
    body = as_graph(lambda x, w: [x + w], [SQUARE, SQUARE])
    gpu = Type((3, 3), F, Context("gpu", 0))
    cases: list[tuple[str, Any]] = [
        ("cannot be named", lambda: call(body, "a name")),
        ("needs an output", lambda: call(Graph([x], []), "f")),
        ("from outside", lambda: call(Graph([x], [outside]), "f")),
        ("3 slots", lambda: call(body, "f", [LEARNING_RATE] * 3)),
        ("slot lr is float64", lambda: call(body, "f", [LEARNING_RATE])),
        ("is no slot", lambda: call(body, "f", [Slot("lr", "static", SQUARE)])),
        ("is no slot", lambda: call(body, "f", [Slot("l r", "runtime", SQUARE)])),
        ("not different ones", lambda: call(Graph(body.inputs, list(body.inputs)), "f", (), (1, 1))),
        ("not different ones", lambda: call(body, "f", (), (2,))),
        ("writes to 2 inputs", lambda: call(body, "f", (), (0, 1))),
        ("what is written to input 0", lambda: call(as_graph(lambda x: [ir.sum(x)], [SQUARE]), "f", (), (0,))),
        ("one device", lambda: call(Graph([x, y := leaf(gpu)], [x, y]), "f")),
    ]
    for message, refused in cases:
        with pytest.raises(OperatorError, match=message):
            refused()


def shifted(inner: Specialization, x: Value) -> tuple[Value, ...]:
    return run(inner, x + 1.0)


def beside_what_is_unread(inner: Specialization, x: Value, unread: Value) -> tuple[Value, ...]:
    return run(inner, x + 1.0, unread)


def test_a_nest_does_not_hold_each_level_flat() -> None:
    spec = made(lambda x, unread: [ir.sin(x)], 2)
    for _ in range(1_000):
        spec = made(functools.partial(beside_what_is_unread, spec), 2)
    assert spec.pruned is not None
    for each in (spec, spec.pruned[0]):
        assert len(flatten(graph_of(each))) > 1_000
        held = 0
        while each.body is not None:
            held += each.flat is not None
            each = next(n.spec for n in each.body.nodes[::-1] if n.spec is not None)
        assert not held


def test_calls_nest_without_bound() -> None:
    spec = made(lambda x: [ir.sin(x)], 1)
    for _ in range(3_000):
        spec = made(functools.partial(shifted, spec), 1)
    assert len(flatten(graph_of(spec))) > 3_000
    linear = linearize(spec, (True,))
    assert linear.backward((True, *(False for _ in linear.spec.out_types[1:]))).spec is not None
    assert equal_graphs(parse_graph(print_graph(verify(graph_of(spec)))), graph_of(spec))
    found = weakref.ref(spec)
    del spec, linear
    gc.collect()
    assert found() is None


def opcodes(function: Callable[[], Any]) -> int:
    """How many instructions of Python ``function`` takes."""
    count = 0

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def test_residuals_are_found_in_linear_time() -> None:
    counts = []
    for n in (100, 400):
        spec = long_call(n)
        counts.append(opcodes(lambda: linearize(spec, (True,) * len(spec.in_types))))  # noqa: B023 - called at once
    assert counts[1] < 4.4 * counts[0]


def test_a_call_is_an_operator_given_as_a_graph() -> None:
    assert isinstance(DENSE.op, Call) and DENSE.op.is_call and not DENSE.op.has_gradient_rule
    with pytest.raises(TypeError, match="fixed to its types"):
        DENSE.op.specialize((SQUARE,), {})
