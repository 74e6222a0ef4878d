"""What happens when Python is left while other threads compute: they stop in Python's code, never inside a backend's.

Python ends a thread at its next return from C. Inside of XLA that is an exception through frames that allow none,
which aborts the process.
"""

from __future__ import annotations

import atexit
import threading
import time
from contextlib import suppress
from threading import get_ident
from typing import Final

from ...backends import finish_all
from .sections import LOCK

#: Seconds in which other threads come to wait for the lock. Until then they may be freeing buffers, with no lock.
_PARKING: Final = 0.2
#: The number of each thread that is inside a backend without holding the lock. One that an interrupt cut short, which
#: only the main thread is, may stay here.
_inside: Final[list[int]] = []
_leaving: Final[list[None]] = []


class _Inside:
    """Around the use of a backend without the lock."""

    __slots__ = ()

    def __enter__(self) -> None:
        thread = get_ident()
        _inside.append(thread)
        if _leaving:  # asked after the entry is made: one of both threads sees the other
            _inside.remove(thread)
            with LOCK:  # which whoever leaves Python keeps: another thread stays here
                _inside.append(thread)

    def __exit__(self, *_: object) -> None:
        try:  # noqa: SIM105 - suppress takes longer than all of this
            _inside.remove(get_ident())
        except ValueError:  # an interrupt came between the two
            pass


INSIDE: Final = _Inside()


def _leave() -> None:
    LOCK.acquire()
    _leaving.append(None)
    with suppress(Exception):  # what failed says so to whoever reads it
        finish_all()
    me = get_ident()
    while any(thread != me for thread in list(_inside)):
        time.sleep(0.001)
    if threading.active_count() > 1:
        time.sleep(_PARKING)


def leave_quietly() -> None:
    """Have other threads stop before Python is left; once the backend's library is loaded, before its own clean-up."""
    atexit.unregister(_leave)
    atexit.register(_leave)


def forget_threads() -> None:
    """In a forked process: the threads that were inside are not here."""
    _inside.clear()
