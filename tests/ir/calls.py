"""Calls for the tests: layers, nests, loops and choices, slots, draws and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lazynd.ir import build as ir
from lazynd.ir.call import call
from lazynd.ir.control import as_graph, cond, scan, while_
from lazynd.ir.graph import Graph
from lazynd.ir.linearize import linearize
from lazynd.ir.node import apply, leaf, outputs
from lazynd.ir.specialization import Slot, Specialization
from lazynd.ir.types import UINT32, Type
from lazynd.ir.value import Value, results, wrap
from lazynd.ops import OPERATORS

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
    return call(as_graph(function, [SQUARE] * n + [slot.type for slot in slots]), name, **more)


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
    return as_graph(function, [SQUARE] * function.__code__.co_argcount)


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


def noisy(x: Value, w: Value, lr: Value, *key: Value) -> list[Value]:
    noise = ir.convert(ir.random_bits(*key, (3, 3)), F) * 2.0**-32
    y = ir.exp(x * noise) * lr
    return [y, w - y]


NOISY = made(noisy, 2, "noisy", slots=(LEARNING_RATE, *DRAW), writes=(1,))


def long_call(n: int) -> Specialization:
    def body(x: Value, *weights: Value) -> list[Value]:
        for w in weights:
            x = OPERATORS["softmax"](ir.tanh(OPERATORS["dot"](x, w))) + x
        return [x]

    return made(body, n // 4 + 1, "long")
