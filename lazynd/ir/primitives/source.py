"""Values from nothing: constants, counters and random bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OperatorError
from ..primitive import Primitive
from ..types import Context, Type, require_counted
from ..value import Value, emit
from .elementwise import Array, Samples

_MAX_CONSTANT = 64


class Constant(Primitive):
    """A small array compiled into the program. Data is a parameter instead, whatever its size."""

    name = "constant"
    moves = True
    shares = True

    def infer(self, *, value: Array, context: Context) -> Type:
        if value.size > _MAX_CONSTANT:
            raise OperatorError(f"a constant of {value.size} elements would be compiled in; pass it as an input")
        return Type(value.shape, value.dtype, context)

    def vjp(self, g: Value, y: Value, **attributes: Any) -> tuple[()]:
        return ()

    def evaluate(self, *, value: Array, context: Context) -> Array:
        return value

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((), {"value": np.float32(2.5) * np.ones((2,), "float32"), "context": Context("cpu", 0)})]


class Copy(Primitive):
    """The operand on another context; the runtime moves the buffer."""

    name = "copy"
    moves = True
    shares = True

    def infer(self, x: Type, *, context: Context) -> Type:
        return Type(x.shape, x.dtype, context)

    def vjp(self, g: Value, y: Value, x: Value, *, context: Context) -> tuple[Value]:
        return (emit("copy", g, context=x.context),)

    def evaluate(self, x: Array, *, context: Context) -> Array:
        return x

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((rng.random((2, 3)).astype("float32"),), {"context": Context("cpu", 1)})]


class Iota(Primitive):
    name = "iota"
    shares = True

    def infer(self, *, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], context: Context) -> Type:
        require_counted(shape[axis], dtype)
        return Type(shape, dtype, context)

    def vjp(self, g: Value, y: Value, **attributes: Any) -> tuple[()]:
        return ()

    def evaluate(self, *, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], context: Context) -> Array:
        counter = np.arange(shape[axis]).astype(dtype)
        return np.broadcast_to(counter.reshape([-1 if i == axis else 1 for i in range(len(shape))]), shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((), {"shape": (2, 3), "axis": 1, "dtype": np.dtype("int32"), "context": Context("cpu", 0)})]


#: Rotations of Threefry-2x32 and its parity constant (Salmon et al., "Parallel random numbers", 2011).
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
ROUNDS = 20


class RandomBits(Primitive):
    """``uint32`` words of a counter-based stream: Threefry-2x32-20 of (element, draw) under (seed, seed').

    ``seed`` and ``counter`` are 0-d ``uint32``: the same seed and draw number give the same words wherever and
    with whatever they are computed.
    """

    name = "random_bits"

    def infer(self, seed: Type, counter: Type, *, shape: tuple[int, ...]) -> Type:
        if seed.dtype != np.uint32 or counter.dtype != np.uint32:
            raise OperatorError("random_bits: seed and counter must be uint32")
        require_counted((math.prod(shape) + 1) // 2, counter.dtype)
        return Type(shape, np.dtype("uint32"), seed.context)

    def vjp(self, g: Value, y: Value, *xs: Value, shape: tuple[int, ...]) -> tuple[None, None]:
        return (None, None)

    def evaluate(self, seed: Array, counter: Array, *, shape: tuple[int, ...]) -> Array:
        size = math.prod(shape)
        half = (size + 1) // 2
        with np.errstate(over="ignore"):
            words = threefry(np.uint32(seed), np.uint32(counter), np.arange(half, dtype=np.uint32))
        return np.concatenate(words)[:size].reshape(shape)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        return [((np.uint32(7), np.uint32(3)), {"shape": (3, 5)}), ((np.uint32(7), np.uint32(3)), {"shape": ()})]


def threefry(seed: Any, counter: Any, position: Any) -> tuple[Any, Any]:
    """Two words for each ``position``, in whatever array library the arguments come from."""
    keys = (seed, counter, seed ^ counter ^ np.uint32(PARITY))
    a, b = position + keys[0], position * np.uint32(0) + keys[1]
    for block in range(ROUNDS // 4):
        for rotation in ROTATIONS[block % 2]:
            a = a + b
            b = (b << np.uint32(rotation)) | (b >> np.uint32(32 - rotation))
            b = b ^ a
        a = a + keys[(block + 1) % 3]
        b = b + keys[(block + 2) % 3] + np.uint32(block + 1)
    return a, b
