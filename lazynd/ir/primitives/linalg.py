"""Contractions."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type, widened
from ..value import Value
from .elementwise import Array, Samples

Dims = tuple[tuple[int, ...], tuple[int, ...]]


def _free(ndim: int, *used: tuple[int, ...]) -> tuple[int, ...]:
    taken = {axis for group in used for axis in group}
    return tuple(i for i in range(ndim) if i not in taken)


class _Matrices(NamedTuple):
    """How two operands become (stacks of) matrices, whose product is reshaped to ``result``."""

    left_axes: tuple[int, ...]
    left: tuple[int, ...]
    right_axes: tuple[int, ...]
    right: tuple[int, ...]
    result: tuple[int, ...]


@functools.lru_cache(1024)
def _as_matrices(a: tuple[int, ...], b: tuple[int, ...], contract: Dims, batch: Dims) -> _Matrices:
    rows, columns = _free(len(a), contract[0], batch[0]), _free(len(b), contract[1], batch[1])
    stack = tuple([a[i] for i in batch[0]])
    m, n = math.prod([a[i] for i in rows]), math.prod([b[i] for i in columns])
    k = math.prod([a[i] for i in contract[0]])
    result = (*stack, *[a[i] for i in rows], *[b[i] for i in columns])
    return _Matrices(
        (*batch[0], *rows, *contract[0]), (*stack, m, k), (*batch[1], *contract[1], *columns), (*stack, k, n), result
    )


class DotGeneral(Primitive):
    """Products summed over ``contract`` for each index of ``batch``: axes batch, free of a, free of b."""

    name = "dot_general"
    kinds = "fiu"
    cheap = False

    def infer(self, a: Type, b: Type, *, contract: Dims, batch: Dims) -> Type:
        for (i, j), what in [
            *((p, "contract") for p in zip(*contract, strict=True)),
            *((p, "batch") for p in zip(*batch, strict=True)),
        ]:
            if a.shape[i] != b.shape[j]:
                raise OperatorError(f"dot_general: {what} axes {i} of {a} and {j} of {b} differ")
        if a.dtype != b.dtype:
            raise OperatorError(f"dot_general: expected {a.dtype}, got {b.dtype}")
        kept = [a.shape[i] for i in batch[0]]
        kept += [a.shape[i] for i in _free(a.ndim, contract[0], batch[0])]
        kept += [b.shape[i] for i in _free(b.ndim, contract[1], batch[1])]
        return a.with_shape(tuple(kept))

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        contracted = [spec.in_types[0].shape[i] for i in spec.attributes["contract"][0]]
        return (2, *spec.out_types[0].shape, *contracted)

    def vjp(self, g: Value, y: Value, a: Value, b: Value, *, contract: Dims, batch: Dims) -> tuple[Value, Value]:
        return (_operand_vjp(g, a, b, contract, batch, False), _operand_vjp(g, b, a, contract[::-1], batch[::-1], True))

    def evaluate(self, a: Array, b: Array, *, contract: Dims, batch: Dims) -> Array:
        how = _as_matrices(a.shape, b.shape, contract, batch)
        precise = widened(a.dtype)
        left = a.astype(precise, copy=False).transpose(how.left_axes).reshape(how.left)
        right = b.astype(precise, copy=False).transpose(how.right_axes).reshape(how.right)
        return np.matmul(left, right).astype(a.dtype, copy=False).reshape(how.result)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        def draw(*shape: int) -> Any:
            return rng.random(shape).astype("float32")

        return [
            ((draw(2, 3), draw(3, 4)), {"contract": ((1,), (0,)), "batch": ((), ())}),
            ((draw(5, 2, 3), draw(5, 4, 3)), {"contract": ((2,), (2,)), "batch": ((0,), (0,))}),
            ((draw(2, 3, 4), draw(4, 2)), {"contract": ((2, 0), (0, 1)), "batch": ((), ())}),
            ((draw(3, 2, 4), draw(2, 5, 3)), {"contract": ((0,), (2,)), "batch": ((1,), (0,))}),
        ]


def _operand_vjp(g: Value, a: Value, b: Value, contract: Dims, batch: Dims, swapped: bool) -> Value:
    """The cotangent of ``a``: ``g`` contracted with ``b`` over b's free axes, axes put back in place."""
    n_batch = len(batch[0])
    a_free, b_free = _free(a.ndim, contract[0], batch[0]), _free(b.ndim, contract[1], batch[1])
    start = n_batch if swapped else n_batch + len(a_free)
    g_over_b = tuple(range(start, start + len(b_free)))
    result = ir.dot_general(g, b, (g_over_b, b_free), (tuple(range(n_batch)), batch[1]))
    # Axes of the result: batch, a's free axes, then b's contracted axes in b's order.
    b_contracted = sorted(contract[1])
    produced = [*batch[0], *a_free, *(contract[0][contract[1].index(axis)] for axis in b_contracted)]
    return ir.transpose(result, [produced.index(i) for i in range(a.ndim)])
