"""The pending graph of an array, as recorded and after each pass."""

from __future__ import annotations

from warnings import warn

from ..ir.graph import Graph
from ..ir.parse import parse_graph
from ..ops import OPERATORS
from .recorded import Shown, recorded, stages_of
from .shown import Stage, drawn


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
    ValueError: the value is there already: nothing is pending; viz.last() and viz.programs() tell what ran
    """
    return shown if isinstance(shown, Graph) else drawn(recorded(shown))


def passes(shown: Shown) -> list[Stage]:
    """That graph as recorded, then after each pass of the pipeline, with the time that the pass took.

    >>> from lazynd import nd, viz
    >>> found = viz.passes(nd.ones((2,)) * 2)
    >>> found[0].name, len(found[0].graph)
    ('recorded', 2)
    """
    found = stages_of(recorded(shown))
    return [Stage(each.name, drawn(each.graph), each.seconds, each.fired) for each in found]


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


def parse(text: str) -> Graph:
    """The graph that ``text`` printed, but for the user's lines. Raises ``ValueError`` that says what is wrong where.

    >>> from lazynd import nd, viz
    >>> x = nd.array([1, 2, 3])
    >>> again = viz.parse(viz.text(x + x))
    >>> viz.text(again) == viz.text(x + x, locations=False)
    True
    """
    return drawn(parse_graph(text, OPERATORS))
