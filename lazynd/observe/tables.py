"""Tables as text and as HTML, and quantities as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_STYLE: Final = "text-align:{};padding:0.1em 0.8em;vertical-align:top"


def escaped(text: str) -> str:
    """``text`` as HTML: what is between its tags. (Importing ``html`` takes longer than all of this package.)"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quantity(count: float) -> str:
    """So many bytes."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def as_text(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (-1,)) -> list[str]:
    """Lines of a table: columns to the right, but for those numbered ``left``."""
    count = len(head)
    to_left = {each % count for each in left}
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(count)]

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if i in to_left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()

    return [line(head), *map(line, rows)]


def as_html(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (-1,)) -> str:
    """The same for a notebook."""
    count = len(head)
    to_left = {each % count for each in left}

    def line(row: Sequence[str], tag: str) -> str:
        cells = (
            f'<{tag} style="{_STYLE.format("left" if i in to_left else "right")}">{escaped(cell)}</{tag}>'
            for i, cell in enumerate(row)
        )
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
