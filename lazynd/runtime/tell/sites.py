"""Sites: the user's lines that force. Each remembers what was compiled for it, and is warned about if that goes on.

A display, such as that of a notebook under a cell, is a site beside that of its line, and is warned about by nobody: it
shows another computation each time on purpose.
"""

from __future__ import annotations

from collections import deque
from types import CodeType
from typing import Any, Final

from .location import asking_location, calling_line, describe
from .stats import logger, stats

#: A line is warned about when it compiles the first number of programs within fewer forces than the second.
STORM: Final = (5, 20)


class Site:
    """A user's line that needed a new program."""

    __slots__ = ("code", "last_key", "lasti", "recent", "warned")

    def __init__(self, code: CodeType | None, lasti: int, display: bool = False) -> None:
        self.code = code
        self.lasti = lasti
        self.last_key: tuple[Any, ...] | None = None
        self.recent: deque[int] = deque(maxlen=STORM[0])
        self.warned = display

    def __str__(self) -> str:
        return describe(self.code, self.lasti)

    def compiled(self, key: tuple[Any, ...], difference: str | None) -> None:
        """Note that a program was compiled; warn once if that happens too often."""
        self.last_key = key
        now = stats.forces + stats.windows
        if self.recent and self.recent[-1] == now:  # another part of the same run
            return
        self.recent.append(now)
        count, window = STORM
        if not self.warned and len(self.recent) == count and now - self.recent[0] < window:
            self.warned = True
            caller = calling_line()
            place = f"{self} (called from {caller})" if caller else str(self)
            logger.warning(
                "%s compiled %d programs within %d forces: it runs another computation each time. The last: %s",
                place, count, now - self.recent[0] + 1, difference or "nothing like it ran before",
                extra={"event": "storm", "site": str(self)},
            )  # fmt: skip


_SITES: dict[tuple[CodeType | None, int, bool], Site] = {}
_MOST_SITES: Final = 4096


def current_site() -> Site:
    """The site of the user's line that is running."""
    key = asking_location()
    found = _SITES.get(key)
    if found is None:
        if len(_SITES) >= _MOST_SITES:  # a notebook makes new code objects with each cell that runs
            _SITES.pop(next(iter(_SITES)))
        found = _SITES.setdefault(key, Site(*key))
    return found
