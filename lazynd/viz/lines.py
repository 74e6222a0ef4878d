"""The user's files, by names that say the same on every machine, and the lines of them that a view shows."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import Final

from ..ir.text import last_part
from ..runtime.tell.location import cell_of, line_of
from .model import ViewFile

#: So many lines before and after one that a node names are shown too.
_AROUND: Final = 2


class Lines:
    """Numbers files and finds lines; the same place is looked up once."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._found: dict[tuple[CodeType, int], tuple[int, int]] = {}

    def at(self, code: CodeType | None, lasti: int) -> tuple[int, int] | tuple[None, None]:
        """The number of the file, and the line."""
        if code is None:
            return None, None
        found = self._found.get((code, lasti))
        if found is None:
            number = self._files.setdefault(code.co_filename, len(self._files))
            found = self._found[code, lasti] = number, line_of(code, lasti)
        return found

    def files(self) -> list[ViewFile]:
        """The files, with the lines that were asked for and those around them."""
        wanted: list[set[int]] = [set() for _ in self._files]
        for number, line in self._found.values():
            wanted[number].update(range(max(line - _AROUND, 1), line + _AROUND + 1))
        made = []
        names = short_names([cell_of(path) or path for path in self._files])
        for path, name, numbers in zip(self._files, names, wanted, strict=True):
            text = linecache.getlines(path)
            made.append(ViewFile(name, {str(n): text[n - 1].rstrip("\n") for n in sorted(numbers) if n <= len(text)}))
        return made


def named(path: str) -> str:
    """A file without its folder, or the cell of a notebook: "Cell In[3]"."""
    return cell_of(path) or last_part(path)


def short_names(paths: Sequence[str]) -> list[str]:
    """Each of ``paths`` with no more folders than tell it from the others.

    >>> short_names(["/home/ann/net/train.py", "/home/ann/net/data.py", "/home/ann/old/data.py", "<stdin>"])
    ['train.py', 'net/data.py', 'old/data.py', '<stdin>']
    """
    parts = [path.replace(os.sep, "/").split("/") for path in paths]
    counts = [1] * len(parts)
    for depth in range(2, max(map(len, parts), default=0) + 1):
        shown = _shown(parts, counts)
        for number, name in enumerate(shown):
            if shown.count(name) > 1:
                counts[number] = depth
    return _shown(parts, counts)


def _shown(parts: Iterable[Sequence[str]], counts: Iterable[int]) -> list[str]:
    return ["/".join(each[-count:]) for each, count in zip(parts, counts, strict=True)]
