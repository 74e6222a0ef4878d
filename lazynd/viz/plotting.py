"""MXNet's ``plot_network``."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ir.graph import Graph
from ..nd import NDArray
from .drawing import dot, quote
from .picture import svg
from .stage import Shown
from .stage import graph as graph_of


@dataclass(frozen=True)
class Drawing:
    """A drawn graph: a notebook shows it, ``source`` is its text in the DOT language, ``svg`` the picture.

    >>> from lazynd import nd, viz
    >>> drawing = viz.plot_network(nd.zeros((2, 3)) + 1)
    >>> drawing.source.splitlines()[0], drawing.svg[:4]
    ('digraph plot {', '<svg')
    """

    title: str
    source: str = field(repr=False)
    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, filename: str | pathlib.Path) -> None:
        """Write the picture to ``filename``, or the DOT text where that ends in ``.dot`` or ``.gv``.

        >>> import pathlib
        >>> from lazynd import nd, viz
        >>> viz.plot_network(nd.zeros((2, 3)) + 1).save("sum.svg")
        >>> pathlib.Path("sum.svg").read_text()[:4]
        '<svg'
        """
        path = pathlib.Path(filename)
        path.write_text(self.source if path.suffix in (".dot", ".gv") else self.svg, encoding="utf-8")


def plot_network(
    symbol: Shown,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, Any] | None = None,
    dtype: Mapping[str, Any] | None = None,
    node_attrs: Mapping[str, str] | None = None,
    hide_weights: bool = True,
) -> Drawing:
    """What a read of the array ``symbol`` would run, drawn; also of a graph. Runs nothing, and needs no Graphviz.

    ``hide_weights``: without what comes from outside. ``node_attrs``: attributes of the nodes for Graphviz, in the DOT
    text. ``save_format``, ``shape`` and ``dtype`` have no effect: the picture is SVG, and the types are known.
    ``TypeError`` for anything else than an array or a graph, ``ValueError`` where the value is there already.

    >>> from lazynd import nd, viz
    >>> x = nd.array([[1, 2], [3, 4]])
    >>> print(viz.plot_network(nd.relu(x * x), node_attrs={"color": "blue"}).source)
    digraph plot {
      rankdir=TB;
      node [shape=box, fontname="Helvetica", color="blue"];
      n0 [label="broadcast_mul\\nfloat32[2,2]"];
      n1 [label="relu\\nfloat32[2,2]"];
      n0 -> n1;
      out0 [label="output 0", shape=plaintext];
      n1 -> out0;
    }
    <BLANKLINE>
    """
    if not isinstance(symbol, Graph | NDArray):
        raise TypeError(f"plot_network draws an NDArray or a graph; symbols are not built yet, got {type(symbol)}")
    found = graph_of(symbol)
    attributes = "".join(f", {name}={quote(str(value))}" for name, value in (node_attrs or {}).items())
    source = dot(found, title if title.isidentifier() else quote(title), attributes, hide_weights)
    return Drawing(title, source, svg(found, title, hide_weights))
