"""Sections that a keyboard interrupt must not split."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

try:  # the functions behind signal's, which spend 20 microseconds a section on turning numbers into enums and back
    import _signal as raw  # type: ignore[import-not-found]  # CPython's own, not in the stubs
except ImportError:  # another Python
    raw = signal


class DeferInterrupt:
    """Holds back SIGINT until the section ends, so that what it publishes is published whole or not at all.

    Only the main thread receives interrupts; elsewhere this does nothing.
    """

    __slots__ = ("_caught", "_previous")

    def __enter__(self) -> None:
        self._caught: list[tuple[int, FrameType | None]] = []
        self._previous: Any = None
        if threading.current_thread() is threading.main_thread():
            previous = raw.getsignal(signal.SIGINT)
            if callable(previous):
                self._previous = previous
                raw.signal(signal.SIGINT, self._hold)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._caught.append((number, frame))

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            raw.signal(signal.SIGINT, self._previous)
            if self._caught:
                self._previous(*self._caught[-1])
