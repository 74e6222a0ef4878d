"""Calls: values and gradients against the same graph without calls; equal ones are one specialization."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.ir import build as ir
from lazynd.ir.call import Call, call
from lazynd.ir.control import cond, scan, trace, while_
from lazynd.ir.derived import GraphOp, as_operator
from lazynd.ir.errors import OperatorError
from lazynd.ir.gradient import flatten
from lazynd.ir.graph import Graph, equal_graphs, graph_of
from lazynd.ir.linearize import linearize
from lazynd.ir.node import apply, leaf, outputs
from lazynd.ir.parse import parse_graph
from lazynd.ir.specialization import NODE_COST, Slot, Specialization
from lazynd.ir.text import print_graph
from lazynd.ir.types import UINT32, Context, Type
from lazynd.ir.value import Value, results, wrap
from lazynd.ir.verify import verify
from lazynd.nd.invoke import record
from lazynd.ops import OPERATORS
from lazynd.passes import run_pipeline

from .. import differentiation as d

F = np.dtype("float64")
SQUARE, NUMBER, WORD = Type((3, 3), F), Type((), F), Type((), UINT32)
LEARNING_RATE = Slot("lr", "runtime", NUMBER)
DRAW = (Slot("key", "draw", WORD), Slot("key", "draw", WORD))


def run(spec: Specialization, *values: Value) -> tuple[Value, ...]:
    """``spec`` applied in a body."""
    return results(wrap(spec, [v.ref for v in values]))


def made(function: Callable[..., Sequence[Value]], n: int, name: str = "made", **more: Any) -> Specialization:
    """``function`` of ``n`` square matrices and the slots as a call."""
    slots = more.get("slots", ())
    return call(trace(function, [SQUARE] * n + [slot.type for slot in slots]), name, **more)


def dense(x: Value, w: Value) -> list[Value]:
    return [ir.tanh(OPERATORS["dot"](x, w) * 0.5)]


DENSE = made(dense, 2, "dense")


def two_layers(x: Value, w: Value, v: Value) -> list[Value]:
    (h,) = run(DENSE, x, w)
    (h,) = run(DENSE, h, v)
    return [OPERATORS["softmax"](h) * x, ir.exp(h)]


def nested_twice(x: Value, w: Value) -> list[Value]:
    inner = made(two_layers, 3, "two_layers")
    first, second = run(inner, x, w, w)
    return list(run(inner, first, second, w))


def passing(x: Value, w: Value) -> list[Value]:
    y = ir.sin(x) * w
    return [x, y, y, x]


def unread(x: Value, w: Value, v: Value) -> list[Value]:
    return [run(made(lambda a, b: [ir.exp(a)], 2, "first_only"), ir.sin(x), w)[0] * v]


def loop_inside(x: Value, w: Value) -> list[Value]:
    def step(state: Any, rows: Any, constants: Any) -> Any:
        h = ir.tanh(OPERATORS["dot"](state[0], constants[0]) + rows[0])
        return (h,), (ir.exp(h),)

    (last,), (stacked,) = scan(step, (x,), (ir.reshape(x, (3, 1, 3)),), (w,))
    return [last, ir.sum(stacked, 0)]


def call_in_loop(x: Value, w: Value) -> list[Value]:
    def step(state: Any, rows: Any, constants: Any) -> Any:
        (h,) = run(DENSE, state[0], constants[0])
        return (h + rows[0],), (h,)

    (last,), (stacked,) = scan(step, (x,), (ir.reshape(x, (3, 1, 3)),), (w,))
    return [last, ir.sum(stacked, 0)]


def call_in_while(x: Value, w: Value) -> list[Value]:
    test = made(lambda s: [ir.sum(s * s) < 50.0], 1, "test")
    (last,), (stacked,) = while_(
        lambda state, constants: run(test, *state)[0],
        lambda state, constants: ((state[0] * 1.5 + run(DENSE, state[0], constants[0])[0],), (state[0],)),
        (x,), (w,), limit=6,
    )  # fmt: skip
    return [last, ir.sum(stacked, 0)]


def call_in_choice(x: Value, w: Value) -> list[Value]:
    inner = made(loop_inside, 2, "loop")
    found = cond(ir.sum(x) > 0.0, lambda a, b: run(DENSE, a, b), lambda a, b: run(inner, a, b)[:1], [x, w])
    return [found[0] * x]


_BODIES = (
    dense, two_layers, nested_twice, passing, unread, loop_inside, call_in_loop, call_in_while, call_in_choice,
)  # fmt: skip
BODIES = {function.__name__: function for function in _BODIES}


def graph(name: str) -> Graph:
    function = BODIES[name]
    return trace(function, [SQUARE] * function.__code__.co_argcount)


def gradient_graph(spec: Specialization) -> Graph:
    """The gradient of ``spec`` as it is recorded: a node that keeps residuals, and a node that reads them."""
    linear = linearize(spec, d.needs_of(spec))
    parameters = [leaf(t) for t in (*spec.in_types, *(slot.type for slot in spec.slots))]
    forward = outputs(apply(linear.spec, parameters))
    n_inputs, n_outputs = len(spec.in_types), len(spec.out_types)
    step = linear.backward(tuple(k < n_outputs for k in range(len(forward))))
    assert step.spec is not None
    seeds = [leaf(t) for t in spec.out_types]
    sources = [*parameters[:n_inputs], *forward]
    slots = parameters[n_inputs:] if step.spec.slots else []
    back = outputs(apply(step.spec, [*(sources[k] for k in step.residuals), *seeds, *slots]))
    return Graph([*parameters[:n_inputs], *seeds, *parameters[n_inputs:]], [*forward[:n_outputs], *back])


def arrays_of(graph: Graph) -> list[Any]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0.2, 1, node.type.shape).astype(node.type.dtype) for node in graph.inputs]


def agree(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------ values and gradients


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


# --------------------------------------------------------------------------------- slots, draws and writes


def noisy(x: Value, w: Value, lr: Value, *key: Value) -> list[Value]:
    noise = ir.convert(ir.random_bits(*key, (3, 3)), F) * 2.0**-32
    y = ir.exp(x * noise) * lr
    return [y, w - y]


NOISY = made(noisy, 2, "noisy", slots=(LEARNING_RATE, *DRAW), writes=(1,))


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


# ---------------------------------------------------------------------------------------- recorded by users


def apply_to(spec: Specialization, arrays: Sequence[nd.NDArray], scalars: tuple[Any, ...] = ()) -> list[nd.NDArray]:
    cells = [a._cell for a in arrays]
    return [nd.NDArray(cell) for cell in record(spec, scalars, cells, cells, sys._getframe())]


def test_a_recorded_call_is_one_node_and_its_gradient_another() -> None:
    values = arrays_of(graph("two_layers"))
    spec = call(graph("two_layers"), "two_layers")
    arrays = [nd.array(v, dtype="float64") for v in values]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        first, second = apply_to(spec, arrays)
        loss = (first * second).sum()
    loss.backward()
    seeds = d.interpret(spec, values)
    expected = d.gradients(spec, values, seeds[::-1])
    for number, a in enumerate(arrays):
        np.testing.assert_allclose(a.grad.asnumpy(), expected[number], rtol=1e-9)


def test_what_a_recorded_call_writes_moves_its_arrays() -> None:
    x, w = nd.ones((3, 3), dtype="float64") / 2, nd.ones((3, 3), dtype="float64")
    (y,) = apply_to(NOISY, [x, w], (2.0, 3, 4))
    np.testing.assert_allclose(w.asnumpy(), 1 - y.asnumpy())
    updates = made(lambda a, b: [a + b, a], 2, writes=(0, 1))
    assert apply_to(updates, [x, w]) == []
    assert w.asnumpy().tolist() == [[0.5] * 3] * 3


def test_a_recorded_call_may_give_its_input_back() -> None:
    spec = call(graph("passing"), "passing")
    x, w = nd.ones((3, 3), dtype="float64") / 2, nd.ones((3, 3), dtype="float64") * 3
    x.attach_grad()
    with autograd.record():
        same, y, again, still = apply_to(spec, [x, w])
        loss = (same + y + again * still).sum()
    loss.backward()
    sine, cosine = 3 * np.sin(0.5), 3 * np.cos(0.5)
    np.testing.assert_allclose(x.grad.asnumpy(), np.full((3, 3), 1 + cosine + cosine * 0.5 + sine))
    x[:] = 7.0
    assert same.asnumpy().tolist() == still.asnumpy().tolist() == [[0.5] * 3] * 3
    assert np.array_equal(y.asnumpy(), again.asnumpy())


def test_second_order_of_a_recorded_call() -> None:
    spec = made(lambda x: [ir.exp(x) * x], 1)
    x = nd.array(np.full((3, 3), 0.5), dtype="float64")
    x.attach_grad()
    with autograd.record():
        (y,) = apply_to(spec, [x])
        (g,) = autograd.grad(y, [x], create_graph=True)
        z = (g * g).sum()
    z.backward()
    first, second = np.exp(0.5) * 1.5, np.exp(0.5) * 2.5
    np.testing.assert_allclose(x.grad.asnumpy(), np.full((3, 3), 2 * first * second), rtol=1e-9)


# ---------------------------------------------------------------------------------------------- one of each


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
    function = trace(noisy, [SQUARE] * 2 + [NUMBER, WORD, WORD])
    return {
        "another structure": made(lambda *a: noisy(*a)[::-1], 2, "n", slots=(LEARNING_RATE, *DRAW), writes=(1,)),
        "another type": call(
            trace(lambda x, w, lr, *key: [x, w], [narrow, narrow, NUMBER, WORD, WORD]),
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
    assert tanh.code is dense.__code__


# -------------------------------------------------------------------------------------------------- refused


def test_what_is_no_call_is_refused() -> None:
    x, outside = leaf(SQUARE), leaf(SQUARE)
    body = trace(lambda x, w: [x + w], [SQUARE, SQUARE])
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
        ("what is written to input 0", lambda: call(trace(lambda x: [ir.sum(x)], [SQUARE]), "f", (), (0,))),
        ("one device", lambda: call(Graph([x, y := leaf(gpu)], [x, y]), "f")),
    ]
    for message, refused in cases:
        with pytest.raises(OperatorError, match=message):
            refused()


# ------------------------------------------------------------------------------------------------ deep, long


def shifted(inner: Specialization, x: Value) -> tuple[Value, ...]:
    return run(inner, x + 1.0)


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


def long_call(n: int) -> Specialization:
    def body(x: Value, *weights: Value) -> list[Value]:
        for w in weights:
            x = OPERATORS["softmax"](ir.tanh(OPERATORS["dot"](x, w))) + x
        return [x]

    return made(body, n // 4 + 1, "long")


class Counting(int):
    """A number that counts how often it was compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counting.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


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


def test_a_backward_pass_looks_no_residual_up_by_searching() -> None:
    spec = long_call(200)
    linear = linearize(spec, (True,) * len(spec.in_types))
    linear.kept = tuple(map(Counting, linear.kept))
    arrays = [nd.ones((3, 3), dtype="float64") for _ in spec.in_types]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        (y,) = apply_to(spec, arrays)
    Counting.compared = 0
    y.backward()
    assert len(linear.kept) > 100 and Counting.compared == 0


def test_a_call_is_an_operator_given_as_a_graph() -> None:
    assert isinstance(DENSE.op, Call) and DENSE.op.is_call and not DENSE.op.has_gradient_rule
    with pytest.raises(TypeError, match="fixed to its types"):
        DENSE.op.specialize((SQUARE,), {})
