"""What goes wrong at a node is told with its name, and the line that it was composed at."""

from __future__ import annotations

from ..ir.errors import MXNetError
from ..runtime.tell.location import describe
from .node import Node


def told(error: Exception, node: Node) -> MXNetError:
    """``error`` with where in the symbol it comes from."""
    place = f"\n  composed at {describe(*node.line, source=True)}" if node.line is not None else ""
    made = MXNetError(f"Error in operator {node.name}: {error}{place}")
    made.refused = True  # type: ignore[attr-defined]  # the line is told already
    return made
