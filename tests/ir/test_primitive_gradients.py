"""Gradient rules of the primitives against JAX differentiating their lowering, to second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from lazynd.backends.numpy import evaluate
from lazynd.backends.xla.lower import lower
from lazynd.ir.build import zeros_like
from lazynd.ir.gradient import cotangents_of
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.primitives.elementwise import Binary
from lazynd.ir.primitives.loop import as_scan
from lazynd.ir.value import Value
from lazynd.ir.verify import verify

from .special import graph_of, pairs, special_values

Function = Callable[[Sequence[Any]], list[Any]]
#: Integer steps and selections have no slope, in JAX as here; a copy is no operation in a lowered program.
NAMES = sorted(PRIMITIVES)
#: Points where the slope is defined otherwise than in JAX, and why.
DIFFERENT: dict[str, Callable[..., Any]] = {
    "maximum": lambda a, b: a == b,  # The first operand gets all, as in MXNet; JAX halves it.
    "minimum": lambda a, b: a == b,
    "acosh": lambda x: x <= -1,  # Outside of its domain: the formula's, as in MXNet; JAX has another, or NaN.
    "abs": lambda x: x == 0,  # 0, the sign, as in MXNet; JAX has 1.
    "power": lambda a, b: (a == 0) & (b == 0),  # 0, that of a constant; JAX has NaN in a.
    "remainder": lambda a, b: b == 0,  # NaN, as its value; JAX has an infinity.
}


def widened(arrays: Sequence[Any]) -> list[Any]:
    wide = {np.dtype(np.float32): np.dtype(np.float64)}
    return [np.asarray(a).astype(wide.get(np.asarray(a).dtype, np.asarray(a).dtype)) for a in arrays]


def floating(graph: Graph) -> list[int]:
    return [i for i, node in enumerate(graph.inputs) if node.type.dtype.kind == "f"]


def gradient(graph: Graph) -> Graph:
    """Inputs, then cotangents of the float outputs, to the cotangents of the float inputs."""
    seeds = [leaf(ref.type) if ref.type.dtype.kind == "f" else None for ref in graph.outputs]
    wanted = [graph.inputs[i] for i in floating(graph)]
    given = [None if s is None else Value(s) for s in seeds]
    found = cotangents_of(graph.nodes, graph.outputs, given, wanted)
    results = [zeros_like(Value(w)) if c is None else c for w, c in zip(wanted, found, strict=True)]
    return verify(Graph([*graph.inputs, *(s for s in seeds if s is not None)], [r.ref for r in results]))


def gradient_in_jax(function: Function, graph: Graph) -> Function:
    """The same function of the same arguments, differentiated by JAX."""
    numbers = floating(graph)

    def differentiated(arguments: Sequence[Any]) -> list[Any]:
        inputs, seeds = list(arguments[: len(graph.inputs)]), arguments[len(graph.inputs) :]

        def of_floats(*floats: Any) -> list[Any]:
            filled = list(inputs)
            for i, value in zip(numbers, floats, strict=True):
                filled[i] = value
            results = function(filled)
            return [r for r, ref in zip(results, graph.outputs, strict=True) if ref.type.dtype.kind == "f"]

        _, pull = jax.vjp(of_floats, *(inputs[i] for i in numbers))
        return list(pull(list(seeds)))

    return differentiated


def seeds_of(graph: Graph, rng: np.random.Generator) -> list[Any]:
    return [rng.uniform(0.5, 1.5, r.type.shape).astype(r.type.dtype) for r in graph.outputs if r.type.dtype.kind == "f"]


@pytest.mark.parametrize("order", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree_with_jax(name: str, order: int) -> None:
    rng = np.random.default_rng(11)
    for arrays, attributes in PRIMITIVES[name].samples(np.random.default_rng(5)):
        arguments = list(map(np.asarray, arrays)) if name == "bitcast_convert" else widened(arrays)
        graph = graph_of(name, arguments, attributes)
        # JAX does not differentiate a while loop backwards: what it stands for then, a scan.
        function: Function = lower(as_scan(graph.nodes[0].spec) if name == "while" else graph)
        if name == "convert":  # in whose lowering bits are set, which jax does not differentiate
            function = partial(converted, np.dtype(attributes["dtype"]))
        if not floating(graph) or all(r.type.dtype.kind != "f" for r in graph.outputs):
            continue
        for _ in range(order):
            arguments = [*arguments, *seeds_of(graph, rng)]
            function, graph = gradient_in_jax(function, graph), gradient(graph)
            with jax.enable_x64(True):
                expected = jax.jit(function)(arguments)
                # In the short suite by the interpreter: that XLA agrees with it is tested of each primitive.
                found = evaluate(graph, arguments) if order == 1 else jax.jit(lower(graph))(arguments)
            for ours, theirs in zip(found, expected, strict=True):
                # Both are float64 and differ in the order of a few dozen operations.
                np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11, err_msg=f"{name} {attributes}")


def converted(dtype: np.dtype[Any], inputs: Sequence[Any]) -> list[Any]:
    return [inputs[0].astype(dtype)]


STEPS = {"select", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "convert", "bitcast_convert"}
SLOPES = [n for n in NAMES if PRIMITIVES[n].elementwise and "f" in PRIMITIVES[n].kinds and n not in STEPS]


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_at_special_values(name: str) -> None:
    arrays = list(pairs("float64")) if isinstance(PRIMITIVES[name], Binary) else [special_values("float64")]
    graph = graph_of(name, arrays, {})
    arguments = [*arrays, np.ones_like(arrays[0])]
    with jax.enable_x64(True):
        expected = jax.jit(gradient_in_jax(lower(graph), graph))(arguments)
        found = jax.jit(lower(gradient(graph)))(arguments)
    # Near the ends of the range the order of multiplications decides what overflows.
    compared = np.all([(np.abs(a) < 1e3) & ((a == 0) | (np.abs(a) > 1e-3)) for a in arrays], axis=0)
    assert compared.sum() >= 10
    if name in DIFFERENT:
        compared &= ~DIFFERENT[name](*arrays)
    for number, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(
            ours[compared], theirs[compared], rtol=1e-11, atol=0, err_msg=f"{name}, operand {number}"
        )
