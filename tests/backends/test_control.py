"""How loops are lowered: as loops, but for what a CPU does badly inside them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lazynd import autograd, nd, viz
from lazynd.backends.xla.control import _UNROLLED
from lazynd.backends.xla.lower import lower
from lazynd.passes import run_pipeline


def loops_in(array: nd.NDArray, platform: str) -> int:
    """While loops in what XLA gets for the pending graph of ``array``."""
    graph = run_pipeline(viz.graph(array))
    arguments: Any = [jax.ShapeDtypeStruct(n.type.shape, n.type.dtype) for n in graph.inputs]
    with jax.enable_x64(True):
        return jax.jit(lower(graph, platform)).lower(arguments).as_text().count("stablehlo.while")


def convolved(steps: int) -> nd.NDArray:
    x, w = nd.ones((steps, 2, 3, 5, 5)), nd.ones((3, 3, 3, 3)) * 0.01
    nd.waitall()
    w.attach_grad()

    def body(row: Any, state: Any) -> Any:
        made = nd.Convolution(row + state, w, no_bias=True, kernel=(3, 3), num_filter=3, pad=(1, 1))
        return made, made

    with autograd.record():
        outputs, _ = nd.contrib.foreach(body, x, nd.zeros((2, 3, 5, 5)))
    outputs.backward()
    return w.grad


@pytest.mark.lazy
def test_convolutions_are_taken_out_of_loops_on_a_cpu() -> None:
    assert loops_in(convolved(4), "cpu") == 0
    assert loops_in(convolved(4), "gpu") == 2
    assert loops_in(convolved(_UNROLLED + 1), "cpu") == 2, "a long one would take too long to compile"


@pytest.mark.lazy
def test_other_loops_are_loops() -> None:
    x = nd.ones((64, 3))
    outputs, _ = nd.contrib.foreach(lambda row, state: (row + state, row * state), x, nd.ones(3))
    assert loops_in(outputs, "cpu") == 1


def test_unrolled_loops_give_the_same() -> None:
    short, long = convolved(3).asnumpy(), convolved(_UNROLLED + 1)
    x, w = np.ones((2, 3, 5, 5), "float32"), nd.ones((3, 3, 3, 3)) * 0.01
    w.attach_grad()
    state = nd.zeros((2, 3, 5, 5))
    with autograd.record():
        total = nd.zeros(1)
        for _ in range(3):
            state = nd.Convolution(nd.array(x) + state, w, no_bias=True, kernel=(3, 3), num_filter=3, pad=(1, 1))
            total = total + state.sum()
    total.backward()
    np.testing.assert_allclose(short, w.grad.asnumpy(), rtol=1e-5)
    assert np.isfinite(long.asnumpy()).all()
