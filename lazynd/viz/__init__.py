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

from ..passes import Stage
from ..reference import fronts
from .drawing import dot
from .network import Summary, summary, to_networkx
from .picture import Drawing, plot_network, svg
from .programs import Program, last, program, programs, timed
from .stage import graph, parse, passes, stages, text, trace

__all__ = [
    "Drawing", "Program", "Stage", "Summary", "dot", "graph", "last", "parse", "passes", "plot_network", "program",
    "programs", "stages", "summary", "svg", "text", "timed", "to_networkx", "trace",
]  # fmt: skip

__getattr__, __dir__ = fronts(__name__, "visualization")
