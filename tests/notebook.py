"""The cells of a notebook exported as text, and running them as a notebook would, in this process.

``python -m lazynd.as_mxnet tests/notebook.py FILE`` runs the cells of ``FILE`` and prints what each shows, as JSON.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import pathlib
import re
import sys
from dataclasses import dataclass
from typing import Any


@dataclass
class Cell:
    number: int
    code: str
    shown: str


def cells(text: str) -> list[Cell]:
    """Code up to the first blank line after ``In [n]:``, then what it showed, up to text of the notebook's own."""
    found = []
    for part in re.split(r"^(?=In \[\d+\]:)", text, flags=re.MULTILINE)[1:]:
        head, _, rest = part.partition("\n")
        code, _, shown = rest.partition("\n\n")
        shown = re.split(r"^#", shown, maxsplit=1, flags=re.MULTILINE)[0]
        number = re.search(r"\d+", head)
        assert number is not None
        found.append(Cell(int(number.group()), code.rstrip("\n"), shown.rstrip("\n")))
    return found


def execute(code: str, namespace: dict[str, Any]) -> str:
    """Runs one cell and gives what a notebook shows under it: printed text, the last value, or the error."""
    out = io.StringIO()
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(tree, "<cell>", "exec"), namespace)
            if last is not None:  # as at a prompt, the value is displayed by Python's own hook
                exec(compile(ast.Interactive([last]), "<cell>", "single"), namespace)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    return out.getvalue().rstrip("\n")


if __name__ == "__main__":
    names: dict[str, Any] = {"__name__": "__main__"}
    listed = cells(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump([execute(cell.code, names) for cell in listed], sys.stdout)
