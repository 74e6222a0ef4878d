"""The pending graph of an array, as recorded and after each pass, and its text."""

from __future__ import annotations

from warnings import warn

from ..backends import loaded_backend
from ..config import config
from ..ir.graph import Graph
from ..ir.parse import parse_graph
from ..ir.text import print_graph
from ..nd import NDArray
from ..ops import OPERATORS
from ..passes import Stage, pipeline, run_pipeline
from ..runtime.record.tracing import traced_graph
from ..runtime.run.program import pending_graph
from ..runtime.thread import LOCAL

Shown = Graph | NDArray


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
    if isinstance(shown, Graph):
        return shown
    recorder = LOCAL.state.recorder
    if recorder.traces:
        return traced_graph(recorder.peek(shown._cell))
    return pending_graph(recorder.read(shown._cell))


def passes(shown: Shown) -> list[Stage]:
    """That graph as recorded, then after each pass of the pipeline, with the time that the pass took.

    >>> from lazynd import nd, viz
    >>> found = viz.passes(nd.ones((2,)) * 2)
    >>> found[0].name, len(found[0].graph)
    ('recorded', 2)
    """
    return stages_of(graph(shown))


def stages_of(graph: Graph) -> list[Stage]:
    """``graph`` as it is, then after each pass."""
    backend = loaded_backend(config.backend)  # looking loads none
    claimed = None if backend is None else backend.claimed()
    found: list[Stage] = []
    run_pipeline(graph, passes=pipeline(claimed), observe=found.append)
    return found


def trace(shown: Shown) -> list[Stage]:
    """The old name of ``passes``, with a ``DeprecationWarning``; it will be gone in lazynd 0.3.

    >>> from lazynd import nd, viz
    >>> viz.passes(nd.ones((2,)) * 2)[0].name  # instead
    'recorded'
    """
    warn("viz.trace is called viz.passes now, and will be gone in lazynd 0.3", DeprecationWarning, stacklevel=2)
    return passes(shown)


def stages(shown: Shown) -> list[Graph]:
    """The graphs of ``passes``: as recorded first, as compiled last.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2])
    >>> [len(graph) for graph in viz.stages(x * 1 + 0)][0]
    2
    """
    return [stage.graph for stage in passes(shown)]


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


def parse(text: str) -> Graph:
    """The graph that ``text`` printed, but for the user's lines. Raises ``ValueError`` that says what is wrong where.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> again = viz.parse(viz.text(x + x))
    >>> viz.text(again) == viz.text(x + x, locations=False)
    True
    """
    return parse_graph(text, OPERATORS)
