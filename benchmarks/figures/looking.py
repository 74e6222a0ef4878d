"""Looking at a large graph: its view made and written, its explorer written; CPU time, on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

from lazynd import nd, viz
from lazynd.compiled import Compiled
from lazynd.ir.graph import Graph

from ..registry import figure
from ..result import OURS, Budget, Row
from ..timing import Effort

NODES = 10_000
BUDGETS = {"the view as JSON": Budget(1.0)}


@figure("looking at a graph of 10,000 operations, CPU time")
def measure(effort: Effort) -> Iterator[Row]:
    graph = long_graph(NODES if effort.scale else 100)
    ways: dict[str, Callable[[Graph], Any]] = {
        "the view as JSON": lambda graph: viz.view(graph).json(),
        "the view with all passes as JSON": lambda graph: viz.view(graph, passes=True).json(),
        "the explorer": viz.html,
        "text": viz.text,
        "DOT": viz.dot,
        "SVG": viz.svg,
    }
    for name, way in ways.items():
        samples = [seconds(way, graph) for _ in range(effort.some_rounds(3))]
        yield Row(name, "s", {OURS: samples}, BUDGETS.get(name), f"{len(graph)} operations")


def long_graph(count: int) -> Graph:
    """An unrolled recurrence, eight operations a step."""

    def recurrence(x: Any, w: Any) -> Any:
        h = x
        for _ in range(-(-count // 8)):
            i, f = nd.sigmoid(nd.dot(h, w)), nd.tanh(nd.dot(h, w))
            h = nd.relu(i * f + h * 0.5)
        return h

    traced = Compiled(recurrence).traced(nd.ones((16, 16)), nd.ones((16, 16)))
    assert traced.spec is not None and traced.spec.body is not None
    return traced.spec.body


def seconds(way: Callable[[Graph], Any], graph: Graph) -> float:
    start = process_time()
    way(graph)
    return process_time() - start
