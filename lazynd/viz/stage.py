"""The pending graph of an array, as recorded and after each pass, and its text."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..ir.graph import Graph
from ..ir.text import print_graph
from ..nd import NDArray
from ..passes import PIPELINE
from ..runtime.program import pending_graph

Shown = Graph | NDArray


@dataclass(frozen=True, slots=True)
class Stage:
    """A graph on its way through the pipeline: ``name`` of the pass that made it, and ``seconds`` it took."""

    name: str
    graph: Graph
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:24} {len(self.graph):7} nodes {self.seconds * 1e3:9.2f} ms"


def graph(shown: Shown) -> Graph:
    """The pending graph that a read of the array ``shown`` would run now; forces nothing. A graph is returned as is.

    Raises ``ValueError`` if the value is there already.

    >>> from lazynd import nd, viz
    >>> x = nd.ones((2,)) * 2
    >>> len(viz.graph(x))
    2
    >>> x.wait_to_read()
    >>> viz.graph(x)
    Traceback (most recent call last):
    ...
    ValueError: the value is there already: nothing is pending
    """
    return shown if isinstance(shown, Graph) else pending_graph(shown._cell.ref)


def trace(shown: Shown) -> list[Stage]:
    """That graph as recorded, then after each pass of the pipeline, with the time that the pass took.

    >>> from lazynd import nd, viz
    >>> found = viz.trace(nd.ones((2,)) * 2)
    >>> found[0].name, len(found[0].graph)
    ('recorded', 2)
    """
    found = [Stage("recorded", graph(shown), 0.0)]
    for step in PIPELINE:
        started = time.perf_counter()
        made = step(found[-1].graph)
        name = getattr(step, "name", None) or getattr(step, "__name__", type(step).__name__)
        found.append(Stage(str(name), made, time.perf_counter() - started))
    return found


def stages(shown: Shown) -> list[Graph]:
    """The graphs of ``trace``: as recorded first, as compiled last."""
    return [stage.graph for stage in trace(shown)]


def text(shown: Shown, locations: bool = True) -> str:
    """The text form: one line a node, with types and, unless ``locations`` is False, the user's line.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> print(viz.text(x + x, locations=False))
    graph main(%0: float32[3]) {
      %1: float32[3] = broadcast_add(%0, %0)
      return %1
    }
    <BLANKLINE>
    """
    return print_graph(graph(shown), locations)
