"""The chapters for beginners as notebooks: the cells run, one after the other, and show what the pages show."""

from __future__ import annotations

import contextlib
import io
import pathlib
import sys
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
notebooks: Any = __import__("notebooks")
sys.path.remove(str(ROOT / "docs"))


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_a_chapter_runs_as_a_notebook(path: pathlib.Path) -> None:
    made = notebooks.notebook(path.read_text(encoding="utf-8"))
    cells = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
    assert cells and not any(">>>" in cell for cell in cells)
    names: dict[str, Any] = {}
    raised = 0
    for cell in cells:
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(compile(cell, path.name, "exec"), names)
            except Exception:
                raised += 1
    assert raised == path.read_text(encoding="utf-8").count("Traceback (most recent call last)")


def test_cells_end_where_something_is_shown() -> None:
    page = "# Title\n\nText.\n\n```python\n>>> a = 1\n>>> a\n1\n>>> if a:\n...     b = a + 1\n>>> b\n2\n```\n\nEnd.\n"
    cells = notebooks.notebook(page)["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "markdown"]
    assert [cell["source"] for cell in cells] == ["# Title\n\nText.", "a = 1\na", "if a:\n    b = a + 1\nb", "End."]
    assert notebooks.notebook(page) == notebooks.notebook(page)
