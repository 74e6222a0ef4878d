"""Looking at pending work: as IR text, after each pass, as a picture, as a graph for other tools. Runs nothing.

>>> from lazynd import nd, viz
>>> x = nd.array([[1, 2], [3, 4]])
>>> y = nd.relu(x * x)
>>> print(viz.text(y, locations=False))
graph main(%0: float32[2,2]) {
  %1: float32[2,2] = broadcast_mul(%0, %0)
  %2: float32[2,2] = relu(%1)
  return %2
}
<BLANKLINE>
"""

from __future__ import annotations

from ..reference import fronts
from .diff import diff
from .drawing import dot
from .exchange import model_explorer
from .listing import text
from .looking import view
from .measuring import measure
from .model import View
from .network import Summary, summary, to_networkx
from .pending import Pending, pending
from .plotting import Drawing, plot_network
from .png import png
from .programs import Program, last, program, programs, timed
from .saving import html, save
from .scalable import svg
from .shown import Stage
from .stage import graph, parse, passes, stages, trace
from .tables import print_summary

__all__ = [
    "Drawing", "Pending", "Program", "Stage", "Summary", "View", "diff", "dot", "graph", "html", "last", "measure",
    "model_explorer", "parse", "passes", "pending", "plot_network", "png", "print_summary", "program", "programs",
    "save", "stages", "summary", "svg", "text", "timed", "to_networkx", "trace", "view",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__, "visualization")
