"""Two graphs compared: what is said to be new is new, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lazynd import gluon, nd, viz
from lazynd.viz import View


def of(function: Callable[..., Any], *shapes: tuple[int, ...]) -> View:
    return viz.view(function, *shapes, passes=False)


def counts(found: View) -> dict[str, Counter[str]]:
    """How many nodes of each operator were added, removed, replaced."""
    made: dict[str, Counter[str]] = {"added": Counter(), "removed": Counter(), "replaced": Counter()}
    for change in found.stages[1].changed:
        if change.what in made:
            made[change.what].update(found.nodes[id].operator for id in change.nodes or change.source)
    return made


def chain(length: int, at: frozenset[int] = frozenset(), extra: Callable[[Any], Any] = nd.sin) -> Callable[[Any], Any]:
    """``length`` operators one after another, ``extra`` after those numbered ``at``."""

    def compute(x: Any) -> Any:
        for number in range(length):
            x = (nd.relu, nd.tanh, nd.exp)[number % 3](x)
            if number in at:
                x = extra(x)
        return x

    return compute


@pytest.mark.parametrize("at", [{0}, {5}, {2, 3, 11}, {29}])
def test_what_was_put_in_between_is_found_alone(at: set[int]) -> None:
    plain, longer = of(chain(30), (2, 3)), of(chain(30, frozenset(at)), (2, 3))
    assert counts(viz.diff(plain, longer)) == {"added": {"sin": len(at)}, "removed": {}, "replaced": {}}
    assert counts(viz.diff(longer, plain)) == {"added": {}, "removed": {"sin": len(at)}, "replaced": {}}


def test_equal_graphs_differ_in_nothing_whatever_they_are_called() -> None:
    views = []
    for _ in range(2):
        net = gluon.nn.HybridSequential()
        net.add(gluon.nn.Dense(4, activation="relu"), gluon.nn.Dense(4), gluon.nn.Dense(4))
        net.initialize()
        views.append(of(net, (2, 4)))
    found = viz.diff(*views)
    assert found.stages[1].changed == [] or counts(found) == {"added": {}, "removed": {}, "replaced": {}}
    assert {node.operator for node in found.nodes.values()} == {"", "FullyConnected", "Activation", "relu"} & {
        node.operator for node in views[0].nodes.values()
    }


def test_other_shapes_are_the_same_nodes_changed() -> None:
    found = viz.diff(of(chain(6), (2, 3)), of(chain(6), (4, 3)))
    assert counts(found) == {"added": {}, "removed": {}, "replaced": {"": 1, "relu": 2, "tanh": 2, "exp": 2}}


def test_another_parameter_is_a_change_of_one_node() -> None:
    found = viz.diff(of(lambda x: nd.sum(nd.relu(x), axis=0), (3, 3)), of(lambda x: nd.sum(nd.relu(x), axis=1), (3, 3)))
    assert counts(found) == {"added": {}, "removed": {}, "replaced": {"sum": 1}}


def test_stray_casts_are_counted_among_thousands() -> None:
    places = frozenset(range(3, 2000, 40))
    cast = lambda x: x.astype("float16").astype("float32")  # noqa: E731 - as short as what it shows
    found = viz.diff(of(chain(2000), (2, 3)), of(chain(2000, places, cast), (2, 3)))
    assert counts(found) == {"added": {"Cast": 2 * len(places)}, "removed": {}, "replaced": {}}


def test_the_view_of_a_difference_can_be_written_and_read() -> None:
    found = viz.diff(of(chain(3), (2, 3)), of(chain(4), (2, 3)))
    again = viz.view(found.json())
    assert again.as_dict() == found.as_dict() and again.kind == "diff"
    for stage in found.stages:
        known = {*stage.graph.inputs, *stage.graph.nodes}
        assert all(source in known for id in stage.graph.nodes for source, _ in found.nodes[id].inputs)
        assert all(id in known for id, _ in stage.graph.results)


def test_loops_keep_their_bodies() -> None:
    def summed(scale: float) -> Callable[[Any], Any]:
        def compute(x: Any) -> Any:
            def step(row: Any, total: Any) -> Any:
                return row, total + row * scale

            _, total = nd.contrib.foreach(step, x, nd.zeros((3,)))
            return total

        return compute

    found = viz.diff(of(summed(2.0), (4, 3)), of(lambda x: nd.relu(summed(2.0)(x)), (4, 3)))
    for node in found.nodes.values():
        assert all(name in found.graphs for name in node.body.values())
    assert counts(found)["added"] == {"relu": 1}
