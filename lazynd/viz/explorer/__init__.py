"""The explorer: a view as one HTML file that needs nothing else, no network, no program, no library of Python."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib.resources import files
from typing import Final, Protocol

#: In the order in which they are read: a script uses at once only what stands before it.
SCRIPTS: Final = (
    "view", "format", "heap", "html", "scenes", "repeats", "groups", "survey", "ranks", "arrange", "layout", "state",
    "heat", "camera", "cards", "paint", "edges", "details", "changes", "fusions", "source", "show", "search", "legend",
    "map", "actions", "keyboard", "theme", "save", "main",
)  # fmt: skip


class Viewed(Protocol):
    """What a page is made from: a view of the model, with its title and its text."""

    title: str

    def json(self) -> str: ...


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> tuple[str, ...]:
    """The page as texts and names of what stands between them; all but ``title`` and ``view`` are filled in."""
    worker = "\n".join(_file(f"scripts/{name}.js") for name in ("ranks", "arrange", "worker"))
    parts = {
        "styles": _file("styles/page.css") + _file("styles/panels.css"),
        "drawing": _file("styles/drawing.css"),
        "dagre_licence": "/*\n" + _file("vendor/dagre.LICENSE.txt").strip() + "\n*/",
        "dagre": _file("vendor/dagre.min.js").strip(),
        "layered": worker,
        "scripts": "\n".join(_file(f"scripts/{name}.js") for name in SCRIPTS),
    }
    pieces = re.split(r"\{\{(\w+)\}\}", _file("page.html"))
    return tuple(parts.get(piece, piece) if i % 2 else piece for i, piece in enumerate(pieces))


def embedded(text: str) -> str:
    """JSON that may stand inside a ``<script>``: nothing in it can end the element or begin a comment.

    >>> embedded('{"name": "</script><!--"}')
    '{"name": "\\\\u003c/script>\\\\u003c!--"}'
    """
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def page(view: Viewed) -> str:
    """The explorer of ``view`` as one self-contained HTML page, to be written to a file and opened from there."""
    given = {"title": html.escape(view.title), "view": embedded(view.json())}
    return "".join(given.get(piece, piece) if i % 2 else piece for i, piece in enumerate(_template()))
