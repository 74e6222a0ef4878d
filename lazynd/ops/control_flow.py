"""Loops and choices whose bodies are traced Python functions: one operator each, behind ``nd.contrib``.

The parameters of a body are: the state, the rows of sequences, further arrays, the numbers of the operations in it, and
(where it draws) seed and counter of its first draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir import build as ir
from ..ir import control
from ..ir.build import Value
from ..ir.graph import Graph, inline
from ..ir.types import BOOL, UINT32, Type, require
from .kinds import Body, Draw, Numbers
from .operator import op

_FLOAT64 = np.dtype("float64")


def _run(body: Graph, values: Sequence[Value]) -> list[Value]:
    """The results of ``body`` on ``values``."""
    return [Value(ref) for ref in inline(body, [v.ref for v in values])]


def _truth(value: Value) -> Value:
    """Whether ``value``, of one element, is not zero."""
    scalar = ir.reshape(value, ())
    return scalar if scalar.dtype == BOOL else scalar != 0


def _type(*shape: int, dtype: Any = _FLOAT64) -> Type:
    return Type(shape, np.dtype(dtype))


def _foreach_samples(rng: Any) -> list[Any]:
    def step(state: Value, row: Value, weight: Value, number: Value) -> list[Value]:
        made = ir.tanh(ir.dot_general(state, weight, ((1,), (0,))) + row * number)
        return [made, made * row]

    def noisy(state: Value, row: Value, seed: Value, counter: Value) -> list[Value]:
        noise = ir.convert(ir.random_bits(seed, counter, (3,)), _FLOAT64) * 2.0**-32
        return [state * noise + row, state]

    x, h, w = rng.normal(size=(4, 2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(3, 3))
    words = [_type(dtype=UINT32)] * 2
    bodies = (
        control.as_graph(step, [_type(2, 3), _type(2, 3), _type(3, 3), _type()]),
        control.as_graph(noisy, [_type(3), _type(3), *words]),
    )
    counts = {"states": 1, "sequences": 1}
    return [
        ((h, x, w), {"body": bodies[0], **counts, "numbers": (0.5,)}),
        ((h[0], x[:, 0]), {"body": bodies[1], **counts, "draws": 1}),
    ]


@op(samples=_foreach_samples, method=False, draws=lambda attributes: attributes["draws"] > 0, dtypes=None)
def _foreach(
    *arrays: Value, body: Body, states: int, sequences: int, draws: int = 0, numbers: Numbers = (), draw: Draw = None
) -> Any:
    """``body`` for each row of the ``sequences``, which follow the ``states`` in ``arrays``; the others stay the same.

    Results: the last states, then the outputs of the steps, stacked. ``draws``: how many draws a step makes.
    """
    require(sequences > 0, "foreach needs a sequence")
    init, rows, constants = arrays[:states], list(arrays[states : states + sequences]), arrays[states + sequences :]
    length = rows[0].shape[0]
    further = [*constants, *numbers]
    if draws:
        seed, counter = draw
        further.append(seed)
        rows.append(ir.broadcast_to(counter, (length,)) + ir.iota((length,), 0, UINT32, counter.context) * draws)

    def step(state: Sequence[Value], row: Sequence[Value], same: Sequence[Value]) -> Any:
        made = _run(body, [*state, *row[:sequences], *same, *row[sequences:]])
        return made[:states], made[states:]

    last, outputs = control.scan(step, init, rows, further)
    return (*last, *outputs)


def _while_samples(rng: Any) -> list[Any]:
    types = [_type(3), _type(1, dtype="int32"), _type(3), _type()]

    def test(state: Value, count: Value, rate: Value, number: Value) -> list[Value]:
        return [count < 3]

    def step(state: Value, count: Value, rate: Value, number: Value) -> list[Value]:
        grown = state * rate + number
        return [grown, count + 1, grown * state]

    arrays = (rng.normal(size=3), np.array([0], "int32"), rng.normal(size=3))
    given = {"body": control.as_graph(step, types), "test": control.as_graph(test, types), "states": 2, "limit": 5}
    return [(arrays, {**given, "numbers": (0.5,)})]


@op(samples=_while_samples, method=False, dtypes=None)
def _while_loop(*arrays: Value, body: Body, test: Body, states: int, limit: int, numbers: Numbers = ()) -> Any:
    """``body`` as long as ``test`` holds for the ``states``, the first of ``arrays``, but at most ``limit`` times.

    Results: the last states, then the outputs of the steps in ``limit`` rows, zeros behind the last step.
    """

    def check(state: Sequence[Value], same: Sequence[Value]) -> Value:
        return _truth(_run(test, [*state, *same])[0])

    def step(state: Sequence[Value], same: Sequence[Value]) -> Any:
        made = _run(body, [*state, *same])
        return made[:states], made[states:]

    last, outputs = control.while_(check, step, arrays[:states], [*arrays[states:], *numbers], limit=limit)
    return (*last, *outputs)


def _cond_samples(rng: Any) -> list[Any]:
    types = [_type(1, dtype="int32"), _type(2, 3), _type(2, 3), _type()]
    on_true = control.as_graph(lambda predicate, x, y, number: [x * y + number, ir.exp(x)], types)
    on_false = control.as_graph(lambda predicate, x, y, number: [x - y, y], types)
    x, y = rng.normal(size=(2, 2, 3))
    branches = {"on_true": on_true, "on_false": on_false, "numbers": (0.5,)}
    return [((np.array([flag], "int32"), x, y), branches) for flag in (2, 0)]


@op(samples=_cond_samples, method=False, dtypes=None)
def _cond(*arrays: Value, on_true: Body, on_false: Body, numbers: Numbers = ()) -> Any:
    """``on_true`` of the ``arrays`` if the first, of one element, is not zero, else ``on_false``; one of them runs."""
    branches = (lambda *values: _run(on_true, values)), (lambda *values: _run(on_false, values))
    return control.cond(_truth(arrays[0]), *branches, [*arrays, *numbers])
