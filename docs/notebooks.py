"""A Sphinx extension: each chapter of docs/learn as a notebook to download, with a link at its top.

A cell is what stands between two outputs, so that the notebook shows what the page shows.
"""

from __future__ import annotations

import doctest
import pathlib
import re
from typing import Any

import nbformat
from nbformat import v4

DOCS = pathlib.Path(__file__).resolve().parent
PLACE = DOCS / "generated" / "notebooks"
_CODE = re.compile(r"```python\n(.*?)```\n", re.DOTALL)


def chapters() -> list[pathlib.Path]:
    return sorted(path for path in (DOCS / "learn").glob("*.md") if path.stem != "index")


def notebook(text: str) -> Any:
    """The notebook of a page in Markdown."""
    cells = []
    for number, part in enumerate(_CODE.split(text)):
        if number % 2:
            cells += map(v4.new_code_cell, _cells(part))
        elif part.strip():
            cells.append(v4.new_markdown_cell(part.strip()))
    for number, cell in enumerate(cells):
        cell["id"] = str(number)  # drawn otherwise: the file shall be the same each time
    made = v4.new_notebook(cells=cells)
    nbformat.validate(made)
    return made


def _cells(block: str) -> list[str]:
    """The code of a block of examples, a new cell after each output."""
    cells = [""]
    for example in doctest.DocTestParser().get_examples(block):
        cells[-1] += example.source
        if example.want:
            cells.append("")
    return [cell.rstrip("\n") for cell in cells if cell]


def write(app: Any) -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    for path in chapters():
        nbformat.write(notebook(path.read_text(encoding="utf-8")), PLACE / f"{path.stem}.ipynb")


def add_link(app: Any, name: str, source: list[str]) -> None:
    folder, _, chapter = name.rpartition("/")
    if folder == "learn" and chapter != "index":
        title, rest = source[0].split("\n\n", 1)
        link = f"{{download}}`This chapter as a notebook <../generated/notebooks/{chapter}.ipynb>`"
        source[0] = f"{title}\n\n{link}\n\n{rest}"


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", write)
    app.connect("source-read", add_link)
    return {"parallel_read_safe": True}
