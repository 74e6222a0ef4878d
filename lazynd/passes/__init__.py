"""Graph to graph: the pipeline is this one visible tuple, one concern a file."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.gradient import flatten
from ..ir.graph import Graph
from .dead_code import dead_code

Pass = Callable[[Graph], Graph]


def expand(graph: Graph) -> Graph:
    """Bodies in place of operators: what is left are primitives."""
    return flatten(graph)


PIPELINE: tuple[Pass, ...] = (expand, dead_code)

__all__ = ["PIPELINE", "Pass", "dead_code", "expand"]
