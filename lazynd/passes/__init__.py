"""Graph to graph: passes on operators, their expansion, then passes on primitives; one concern a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from ..config import config
from ..ir.flatten import Claimed
from ..ir.graph import Graph
from ..ir.verify import verify
from .bodies import inside, prune_loops
from .common import common_subexpressions
from .dead_code import dead_code
from .expand import expand
from .fold import fold_constants
from .hoist import hoist_sums
from .hoist_products import hoist_products
from .join_sums import join_sums
from .one_hot import gather_one_hot
from .operators import simplify_operators
from .roll import roll
from .rules import Fired, watching
from .simplify import simplify

Pass = Callable[[Graph], Graph]

#: On the graph as recorded, in this order, each once: what undoes itself goes before it costs the nodes of its body.
#: (Merging equal calls here costs more than it saves: numbers that travel with calls keep most of them apart.)
OPERATORS: Final[tuple[Pass, ...]] = (roll, simplify_operators)

#: In this order, each once: loops lose what nothing reads, and have their bodies optimised; folding leaves uniform
#: constants in the one form that the rules match, merging lets them see that two operands are the same value, products
#: are looked at in their simplest form, and what the rules leave unused is dropped after them.
_FLAT: Final[tuple[Pass, ...]] = (fold_constants, common_subexpressions, simplify, gather_one_hot, dead_code)
bodies: Final = inside(_FLAT)
#: On primitives, and on the operators that the backend has claimed. Sums are joined last, when equal values are one and
#: the rules have left sums as plain as they get.
PRIMITIVES: Final[tuple[Pass, ...]] = (prune_loops, bodies, hoist_sums, hoist_products, *_FLAT, join_sums)

#: What settings of ``config`` turn off. (``gather_one_hot``, which is inside of ``bodies`` too, asks for its own.)
OPTIONAL: Final[Mapping[str, tuple[Pass, ...]]] = {
    "roll": (roll, hoist_sums, hoist_products), "join_sums": (join_sums,)
}  # fmt: skip

PIPELINE: Final[tuple[Pass, ...]] = (*OPERATORS, expand, *PRIMITIVES)


def pipeline(claimed: Claimed | None = None) -> tuple[Pass, ...]:
    """The passes for a backend that runs the operators ``claimed`` as they are."""
    opened: Pass = expand if claimed is None else partial(expand, claimed=claimed)
    left_out = {step for name, steps in OPTIONAL.items() if not getattr(config, name) for step in steps}
    return tuple([step for step in (*OPERATORS, opened, *PRIMITIVES) if step not in left_out])


def name_of(step: Pass) -> str:
    """What a pass is called: as its function is, options or not."""
    function: Any = step.func if isinstance(step, partial) else step
    return str(function.__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """What one pass made of a graph, and how long it took; ``name`` is "recorded" for what it started from.

    ``fired``: the rules that the pass applied, each with the node that it replaced and those that it made.

    >>> from lazynd import nd, viz
    >>> first = viz.passes(nd.zeros((2, 3)) + 1)[0]
    >>> first.name, len(first.graph)
    ('recorded', 2)
    """

    name: str
    graph: Graph
    seconds: float
    fired: Sequence[Fired] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        nodes = "node " if len(self.graph) == 1 else "nodes"
        return f"{self.name:24} {len(self.graph):7} {nodes} {1000 * self.seconds:9.2f} ms"


def run_pipeline(
    graph: Graph,
    *,
    passes: Sequence[Pass] = PIPELINE,
    check: bool = False,
    observe: Callable[[Stage], None] | None = None,
) -> Graph:
    """``graph`` through ``passes``, verified after each if ``check``; ``observe`` is called with every stage.

    >>> from lazynd.ir.parse import parse_graph
    >>> stages = []
    >>> graph = parse_graph('''graph main(%0: float32[2]) {
    ...   %1: float32[2] = ir.negate(%0)
    ...   %2: float32[2] = ir.negate(%1)
    ...   return %2
    ... }''')
    >>> len(run_pipeline(graph, observe=stages.append))
    0
    >>> [(stage.name, len(stage.graph)) for stage in stages][-2:]
    [('dead_code', 0), ('join_sums', 0)]
    """
    if observe is None:
        for step in passes:
            graph = step(graph)
            if check:
                verify(graph)
        return graph
    observe(Stage("recorded", graph, 0.0))
    for step in passes:
        started = time.perf_counter()
        with watching() as fired:
            graph = step(graph)
        seconds = time.perf_counter() - started
        if check:
            verify(graph)
        observe(Stage(name_of(step), graph, seconds, fired))
    return graph


__all__ = [
    "OPERATORS", "OPTIONAL", "PIPELINE", "PRIMITIVES", "Claimed", "Pass", "Stage", "bodies", "common_subexpressions",
    "dead_code", "expand", "fold_constants", "gather_one_hot", "hoist_products", "hoist_sums", "join_sums", "name_of",
    "pipeline", "prune_loops", "roll", "run_pipeline", "simplify", "simplify_operators",
]  # fmt: skip
