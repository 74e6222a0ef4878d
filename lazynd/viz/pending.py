"""What is pending: recorded, and not computed yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir.node import Node
from ..runtime.guard.sections import Undivided
from ..runtime.run.failure import unfinished
from ..runtime.thread import LOCAL
from .lines import Lines
from .model import ViewFile
from .notebook import table

_HEAD = ("line", "operations", "bytes", "operators")


@dataclass(frozen=True, slots=True)
class PendingLine:
    """What one line of the user has recorded that waits: how many operations, the bytes of their results."""

    place: str
    operations: int
    bytes: int
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits in this thread, by the user's line, in the order in which the lines first recorded.

    Its length is the number of operations.

    >>> from lazynd import nd, viz
    >>> nd.waitall()
    >>> x = nd.ones((2, 3)) * 2
    >>> len(viz.pending()), viz.pending().lines[-1].operators
    (2, ('_full', '_mul_scalar'))
    """

    lines: tuple[PendingLine, ...]

    def __len__(self) -> int:
        return sum(line.operations for line in self.lines)

    def __str__(self) -> str:
        if not self.lines:
            return "nothing is pending"
        width = max(len(line.place) for line in self.lines)
        head = f"{len(self)} operations are pending"
        rows = [f"{line.place:{width}}  {line.operations:6}  {', '.join(_few(line.operators))}" for line in self.lines]
        return "\n".join([head, *rows])

    def _repr_html_(self) -> str:
        rows = [(line.place, line.operations, line.bytes, ", ".join(_few(line.operators))) for line in self.lines]
        return table(_HEAD, rows) if rows else "nothing is pending"


def pending() -> Pending:
    """What this thread has recorded and not computed yet, a row for each line that recorded it; runs nothing.

    Also what nobody can ask for any more counts, until a read drops it.

    >>> from lazynd import nd, viz
    >>> nd.waitall()
    >>> x = nd.ones((2, 3)) * 2
    >>> len(viz.pending()), viz.pending().lines[0].operators
    (2, ('_full', '_mul_scalar'))
    >>> nd.waitall()
    >>> print(viz.pending())
    nothing is pending
    """
    lines = Lines()
    found: dict[Any, list[Node]] = {}
    with Undivided():
        regions = LOCAL.state.regions
        rooms = [*regions.closed, *([regions.beside] if regions.beside else []), regions.open]
        nodes = {item.node: None for region in rooms for item in unfinished(region.items)}
    for node in nodes:
        found.setdefault(lines.at(node.code, node.lasti), []).append(node)
    names = lines.files()
    return Pending(tuple(_line(place, names, each) for place, each in found.items()))


def _line(place: tuple[int, int] | tuple[None, None], files: list[ViewFile], nodes: list[Node]) -> PendingLine:
    file, line = place
    specs = [node.spec for node in nodes if node.spec is not None]
    size = sum(type.nbytes for spec in specs for type in spec.out_types)
    names = tuple(dict.fromkeys(str(spec.op.name) for spec in specs))
    return PendingLine("unknown line" if file is None else f"{files[file].name}:{line}", len(specs), size, names)


def _few(operators: tuple[str, ...]) -> list[str]:
    return [*operators[:6], f"{len(operators) - 6} more"] if len(operators) > 7 else list(operators)
