"""Files of what is shown, by their endings."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, Final

from .drawing import dot
from .exchange import model_explorer
from .explorer import page
from .listing import text
from .looking import of, view
from .model import View
from .png import png
from .scalable import svg

#: What each ending is written by; an ending of two parts goes before one.
_FORMS: Final[dict[str, Callable[[Any], str]]] = {
    ".model-explorer.json": model_explorer, ".json": lambda shown: whole(shown).json(),
    ".html": lambda shown: html(shown), ".svg": svg, ".dot": dot, ".gv": dot, ".txt": text,
}  # fmt: skip


def html(shown: Any) -> str:
    """The explorer: one HTML page that shows everything, needs nothing else, and opens from the file system.

    ``shown`` is what ``view`` takes without inputs, or a view.

    >>> from lazynd import nd, viz
    >>> viz.html(nd.ones((2, 3)) * 2)[:15]
    '<!doctype html>'
    """
    return page(whole(shown))


def whole(shown: Any) -> View:
    """The view of ``shown`` with its stages."""
    return shown if isinstance(shown, View) else view(shown)


def save(shown: Any, path: str | pathlib.Path) -> None:
    """Write ``shown`` to a file in the form that its ending says.

    ``.html``: the explorer. ``.json``: the view. ``.model-explorer.json``: for Google's Model Explorer. ``.svg``,
    ``.png`` (needs ``pip install lazynd[png]``): a drawing. ``.dot``, ``.gv``: for Graphviz. ``.txt``: the text form.
    ``shown`` is what ``view`` takes without inputs, or a view. ``ValueError`` for another ending.

    >>> import pathlib
    >>> from lazynd import nd, viz
    >>> viz.save(nd.ones((2, 3)) * 2, "graph.svg")
    >>> pathlib.Path("graph.svg").read_text()[:4]
    '<svg'
    """
    path = pathlib.Path(path)
    if path.suffix == ".png":
        path.write_bytes(png(of(shown)))
        return
    form = next((form for ending, form in _FORMS.items() if path.name.endswith(ending)), None)
    if form is None:
        raise ValueError(f"{path.name} ends in none of {', '.join([*_FORMS, '.png'])}, which say what is written")
    path.write_text(form(shown), encoding="utf-8")
