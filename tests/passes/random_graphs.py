"""Random graphs of primitives over special values, for comparing a pass with the interpreter."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np

from lazynd.ir import build as ir
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.types import DTYPES, Type
from lazynd.ir.value import Value, emit
from lazynd.ir.verify import verify

from ..ir.special import special_values

SHAPES = ((), (1,), (3,), (2, 3), (3, 1), (2, 1, 3), (6,), (0, 3))
ARITHMETIC = ("add", "subtract", "multiply", "divide", "maximum", "minimum")
BITS = ("and", "or", "xor")
ROUNDING = ("floor", "ceil", "round_nearest_even")
UNARY = {
    "f": ("negate", "abs", "sign", "stop_gradient", "sqrt", "exponential", "tanh", *ROUNDING),
    "i": ("negate", "abs", "sign", "stop_gradient", "not"),
    "u": ("negate", "abs", "stop_gradient", "not"),
    "b": ("not", "stop_gradient"),
}
BINARY = {
    "f": (*ARITHMETIC, "power", "remainder"),
    "i": (*ARITHMETIC, *BITS, "shift_left"),
    "u": (*ARITHMETIC, *BITS, "shift_right_logical"),
    "b": (*BITS, "maximum", "minimum"),
}
COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


class Maker:
    """Grows one graph from a seed; small pools make equal subexpressions and inverse pairs likely."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.made: Counter[str] = Counter()
        self.inputs = [
            leaf(Type(self.random.choice(SHAPES), DTYPES[self.random.choice(list(DTYPES))])) for _ in range(4)
        ]
        self.pool: list[Value] = [Value(n) for n in self.inputs]

    def graph(self, steps: int) -> Graph:
        while sum(self.made.values()) < steps:
            self._step()
        outputs = self.random.sample(self.pool, 3) + self.pool[-2:]
        return verify(Graph(self.inputs, [v.ref for v in outputs]))

    def arrays(self) -> list[Any]:
        rng = np.random.default_rng(self.random.randrange(2**32))
        return [rng.choice(special_values(n.type.dtype.name), n.type.shape) for n in self.inputs]

    def _step(self) -> None:
        kinds = [
            self._constant, self._number, self._unary, self._unary, self._binary, self._binary, self._binary,
            self._compare, self._convert, self._convert, self._select, self._reshape, self._transpose,
            self._broadcast, self._slice, self._pad, self._concatenate, self._reverse, self._reduce,
        ]  # fmt: skip
        step = self.random.choice(kinds)
        found = step()
        if found is not None:
            self.made[step.__name__[1:]] += 1
            self.pool.append(found)

    def _any(self) -> Value:
        return self.random.choice(self.pool[-6:])

    def _like(self, x: Value) -> Value:
        """Another value of the same type, preferably; a uniform constant else."""
        alike = [v for v in self.pool if v.type is x.type]
        return self.random.choice(alike) if self.random.random() < 0.6 else self._uniform(x.type)

    def _uniform(self, type: Type) -> Value:
        number = self.random.choice([0, 1, -0.0, 1, 2, *special_values(type.dtype.name)[:4].tolist()])
        if type.dtype.kind != "f":
            number = int(number)
        if type.dtype.kind == "u":
            number = abs(number)
        return ir.full(type.shape, number, type.dtype)

    def _constant(self) -> Value:
        dtype = self.random.choice(list(DTYPES))
        values = special_values(dtype)
        n = min(self.random.choice((2, 3, 6)), len(values))
        return emit("constant", value=values[:n].copy(), context=self.inputs[0].type.context)

    def _number(self) -> Value:
        return self._uniform(self._any().type)

    def _unary(self) -> Value:
        x = self._any()
        return emit(self.random.choice(UNARY[x.dtype.kind]), x)

    def _binary(self) -> Value:
        x = self._any()
        pair = [x, self._like(x)]
        self.random.shuffle(pair)
        return emit(self.random.choice(BINARY[x.dtype.kind]), *pair)

    def _compare(self) -> Value:
        x = self._any()
        return emit(self.random.choice(COMPARE), x, self._like(x))

    def _convert(self) -> Value:
        return emit("convert", self._any(), dtype=DTYPES[self.random.choice(list(DTYPES))])

    def _select(self) -> Value:
        x = self._any()
        conditions = [v for v in self.pool if v.dtype == np.bool_ and v.shape == x.shape]
        condition = self.random.choice([*conditions, ir.full(x.shape, self.random.random() < 0.5, np.dtype(bool))])
        return emit("select", condition, x, self._like(x))

    def _reshape(self) -> Value | None:
        x = self._any()
        shapes = [s for s in (*SHAPES, (3, 2), (x.size,), (1, *x.shape)) if np.prod(s, dtype=int) == x.size]
        return emit("reshape", x, shape=self.random.choice(shapes))

    def _transpose(self) -> Value:
        x = self._any()
        return emit("transpose", x, axes=tuple(self.random.sample(range(x.ndim), x.ndim)))

    def _broadcast(self) -> Value | None:
        x = self._any()
        if x.ndim > 2:
            return None
        shape = tuple(self.random.choice((1, 2)) if n == 1 else n for n in x.shape)
        extra = (self.random.choice((1, 2)),) * self.random.choice((0, 1))
        front = self.random.random() < 0.5
        axes = tuple(range(len(extra), len(extra) + x.ndim)) if front else tuple(range(x.ndim))
        return emit("broadcast", x, shape=(*extra, *shape) if front else (*shape, *extra), axes=axes)

    def _slice(self) -> Value:
        x = self._any()
        start = tuple(self.random.randint(0, min(n, 1)) for n in x.shape)
        limit = tuple(
            self.random.randint(lo, n) if self.random.random() < 0.3 else n
            for lo, n in zip(start, x.shape, strict=True)
        )
        strides = tuple(self.random.choice((1, 1, 2)) for _ in x.shape)
        return emit("slice", x, start=start, limit=limit, strides=strides)

    def _pad(self) -> Value | None:
        x = self._any()
        if x.size > 40:
            return None
        low, high, interior = (tuple(self.random.choice((0, 0, 1)) for _ in x.shape) for _ in range(3))
        padded = emit("pad", x, self._uniform(x.type.with_shape(())), low=low, high=high, interior=interior)
        if self.random.random() < 0.5:
            return padded
        limit = [lo + n + max(n - 1, 0) * mid for lo, n, mid in zip(low, x.shape, interior, strict=True)]
        return emit("slice", padded, start=low, limit=tuple(limit), strides=tuple(mid + 1 for mid in interior))

    def _concatenate(self) -> Value | None:
        x = self._any()
        if not x.ndim or x.size > 40:
            return None
        parts = [x, self._like(x)][: self.random.choice((1, 2))]
        return emit("concatenate", *parts, axis=self.random.randrange(x.ndim))

    def _reverse(self) -> Value:
        x = self._any()
        return emit("reverse", x, axes=tuple(a for a in range(x.ndim) if self.random.random() < 0.7))

    def _reduce(self) -> Value | None:
        x = self._any()
        axes = tuple(a for a in range(x.ndim) if self.random.random() < 0.4)
        name = self.random.choice(("reduce_sum", "reduce_max", "reduce_min"))
        if not axes or any(x.shape[a] == 0 for a in axes) or (name == "reduce_sum" and x.dtype.kind == "b"):
            return None
        return emit(name, x, axes=axes)
