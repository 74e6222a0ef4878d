"""``foreach``, ``while_loop`` and ``cond`` of symbols: the graphs of Python functions become part of a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ..nd import NDArray
from ..nd import contrib as arrays_of
from ..ops.partial import DType, DTypes, Shape, Shapes
from .compose import place
from .node import Entry
from .subgraph import Body, flatten, regroup, traced
from .symbol import Symbol

__all__ = ["cond", "foreach", "while_loop"]


class _Loop:
    """A node that runs bodies: the same interface as ``Applied``. All bodies have the same inputs."""

    name = ""
    bodies: tuple[Body, ...]

    def _declare(self, inputs: int, outputs: int) -> None:
        self.inputs = tuple(f"data{i}" for i in range(inputs))
        self.outputs = ("output",) if outputs == 1 and self.name == "_cond" else _numbered(outputs)
        self.states = tuple(sorted({i for body in self.bodies for i in body.updated}))

    def takes(self, name: str) -> bool:
        return False

    def again(self, attributes: Any) -> Any:
        return self


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"output{i}" for i in range(count))


class Foreach(_Loop):
    """``body`` for each row of the first ``rows`` inputs; ``states`` inputs follow, then what it takes from outside.

    The body gives ``outputs`` values, then the next states. Its own inputs are in the same order as the node's.
    """

    name = "_foreach"

    def __init__(self, body: Body, rows: int, states: int, outputs: int) -> None:
        self.bodies = (body,)
        self.rows, self.count, self.made = rows, states, outputs
        self._declare(len(body.inputs), outputs + states)

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        known = Shapes(self.inputs, inputs, outputs)
        before = -1
        while known.news != before:
            before = known.news
            self._learn(known, dtypes)
        return known.inputs, known.outputs

    def _learn(self, known: Shapes, dtypes: Sequence[DType]) -> None:
        """What follows from one look into the body; the next states are like the states."""
        length = next((each[0] for each in known.inputs[: self.rows] if each), None)
        rows = [None if each is None else (each[1:] or (1,)) for each in known.inputs[: self.rows]]
        found, made = self.bodies[0].infer_shapes([*rows, *known.inputs[self.rows :]], dtypes)
        for i, each in enumerate(found):
            if i >= self.rows:
                known.learn_input(i, each)
            elif each is not None and known.inputs[i] is None and each != (1,):
                known.learn_input(i, (length, *each))
        for i, each in enumerate(made):
            if each is not None:
                known.learn_output((length, *each) if i < self.made else each, i)
                if i >= self.made:
                    known.learn_input(self.rows + i - self.made, each)

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        return _dtypes(self, inputs, outputs)

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        body, rows, states = self.bodies[0], self.rows, self.count
        outside = arrays[rows + states :]

        def step(row: Sequence[NDArray], state: Sequence[NDArray]) -> tuple[list[NDArray], list[NDArray]]:
            made = body.run([*row, *state, *outside], frame)
            return made[: self.made], made[self.made :]

        made, last = arrays_of.foreach(step, list(arrays[:rows]), list(arrays[rows : rows + states]))
        return [*made, *last]

    def __reduce__(self) -> tuple[Any, ...]:
        return Foreach, (self.bodies[0], self.rows, self.count, self.made)


def _dtypes(loop: Any, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
    """Inputs and outputs have the dtypes that they have in the last of the bodies."""
    known = DTypes(loop.inputs, inputs, outputs)
    found, made = loop.bodies[-1].infer_dtypes(inputs)
    for i, each in enumerate(found):
        known.learn_input(i, each)
    for i, each in enumerate(made):
        known.learn_output(each, i)
    return known.inputs, known.outputs


class WhileLoop(_Loop):
    """The second body as long as the first says so, at most ``limit`` times, on ``states`` values."""

    name = "_while_loop"

    def __init__(self, test: Body, body: Body, states: int, outputs: int, limit: int) -> None:
        self.bodies = (test, body)
        self.count, self.made, self.limit = states, outputs, limit
        self._declare(len(body.inputs), outputs + states)

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        known = Shapes(self.inputs, inputs, outputs)
        before = -1
        while known.news != before:
            before = known.news
            found, made = self.bodies[1].infer_shapes(known.inputs, dtypes)
            for i, each in enumerate(found):
                known.learn_input(i, each)
            for i, each in enumerate(made):
                if each is not None:
                    known.learn_output((self.limit, *each) if i < self.made else each, i)
                    if i >= self.made:
                        known.learn_input(i - self.made, each)
        return known.inputs, known.outputs

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        return _dtypes(self, inputs, outputs)

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        test, body = self.bodies
        outside = arrays[self.count :]

        def going(*state: NDArray) -> NDArray:
            return test.run([*state, *outside], frame)[0]

        def step(*state: NDArray) -> tuple[list[NDArray], list[NDArray]]:
            made = body.run([*state, *outside], frame)
            return made[: self.made], made[self.made :]

        made, last = arrays_of.while_loop(going, step, list(arrays[: self.count]), self.limit)
        if len(made) < self.made:
            raise ValueError("the loop made no step, so that the shapes of its outputs are not known")
        return [*made, *last]

    def __reduce__(self) -> tuple[Any, ...]:
        return WhileLoop, (*self.bodies, self.count, self.made, self.limit)


class Cond(_Loop):
    """The first body if the first input is not 0, else the second, on the other inputs."""

    name = "_cond"

    def __init__(self, yes: Body, no: Body, outputs: int) -> None:
        self.bodies = (yes, no)
        self.made = outputs
        self._declare(1 + len(yes.inputs), outputs)
        self.states = tuple(i + 1 for i in self.states)

    def shapes(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], dtypes: Sequence[DType]
    ) -> tuple[Sequence[Shape], Sequence[Shape]]:
        known = Shapes(self.inputs, inputs, outputs)
        for body in self.bodies:
            found, made = body.infer_shapes(known.inputs[1:], dtypes[1:])
            for i, each in enumerate(found):
                known.learn_input(i + 1, each)
            for i, each in enumerate(made):
                known.learn_output(each, i)
        return known.inputs, known.outputs

    def dtypes(self, inputs: Sequence[DType], outputs: Sequence[DType]) -> tuple[Sequence[DType], Sequence[DType]]:
        known = DTypes(self.inputs, inputs, outputs)
        for body in self.bodies:
            found, made = body.infer_dtypes(known.inputs[1:])
            for i, each in enumerate(found):
                known.learn_input(i + 1, each)
            for i, each in enumerate(made):
                known.learn_output(each, i)
        return known.inputs, known.outputs

    def run(self, arrays: Sequence[NDArray], frame: FrameType) -> Sequence[NDArray]:
        yes, no = self.bodies
        made = arrays_of.cond(arrays[0], lambda: yes.run(arrays[1:], frame), lambda: no.run(arrays[1:], frame))
        return list(made) if isinstance(made, list | tuple) else [made]

    def __reduce__(self) -> tuple[Any, ...]:
        return Cond, (*self.bodies, self.made)


def _node(loop: Any, inputs: Sequence[Symbol], outside: dict[Entry, str]) -> list[Symbol]:
    """The outputs of a node of ``loop``."""
    placed = [*inputs, *(Symbol([entry]) for entry in outside)]
    return [Symbol([entry]) for entry in place(loop, loop.name, None, {}, placed, {})]


def foreach(body: Callable[..., Any], data: Any, init_states: Any, name: str = "foreach") -> tuple[Any, Any]:
    """``out, states = body(row, states)`` for each row of ``data`` along axis 0, as ``nd.contrib.foreach``.

    ``data`` and ``init_states`` are symbols or (nested) lists of them. ``body`` is called once, with variables.

    >>> from lazynd import nd, sym
    >>> sums, last = sym.contrib.foreach(lambda x, s: (x + s, x + s), sym.var("x"), sym.var("s"))
    >>> sums.eval(x=nd.array([[1], [2], [3]]), s=nd.zeros(1))[0].asnumpy().ravel()
    array([1., 3., 6.], dtype=float32)
    """
    rows, row_shape = flatten(data, "data")
    states, state_shape = flatten(init_states, "init_states")
    names = [*(f"row{i}" for i in range(len(rows))), *(f"state{i}" for i in range(len(states)))]

    def arguments(given: Sequence[Symbol]) -> list[Any]:
        return [regroup(given[: len(rows)], row_shape), regroup(given[len(rows) :], state_shape)]

    (outputs, following), close = traced(body, names, arguments)
    made, out_shape = flatten(outputs, "the output of body")
    after, after_shape = flatten(following, "the states that body gives")
    if len(after) != len(states):
        raise ValueError(f"body takes {len(states)} states, but gives {len(after)}")
    outside: dict[Entry, str] = {}
    loop = Foreach(close([*made, *after], outside), len(rows), len(states), len(made))
    found = _node(loop, [*rows, *states], outside)
    return regroup(found[: len(made)], out_shape), regroup(found[len(made) :], after_shape)


def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., Any],
    loop_vars: Any,
    max_iterations: int | None = None,
    name: str = "while_loop",
) -> tuple[Any, Any]:
    """``outputs, loop_vars = func(*loop_vars)`` while ``cond(*loop_vars)``, as ``nd.contrib.while_loop``.

    ``cond`` and ``func`` are called once, with variables. ``ValueError`` without ``max_iterations`` or ``loop_vars``.

    >>> from lazynd import nd, sym
    >>> i, total = sym.var("i"), sym.var("total")
    >>> outputs, last = sym.contrib.while_loop(
    ...     lambda i, total: i < 3, lambda i, total: (total, [i + 1, total + i]), [i, total], max_iterations=3)
    >>> last[1].eval(i=nd.array([1]), total=nd.zeros(1))[0].asnumpy()
    array([3.], dtype=float32)
    """
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    states, shape = flatten(loop_vars, "loop_vars")
    if not states:
        raise ValueError("loop_vars should contain at least one element")
    names = [f"state{i}" for i in range(len(states))]

    def arguments(given: Sequence[Symbol]) -> list[Any]:
        return list(given)

    going, close_test = traced(cond, names, arguments)
    (outputs, following), close = traced(func, names, arguments)
    made, out_shape = flatten([] if outputs is None else outputs, "the output of func")
    after, _ = flatten(following, "the loop_vars that func gives")
    if len(after) != len(states):
        raise ValueError("The length of loop_vars should be consistent during the loop")
    outside: dict[Entry, str] = {}
    close_test([going], outside)
    body = close([*made, *after], outside)
    loop = WhileLoop(close_test([going], outside), body, len(states), len(made), int(max_iterations))
    found = _node(loop, states, outside)
    return regroup(found[: len(made)], out_shape), regroup(found[len(made) :], shape)


def cond(pred: Symbol, then_func: Callable[[], Any], else_func: Callable[[], Any], name: str = "cond") -> Any:
    """What ``then_func()`` gives where ``pred``, of one element, is not 0, else what ``else_func()`` gives.

    Both are called once; they must give as many symbols (``ValueError``).

    >>> from lazynd import nd, sym
    >>> x = sym.var("x")
    >>> made = sym.contrib.cond(sym.var("p"), lambda: x + 1, lambda: x * 10)
    >>> made.eval(p=nd.array([0]), x=nd.array([2]))[0].asnumpy()
    array([20.], dtype=float32)
    """
    outcomes = [traced(each, (), lambda given: ()) for each in (then_func, else_func)]
    flat = [flatten(made, "what a branch gives") for made, _ in outcomes]
    if len(flat[0][0]) != len(flat[1][0]):
        raise ValueError("Number of symbols in two branches do not match")
    outside: dict[Entry, str] = {}
    for (made, _), (_, close) in zip(flat, outcomes, strict=True):
        close(made, outside)
    yes, no = (close(made, outside) for (made, _), (_, close) in zip(flat, outcomes, strict=True))
    found = _node(Cond(yes, no, len(flat[0][0])), [pred], outside)
    return regroup(found, flat[0][1])
