"""Leaving Python while other threads compute: they stop in Python's code, never inside a backend's.

While Python is left it ends each thread at its next return from C. Inside XLA that is an exception through frames
that allow none, which aborts the process. So what runs when Python is left waits until no thread is inside a backend,
and keeps the lock, at which the others stop.
"""

from __future__ import annotations

import atexit
import threading
import time
from contextlib import suppress
from threading import get_ident
from typing import Final

from ...backends import finish_all
from .fork import in_child
from .sections import LOCK

#: Seconds after which the other threads wait for the lock. Until then they may be freeing buffers, without the lock.
_PARKING: Final = 0.2


class _Inside:
    """Around the use of a backend without the lock."""

    __slots__ = ("leaving", "threads")

    def __init__(self) -> None:
        #: The number of each thread that is inside. That of the main thread, which alone is interrupted by signals, may
        #: be left behind by an interrupt.
        self.threads: list[int] = []
        #: Whether Python is being left.
        self.leaving = False

    def __enter__(self) -> None:
        thread = get_ident()
        self.threads.append(thread)
        if self.leaving:  # asked after the entry above: either this sees the flag, or ``_leave`` sees the entry
            self.threads.remove(thread)
            with LOCK:  # ``_leave`` keeps it: another thread waits here until the process ends
                self.threads.append(thread)

    def __exit__(self, *_: object) -> None:
        try:  # noqa: SIM105 - suppress takes longer than all of this
            self.threads.remove(get_ident())
        except ValueError:  # an interrupt came between its removal and its return in ``__enter__``
            pass


INSIDE: Final = _Inside()


def _leave() -> None:
    LOCK.acquire()
    INSIDE.leaving = True
    with suppress(Exception):  # what failed says so to whoever reads it
        finish_all()
    me = get_ident()
    while any(thread != me for thread in list(INSIDE.threads)):
        time.sleep(0.001)
    if threading.active_count() > 1:
        time.sleep(_PARKING)


def leave_quietly() -> None:
    """Have other threads stop when Python is left, before the libraries loaded so far clean up."""
    atexit.unregister(_leave)
    atexit.register(_leave)


in_child(INSIDE.threads.clear)  # the other threads are not there
