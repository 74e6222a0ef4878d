"""Elementwise results are the same to the last bit, whether they are interpreted or compiled, at any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends import compiled_function, get_backend
from lazynd.backends.numpy.steps import Steps
from lazynd.backends.numpy.subnormals import Flushed
from lazynd.ir.graph import graph_of
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.primitives.elementwise import Binary, Unary
from lazynd.ir.types import Type
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy

#: Below and above what is rounded once, with a rest after every width of a vector; over several blocks.
SIZES = (1, 7, 1_000, 1_024, 1_025, 5_003, 70_001)
FEW_SIZES = (7, 1_025)
#: Primitives of the compiled tier that are not each element's own arithmetic.
NAMES = sorted(
    name
    for name, primitive in PRIMITIVES.items()
    if isinstance(primitive, Unary | Binary) and not primitive.moves and name not in ("convert", "bitcast_convert")
)


def numbers(dtype: str, size: int, seed: int) -> Any:
    """Of all magnitudes for floats, small ones first; of all bits for integers."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind != "f":
        return rng.integers(-9 if np.dtype(dtype).kind == "i" else 0, 9, size).astype(dtype)
    made = rng.normal(size=size) * 10.0 ** rng.integers(-3, 4, size)
    made[:5] = [0.0, -0.0, np.inf, -np.inf, np.nan][:size]
    return made.astype(dtype)


def assert_same_bits(found: Any, expected: Any) -> None:
    """NaN is NaN, whatever its sign and payload."""
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if found.dtype.kind == "f":
        assert (np.isnan(found) == np.isnan(expected)).all()
        found, expected = np.nan_to_num(found, nan=0.0), np.nan_to_num(expected, nan=0.0)
    unequal = np.flatnonzero(found.view(np.uint8) != expected.view(np.uint8))
    assert not unequal.size, f"{unequal.size} bytes differ, the first in element {unequal[0] // found.itemsize}"


@pytest.mark.parametrize("sizes", [FEW_SIZES, pytest.param(SIZES, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_primitives(name: str, dtype: str, sizes: tuple[int, ...]) -> None:
    primitive, backend = PRIMITIVES[name], get_backend("xla")
    if np.dtype(dtype).kind not in primitive.kinds:
        pytest.skip("not of this dtype")
    for size in sizes:
        operands = [numbers(dtype, size, seed) for seed in range(2 if isinstance(primitive, Binary) else 1)]
        spec = primitive.specialize(tuple(Type(x.shape, x.dtype) for x in operands), {})
        graph = graph_of(spec)
        with np.errstate(all="ignore"), Flushed():
            (expected,) = Steps(graph, (), compiled_function)(operands)
        executable, _ = backend.compile(graph, 0, (), False)
        placed = [backend.put(x, type.context) for x, type in zip(operands, spec.in_types, strict=True)]
        assert_same_bits(backend.get(executable(placed, [])[0]), expected)


UNARY = ("exp", "tanh", "sigmoid", "sin", "log1p", "sqrt", "square", "abs", "erf", "relu", "softsign", "rsqrt", "expm1")
BINARY = ("__add__", "__sub__", "__mul__", "__truediv__")


def random_program(seed: int, x: Any, y: Any, z: Any) -> list[Any]:
    """Elementwise operations on what came before; the last results, and a gradient."""
    rng = np.random.default_rng(seed)
    for each in (x, y, z):
        each.attach_grad()
    with autograd.record():
        values = [x, y, z]
        for _ in range(int(rng.integers(3, 20))):
            a, b = (values[-1 - int(rng.integers(0, min(4, len(values))))] for _ in range(2))
            kind = rng.random()
            if kind < 0.4:
                made = getattr(a, BINARY[rng.integers(len(BINARY))])(b)
            elif kind < 0.8:
                made = getattr(nd, UNARY[rng.integers(len(UNARY))])(a)
            else:
                made = a * float(rng.normal()) + float(rng.normal())
            values.append(made)
    values[-1].backward()
    return [*values[-3:], x.grad, y.grad, z.grad]


@pytest.mark.parametrize("size", [7, 1_000, 5_003])
@pytest.mark.parametrize("seed", range(8))
def test_programs_and_their_gradients(seed: int, size: int, empty_programs: None) -> None:
    found: dict[str, list[Any]] = {}
    for tier in ("interpreted", "compiled"):
        with lazynd.config.using(tier=tier):
            arrays = [nd.array(np.random.default_rng(number).normal(size=size)) for number in range(3)]
            found[tier] = [each.asnumpy() for each in random_program(seed, *arrays)]
    for one, other in zip(found["interpreted"], found["compiled"], strict=True):
        assert_same_bits(one, other)


@pytest.fixture
def empty_programs() -> None:
    PROGRAMS.clear()


def test_in_the_steps_of_a_loop() -> None:
    found: dict[str, Any] = {}
    for tier in ("interpreted", "compiled"):
        with lazynd.config.using(tier=tier):
            rows = nd.array(np.random.default_rng(0).normal(size=(5, 40, 50)))
            state = nd.zeros((40, 50))
            outs, last = nd.contrib.foreach(lambda x, s: (x * s + x.tanh(), s * 0.5 + x * x - s.sigmoid()), rows, state)
            found[tier] = outs.asnumpy(), last.asnumpy()
    for one, other in zip(*found.values(), strict=True):
        assert_same_bits(one, other)
