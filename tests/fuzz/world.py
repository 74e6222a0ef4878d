"""One run of a program in the model: flags, random stream, and the names ``nd``, ``autograd``, ``force`` it sees."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from lazynd.backends import cast_scalar
from lazynd.backends.numpy import evaluate
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import Graph, graph_of
from lazynd.ops import OPERATORS

from .model import Array, Storage, Values
from .tape import Entry, Pull, Variable


@functools.cache
def _body(name: str, shape: tuple[int, ...], dtype: str) -> tuple[Graph, tuple[Any, ...]]:
    spec, _ = OPERATORS[name].bind((), {"shape": shape, "dtype": dtype, "low": 0, "high": 1, "draw": (0, 0)})
    return flatten(graph_of(spec)), spec.slots


def replay(name: str, low: Any, high: Any, shape: tuple[int, ...], dtype: str, seed: int, number: int) -> Values:
    """Draw ``number`` of the stream ``seed``, by the interpreter alone: no recording, no runtime."""
    graph, slots = _body(name, shape, dtype)
    words = iter((seed, number))
    given = {"low": low, "high": high}
    numbers = [cast_scalar(next(words) if s.kind == "draw" else given[s.name], s.type) for s in slots]
    return evaluate(graph, numbers)[0]


class World:
    """``seen`` collects what the program showed; ``peak`` is the largest magnitude that any float array had."""

    def __init__(self) -> None:
        self.recording = False
        self.serial = 0
        self.seed = self.draws = 0
        self.peak = 1.0
        self.seen: list[Any] = []
        self.namespace: dict[str, Any] = {
            "nd": _functions(self),
            "autograd": SimpleNamespace(record=lambda: self.flag(True), pause=lambda: self.flag(False)),
            "gc": SimpleNamespace(collect=lambda: 0),
            "force": self.force,
            "attempt": self.attempt,
        }

    def note(self, data: Values) -> None:
        if data.dtype.kind == "f" and data.size:
            self.peak = max(self.peak, float(np.abs(data).max()))

    def entry(
        self,
        parents: Sequence[tuple[Entry, Pull]],
        variable: Variable | None = None,
        siblings: Sequence[Entry] = (),
    ) -> Entry:
        self.serial += 1
        return Entry(self.serial, parents, variable, siblings)

    def made(self, data: Values, inputs: Sequence[tuple[Array, Pull]]) -> Array:
        """A new array; recorded if an input has history."""
        array = self.fresh(data)
        if self.recording:
            sources = [(each.source(), pull) for each, pull in inputs]
            parents = [(entry, pull) for entry, pull in sources if entry is not None]
            if parents:
                array.storage.entry = self.entry(parents)
        return array

    def fresh(self, data: Values) -> Array:
        storage = Storage(data)
        return Array(self, storage, storage.data, "root")

    @contextmanager
    def flag(self, on: bool) -> Iterator[None]:
        before, self.recording = self.recording, on
        try:
            yield
        finally:
            self.recording = before

    def force(self, array: Array) -> None:
        self.seen.append(array.data.copy())

    def attempt(self, expected: str, call: Callable[[], Any]) -> None:
        """A wrong call, which changes nothing."""
        names = {name for name in call.__code__.co_names if name[0] == "v" and name[1:].isdigit()}
        if not names <= self.namespace.keys():
            raise NameError(f"{names} must be defined")
        self.seen.append(expected)


def spread(shape: tuple[int, ...], at: Any) -> Callable[[Values], Values]:
    """From the gradient of the elements ``at`` to that of all."""

    def pull(g: Values) -> Values:
        made = np.zeros(shape, g.dtype)
        made[at] = g
        return made

    return pull


def _functions(world: World) -> Any:
    """The part of ``nd`` that programs use."""

    def draw(name: str, low: Any, high: Any, shape: tuple[int, ...], out: Array | None, dtype: str) -> Array:
        world.draws += 1
        made = world.fresh(replay(name, low, high, shape, dtype, world.seed, world.draws - 1))
        return made if out is None else given(made, out)

    def seed(value: int) -> None:
        world.seed, world.draws = value, 0

    def given(made: Array, out: Array | None, *operands: Array) -> Array:
        return made if out is None else out.assign(made, *operands)

    def array(values: Any, dtype: str = "float32") -> Array:
        return world.fresh(np.array(values, dtype))

    def tanh(x: Array, out: Array | None = None) -> Array:
        y = np.tanh(x.data)
        return given(world.made(y, [(x, lambda g: g * (1 - y * y))]), out, x)

    def relu(x: Array, out: Array | None = None) -> Array:
        a = x.data.copy()
        return given(world.made(np.maximum(a, 0), [(x, lambda g: g * (a > 0))]), out, x)

    def square(x: Array, out: Array | None = None) -> Array:
        a = x.data.copy()
        return given(world.made(a * a, [(x, lambda g: 2 * g * a)]), out, x)

    def clip(x: Array, low: Any, high: Any, out: Array | None = None) -> Array:
        a = x.data.copy()
        return given(world.made(np.clip(a, low, high), [(x, lambda g: g * ((a >= low) & (a <= high)))]), out, x)

    def dot(a: Array, b: Array) -> Array:
        p, q = a.data.copy(), b.data.copy()
        return world.made(p @ q, [(a, lambda g: g @ q.T), (b, lambda g: p.T @ g)])

    def concat(*xs: Array, dim: int = 0) -> Array:
        ends = np.cumsum([0] + [x.shape[dim] for x in xs])

        def pull(k: int) -> Pull:
            return lambda g: np.take(g, range(ends[k], ends[k + 1]), axis=dim)

        return world.made(np.concatenate([x.data for x in xs], dim), [(x, pull(k)) for k, x in enumerate(xs)])

    def split(x: Array, parts: int, axis: int) -> list[Array]:
        behind = x.source() if world.recording else None
        shape, made, siblings = x.data.shape, [], []
        for part in np.split(np.arange(shape[axis]), parts):
            at = (slice(None),) * axis + (slice(part[0], part[-1] + 1),)
            array = world.fresh(x.data[at].copy())
            if behind is not None:
                array.storage.entry = world.entry([(behind, spread(shape, at))], siblings=siblings)
                siblings.append(array.storage.entry)
            made.append(array)
        return made

    def where(condition: Array, x: Array, y: Array) -> Array:
        c = condition.data != 0
        inputs: list[tuple[Array, Pull]] = [(condition, None), (x, lambda g: g * c), (y, lambda g: g * ~c)]
        return world.made(np.where(c, x.data, y.data), inputs)

    return SimpleNamespace(
        array=array, tanh=tanh, relu=relu, square=square, clip=clip, dot=dot, concat=concat, split=split, where=where,
        waitall=lambda: None,
        zeros=lambda shape, dtype="float32": world.fresh(np.zeros(shape, dtype)),
        zeros_like=lambda x: world.made(np.zeros_like(x.data), [(x, None)]),
        elemwise_add=lambda x, y, out=None: given(x + y, out, x, y),
        elemwise_sub=lambda x, y, out=None: given(x - y, out, x, y),
        broadcast_mul=lambda x, y, out=None: given(x * y, out, x, y),
        random=SimpleNamespace(
            seed=seed,
            uniform=lambda low, high, shape, out=None, dtype="float32": draw(
                "_random_uniform", low, high, shape, out, dtype
            ),
            randint=lambda low, high, shape, out=None, dtype="int32": draw(
                "_random_randint", low, high, shape, out, dtype
            ),
        ),
    )  # fmt: skip
