"""Sections of code that nothing of the user's interrupts: no handler of a signal, no finalizer, no other thread.

Such code may read arrays, and reading forces. In the middle of a force it would plan what is about to run, and find
buffers that a program has taken over but whose successors are not published yet. So a force plans, runs and publishes
in an ``Undivided`` section:

- it holds ``LOCK``, so other threads wait with their forces;
- a signal that arrives is noted, and its handler called at the end of the section;
- the collector of reference cycles, which calls finalizers, does not run.

``DeferSignals`` alone is for assignments that belong together and run nothing.
"""

from __future__ import annotations

import gc
import signal
import threading
from threading import get_ident
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

#: Held while pending work is planned, run and published; never while compiling.
LOCK: Final[Any] = threading.RLock()

#: The thread that receives signals.
_main_thread = threading.main_thread().ident


def forget_main_thread() -> None:
    """In a forked process: the thread that forked is the main one there."""
    global _main_thread
    _main_thread = get_ident()


#: The handlers of all signals that were asked about last, and the numbers in that list of those in Python.
_last: tuple[list[Any], list[int]] = ([], [])


def _caught_by(handlers: list[Any]) -> list[int]:
    """The numbers of those of ``handlers`` that are in Python: mostly the same as ever."""
    global _last
    if _last[0] != handlers:
        _last = handlers, [at for at, handler in enumerate(handlers) if callable(handler)]
    return _last[1]


class DeferSignals:
    """Holds back signals until the section ends, so that no handler sees, or prevents, a part of what it does.

    Only the main thread receives them; elsewhere this does nothing.
    """

    __slots__ = ("_caught", "_previous")

    def __enter__(self) -> None:
        self._caught: list[tuple[int, FrameType | None]] = []
        self._previous: dict[int, Any] = {}
        if get_ident() != _main_thread:
            return
        try:
            handlers = list(map(raw.getsignal, _SIGNALS))
            for at in _caught_by(handlers):
                self._previous[_SIGNALS[at]] = handlers[at]
                raw.signal(_SIGNALS[at], self._hold)
        except BaseException:  # raised by a handler that is not held back yet
            DeferSignals.__exit__(self)
            raise

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._caught.append((number, frame))

    def _deliver(self) -> None:
        try:
            while self._caught:
                number, frame = self._caught.pop(0)
                self._previous[number](number, frame)
        finally:  # if one raises, the others are called all the same
            if self._caught:
                self._deliver()

    def __exit__(self, *_: object) -> None:
        """Put the handlers back, and call those of the signals that came."""
        for number, handler in self._previous.items():
            raw.signal(number, handler)
        if self._caught:
            self._deliver()


class Undivided(DeferSignals):
    """A section that one thread at a time is in, without handlers of signals and finalizers.

    The collector of cycles does not run in any thread meanwhile: it cannot be turned off for one.
    """

    __slots__ = ("_collects",)

    def __enter__(self) -> None:
        DeferSignals.__enter__(self)
        LOCK.acquire()
        self._collects = gc.isenabled()
        if self._collects:
            gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._collects:
            gc.enable()
        LOCK.release()
        DeferSignals.__exit__(self)
