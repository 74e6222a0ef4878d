"""What a notebook shows under a cell. Whatever stands in it is text: names of blocks and files are escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..ir.several import several
from .picture import picture_of

if TYPE_CHECKING:
    from .model import View

#: Larger graphs are a table of their operators: a drawing of more says nothing.
MOST_DRAWN: Final = 150


def of_view(view: View) -> str:
    """A drawing, or of a large graph how many of each operator there are."""
    if len(view.graph.nodes) + len(view.graph.inputs) <= MOST_DRAWN:
        return f'<div style="overflow:auto;max-height:40em">{picture_of(view, view.title)}</div>'
    counts: dict[str, list[int]] = {}
    for id in view.graph.nodes:
        node = view.nodes[id]
        row = counts.setdefault(node.label, [0, 0, 0])
        row[0] += 1
        row[1] += node.flops or 0
        row[2] += node.bytes
    rows = [(name, *row) for name, row in sorted(counts.items(), key=lambda each: (-each[1][0], each[0]))]
    head = f"{view.title}: {several(len(view.graph.nodes), 'node')}"
    return f"<div>{html.escape(head)}</div>" + table(("operator", "nodes", "FLOPs", "bytes of results"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; numbers stand to the right."""
    lines = ["<table>", f"<tr>{''.join(f'<th>{html.escape(each)}</th>' for each in head)}</tr>"]
    lines += [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows]
    return "\n".join([*lines, "</table>"])


def _cell(value: Any) -> str:
    if isinstance(value, int | float):
        return f'<td style="text-align:right">{value:,}</td>'
    return f'<td style="text-align:left">{html.escape(str(value))}</td>'


def folded(title: str, content: str) -> str:
    """``content``, which is HTML, under a line that opens it."""
    return f"<details><summary>{html.escape(title)}</summary>{content}</details>"
