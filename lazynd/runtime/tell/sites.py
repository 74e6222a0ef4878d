"""Sites: the user's lines that have something run. Each knows what it has cost, and is warned about if it storms.

A display, such as that of a notebook under a cell, is a site beside that of its line, and is warned about by nobody: it
shows another computation each time on purpose.
"""

from __future__ import annotations

import sys
from collections import deque
from types import CodeType, FrameType
from typing import Any, Final

from .location import OURS, REPRESENTING, asking_location, calling_line, describe, line_of, place_of, source_of
from .stats import DONE, logger, stats

#: A line is warned about when it compiles the first number of programs within fewer forces than the second.
STORM: Final = (5, 20)


class Site:
    """A user's line that had something run, or that a program was compiled for, and what that has cost.

    ``forces``: its reads that had to run something. ``windows``: the regions that ran there although nobody read them.
    ``compiles``: the programs made or loaded for it, which took ``compiling`` seconds. ``running``: the seconds that it
    waited besides, for what it had run or for what ran already. ``nbytes``: of the results that it had computed.
    """

    __slots__ = (
        "code", "compiles", "compiling", "forces", "last_key", "lasti", "nbytes", "recent", "running", "warned",
        "windows",
    )  # fmt: skip

    def __init__(self, code: CodeType | None, lasti: int, display: bool = False) -> None:
        self.code = code
        self.lasti = lasti
        self.forget()
        self.last_key: tuple[Any, ...] | None = None
        self.recent: deque[int] = deque(maxlen=STORM[0])
        self.warned = display

    def forget(self) -> None:
        """Forget what it has cost."""
        self.forces = self.windows = self.compiles = self.nbytes = 0
        self.compiling = self.running = 0.0

    def __str__(self) -> str:
        return describe(self.code, self.lasti)

    @property
    def file(self) -> str:
        """The file, "" if there is none."""
        return "" if self.code is None else self.code.co_filename

    @property
    def line(self) -> int:
        """The number of the line, 0 if there is none."""
        return line_of(self.code, self.lasti)

    @property
    def place(self) -> str:
        """File and line in short, or the cell of a notebook and its line."""
        return place_of(self.file, self.line, short=True) if self.code is not None else "unknown line"

    @property
    def source(self) -> str:
        """The text of the line."""
        return source_of(self.file, self.line)

    def compiled(self, key: tuple[Any, ...], difference: str, seconds: float = 0.0) -> None:
        """Note that a program was compiled, in so many seconds; warn once if that happens too often."""
        self.last_key = key
        self.compiles += 1
        self.compiling += seconds
        DONE.work.compiles += 1
        DONE.work.compiling += seconds
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
                place, count, now - self.recent[0] + 1, difference,
                extra={"event": "storm", "site": str(self)},
            )  # fmt: skip


#: By file, function, first line and instruction, which are the same when a cell of a notebook runs again; and whether
#: the line is displayed.
SITES: Final[dict[tuple[Any, ...], Site]] = {}
#: The same by the numbers of code objects, in no time. ``_CODES`` holds these, so that no other has their numbers.
_BY_CODE: Final[dict[tuple[int, int, bool], Site]] = {}
_CODES: Final[list[CodeType | None]] = []
MOST_SITES: Final = 4096


def current_site(depth: int = 1) -> Site:
    """The site of the user's line that is running; the ``depth`` innermost frames are not looked at."""
    try:
        frame: FrameType | None = sys._getframe(depth)
    except ValueError:  # called by C alone: when Python is left, or by another program
        frame = None
    text = False
    while frame is not None:
        code: Any = frame.f_code
        if not OURS[code.co_filename]:
            break
        if code.co_name in REPRESENTING:
            text = True
        frame = frame.f_back
    if frame is not None and not text:
        lasti, display = frame.f_lasti, False
    else:
        code, lasti, display = asking_location(frame, text)
    return _BY_CODE.get((id(code), lasti, display)) or _look_up(code, lasti, display)


def site_of(code: CodeType | None, lasti: int) -> Site:
    """The site of a line, whether or not it runs now."""
    return _BY_CODE.get((id(code), lasti, False)) or _look_up(code, lasti, False)


def _look_up(code: CodeType | None, lasti: int, display: bool) -> Site:
    where = () if code is None else (code.co_filename, code.co_qualname, code.co_firstlineno, lasti)
    found = SITES.get((*where, display))
    if found is None:
        if len(SITES) >= MOST_SITES:  # a notebook makes new lines with each cell that runs
            _forget_half()
        found = SITES.setdefault((*where, display), Site(code, lasti, display))
    if len(_BY_CODE) >= MOST_SITES:
        _forget_codes()
    _CODES.append(code)
    _BY_CODE[id(code), lasti, display] = found
    return found


def _forget_half() -> None:
    """Forget those sites that have cost least."""
    costs = sorted(SITES.items(), key=lambda item: (item[1].compiling + item[1].running, item[1].forces))
    for key, _ in costs[: MOST_SITES // 2]:
        SITES.pop(key, None)
    _forget_codes()


def _forget_codes() -> None:
    _BY_CODE.clear()
    _CODES.clear()


def forget_costs() -> None:
    """Begin anew: no line has cost anything. What was compiled last for each is still known."""
    for site in list(SITES.values()):
        site.forget()
