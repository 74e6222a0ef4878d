"""Programs for comparing the two tiers bit for bit: random graphs of elementwise primitives, and numbers for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lazynd.backends import compiled_function, get_backend
from lazynd.backends.numpy.steps import Steps
from lazynd.backends.numpy.subnormals import Flushed
from lazynd.ir import build as ir
from lazynd.ir.control import scan
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.text import print_graph
from lazynd.ir.types import Type, finfo, is_floating
from lazynd.ir.value import Value, emit
from lazynd.ir.verify import verify

Array = np.ndarray[Any, Any]
#: Below and above the size from which functions of float32 are computed in float32, odd ones, and one of many blocks.
SIZES = (1, 7, 1000, 1024, 1025, 5000, 70_000)
UNARY = (
    "negate", "abs", "sign", "exponential", "exponential_minus_one", "log", "log_plus_one", "sqrt", "rsqrt", "cbrt",
    "sine", "cosine", "tan", "tanh", "logistic", "erf", "floor", "ceil", "round_nearest_even", "sinh", "cosh", "asinh",
    "acosh", "atanh", "stop_gradient",
)  # fmt: skip
BINARY = (
    "add", "add", "subtract", "subtract", "multiply", "multiply", "multiply", "multiply", "divide", "maximum",
    "minimum", "power", "atan2", "remainder",
)  # fmt: skip
#: Numbers that a compiler has rules for.
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 0.25, 3.0, 4.0, 1 / 3, 0.1, -2.5, 1e-3, 100.0)


def interpreted(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    """The results of the interpreter that runs plans before they are compiled."""
    with np.errstate(all="ignore"), Flushed():
        return Steps(graph, (), compiled_function)([np.array(a) for a in arrays])


def compiled(graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    backend = get_backend("xla")
    executable, _ = backend.compile(graph, 0, (), False)
    placed = [backend.put(np.array(a), node.type.context) for a, node in zip(arrays, graph.inputs, strict=True)]
    return [backend.get(buffer) for buffer in executable(placed, ())]


def differing(found: Array, expected: Array) -> Array:
    """Where two arrays differ in any bit, but for those of a NaN."""
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if not is_floating(found.dtype):
        return np.asarray(found != expected)
    bits = np.dtype(f"uint{8 * found.dtype.itemsize}")
    same = np.ascontiguousarray(found).view(bits) == np.ascontiguousarray(expected).view(bits)
    with np.errstate(invalid="ignore"):
        return np.asarray(~(same.reshape(found.shape) | ((found != found) & (expected != expected))))


def assert_agree(graph: Graph, arrays: Sequence[Array], what: str = "") -> None:
    """Both tiers give the same bits for every output of ``graph``."""
    for number, (found, expected) in enumerate(zip(compiled(graph, arrays), interpreted(graph, arrays), strict=True)):
        wrong = differing(found, expected)
        if wrong.any():
            at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            raise AssertionError(
                f"{what}: output {number} differs in {wrong.mean():.2%}, first at {at}: "
                f"{found[at]!r} compiled, {expected[at]!r} interpreted\n{print_graph(graph)}"
            )


def numbers(dtype: np.dtype[Any], shape: Sequence[int], seed: int = 0) -> Array:
    """Everyday numbers, those of all magnitudes, and random bits, mixed; no NaN with them being rare."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    if dtype.kind == "b":
        return (rng.random(size) < 0.5).reshape(shape)
    bits = rng.integers(0, 2 ** (8 * dtype.itemsize), size, dtype=np.uint64).astype(f"uint{8 * dtype.itemsize}")
    made = bits.view(dtype)
    kind = rng.integers(0, 4, size)
    if not is_floating(dtype):
        small = rng.integers(-9 if dtype.kind == "i" else 0, 10, size).astype(dtype)
        return np.where(kind < 2, small, made).reshape(shape)
    limits = finfo(dtype)
    wide = np.exp2(rng.uniform(np.log2(float(limits.tiny)), np.log2(float(limits.max)), size)) * rng.choice(
        [-1, 1], size
    )
    usual = rng.normal(0, 2, size)
    return (
        np.where(kind < 2, usual, wide).astype(dtype).reshape(shape)
        if False
        else np.where(kind == 3, made, np.where(kind == 2, wide, usual).astype(dtype)).reshape(shape)
    )


class Program:
    """A random graph of elementwise operations, of what moves numbers, and of exact reductions; from a seed."""

    def __init__(self, seed: int, size: int, dtype: np.dtype[Any]) -> None:
        self.random = random.Random(seed)
        rows = next((n for n in (7, 5, 4, 10, 3, 2) if size % n == 0 and size > n), 1)
        self.shape = (rows, size // rows) if self.random.random() < 0.6 else (size,)
        self.dtype = dtype
        shapes: list[tuple[int, ...]] = [self.shape, self.shape, self.shape, (), ()]
        if len(self.shape) == 2:
            shapes += [(1, self.shape[1]), (rows, 1)]
        self.inputs = [leaf(Type(shape, dtype)) for shape in shapes]
        values = [Value(node) for node in self.inputs]
        #: Values of the whole shape, and smaller ones that broadcast to it.
        self.full, self.small = values[:3], values[3:]

    def graph(self, steps: int) -> Graph:
        for _ in range(steps):
            self._step()
        some = self.random.sample(self.full[3:], min(2, len(self.full) - 3))
        return verify(Graph(self.inputs, [value.ref for value in (*some, self.full[-1])]))

    def arrays(self) -> list[Array]:
        rng = np.random.default_rng(self.random.randrange(2**32))
        return [np.asarray(rng.normal(0, 1.5, n.type.shape)).astype(self.dtype) for n in self.inputs]

    def _step(self) -> None:
        steps: dict[Callable[[], Value], int] = {
            self._unary: 7, self._binary: 10, self._chosen: 1, self._moved: 2, self._through: 1, self._scalar: 1,
            self._extreme: 1, self._loop: 1,
        }  # fmt: skip
        self.full.append(self.random.choices(list(steps), list(steps.values()))[0]())

    def _any(self) -> Value:
        return self.random.choice(self.full[-4:])

    def _other(self) -> Value:
        """Another value of the shape: any, a broadcast one, or a constant."""
        kind = self.random.random()
        if kind < 0.2:
            return ir.broadcast_to(self.random.choice(self.small), self.shape)
        if kind < 0.4:
            return ir.full(self.shape, self.random.choice(NUMBERS), self.dtype)
        return self.random.choice(self.full)

    def _unary(self) -> Value:
        return emit(self.random.choice(UNARY), self._any())

    def _binary(self) -> Value:
        pair = [self._any(), self._other()]
        self.random.shuffle(pair)
        name = self.random.choice(BINARY)
        return emit(name, *(map(_without_nan, pair) if name in ("maximum", "minimum") else pair))

    def _chosen(self) -> Value:
        x, y = self._any(), self._other()
        return ir.select(x < y, x, y)

    def _moved(self) -> Value:
        x = self._any()
        if self.random.random() < 0.5:
            return ir.reverse(x, (0,))
        return ir.reshape(ir.transpose(x), self.shape)

    def _through(self) -> Value:
        """By way of another precision."""
        wide = np.dtype("float32" if self.dtype == np.float64 else "float64")
        return ir.convert(emit(self.random.choice(UNARY), ir.convert(self._any(), wide)), self.dtype)

    def _scalar(self) -> Value:
        self.small.append(emit(self.random.choice(UNARY), self.random.choice(self.small)))
        return ir.broadcast_to(self.small[-1], self.shape)

    def _extreme(self) -> Value:
        x = self._any()
        axis = self.random.randrange(x.ndim)
        return x - ir.broadcast_to(ir.max(ir.abs(_without_nan(x)), axis, keepdims=True), self.shape)

    def _loop(self) -> Value:
        """A loop over the first axis, which carries a row."""
        x, y = self._any(), self._other()
        if x.ndim < 2:
            return x * y
        names = [self.random.choice(("tanh", "exponential", "sine", "logistic", "log_plus_one")) for _ in range(2)]

        def step(state: Any, rows: Any, constants: Any) -> Any:
            made = emit(names[0], state[0]) * rows[0] + rows[1] * constants[0]
            return [emit(names[1], made)], [made * 0.5 - state[0]]

        first = ir.reshape(ir.slice_(x, (0, 0), (1, x.shape[1])), (x.shape[1],))
        _, (made,) = scan(step, [first], [x, y], [ir.broadcast_to(self.small[0], (x.shape[1],))])
        return made


def _without_nan(x: Value) -> Value:
    """What maxima and minima make of NaN, and of zeros with a sign, has tests of its own."""
    return ir.select(x == x, x, ir.zeros_like(x))
