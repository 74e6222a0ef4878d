"""The user's lines that force: what each compiled, whether it keeps compiling, and what to say about it."""

from __future__ import annotations

from collections import deque
from types import CodeType
from typing import Any, Final

from ...config import config
from .location import describe, user_location
from .stats import logger, stats

#: A warning is due after this many compiles of one line within this many forces.
STORM: Final = (5, 20)


class Site:
    """One user line that forced something new. ``once`` counts its programs that were used a single time."""

    __slots__ = ("code", "last_key", "lasti", "once", "recent", "tried", "warned")

    def __init__(self, code: CodeType | None, lasti: int) -> None:
        self.code = code
        self.lasti = lasti
        self.once = 0
        self.last_key: tuple[Any, ...] | None = None
        self.recent: deque[int] = deque(maxlen=STORM[0])
        #: Keys that ran kernel by kernel: a repetition is worth a program.
        self.tried: deque[int] = deque(maxlen=4096)
        self.warned = False

    def __str__(self) -> str:
        return describe(self.code, self.lasti)

    def one_shot(self, key: tuple[Any, ...]) -> bool:
        """Whether a new ``key`` should run without being compiled as a whole."""
        if self.once < config.one_shot:
            return False
        mark = hash(key)  # a collision only costs a compile that was not due yet
        if mark in self.tried:
            return False
        self.tried.append(mark)
        return True

    def compiled(self, key: tuple[Any, ...], first: bool, difference: str | None) -> None:
        """Note a compile (``first`` if of a new key), and warn once if the line does little else."""
        self.once += first
        self.last_key = key
        now = stats.forces + stats.windows
        if self.recent and self.recent[-1] == now:  # further pieces of one force
            return
        self.recent.append(now)
        count, window = STORM
        if not self.warned and len(self.recent) == count and now - self.recent[0] < window:
            self.warned = True
            logger.warning(
                "%s compiled %d programs within %d forces: it runs another computation each time. The last: %s",
                self, count, now - self.recent[0] + 1, difference or "nothing like it ran before",
                extra={"event": "storm", "site": str(self)},
            )  # fmt: skip


_SITES: dict[tuple[CodeType | None, int], Site] = {}
_MOST_SITES: Final = 4096


def current_site() -> Site:
    """The site of the user's line that is running."""
    key = user_location()
    found = _SITES.get(key)
    if found is None:
        if len(_SITES) >= _MOST_SITES:  # notebooks make new code objects for ever
            _SITES.pop(next(iter(_SITES)))
        found = _SITES.setdefault(key, Site(*key))
    return found
