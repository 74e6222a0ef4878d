"""Quotients are rounded once, whatever XLA knows of the operands: by themselves, broadcast, constant, in chains."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest

from lazynd import nd
from lazynd.backends.xla.lower import lower
from lazynd.ir import build as ir
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.types import FLOAT32, Type
from lazynd.ir.value import Value

pytestmark = pytest.mark.lazy  # the interpreter divides in NumPy

RNG = np.random.default_rng(11)
X = RNG.uniform(0.1, 9, (200, 300)).astype("float32")
Y = RNG.uniform(0.5, 9, (200, 300)).astype("float32")
ROW = Y[:, :1]
N = np.float32(3.7)
CASES: dict[str, tuple[Callable[..., nd.NDArray], np.ndarray]] = {
    "by a number": (lambda x, y, row: x / 3.7, X / N),
    "of a number": (lambda x, y, row: 3.7 / x, N / X),
    "by an array": (lambda x, y, row: x / y, X / Y),
    "by what is broadcast": (lambda x, y, row: x / row, X / ROW),
    "by a constant of the body": (lambda x, y, row: nd.mean(x[:, :3], axis=1), X[:, :3].sum(1) / np.float32(3)),
    "by a root": (lambda x, y, row: x / nd.sqrt(y), X / np.sqrt(Y)),
    "one over a root": (lambda x, y, row: 1 / nd.sqrt(y), np.float32(1) / np.sqrt(Y)),
    "twice": (lambda x, y, row: x / y / row, X / Y / ROW),
    "by numbers twice": (lambda x, y, row: x / 3.7 / 7, X / N / np.float32(7)),
    "by a quotient": (lambda x, y, row: x / (y / row), X / (Y / ROW)),
    "of quotients": (lambda x, y, row: (x / y) / (row / y), (X / Y) / (ROW / Y)),
}


@pytest.mark.parametrize("name", list(CASES))
def test_quotients_are_those_of_numpy(name: str) -> None:
    function, expected = CASES[name]
    found = function(nd.array(X), nd.array(Y), nd.array(ROW)).asnumpy()
    assert found.tobytes() == expected.tobytes()


def test_multiples_are_divided_exactly() -> None:
    for n in (3, 7, 41, 49, 255):
        whole = np.arange(1, 500, dtype="float32")
        assert nd.floor(nd.array(whole * n) / n).asnumpy().tolist() == whole.tolist()


def test_divisors_are_not_multiplied_together() -> None:
    """Their product would overflow, or vanish."""
    x = nd.array([1e30, 1e-30])
    big, small = nd.array([1e20, 1e-20]), nd.array([1e20, 1e-20])
    np.testing.assert_allclose((x / big / small).asnumpy(), [1e-10, 1e10], rtol=1e-6)
    np.testing.assert_allclose((nd.array([1e30]) / 1e20 / 1e20).asnumpy(), [1e-10], rtol=1e-6)


def test_a_chain_keeps_its_divisions_and_gains_none() -> None:
    """XLA's simplifier, left alone, goes round in circles on these: reciprocals in, reciprocals out."""
    type = Type((1000,), FLOAT32)
    scalars = [leaf(Type((), FLOAT32)) for _ in range(40)]
    x = leaf(type)
    value = Value(x)
    for i, scalar in enumerate(scalars):
        factor = ir.broadcast_to(Value(scalar), type.shape)
        value = value / factor if i % 2 else value * factor
    graph = Graph([x, *scalars], [value.ref])
    given = [jax.ShapeDtypeStruct(node.type.shape, node.type.dtype) for node in graph.inputs]
    text = jax.jit(lower(graph)).lower(given).compile().as_text()
    assert text.count(" divide(") == text.count(" multiply(") == 20
