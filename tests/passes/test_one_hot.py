"""Products with one-hot rows become gathers and scatters: what fits, what does not, and that numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.backends.numpy import evaluate
from lazynd.ir import build as ir
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.types import CPU, FLOAT32, INT32, Type
from lazynd.ir.value import Value
from lazynd.ir.verify import verify
from lazynd.passes import gather_one_hot, run_pipeline
from lazynd.runtime.run.compile import PROGRAMS

DEPTH = 5
Product = Callable[[Value, Value], Value]


def hot(i: Value, on: float = 1, off: float = 0, dtype: Any = FLOAT32, axis: int = -1) -> Value:
    """One-hot rows of ``i`` along a new axis."""
    place = axis % (i.ndim + 1)
    shape = (*i.shape[:place], DEPTH, *i.shape[place:])
    found = ir.iota(shape, place, INT32) == ir.broadcast_to(ir.expand_dims(i, place), shape)
    return ir.select(found, ir.full(shape, on, dtype), ir.full(shape, off, dtype))


def made(product: Product, *arrays: Any) -> Graph:
    inputs = [leaf(Type(a.shape, a.dtype, CPU)) for a in arrays]
    result = product(*map(Value, inputs))
    return Graph(inputs, [result.ref])


def names(graph: Graph) -> list[str]:
    return [node.spec.op.name for node in graph.nodes if node.spec is not None]


def after(graph: Graph, least: int = 2) -> Graph:
    return verify(gather_one_hot(run_pipeline(graph), least=least))


I1 = np.array([3, 0, 4, 3, -1, 5, 1], "int32")  # two are out of range
I2 = I1[:6].reshape(2, 3)
RNG = np.random.default_rng(0)
DOT = ((1,), (0,))
ACROSS, DOWN = RNG.normal(size=(3, DEPTH)), RNG.normal(size=(DEPTH, 3))
TURNED = ((1, 0), (0, 2))
FITTING: dict[str, tuple[Product, Sequence[Any]]] = {
    "rows": (lambda i, w: ir.dot_general(hot(i), w, DOT), (I1, DOWN)),
    "rows of three axes": (lambda i, w: ir.dot_general(hot(i), w, DOT), (I1, RNG.normal(size=(DEPTH, 3, 2)))),
    "another axis of the matrix": (lambda i, w: ir.dot_general(hot(i), w, ((1,), (1,))), (I1, ACROSS)),
    "indices of two axes": (lambda i, w: ir.dot_general(hot(i), w, ((2,), (0,))), (I2, DOWN)),
    "on the right": (lambda i, w: ir.dot_general(w, hot(i), ((1,), (1,))), (I1, ACROSS)),
    "on the right, two axes": (lambda i, w: ir.dot_general(w, hot(i), ((0,), (2,))), (I2, DOWN)),
    "one-hot columns": (lambda i, w: ir.dot_general(w, hot(i, axis=0), ((1,), (0,))), (I1, ACROSS)),
    "whole numbers": (
        lambda i, w: ir.dot_general(hot(i, dtype=INT32), w, DOT), (I1, RNG.integers(-9, 9, (DEPTH, 3)).astype("int32")),
    ),
    "half": (
        lambda i, w: ir.dot_general(hot(i, dtype=np.dtype("float16")), w, DOT),
        (I1, RNG.normal(size=(DEPTH, 3)).astype("float16")),
    ),
    "gradient": (lambda i, g: ir.dot_general(hot(i), g, ((0,), (0,))), (I1, RNG.normal(size=(7, 3)))),
    "gradient on the right": (lambda i, g: ir.dot_general(g, hot(i), ((0,), (0,))), (I1, RNG.normal(size=(7, 3)))),
    "gradient, two axes": (lambda i, g: ir.dot_general(hot(i), g, ((0, 1), (0, 1))), (I2, RNG.normal(size=(2, 3, 4)))),
    "gradient, axes turned": (lambda i, g: ir.dot_general(hot(i), g, TURNED), (I2, RNG.normal(size=(3, 4, 2)))),
}  # fmt: skip
OTHERS: dict[str, tuple[Product, Sequence[Any]]] = {
    "on is 2": (lambda i, w: ir.dot_general(hot(i, on=2), w, DOT), FITTING["rows"][1]),
    "off is 1": (lambda i, w: ir.dot_general(hot(i, off=1), w, DOT), FITTING["rows"][1]),
    "one axis of two": (lambda i, g: ir.dot_general(hot(i), g, ((0,), (0,))), (I2, RNG.normal(size=(2, 3)))),
    "one-hot axis and another": (
        lambda i, g: ir.dot_general(hot(i), g, ((1, 2), (0, 1))), (I2, RNG.normal(size=(3, DEPTH)))
    ),
    "a batch": (
        lambda i, g: ir.dot_general(hot(i), g, ((1,), (1,)), ((0,), (0,))), (I1, RNG.normal(size=(7, DEPTH, 2)))
    ),
}  # fmt: skip


def single(arrays: Sequence[Any]) -> list[Any]:
    return [a.astype("float32") if a.dtype == np.float64 else a for a in arrays]


@pytest.mark.parametrize("name", FITTING)
def test_what_fits(name: str) -> None:
    product, arrays = FITTING[name]
    arrays = single(arrays)
    graph = made(product, *arrays)
    found = after(graph)
    assert "dot_general" not in names(found)
    assert ("scatter" if "gradient" in name else "gather") in names(found)
    # Rows are picked exactly; up to two rows add up in a gradient.
    np.testing.assert_allclose(evaluate(found, arrays)[0], evaluate(graph, arrays)[0], rtol=2e-7)


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not(name: str) -> None:
    product, arrays = OTHERS[name]
    arrays = single(arrays)
    graph = made(product, *arrays)
    assert "dot_general" in names(after(graph))


def test_small_matrices_are_multiplied() -> None:
    product, arrays = FITTING["rows"]
    graph = made(product, *single(arrays))
    assert "dot_general" in names(after(graph, least=DEPTH + 1))
    assert "dot_general" in names(run_pipeline(graph)), "by default as well: five rows are few"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows_in_every_row(bad: float) -> None:
    product, arrays = FITTING["rows"]
    i, w = single(arrays)
    w[2, 1] = bad  # no index picks this row
    graph = made(product, i, w)
    found, expected = evaluate(after(graph), [i, w])[0], evaluate(graph, [i, w])[0]
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[:, 1]).all() and np.isfinite(found[:, [0, 2]]).all()


def test_sums_of_gradients_are_one_array() -> None:
    def product(i: Value, a: Value, b: Value) -> Value:
        return ir.dot_general(hot(i), a, ((0,), (0,))) + ir.dot_general(hot(i + 1), b, ((0,), (0,)))

    arrays = [I1, *(RNG.normal(size=(7, 3)).astype("float32") for _ in range(2))]
    graph = made(product, *arrays)
    found = after(graph)
    assert names(found).count("scatter") == 2 and "add" not in names(found)[-2:]
    np.testing.assert_allclose(evaluate(found, arrays)[0], evaluate(graph, arrays)[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("on", [True, False])
def test_in_a_program(on: bool) -> None:
    """One-hot rows as users write them, both ways, compiled and interpreted."""
    PROGRAMS.clear()
    index = np.array([39, 0, 7, 7, -3, 40], "float32")
    weight = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
    rows = np.array([0 <= i < 40 for i in index])[:, None] * weight[np.clip(index, 0, 39).astype(int)]
    slope = np.zeros_like(weight)
    for i, row in zip(index.astype(int), 2 * rows, strict=True):
        if 0 <= i < 40:
            slope[i] += row
    for tier in ("compiled", "interpreted"):
        with lazynd.config.using(gather_one_hot=on, tier=tier):
            w = nd.array(weight)
            w.attach_grad()
            with autograd.record():
                y = nd.dot(nd.one_hot(nd.array(index), 40), w)
                loss = (y * y).sum()
            loss.backward()
            np.testing.assert_allclose(y.asnumpy(), rows, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(w.grad.asnumpy(), slope, rtol=1e-6, atol=1e-6)
