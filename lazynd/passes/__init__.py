"""Graph to graph: the pipeline is this one visible tuple, one concern a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..ir.graph import Graph
from ..ir.verify import verify
from .bodies import inside, prune_loops
from .common import common_subexpressions
from .dead_code import dead_code
from .expand import expand
from .fold import fold_constants
from .simplify import simplify

Pass = Callable[[Graph], Graph]

#: In this order, each once: loops lose what nothing reads, and have their bodies optimised; folding leaves uniform
#: constants in the one form that the rules match, merging lets them see that two operands are the same value, and what
#: the rules leave unused is dropped last.
_FLAT: Final[tuple[Pass, ...]] = (fold_constants, common_subexpressions, simplify, dead_code)
bodies: Final = inside(_FLAT)
PIPELINE: Final[tuple[Pass, ...]] = (expand, prune_loops, bodies, *_FLAT)


@dataclass(frozen=True, slots=True)
class Stage:
    """What one pass made of a graph, and how long it took; ``name`` is "recorded" for what it started from.

    >>> from lazynd import nd, viz
    >>> first = viz.trace(nd.zeros((2, 3)) + 1)[0]
    >>> first.name, len(first.graph)
    ('recorded', 2)
    """

    name: str
    graph: Graph
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:24} {len(self.graph):7} nodes {1000 * self.seconds:9.2f} ms"


def run_pipeline(
    graph: Graph,
    *,
    passes: Sequence[Pass] = PIPELINE,
    check: bool = False,
    trace: Callable[[Stage], None] | None = None,
) -> Graph:
    """``graph`` through ``passes``, verified after each if ``check``; ``trace`` is called with every stage.

    >>> from lazynd.ir.parse import parse_graph
    >>> stages = []
    >>> graph = parse_graph('''graph main(%0: float32[2]) {
    ...   %1: float32[2] = ir.negate(%0)
    ...   %2: float32[2] = ir.negate(%1)
    ...   return %2
    ... }''')
    >>> len(run_pipeline(graph, trace=stages.append))
    0
    >>> [(stage.name, len(stage.graph)) for stage in stages][-2:]
    [('simplify', 0), ('dead_code', 0)]
    """
    if trace is not None:
        trace(Stage("recorded", graph, 0.0))
    for step in passes:
        started = time.perf_counter()
        graph = step(graph)
        seconds = time.perf_counter() - started
        if check:
            verify(graph)
        if trace is not None:
            trace(Stage(step.__name__, graph, seconds))
    return graph


__all__ = [
    "PIPELINE", "Pass", "Stage", "bodies", "common_subexpressions", "dead_code", "expand", "fold_constants",
    "prune_loops", "run_pipeline", "simplify",
]  # fmt: skip
