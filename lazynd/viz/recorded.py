"""Graphs of what was recorded, and what the passes make of them; looking runs nothing and is told to no trace."""

from __future__ import annotations

from ..backends import loaded_backend
from ..config import config
from ..ir.graph import Graph
from ..nd import NDArray
from ..passes import Stage, pipeline, run_pipeline
from ..runtime.record.tracing import traced_graph
from ..runtime.run.failure import Lost
from ..runtime.run.program import pending_graph
from ..runtime.thread import LOCAL

Shown = Graph | NDArray


def recorded(shown: Shown) -> Graph:
    """The pending graph of an array, inside a trace what it recorded; a graph itself."""
    if isinstance(shown, Graph):
        return shown
    if not isinstance(shown, NDArray):
        raise TypeError(
            f"expected an array or a graph, not {type(shown).__name__}; see viz.view for what else there is"
        )
    recorder = LOCAL.state.recorder
    if recorder.traces:
        ref = recorder.peek(shown._cell)
        return traced_graph(ref) if isinstance(ref.node.region, Lost) else pending_graph(ref)
    return pending_graph(recorder.read(shown._cell))


def stages_of(graph: Graph) -> list[Stage]:
    """``graph`` as it is, then after each pass."""
    backend = loaded_backend(config.backend)  # looking loads none
    claimed = None if backend is None else backend.claimed()
    found: list[Stage] = []
    run_pipeline(graph, passes=pipeline(claimed), observe=found.append)
    return found
