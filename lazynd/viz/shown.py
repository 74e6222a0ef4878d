"""Graphs and stages that a notebook shows."""

from __future__ import annotations

import html
from dataclasses import dataclass

from ..ir.graph import Graph
from ..ir.text import print_graph
from ..passes import Stage as PlainStage
from .lines import named
from .looking import of
from .notebook import folded, of_view

#: So many lines of a text are shown.
_LINES = 500


class DrawnGraph(Graph):
    """A graph that a notebook draws, with its text folded below."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        text = print_graph(self, named=named)
        lines = text.splitlines()
        if len(lines) > _LINES:
            text = "\n".join([*lines[:_LINES], f"... {len(lines) - _LINES} more lines"])
        return of_view(of(self)) + folded("text", f"<pre>{html.escape(text)}</pre>")


def drawn(graph: Graph) -> DrawnGraph:
    """``graph``, of the same nodes, as one that a notebook draws."""
    return DrawnGraph(graph.inputs, graph.outputs, graph.nodes, graph.name)


@dataclass(frozen=True, slots=True)
class Stage(PlainStage):
    """What one pass made of a graph, and how long it took; ``name`` is "recorded" for what it started from.

    ``fired``: the rules that the pass applied, each with the node that it replaced and those that it made.

    >>> from lazynd import nd, viz
    >>> first = viz.passes(nd.zeros((2, 3)) + 1)[0]
    >>> first.name, len(first.graph)
    ('recorded', 2)
    """

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(str(self))}</div>{drawn(self.graph)._repr_html_()}"
