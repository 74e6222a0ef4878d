"""Sections that nothing of the user's splits: no handler of a signal, no finalizer, no other thread.

Such code may read arrays, which forces: in the middle of a force it would run what is about to run, and find buffers
that a program has taken over and not replaced yet.
"""

from __future__ import annotations

import gc
import signal
import threading
from types import FrameType
from typing import Any, Final

try:  # the functions behind signal's, which spend 20 microseconds a section on turning numbers into enums and back
    import _signal as raw  # type: ignore[import-not-found]  # CPython's own, not in the stubs
except ImportError:  # another Python
    raw = signal

#: The signals that programs handle; the others tell of faults, or cannot be handled. Fewer where there are fewer.
_NAMES: Final = "INT TERM HUP QUIT USR1 USR2 ALRM VTALRM PROF CHLD CONT TSTP TTIN TTOU URG IO WINCH PIPE BREAK"
_SIGNALS: Final = [
    int(number) for name in _NAMES.split() if (number := getattr(signal, f"SIG{name}", None)) is not None
]


#: Held while pending work is linearised, dispatched and published; never while compiling.
LOCK: Final[Any] = threading.RLock()


class DeferSignals:
    """Holds back signals until the section ends, so that what it publishes is published whole or not at all.

    Only the main thread receives them; elsewhere this does nothing.
    """

    __slots__ = ("_caught", "_previous")

    def __enter__(self) -> None:
        self._caught: list[tuple[int, FrameType | None]] = []
        self._previous: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            for number in _SIGNALS:
                handler = raw.getsignal(number)
                if callable(handler):
                    self._previous[number] = handler
                    raw.signal(number, self._hold)
        except BaseException:  # of a handler that is not held back yet
            self._release()
            raise

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._caught.append((number, frame))

    def _release(self) -> None:
        """Put the handlers back, and call those of signals that came."""
        for number, handler in self._previous.items():
            raw.signal(number, handler)
        self._deliver()

    def _deliver(self) -> None:
        try:
            while self._caught:
                number, frame = self._caught.pop(0)
                self._previous[number](number, frame)
        finally:  # one may raise: the others come all the same
            if self._caught:
                self._deliver()

    def __exit__(self, *_: object) -> None:
        if self._previous:
            self._release()


class Undivided(DeferSignals):
    """A section that one thread at a time is in, and nothing else runs in that thread.

    The collector of cycles, which calls finalizers, rests meanwhile: in all threads, for Python knows no other way.
    """

    __slots__ = ("_collects",)

    def __enter__(self) -> None:
        super().__enter__()
        LOCK.acquire()
        self._collects = gc.isenabled()
        if self._collects:
            gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._collects:
            gc.enable()
        LOCK.release()
        super().__exit__()
