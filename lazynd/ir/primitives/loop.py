"""Loops: ``scan`` over rows, ``while`` with a predicate. Their bodies are graphs, static attributes of the node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .. import build as ir
from ..control import as_graph, cond, row, scan, while_
from ..derived import GraphOp, as_operator
from ..errors import OperatorError
from ..gradient import cotangents_of
from ..graph import Graph, inline
from ..linearize import keep_residuals
from ..loop_gradient import keep_in_scan, pull_back_scan
from ..node import leaf
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import BOOL, Type
from ..value import Value
from .elementwise import Array, Samples


class Body(Protocol):
    """A graph among the attributes, as ``evaluate`` gets it."""

    graph: Graph

    def __call__(self, inputs: Sequence[Array]) -> list[Array]: ...


def same_types(name: str, what: str, found: Sequence[Type], expected: Sequence[Type]) -> None:
    """Refuse types of values that a loop or a choice hands over, and that do not fit."""
    if tuple(found) != tuple(expected):
        given, wanted = (", ".join(map(repr, types)) or "nothing" for types in (found, expected))
        raise OperatorError(f"{name}: {what} must be {wanted}, not {given}")


class Loop(Primitive, family=True):
    """Operands: the state at first, (for ``scan``) sequences, constants. Results: the last state, outputs stacked."""

    cheap = False
    nests = True
    tupled = True
    shares = True

    def vjp(self, g: Any, y: Any, *xs: Value, **attributes: Any) -> Any:
        spec = self.specialize(tuple(x.type for x in xs), attributes)
        given, made = (g, y) if isinstance(y, tuple) else ((g,), (y,))
        return self.pull_back(spec, [t.dtype != BOOL for t in spec.in_types], given, made, xs)


class Scan(Loop):
    """``body`` for each row of the ``sequences``, from the last to the first if ``reverse``.

    The body's parameters are ``carries`` values of state, a row of each sequence, and the constants; its results are
    the next state and the outputs of the step.
    """

    name = "scan"

    def infer(
        self, *xs: Type, body: Graph, length: int, reverse: bool, carries: int, sequences: int
    ) -> tuple[Type, ...]:
        state, rows, constants = xs[:carries], xs[carries : carries + sequences], xs[carries + sequences :]
        if any(not x.ndim or x.shape[0] != length for x in rows):
            raise OperatorError(f"scan: the sequences must have {length} rows, not {', '.join(map(repr, rows))}")
        given = [node.type for node in body.inputs]
        same_types("scan", "the parameters of the body", given, [*state, *map(row, rows), *constants])
        made = [ref.type for ref in body.outputs]
        same_types("scan", "the state after a step", made[:carries], state)
        return (*state, *(t.with_shape((length, *t.shape)) for t in made[carries:]))

    def keeping(self, spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
        return keep_in_scan(spec, wanted)

    def pull_back(self, spec: Any, wanted: Any, cotangents: Any, outputs: Any, inputs: Any) -> Any:
        return pull_back_scan(spec, wanted, cotangents, outputs, inputs)

    def evaluate(
        self, *xs: Array, body: Body, length: int, reverse: bool, carries: int, sequences: int
    ) -> tuple[Array, ...]:
        state, rows, constants = list(xs[:carries]), xs[carries : carries + sequences], xs[carries + sequences :]
        made = []
        for i in reversed(range(length)) if reverse else range(length):
            results = body([*state, *(x[i] for x in rows), *constants])
            state = results[:carries]
            made.append(results[carries:])
        if not length:  # the shapes of no outputs are those of any
            results = body([*state, *(np.zeros(x.shape[1:], x.dtype) for x in rows), *constants])
            return (*state, *(np.zeros((0, *r.shape), r.dtype) for r in results[carries:]))
        stacked = [np.stack(column) for column in zip(*(made[::-1] if reverse else made), strict=True)]
        return (*state, *stacked)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        def draw(*shape: int) -> Any:
            return rng.uniform(-1, 1, shape).astype("float64")

        def recurrent(state: Any, rows: Any, constants: Any) -> Any:
            hidden = ir.tanh(ir.dot_general(state[0], constants[0], ((1,), (0,))) + rows[0] + constants[1])
            return (hidden,), (hidden,)

        def decaying(state: Any, rows: Any, constants: Any) -> Any:
            summed = state[0] * constants[0] + rows[0] * rows[1]
            return (summed, state[1] + 1), (summed * state[0], state[1])

        hidden, weight = draw(2, 3), draw(3, 3)
        counted = (draw(3), np.int32(0), draw(4, 3), draw(4, 3), draw(3))
        return [
            _sample(recurrent, (hidden, draw(5, 2, 3), weight, draw(3)), 1, 1),
            _sample(decaying, counted, 2, 2, reverse=True),
        ]


def _types(arrays: Sequence[Any]) -> list[Type]:
    return [Type(np.shape(a), np.asarray(a).dtype) for a in arrays]


def _attributes_of(value: Value) -> dict[str, Any]:
    spec = value.ref.node.spec
    assert spec is not None
    return dict(spec.attributes)


def _sample(step: Any, arrays: tuple[Any, ...], n: int, m: int, reverse: bool = False) -> Any:
    given = [Value(leaf(t)) for t in _types(arrays)]
    state, _ = scan(step, given[:n], given[n : n + m], given[n + m :], reverse=reverse)
    return arrays, _attributes_of(state[0])


class While(Loop):
    """``body`` while ``test`` holds for the state, at most ``limit`` times.

    Both have the state and the constants as parameters. The outputs of the steps are stacked in ``limit`` rows, with
    zeros behind the last step. For its gradient the loop becomes a ``scan`` of ``limit`` steps, of which those after
    the last do nothing.
    """

    name = "while"

    def infer(self, *xs: Type, test: Graph, body: Graph, limit: int, carries: int) -> tuple[Type, ...]:
        for what, graph in (("test", test), ("body", body)):
            same_types("while", f"the parameters of the {what}", [node.type for node in graph.inputs], xs)
        made = [ref.type for ref in body.outputs]
        same_types("while", "the state after a step", made[:carries], xs[:carries])
        predicate = [ref.type for ref in test.outputs]
        same_types("while", "the result of the test", predicate, [Type((), BOOL, t.context) for t in predicate[:1]])
        return (*xs[:carries], *(t.with_shape((limit, *t.shape)) for t in made[carries:]))

    def keeping(self, spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
        return keep_residuals(as_scan(spec), wanted)

    def pull_back(self, spec: Any, wanted: Any, cotangents: Any, outputs: Any, inputs: Any) -> Any:
        graph = keep_residuals(as_scan(spec), wanted)
        seeds = [None if g is None else Value(leaf(g.type)) for g in cotangents]
        targets = [node for node, want in zip(graph.inputs, wanted, strict=True) if want]
        slopes = cotangents_of(graph.nodes, graph.outputs, seeds, targets)
        given = [v.ref.node for v in seeds if v is not None]
        made = inline(
            Graph([*graph.inputs, *given], [v.ref for v in slopes if v is not None]),
            [v.ref for v in (*inputs, *(g for g in cotangents if g is not None))],
        )
        reached, at = iter(slopes), iter(made)
        found = [next(reached) if want else None for want in wanted]
        return [None if v is None else Value(next(at)) for v in found]

    def evaluate(self, *xs: Array, test: Body, body: Body, limit: int, carries: int) -> tuple[Array, ...]:
        state, constants = list(xs[:carries]), xs[carries:]
        stacked = [np.zeros((limit, *r.type.shape), r.type.dtype) for r in body.graph.outputs[carries:]]
        for i in range(limit):
            if not test([*state, *constants])[0]:
                break
            results = body([*state, *constants])
            state = results[:carries]
            for rows, made in zip(stacked, results[carries:], strict=True):
                rows[i] = made
        return (*state, *stacked)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        def short(state: Any, constants: Any) -> Any:
            return ir.sum(state[0]) < 20.0

        def growing(state: Any, constants: Any) -> Any:
            grown = state[0] * constants[0]
            return (grown, state[1] + 1), (grown + state[0],)

        arrays = (rng.uniform(1, 2, 3).astype("float64"), np.int32(0), rng.uniform(1.4, 1.6, 3).astype("float64"))
        given = [Value(leaf(t)) for t in _types(arrays)]
        state, _ = while_(short, growing, given[:2], given[2:], limit=8)
        return [(arrays, _attributes_of(state[0]))]


def as_scan(spec: Specialization) -> Graph:
    """The ``while`` loop ``spec`` as a scan: a step does nothing once the test has failed."""
    if not spec.parts:
        spec.parts = (as_operator(as_graph(lambda *xs: _scanned(spec, xs), spec.in_types), GraphOp("scan")),)
    found = spec.parts[0].body
    assert found is not None
    return found


def _scanned(spec: Specialization, xs: Sequence[Value]) -> Sequence[Value]:
    test, body, n = spec.attributes["test"], spec.attributes["body"], spec.attributes["carries"]
    width = len(body.outputs) - n

    def run(graph: Graph, values: Sequence[Value]) -> list[Value]:
        return [Value(ref) for ref in inline(graph, [v.ref for v in values])]

    def step(state: Any, rows: Any, constants: Any) -> Any:
        active, *inner = state
        active = active & run(test, [*inner, *constants])[0]

        def stay(*values: Value) -> list[Value]:
            return [*values[:n], *(ir.full(r.type.shape, 0, r.type.dtype, r.type.context) for r in body.outputs[n:])]

        made = cond(active, lambda *values: run(body, values), stay, [*inner, *constants])
        return (active, *made[:n]), made[n : n + width]

    going = ir.full((), True, BOOL, xs[0].context)
    state, outputs = scan(step, (going, *xs[:n]), (), xs[n:], length=spec.attributes["limit"])
    return [*state[1:], *outputs]
