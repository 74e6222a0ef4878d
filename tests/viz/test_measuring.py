"""Times of operators that run by themselves."""

from __future__ import annotations

import pytest

import lazynd
from lazynd import autograd, nd, viz

pytestmark = pytest.mark.lazy


def test_a_pending_array_stays_pending() -> None:
    x = nd.array([[4, 1], [3, 2]])
    x.attach_grad()
    with autograd.record():
        first, second = nd.split(nd.tanh(x), 2)
        y = (nd.dot(first, second, transpose_b=True) * 2.5 + nd.random.uniform(shape=(1,))).sum()
    y.backward()
    before = lazynd.stats().snapshot()
    view = viz.measure(x.grad, repeat=1)
    assert lazynd.stats().snapshot() == before
    times = [view.nodes[id].milliseconds for id in view.graph.nodes]
    assert len(times) == len(viz.graph(x.grad))
    assert all(taken is not None and taken > 0 for taken in times)
    assert any(node.operator == "vjp_dot" for node in view.nodes.values())


def test_values_are_those_that_are_there() -> None:
    """An index that only the real values keep within bounds."""
    table, places = nd.array([[1, 2], [3, 4]]), nd.array([1.0, 0.0])
    nd.waitall()
    view = viz.measure(nd.take(table, places * 1, mode="raise"), repeat=1)
    assert view.nodes[view.graph.nodes[-1]].milliseconds is not None
    with pytest.raises(IndexError):
        viz.measure(nd.take(table, places + 5, mode="raise"), repeat=1)


def test_on_xla_and_of_what_ran() -> None:
    x = nd.array([1, 2, 3])
    (nd.tanh(x) * x).wait_to_read()
    view = viz.measure(viz.last(), backend="xla", repeat=2)
    assert [view.nodes[id].milliseconds is not None for id in view.graph.nodes] == [True, True]
    assert view.title.startswith("program")


def test_what_is_refused() -> None:
    x = nd.array([1, 2, 3])
    with pytest.raises(ValueError, match="nothing is pending"):
        viz.measure(x)
    with pytest.raises(ValueError, match="repeat must be 1 or more, not 0"):
        viz.measure(x + 1, repeat=0)
    with pytest.raises(TypeError, match="expected an array or a graph"):
        viz.measure("x")  # type: ignore[arg-type]  # on purpose
