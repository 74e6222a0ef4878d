"""Looking at pending work: as IR text, after each pass, as DOT, as a networkx graph. Nothing here runs anything.

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
from .drawing import dot
from .network import Summary, summary, to_networkx
from .stage import graph, parse, passes, stages, text, trace

__all__ = ["Stage", "Summary", "dot", "graph", "parse", "passes", "stages", "summary", "text", "to_networkx", "trace"]
